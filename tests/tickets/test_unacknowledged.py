"""What nobody acknowledges climbs, by itself, once, and after a restart as well."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.database import Database, open_database
from bot.tickets.desk import TicketDesk
from bot.tickets.due import timers
from bot.tickets.owed import paging
from tests.tickets.county import AT, hazard, minutes, on_sqlite, outage


def told(desk: TicketDesk, number: str) -> list[tuple[float, str]]:
    """(minutes after the report, who) of every message."""
    return [((n.created_at - AT).total_seconds() / 60, n.staff_no) for n in desk.notifications(number)]


@on_sqlite
def test_an_outage_climbs_after_five_and_ten_minutes(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    for minute in range(45):  # from then on it is the deadline's turn
        timers.fire_due(county, AT + minutes(minute))
    assert told(desk, number) == [(0, "M1"), (5, "M1"), (5, "A1"), (10, "D1")]
    assert [a.kind for a in desk.activities(number)] == ["reported", "escalated", "escalated"]


def test_a_danger_climbs_in_minutes_and_does_not_stop(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(hazard(), AT).ticket_no
    for minute in range(16):
        timers.fire_due(county, AT + minutes(minute))
    everybody = ["M1", "A1", "S1", "D1"]
    assert told(desk, number) == [
        (0, "M1"),
        (0, "A1"),
        (1, "S1"),
        (3, "D1"),
        *[(minute, who) for minute in (5, 10, 15) for who in everybody],
    ]
    assert {n.template for n in desk.notifications(number) if n.staff_no == "S1"} == {"supervise"}
    assert all(n.urgent for n in desk.notifications(number))
    desk.acknowledge(number, "M1", AT + minutes(16))
    assert timers.fire_due(county, AT + minutes(44)) == 0


@on_sqlite
def test_an_acknowledgement_stops_the_climb(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.acknowledge(number, "M1", AT + minutes(4))
    assert timers.fire_due(county, AT + minutes(30)) == 0
    assert told(desk, number) == [(0, "M1")]


def test_timers_survive_a_restart_and_do_not_make_up_for_a_night(county: Database, database_url: str) -> None:
    desk = TicketDesk(county)
    number = desk.report(hazard(), AT).ticket_no
    county.dispose()
    later = open_database(database_url)
    # Down for two hours: each step once, the repeated one once, the deadline once, then on its beat again.
    assert timers.fire_due(later, AT + minutes(121)) == 4
    assert timers.fire_due(later, AT + minutes(124)) == 0
    assert timers.fire_due(later, AT + minutes(125)) == 1
    assert len(TicketDesk(later).notifications(number)) == 2 + 1 + 1 + 4 + 3 + 4
    later.dispose()


def test_two_processes_fire_a_timer_once(county: Database, database_url: str) -> None:
    desk = TicketDesk(county)
    for _ in range(10):
        desk.report(outage(), AT)
    other = open_database(database_url)
    with ThreadPoolExecutor(4) as threads:
        fired = sum(threads.map(lambda one: timers.fire_due(one, AT + minutes(5)), [county, other, county, other]))
    other.dispose()
    assert fired == 10
    assert len(desk.notifications()) == 10 + 20


def test_a_timer_and_its_messages_are_one_transaction(county: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(paging, "owe", fail)
        assert timers.fire_due(county, AT + minutes(5)) == 0
    assert told(desk, number) == [(0, "M1")]
    assert timers.fire_due(county, AT + minutes(5)) == 1
    assert len(told(desk, number)) == 3


@on_sqlite
def test_one_timer_that_fails_holds_up_no_other(county: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = TicketDesk(county)
    desk.report(outage(kind="care"), AT)
    good = desk.report(outage(), AT)
    real = paging.owe

    def fail_for_care(session: object, ticket: object, *rest: object, **named: object) -> None:
        if ticket.kind == "care":  # type: ignore[attr-defined]
            raise RuntimeError("the power went")
        real(session, ticket, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(paging, "owe", fail_for_care)
    assert timers.fire_due(county, AT + minutes(5)) == 1
    assert desk.activities(good.ticket_no)[-1].kind == "escalated"


@on_sqlite
def test_a_step_whose_role_nobody_holds_goes_to_the_duty_desk(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(hazard(grid_no="7"), AT).ticket_no
    timers.fire_due(county, AT + minutes(1))
    assert told(desk, number) == [(0, "M2"), (0, "D1"), (1, "D1")]


@on_sqlite
def test_the_desk_wakes_whoever_delivers(county: Database) -> None:
    woken: list[str] = []
    TicketDesk(county, owed=lambda: woken.append("now")).report(outage(), AT)
    assert woken == ["now"]
