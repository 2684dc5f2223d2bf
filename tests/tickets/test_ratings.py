"""After "resolved" the resident has the last word: content, not content, not fixed, or silence."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot.database import Database
from bot.tickets.desk import TicketDesk, TicketRefused
from bot.tickets.due import timers
from bot.tickets.models import Notification
from bot.tickets.owed import ratings
from bot.tickets.owed.owed_calls import OwedCalls
from tests.tickets.county import AT, by, minutes, on_sqlite, outage

DONE = AT + minutes(60)
ZONE = ZoneInfo("Asia/Shanghai")


def resolved(desk: TicketDesk, **values: str) -> str:
    card = desk.report(outage(**values), AT)
    desk.acknowledge(card.ticket_no, str(card.owner), AT)
    desk.resolve(card.ticket_no, str(card.owner), "换了保险", DONE)
    return card.ticket_no


def asked(database: Database) -> list[Notification]:
    with database.reading() as session:
        return list(session.scalars(select(Notification).where(Notification.template == "ask_rating")))


def test_the_resident_is_asked_by_the_channel_of_the_report(county: Database) -> None:
    desk = TicketDesk(county)
    number = resolved(desk, channel="telegram", reporter="5550")
    [question] = asked(county)
    assert (question.channel, question.address) == ("telegram", "5550")
    assert list(question.detail["buttons"]) == [f"{one}:{number}" for one in ("good", "fair", "bad", "not_fixed")]
    assert OwedCalls(county).due(DONE) == []
    called = resolved(desk, channel="phone", reporter="0715-3391234")
    [call] = OwedCalls(county).due(DONE)
    assert (call.kind, call.ticket_no, call.number) == ("rating", called, "07153391234")


@pytest.mark.parametrize("answer", ["good", "fair"])
def test_who_is_content_closes_the_ticket(county: Database, answer: str) -> None:
    desk = TicketDesk(county)
    number = resolved(desk, channel="telegram", reporter="5550")
    found = desk.answers.press(f"{answer}:{number}", by("5550"), "师傅蛮好", DONE + minutes(1))
    assert found.fresh and found.ticket.state == "closed"
    rated = [one for one in desk.activities(number) if one.kind == "rated"]
    assert [(one.by, one.note, one.detail["answer"]) for one in rated] == [("resident", "师傅蛮好", answer)]
    assert not desk.answers.press(f"{answer}:{number}", by("5550"), at=DONE + minutes(2)).fresh


def test_dissatisfaction_reaches_the_supervisor_at_once_even_at_night(county: Database) -> None:
    desk = TicketDesk(county)
    number = resolved(desk, channel="telegram", reporter="5550", kind="pricing")
    night = AT + dt.timedelta(hours=14)
    found = desk.answers.press(f"bad:{number}", by("5550"), "人冇来", night)
    assert found.ticket.state == "resolved"
    [told] = [one for one in desk.notifications(number) if one.staff_no == "S1"]
    assert (told.template, told.due_at) == ("supervise", night)
    # Said twice it is one message; what was wrong may be told later.
    desk.answers.press(f"bad:{number}", by("5550"), "人冇来,电话也冇打", night + minutes(1))
    assert len([one for one in desk.notifications(number) if one.staff_no == "S1"]) == 1


def test_not_resolved_is_reopened_and_the_question_is_forgotten(county: Database) -> None:
    desk = TicketDesk(county)
    number = resolved(desk)
    found = desk.answers.answer(number, "not_fixed", by("13800138000", "phone"), "又停了", DONE + minutes(5))
    assert found.ticket.state == "reported"
    assert OwedCalls(county).due(DONE + minutes(60)) == []
    timers.fire_due(county, DONE + dt.timedelta(days=4))
    still = desk.ticket(number)
    assert still and still.state == "reported"
    assert not desk.answers.answer(number, "not_fixed", at=DONE + minutes(6)).fresh
    with pytest.raises(TicketRefused, match="too early"):
        desk.answers.answer(number, "good", at=DONE + minutes(7))


def test_three_days_of_silence_close_it_unrated(county: Database) -> None:
    desk = TicketDesk(county)
    number = resolved(desk)
    timers.fire_due(county, DONE + dt.timedelta(days=3) - minutes(1))
    waiting = desk.ticket(number)
    assert waiting and waiting.state == "resolved"
    timers.fire_due(county, DONE + dt.timedelta(days=3))
    closed = desk.ticket(number)
    assert closed and closed.state == "closed"
    assert desk.activities(number)[-1].detail["silence"] == "unrated"
    with pytest.raises(TicketRefused, match="too long ago"):
        desk.answers.answer(number, "good", at=DONE + dt.timedelta(days=4))


def test_the_month_is_counted_by_grid(county: Database) -> None:
    desk = TicketDesk(county)
    for answer in ("good", "good", "fair", "bad", ""):
        number = resolved(desk, channel="telegram", reporter="5550")
        if answer:
            desk.answers.press(f"{answer}:{number}", by("5550"), at=DONE + minutes(3))
    resolved(desk, grid_no="7")
    twenty_four, seven = ratings.of_month(county, 2026, 11, ZONE)
    assert (twenty_four.grid_no, twenty_four.asked, twenty_four.good, twenty_four.fair, twenty_four.bad) == (
        "24", 5, 2, 1, 1,
    )  # fmt: skip
    assert (twenty_four.unrated, twenty_four.rate) == (1, 0.75)
    assert (seven.grid_no, seven.asked, seven.rate) == ("7", 1, None)
    assert ratings.of_month(county, 2026, 10, ZONE) == []


@on_sqlite
def test_the_month_begins_at_midnight_in_chongyang(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.acknowledge(number, "M1", AT)
    desk.resolve(number, "M1", at=dt.datetime(2026, 11, 30, 16, 30, tzinfo=dt.UTC))
    assert ratings.of_month(county, 2026, 11, ZONE) == []
    assert [one.asked for one in ratings.of_month(county, 2026, 12, ZONE)] == [1]
