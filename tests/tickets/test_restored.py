"""The power is back: everybody who reported is told and asked about their own light."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from bot.database import Database
from bot.tickets.desk import TicketDesk, TicketRefused
from bot.tickets.due import timers
from bot.tickets.models import Notification
from bot.tickets.owed.owed_calls import OwedCalls
from tests.tickets.county import by, on_sqlite
from tests.tickets.street import AT, dark, minutes, street

__all__ = ["street"]

BACK = AT + minutes(90)


def out(desk: TicketDesk) -> str:
    """An outage of 1-00 (Telegram), 1-01 (telephone, called twice), 1-02 (WeChat); returns its number."""
    dark(desk, 1, 0, AT, channel="telegram", reporter="5550")
    dark(desk, 1, 1, AT + minutes(1))
    dark(desk, 1, 2, AT + minutes(2), channel="wechat", reporter="wx-2")
    dark(desk, 1, 1, AT + minutes(3))
    [found] = desk.outages.list()
    return found.outage_no


def news(database: Database) -> list[Notification]:
    with database.reading() as session:
        return list(
            session.scalars(select(Notification).where(Notification.staff_no.is_(None)).order_by(Notification.address))
        )


def numbers(desk: TicketDesk) -> list[str]:
    return [one.ticket_no for one in reversed(desk.tickets())]


def test_everybody_who_reported_is_told_by_their_channel_and_asked_once(street: Database) -> None:
    desk = TicketDesk(street)
    number = out(desk)
    card = desk.outages.restored(number, "M1", BACK)
    assert (card.state, card.restored_at, card.owner) == ("restored", BACK, "M1")
    assert {one.state for one in desk.tickets()} == {"resolved"}
    first, _, third, fourth = numbers(desk)
    told = news(street)
    assert [(one.channel, one.address, one.template) for one in told] == [
        ("telegram", "5550", "news_restored"),
        ("wechat", "wx-2", "news_restored"),
    ]
    assert told[0].detail["buttons"] == {f"lit:{first}": "亮了", f"dark:{first}": "没亮"}
    # Who telephoned twice is rung once, about the newest report.
    [call] = OwedCalls(street).due(BACK)
    assert (call.kind, call.ticket_no, call.number) == ("light_on", fourth, "13800001001")
    staff = [one.staff_no for one in desk.notifications() if one.template == "outage_restored"]
    assert sorted(staff) == ["C1", "M1"]
    again = desk.outages.restored(number, "M1", BACK + minutes(1))
    assert again.restored_at == BACK and len(news(street)) == 2


def test_the_button_of_the_oldest_report_restores_the_outage(street: Database) -> None:
    desk = TicketDesk(street)
    out(desk)
    first, second, *_ = numbers(desk)
    desk.acknowledge(first, "M1", AT + minutes(5))
    desk.resolve(second, "M1", at=AT + minutes(20))  # one house alone was helped
    assert desk.outages.list()[0].state == "open"
    desk.resolve(first, "M1", at=BACK)
    assert desk.outages.list()[0].state == "restored"
    assert [one.template for one in news(street) if one.template == "news_restored"] == ["news_restored"] * 2


def test_a_no_opens_a_ticket_of_its_own_and_a_yes_closes(street: Database) -> None:
    desk = TicketDesk(street)
    desk.outages.restored(out(desk), "M1", BACK)
    first, second, third, fourth = numbers(desk)
    assert desk.answers.press(f"lit:{first}", by("5550"), at=BACK + minutes(1)).ticket.state == "closed"
    asked = [one.template for one in news(street) if one.address == "5550"]
    assert asked == ["news_restored", "ask_rating_light"]
    dark_still = desk.answers.answer(fourth, "dark", comment="还是黑的", at=BACK + minutes(2))
    fresh = desk.ticket(dark_still.opened)
    assert fresh and (fresh.state, fresh.household_no, fresh.said) == ("reported", "1-01", "还是黑的")
    assert desk.outages.of_ticket(fresh.ticket_no) is None
    assert [note.staff_no for note in desk.notifications(fresh.ticket_no)] == ["M1"]
    for number in (second, fourth):  # both of this caller's reports are settled with the answer
        found = desk.ticket(number)
        assert found and found.state == "closed"
    assert OwedCalls(street).due(BACK + minutes(3)) == []
    assert not desk.answers.press(f"lit:{first}", by("5550"), at=BACK + minutes(4)).fresh
    assert not desk.answers.answer(fourth, "dark", at=BACK + minutes(5)).fresh
    assert len(desk.tickets()) == 5


def test_two_days_of_silence_close(street: Database) -> None:
    desk = TicketDesk(street)
    desk.outages.restored(out(desk), "M1", BACK)
    timers.fire_due(street, BACK + dt.timedelta(days=1, hours=23))
    assert {one.state for one in desk.tickets()} == {"resolved"}
    timers.fire_due(street, BACK + dt.timedelta(days=2))
    assert {one.state for one in desk.tickets()} == {"closed"}
    assert OwedCalls(street).due(BACK + dt.timedelta(days=3)) == []


@on_sqlite
def test_several_who_are_still_dark_are_an_outage_again(street: Database) -> None:
    desk = TicketDesk(street)
    for number in range(4):
        dark(desk, 1, number, AT + minutes(number))
    [first] = desk.outages.list()
    desk.outages.restored(first.outage_no, "M1", BACK)
    for number in numbers(desk)[:3]:
        desk.answers.answer(number, "dark", at=BACK + minutes(5))
    [nested] = desk.outages.list(active_only=True)
    assert nested.outage_no != first.outage_no and nested.households == 3


@on_sqlite
def test_nobody_answers_for_somebody_else(street: Database) -> None:
    desk = TicketDesk(street)
    desk.outages.restored(out(desk), "M1", BACK)
    first, *_ = numbers(desk)
    for data, reporter in (
        (f"lit:{first}", "wx-2"),
        (f"open:{first}", "5550"),
        ("lit:GD0", "5550"),
        (f"lit:{first}", ""),
    ):
        with pytest.raises(TicketRefused):
            desk.answers.press(data, by(reporter), at=BACK + minutes(1))
    assert {one.state for one in desk.tickets()} == {"resolved"}


@on_sqlite
def test_a_telephone_is_not_rung_at_night_nor_more_than_twice(street: Database) -> None:
    desk, owed = TicketDesk(street), OwedCalls(street)
    night = AT + dt.timedelta(hours=13, minutes=30)  # half past eleven
    desk.outages.restored(out(desk), "M1", night)
    assert owed.due(night + minutes(60)) == []
    morning = AT + dt.timedelta(hours=21)  # seven
    [call] = owed.due(morning)
    assert owed.tried(call.id, morning + minutes(60), morning)
    assert owed.due(morning) == []
    [call] = owed.due(morning + minutes(60))
    owed.tried(call.id, morning + minutes(120), morning + minutes(60))
    assert owed.due(morning + minutes(600)) == []


def test_a_planned_outage_is_known_from_its_beginning_to_its_end(street: Database) -> None:
    desk = TicketDesk(street)
    card = desk.outages.plan(
        "M1", AT + minutes(60), AT + minutes(240), transformer="沿河2号台区", cause="换变压器", at=AT
    )
    assert desk.outages.plan("M1", AT + minutes(60), AT + minutes(240), transformer="沿河2号台区", at=AT) == card
    assert desk.outages.known("2-01", at=AT + minutes(30)) is None
    known = desk.outages.known("2-01", at=AT + minutes(61))
    assert known and known.planned and known.estimated_restore_at == AT + minutes(240)
    joined = dark(desk, 2, 1, AT + minutes(70))
    assert joined.state == "acknowledged" and desk.notifications(joined.ticket_no) != []
    assert {one.template for one in desk.notifications()} == {"outage_planned", "outage_update"}
    # Nobody must be there in 45 minutes; but that it ends is waited for.
    assert [(one.kind, one.due_at) for one in desk.deadlines(joined.ticket_no)] == [("resolve_due", AT + minutes(240))]
    # An hour after the announced end it is no longer what was planned.
    assert desk.outages.known("2-01", at=AT + minutes(301)) is None
    assert desk.outages.of_ticket(dark(desk, 2, 2, AT + minutes(302)).ticket_no) is None


def test_an_outage_that_staff_enter_takes_in_what_was_reported(street: Database) -> None:
    desk = TicketDesk(street)
    early = dark(desk, 1, 0, AT)
    card = desk.outages.open("M1", feeder="沿河线", cause="树倒在线上", started_at=AT - minutes(5), at=AT + minutes(1))
    assert (card.feeder, card.households, card.owner) == ("沿河线", 1, "M1")
    taken = desk.ticket(early.ticket_no)
    assert taken and taken.state == "acknowledged"
    assert dark(desk, 3, 2, AT + minutes(2)).state == "acknowledged"
    with pytest.raises(TicketRefused, match="known there"):
        desk.outages.open("M1", transformer="沿河2号台区", at=AT + minutes(3))


@on_sqlite
def test_a_report_is_added_by_hand(street: Database) -> None:
    desk = TicketDesk(street)
    card = desk.outages.open("M1", transformer="沿河一台区", at=AT)
    stray = dark(desk, 1, 77, AT, household_no=None, place="")
    assert desk.outages.add(card.outage_no, stray.ticket_no, "M1", AT + minutes(1)).reports == 1
    breaker = dark(desk, 1, 3, AT, kind="breaker_fault")
    with pytest.raises(TicketRefused, match="not about an outage"):
        desk.outages.add(card.outage_no, breaker.ticket_no, "M1", AT + minutes(1))


@on_sqlite
@pytest.mark.parametrize(
    "bad",
    [
        lambda desk: desk.outages.open("nobody", transformer="沿河一台区"),
        lambda desk: desk.outages.open("S1", transformer="沿河一台区"),
        lambda desk: desk.outages.open("M1", transformer="没有"),
        lambda desk: desk.outages.open("M1"),
        lambda desk: desk.outages.plan("M1", BACK, AT, transformer="沿河一台区", at=AT),
        lambda desk: desk.outages.plan("M1", AT - minutes(9), AT - minutes(5), transformer="沿河一台区", at=AT),
        lambda desk: desk.outages.restored("TD0", "M1"),
        lambda desk: desk.outages.cancel(desk.outages.open("M1", transformer="沿河一台区").outage_no, "M1"),
    ],
)
def test_what_makes_no_sense_is_refused(street: Database, bad: object) -> None:
    with pytest.raises(TicketRefused):
        bad(TicketDesk(street))  # type: ignore[operator]
