"""听错了 in a messenger: the next words are the right ones, and a press says what kind of case it is."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.chat.awaited_word import Waiting
from bot.chat.staff import StaffChat
from bot.chat.store import ChatShelf
from bot.chat.takeover import Takeovers
from bot.database import Database
from bot.grid.registry import Registry
from bot.learning.book import CorrectionBook
from bot.tickets.desk import TicketDesk
from tests.tickets.county import AT, hazard, minutes, on_sqlite, outage

pytestmark = on_sqlite


@pytest.fixture
def chat(county: Database, desk: TicketDesk, book: CorrectionBook, tmp_path: Path) -> StaffChat:
    registry, zone = Registry.load(county), ZoneInfo("Asia/Shanghai")
    takeovers = Takeovers(county, minutes(60))
    return StaffChat(desk, registry, None, zone, Waiting(county), ChatShelf(county, tmp_path), takeovers, book)


def kinds(chat: StaffChat, number: str, text: str, at: dt.datetime = AT) -> dict[str, str]:
    """Press 听错了, write, → the buttons that are offered then."""
    chat.press("M1", f"wrong:{number}", at=at)
    shown = chat.write("M1", text, at + minutes(1))
    assert shown is not None
    return dict(shown.choices)


def test_the_words_after_the_press_become_a_correction_and_stay_in_the_history(
    chat: StaffChat, desk: TicketDesk, book: CorrectionBook
) -> None:
    number = desk.report(outage(said="屋里梭子断了")).ticket_no
    offered = kinds(chat, number, "屋里闸刀断了")
    [kept] = book.corrections()
    assert (kept.words, kept.intent, kept.by) == ("屋里闸刀断了", "", "M1")
    assert "听错了，应是：屋里闸刀断了" in [one.note for one in desk.activities(number)]
    shown = chat.press("M1", offered["开关、漏保故障"], at=AT + minutes(2))
    assert "记下了" in shown.text and book.corrections()[0].intent == "report_breaker_fault"


def test_a_button_fits_into_a_messengers_sixty_four_bytes(chat: StaffChat, desk: TicketDesk) -> None:
    offered = kinds(chat, desk.report(outage()).ticket_no, "屋里闸刀断了")
    assert max(len(data.encode()) for data in offered.values()) <= 60 and len(offered) >= 10


def test_two_presses_of_a_kind_change_nothing(chat: StaffChat, desk: TicketDesk, book: CorrectionBook) -> None:
    offered = kinds(chat, desk.report(outage()).ticket_no, "屋里闸刀断了")
    for _ in range(2):
        assert "记下了" in chat.press("M1", offered["关爱帮扶"], at=AT + minutes(2)).text
    assert [one.intent for one in book.corrections()] == ["request_care"]


def test_making_something_else_of_a_danger_is_told_to_wait_for_the_duty_desk(
    chat: StaffChat, desk: TicketDesk, book: CorrectionBook
) -> None:
    offered = kinds(chat, desk.report(hazard()).ticket_no, "电线短了,掉在路上")
    assert "值班" in chat.press("M1", offered["关爱帮扶"], at=AT + minutes(2)).text
    assert book.corrections()[0].state == "waiting"


def test_what_cannot_be_learned_from_is_kept_in_the_history_and_said(
    chat: StaffChat, desk: TicketDesk, book: CorrectionBook
) -> None:
    number = desk.report(outage()).ticket_no
    chat.press("M1", f"wrong:{number}", at=AT)
    shown = chat.write("M1", "ok", AT + minutes(1))
    assert shown and "汉字" in shown.text and not shown.choices
    assert "听错了，应是：ok" in [one.note for one in desk.activities(number)]


@pytest.mark.parametrize("data", ["", ".", "x.care", "1.earthquake", "1.", "99999.care", "٣.care", "1.care"])
def test_a_made_up_or_foreign_press_changes_nothing(
    chat: StaffChat, desk: TicketDesk, book: CorrectionBook, data: str
) -> None:
    number = desk.report(outage()).ticket_no
    kinds(chat, number, "屋里闸刀断了")
    # A1 may act on the ticket, the correction is M1's.
    chat.press("A1", f"kind:{number}:{data}", at=AT + minutes(2))
    assert [one.intent for one in book.corrections()] == [""]
