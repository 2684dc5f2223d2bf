"""Whoever is on leave is not rung: somebody stands in, on the days that were written down, and never in a circle."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.database import Database
from bot.grid.leave import LeaveRefused, come_back, leaves_from, substitute, write_leave
from bot.grid.models import GridStaff, Staff, Substitution
from bot.tickets.desk import TicketDesk
from bot.tickets.due import timers
from tests.tickets.county import AT, hazard, minutes, on_sqlite, outage

DAY = dt.timedelta(days=1)


def leave(county: Database, who: str, to: str, begin: float = -1, end: float = 5) -> None:
    write_leave(county, who, to, AT + begin * DAY, AT + end * DAY)


def told(desk: TicketDesk, number: str) -> list[str]:
    return [n.staff_no for n in desk.notifications(number)]


def test_who_stands_in_owns_and_is_told(county: Database) -> None:
    leave(county, "M1", "M2")
    desk = TicketDesk(county)
    card = desk.report(outage(), AT)
    assert (card.owner, card.owner_name, told(desk, card.ticket_no)) == ("M2", "何东", ["M2"])


@on_sqlite
def test_the_leave_ends_when_it_ends(county: Database) -> None:
    leave(county, "M1", "M2", end=1)
    desk = TicketDesk(county)
    assert desk.report(outage(), AT + DAY - minutes(1)).owner == "M2"
    assert desk.report(outage(), AT + DAY).owner == "M1"


@on_sqlite
def test_a_chain_is_followed_to_its_end(county: Database) -> None:
    leave(county, "M1", "M2")
    leave(county, "M2", "T1", begin=0)
    leave(county, "D1", "A1")
    desk = TicketDesk(county)
    number = desk.report(hazard(), AT).ticket_no
    assert told(desk, number) == ["T1", "A1"]
    timers.fire_due(county, AT + minutes(3))
    # A1 is there for herself and for the duty desk, but is told once
    assert told(desk, number)[2:] == ["S1", "A1"]


def test_an_owner_who_goes_on_leave_is_not_rung_any_more(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    leave(county, "M1", "M2", begin=0.001)
    timers.fire_due(county, AT + minutes(5))
    assert sorted(told(desk, number)) == ["A1", "M1", "M2"]
    desk.cancel(number, at=AT + minutes(6))
    assert told(desk, number)[-1] == "M2"


@on_sqlite
def test_what_is_passed_to_somebody_on_leave_goes_to_who_stands_in(county: Database) -> None:
    leave(county, "M2", "T1")
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    card = desk.pass_on(number, "M2", "M1", "他那边的", AT)
    assert (card.owner, desk.activities(number)[-1].detail["for"]) == ("T1", "M2")


@on_sqlite
def test_a_supervisor_is_stood_in_for_by_a_supervisor(county: Database) -> None:
    with county.session() as session:
        session.add(Staff(staff_no="S2", name="张会", role="supervisor"))
        session.flush()
        session.add(GridStaff(grid_no="7", staff_no="S2"))
    with pytest.raises(LeaveRefused, match="no employee"):
        leave(county, "S1", "M2")
    with pytest.raises(LeaveRefused, match="no employee"):
        leave(county, "M1", "S1")
    leave(county, "S1", "S2")
    desk = TicketDesk(county)
    number = desk.report(outage(kind="complaint"), AT).ticket_no
    assert [(n.staff_no, n.template) for n in desk.notifications(number)][1:] == [("S2", "supervise")]


def test_a_circle_is_refused_when_it_is_written(county: Database) -> None:
    leave(county, "M1", "M2", 0, 5)
    leave(county, "M2", "T1", 2, 9)
    for who, to, begin, end in (("T1", "M1", 1, 3), ("T1", "M2", 0, 3), ("M2", "M1", 0, 1)):
        with pytest.raises(LeaveRefused, match="circle"):
            leave(county, who, to, begin, end)
    # The three of them are never away at the same moment: no circle.
    leave(county, "T1", "M1", 5, 9)


@on_sqlite
@pytest.mark.parametrize(
    ("who", "to", "begin", "end", "why"),
    [
        ("M1", "M1", 0, 1, "themselves"),
        ("M1", "X", 0, 1, "staff list"),
        ("X", "M1", 0, 1, "staff list"),
        ("M1", "M2", 1, 1, "ends before"),
        ("A1", "T1", 1, 2, "on leave already"),
    ],
)
def test_a_leave_that_cannot_be_is_refused(
    county: Database, who: str, to: str, begin: float, end: float, why: str
) -> None:
    leave(county, "A1", "M2", 0, 3)
    with pytest.raises(LeaveRefused, match=why):
        leave(county, who, to, begin, end)
    assert len(leaves_from(county, AT)) == 1


def test_two_who_write_a_circle_at_once_are_one_leave(county: Database) -> None:
    def write(pair: tuple[str, str]) -> bool:
        try:
            leave(county, *pair)
        except LeaveRefused:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        written = list(threads.map(write, [("M1", "M2"), ("M2", "M1")]))
    assert sorted(written) == [False, True]


@on_sqlite
def test_a_circle_that_got_in_all_the_same_rings_somebody(county: Database) -> None:
    with county.session() as session:
        for who, to in (("M1", "M2"), ("M2", "M1")):
            session.add(Substitution(staff_no=who, stands_in=to, begins_at=AT - DAY, ends_at=AT + DAY))
    assert substitute("M1", {"M1": "M2", "M2": "M1"}) == "M1"
    desk = TicketDesk(county)
    assert told(desk, desk.report(outage(), AT).ticket_no) == ["M1"]


@on_sqlite
def test_who_is_back_early_is_back(county: Database) -> None:
    leave(county, "M1", "M2")
    leave(county, "M1", "T1", 10, 12)
    ended = come_back(county, "M1", AT + minutes(1))
    assert [one.stands_in for one in ended] == ["M2", "T1"]
    assert leaves_from(county, AT + minutes(1)) == []
    assert TicketDesk(county).report(outage(), AT + minutes(1)).owner == "M1"
