"""What is stuck is found, told to the duty desk once, and set going again where that is all it needs."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import delete, select, update

from bot.database import Database
from bot.notify.texts import Case, render
from bot.tickets.desk import TicketDesk
from bot.tickets.due import timers
from bot.tickets.due.audit import audit, find
from bot.tickets.models import Notification, State, Stuck, Ticket, Timer
from tests.tickets.county import AT, hazard, minutes, on_sqlite, outage


def found(database: Database, at: dt.datetime) -> list[tuple[str, str | None]]:
    with database.reading() as session:
        return [(one.kind, one.ticket_no) for one in find(session, at)]


def deliver_all(database: Database) -> None:
    with database.session() as session:
        session.execute(update(Notification).values(state="sent"))


def pages(database: Database) -> list[Notification]:
    with database.reading() as session:
        return list(session.scalars(select(Notification).where(Notification.template == "stuck")))


@on_sqlite
def test_a_service_that_works_has_nothing_stuck(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.acknowledge(desk.report(outage(kind="care"), AT).ticket_no, "M1", AT)
    deliver_all(county)
    for minute in range(120):
        timers.fire_due(county, AT + minutes(minute))
        deliver_all(county)
        assert audit(county, AT + minutes(minute)) == []
    desk.acknowledge(number, "M1", AT + minutes(120))
    desk.resolve(number, "M1", at=AT + minutes(121))
    deliver_all(county)
    assert audit(county, AT + minutes(300)) == [] and pages(county) == []


def test_a_ticket_that_nobody_would_hear_of_again_is_told_once_and_waited_for_anew(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(hazard(), AT).ticket_no
    deliver_all(county)
    with county.session() as session:
        session.execute(delete(Timer))
    assert [one.key for one in audit(county, AT + minutes(1))] == [f"no_timer:{number}"]
    assert timers.fire_due(county, AT + minutes(2)) == 1
    for minute in range(2, 6):
        assert audit(county, AT + minutes(minute)) == []
    (page,) = pages(county)
    assert (page.staff_no, page.urgent) == ("D1", True)
    assert number in render("stuck", Case(detail=page.detail), "duty")


@on_sqlite
def test_tickets_of_an_older_gege_get_their_deadline(county: Database) -> None:
    desk = TicketDesk(county)
    numbers = [desk.report(outage(reporter=f"1380013{number:04d}"), AT).ticket_no for number in range(30)]
    for number in numbers:
        desk.acknowledge(number, "M1", AT)
    deliver_all(county)
    with county.session() as session:
        session.execute(delete(Timer))
    assert len(audit(county, AT + minutes(1))) == 30
    (page,) = pages(county)
    text = render("stuck", Case(detail=page.detail), "duty")
    assert "30件" in text and text.count("GD") == 5
    assert all(desk.deadlines(number) for number in numbers)


@on_sqlite
def test_a_danger_that_nobody_took_must_climb_whatever_else_waits(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(hazard(), AT).ticket_no
    with county.session() as session:
        session.execute(delete(Timer).where(Timer.kind == "unacknowledged"))
    assert ("no_timer", number) in found(county, AT)


@on_sqlite
def test_everything_else_that_is_stuck_is_found(county: Database) -> None:
    desk = TicketDesk(county)
    desk.begin_call("c1", "13800138000", at=AT)
    number = desk.report(outage(), AT).ticket_no
    with county.session() as session:
        session.execute(update(Ticket).values(owner=None))
    at = AT + minutes(121)
    assert found(county, at) == [
        ("no_owner", number),
        ("undelivered", number),
        ("overdue_timer", number),
        ("open_call", None),
    ]
    assert found(county, AT + minutes(6)) == [("no_owner", number)]


@on_sqlite
def test_a_message_that_waits_for_the_morning_is_not_stuck(county: Database) -> None:
    desk = TicketDesk(county)
    night = AT + minutes(12 * 60)
    desk.report(outage(kind="pricing"), night)
    assert found(county, night + minutes(300)) == []
    assert next(kind for kind, _ in found(county, night + minutes(11 * 60))) == "undelivered"


@on_sqlite
def test_a_desk_that_is_not_reached_is_not_told_of_it_without_end(county: Database) -> None:
    desk = TicketDesk(county)
    desk.report(outage(), AT)
    for minute in range(60):
        audit(county, AT + minutes(minute))
    assert len(pages(county)) <= 3


def test_two_auditors_tell_it_once(county: Database) -> None:
    desk = TicketDesk(county)
    for _ in range(5):
        desk.report(outage(), AT)
    with county.session() as session:
        session.execute(delete(Timer))

    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(lambda _: len(audit(county, AT + minutes(1))), range(4)))
    assert sorted(told) == [0, 0, 0, 5]
    assert len(pages(county)) == 1


@on_sqlite
def test_what_is_stuck_again_is_told_again(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    deliver_all(county)
    for minute in (1, 10):
        with county.session() as session:
            session.execute(delete(Timer))
        assert len(audit(county, AT + minutes(minute))) == 1
        assert audit(county, AT + minutes(minute + 1)) == []
        with county.reading() as session:
            assert session.scalars(select(Stuck)).all() == []
        deliver_all(county)
    assert desk.ticket(number).state == State.reported  # type: ignore[union-attr]
    assert len(pages(county)) == 2
