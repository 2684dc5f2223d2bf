"""A clock that jumps makes no storm and loses nothing: an open danger that nobody took always has a timer."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from bot.database import Database, open_database
from bot.grid.models import Base, Grid, GridStaff, Staff
from bot.tickets.desk import Button, TicketDesk, TicketRefused
from bot.tickets.due import timers
from bot.tickets.due.deadlines import DEADLINES
from bot.tickets.models import Notification, State, Ticket, Timer
from tests.tickets.county import AT, hazard, minutes, on_sqlite, outage

HOUR = dt.timedelta(hours=1)


def pending(database: Database, kind: str = "unacknowledged") -> list[dt.datetime]:
    with database.reading() as session:
        rows = select(Timer.due_at).where(Timer.done_at.is_(None), Timer.kind == kind).order_by(Timer.due_at)
        return list(session.scalars(rows))


def escalations(desk: TicketDesk, number: str) -> int:
    return sum(one.kind == "escalated" for one in desk.activities(number))


def test_a_clock_that_was_hours_ahead_does_not_silence_a_danger(county: Database) -> None:
    desk, watch = TicketDesk(county), timers.Watch(county)
    watch.tick(AT)
    number = desk.report(hazard(), AT).ticket_no
    assert watch.tick(AT + 5 * HOUR) == 4  # three steps and the deadline, once each, no storm
    assert escalations(desk, number) == 3
    assert watch.tick(AT + minutes(2)) == 0  # the clock is right again
    assert pending(county) == [AT + minutes(7)]
    assert watch.tick(AT + minutes(7)) == 1
    # and the deadline that seemed to have passed still counts
    assert pending(county, "on_site_due") == [AT + minutes(45)]
    assert watch.tick(AT + minutes(45)) == 2


def test_a_report_of_a_wrong_future_is_not_forgotten_when_the_clock_is_set_back(county: Database) -> None:
    desk, watch = TicketDesk(county), timers.Watch(county)
    watch.tick(AT + 3 * HOUR)
    number = desk.report(hazard(), AT + 3 * HOUR).ticket_no
    watch.tick(AT)
    assert pending(county) == [AT + minutes(1)] and pending(county, "on_site_due") == [AT + minutes(45)]
    assert watch.tick(AT + minutes(1)) == 1
    # "minus 179 minutes" is nothing to say
    assert desk.notifications(number)[-1].created_at == AT + minutes(1)
    assert desk.activities(number)[-1].detail["minutes"] == 0
    # its messages do not wait for the wrong hour either
    assert all(n.due_at <= AT + minutes(1) for n in desk.notifications(number))


def test_a_service_that_starts_after_the_clock_was_set_back_mends_it(county: Database, database_url: str) -> None:
    TicketDesk(county).report(hazard(), AT + 9 * HOUR)
    county.dispose()
    again = open_database(database_url)
    timers.Watch(again).tick(AT)
    assert pending(again) == [AT + minutes(1)]
    again.dispose()


@on_sqlite
def test_what_a_right_clock_has_set_is_not_touched(county: Database) -> None:
    def rows(table: type[Timer] | type[Notification]) -> list[tuple[int, dt.datetime]]:
        with county.reading() as session:
            return [(row.id, row.due_at) for row in session.scalars(select(table).order_by(table.id))]

    desk = TicketDesk(county)
    for kind in ("hazard", "outage", "new_account", "callback", "reconnect"):
        desk.report(outage(kind=kind), AT)
    taken = desk.report(outage(), AT).ticket_no
    desk.acknowledge(taken, "M1", AT)
    desk.on_site(taken, "M1", at=AT)
    before = rows(Timer)
    timers.Watch(county).tick(AT + minutes(0.5))
    assert rows(Timer) == before
    at_night = AT + 12 * HOUR
    with county.session() as session:
        session.execute(delete(Timer))
    care = desk.report(outage(kind="care", channel="wecom"), at_night).ticket_no
    desk.acknowledge(care, "M1", at_night)
    desk.report(outage(kind="pricing"), at_night)
    before = rows(Timer), rows(Notification)
    timers.Watch(county).tick(at_night + minutes(1))
    assert (rows(Timer), rows(Notification)) == before


@on_sqlite
def test_a_message_claimed_in_a_wrong_future_is_tried_again_soon(county: Database) -> None:
    desk, watch = TicketDesk(county), timers.Watch(county)
    watch.tick(AT + 6 * HOUR)
    desk.report(hazard(), AT)
    with county.session() as session:
        for row in session.scalars(select(Notification)):
            row.attempts, row.due_at = 3, AT + 6 * HOUR
    watch.tick(AT)
    assert {n.due_at for n in desk.notifications()} == {AT + minutes(1)}


# ---- whatever is pressed, whatever the clock does ---------------------------------------------------

_STAFF = {"M1": "manager", "A1": "assistant", "S1": "supervisor", "D1": "duty", "T1": "team"}


@contextmanager
def _grid() -> Iterator[Database]:
    with tempfile.TemporaryDirectory(prefix="gege-clock-") as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'clock.sqlite'}")
        Base.metadata.create_all(database.engine)
        with database.session() as session:
            session.add(Grid(grid_no="24"))
            session.add_all(Staff(staff_no=no, name=no, role=role) for no, role in _STAFF.items())
            session.flush()
            session.add_all(GridStaff(grid_no="24", staff_no=no) for no in ("M1", "A1", "S1"))
        try:
            yield database
        finally:
            database.dispose()


_moves = st.one_of(
    st.tuples(st.just("report"), st.sampled_from(["24", None])),
    st.tuples(st.just("clock"), st.integers(-6 * 3600, 6 * 3600)),
    st.tuples(st.just("clock"), st.integers(0, 400)),
    st.tuples(st.just("restart"), st.none()),
    st.tuples(st.just("add"), st.sampled_from(["24", None])),
    st.tuples(st.sampled_from(["close", "cancel", "reopen"]), st.sampled_from(["resident", "M1"])),
    st.tuples(st.sampled_from(list(Button)), st.sampled_from([*_STAFF, "nobody"])),
    # the ordinary way, so that many tickets get far: taken, settled, and not settled after all
    st.tuples(st.just("life"), st.sampled_from(["acknowledge", "on_site", "resolve", "reopen"])),
)


def _do(desk: TicketDesk, move: str, what: str | None, number: str, at: dt.datetime) -> None:
    if move == "add":
        desk.add(number, note="在路口", grid_no=what, at=at)
    elif move == "life":
        for step in ("acknowledge", "on_site", "resolve", "reopen"):
            getattr(desk, step)(number, by="M1", at=at)
            if step == what:
                break
    elif move in ("close", "cancel", "reopen"):
        getattr(desk, move)(number, by=what, at=at)
    else:
        desk.press(number, move, what or "", note="话", restore_at=at + HOUR, to="T1", at=at)


@pytest.mark.slow
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(_moves, st.integers(0, 1)), min_size=6, max_size=20))
def test_an_open_danger_that_nobody_took_always_has_a_timer(moves: list[tuple[tuple[str, str], int]]) -> None:
    with _grid() as database:
        desk, watch, at = TicketDesk(database), timers.Watch(database), AT
        numbers = [desk.report(hazard(), at).ticket_no]
        for (move, what), which in moves:
            before = _escalated(desk, numbers)
            if move == "report":
                numbers.append(desk.report(hazard(grid_no=what), at).ticket_no)
            elif move == "clock":
                at += dt.timedelta(seconds=int(what))
            elif move == "restart":
                watch = timers.Watch(database)
            elif numbers:
                with suppress(TicketRefused):
                    _do(desk, move, what, numbers[which % len(numbers)], at)
            _check(database)
            watch.tick(at)
            _check(database, at)
            # No storm: at most each of the three steps, however far the clock has jumped.
            after = _escalated(desk, numbers)
            assert all(after[number] - before.get(number, 0) <= 3 for number in numbers)


def _escalated(desk: TicketDesk, numbers: list[str]) -> dict[str, int]:
    return {number: escalations(desk, number) for number in numbers}


def _check(database: Database, ticked: dt.datetime | None = None) -> None:
    """One timer climbs for each danger that nobody took, none for any other; after a tick it is due soon."""
    with database.reading() as session:
        for ticket in session.scalars(select(Ticket)):
            rows = session.scalars(select(Timer).where(Timer.ticket_id == ticket.id, Timer.done_at.is_(None))).all()
            climbing = [row.due_at for row in rows if row.kind == "unacknowledged"]
            assert len(climbing) == (ticket.state == State.reported), (ticket.state, climbing)
            open_ = ticket.state in (State.reported, State.acknowledged, State.on_site)
            waiting = [row.kind for row in rows if row.kind in DEADLINES]
            assert len(waiting) == open_, (ticket.state, [row.kind for row in rows])
            if ticked and climbing:
                assert ticked < climbing[0] <= ticked + minutes(5)
