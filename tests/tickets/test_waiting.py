"""What is not urgent lets people sleep; what is does not; and nothing is forgotten over it."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.database import Database
from bot.tickets.desk import TicketDesk
from bot.tickets.due import timers
from bot.tickets.models import Notification
from tests.tickets.county import hazard, minutes, on_sqlite, outage

#: ten at night on a Friday, and eight in the morning of the Monday after
NIGHT = dt.datetime(2026, 11, 27, 14, 0, tzinfo=dt.UTC)
MONDAY = dt.datetime(2026, 11, 30, 0, 0, tzinfo=dt.UTC)
#: seven in the morning after that night: the quiet hours end
SEVEN = dt.datetime(2026, 11, 27, 23, 0, tzinfo=dt.UTC)


def due(desk: TicketDesk, number: str) -> list[tuple[str, dt.datetime]]:
    return [(n.staff_no, n.due_at) for n in desk.notifications(number)]


def test_an_everyday_matter_waits_for_the_morning_and_climbs_from_there(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind="new_account"), NIGHT).ticket_no
    assert due(desk, number) == [("M1", MONDAY)]
    assert timers.fire_due(county, MONDAY + minutes(4)) == 0
    assert timers.fire_due(county, MONDAY + minutes(5)) == 1
    assert timers.fire_due(county, MONDAY + minutes(10)) == 1
    assert [who for who, _ in due(desk, number)] == ["M1", "M1", "A1", "D1"]


@on_sqlite
@pytest.mark.parametrize("kind", ["outage", "breaker_fault", "hazard"])
def test_who_sits_in_the_dark_or_in_danger_does_not_wait(county: Database, kind: str) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind=kind), NIGHT).ticket_no
    assert {at for _, at in due(desk, number)} == {NIGHT}
    assert timers.fire_due(county, NIGHT + minutes(5)) >= 1


@on_sqlite
def test_what_is_urgent_does_not_wait_whatever_it_is(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind="care", urgent=True), NIGHT).ticket_no
    assert due(desk, number) == [("M1", NIGHT), ("A1", NIGHT)]
    assert timers.fire_due(county, NIGHT + minutes(5)) == 1


@on_sqlite
def test_an_everyday_matter_that_becomes_urgent_wakes_people_and_climbs_at_once(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind="care"), NIGHT).ticket_no
    desk.add(number, note="制氧机停了", urgent=True, at=NIGHT + minutes(10))
    assert due(desk, number)[1:] == [("M1", NIGHT + minutes(10)), ("A1", NIGHT + minutes(10))]
    assert timers.fire_due(county, NIGHT + minutes(15)) == 1


@on_sqlite
def test_a_call_that_nobody_understood_is_heard_by_the_duty_desk_at_night(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind="unclear"), NIGHT).ticket_no
    assert due(desk, number) == [("M1", MONDAY), ("D1", NIGHT)]
    by_day = desk.report(outage(kind="unclear"), MONDAY).ticket_no
    assert due(desk, by_day) == [("M1", MONDAY)]


@on_sqlite
def test_an_outage_that_broke_off_is_called_back_at_any_hour(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind="callback", facts={"kind": "outage"}), NIGHT).ticket_no
    assert due(desk, number) == [("M1", NIGHT)]


@on_sqlite
def test_a_supervisor_hears_of_a_complaint_at_once_but_not_in_the_night(county: Database) -> None:
    desk = TicketDesk(county)
    at_night = desk.report(outage(kind="complaint"), NIGHT).ticket_no
    assert ("S1", SEVEN) in due(desk, at_night)
    on_saturday = SEVEN + minutes(120)
    by_day = desk.report(outage(kind="complaint"), on_saturday).ticket_no
    assert ("S1", on_saturday) in due(desk, by_day) and ("M1", MONDAY) in due(desk, by_day)


@on_sqlite
def test_an_everyday_message_to_a_colleague_waits_as_well(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind="pricing"), NIGHT).ticket_no
    desk.pass_on(number, "T1", "M1", "他的事", NIGHT + minutes(1))
    assert due(desk, number)[-1] == ("T1", MONDAY)


@on_sqlite
def test_the_age_of_a_message_that_waited_counts_from_the_morning(county: Database) -> None:
    desk = TicketDesk(county)
    desk.report(outage(kind="pricing"), NIGHT)
    desk.report(hazard(), NIGHT)
    with county.reading() as session:
        rows = session.query(Notification).order_by(Notification.id).all()
    assert [row.held_until for row in rows] == [MONDAY, None, None]
