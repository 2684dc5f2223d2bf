"""Who asks about a planned outage hears of it, and of no other."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.database import Database
from bot.tickets.desk import TicketDesk
from tests.tickets.county import on_sqlite
from tests.tickets.street import AT, door, minutes, street

__all__ = ["street"]

DAY = dt.timedelta(days=1)
HOURS = dt.timedelta(hours=4)


def plan(desk: TicketDesk, begins: dt.datetime, **where: str) -> str:
    return desk.outages.plan("M1", begins, begins + HOURS, cause="换变压器", at=AT, **where).outage_no


def told(desk: TicketDesk, at: dt.datetime = AT, **where: str) -> str:
    found = desk.outages.announced(at=at, **where)
    return found.outage_no if found else ""


def test_the_next_planned_outage_of_a_place_is_told(street: Database) -> None:
    desk = TicketDesk(street)
    later = plan(desk, AT + 3 * DAY, transformer="沿河一台区")
    sooner = plan(desk, AT + DAY, transformer="沿河一台区")
    line = plan(desk, AT + 2 * DAY, feeder="沿河线")
    assert told(desk, household_no=door(1, 4)) == sooner
    assert told(desk, household_no=door(2, 4)) == line, "the whole line is out as well"
    assert told(desk, place="桃园1期", grid_no="24") == sooner
    assert told(desk, grid_no="24") == sooner and told(desk, grid_no="7") == told(desk) == ""
    assert told(desk, AT + DAY + minutes(1), household_no=door(1, 4)) == line, "what has begun is known, not announced"
    assert told(desk, AT + 2.5 * DAY, household_no=door(1, 4)) == later
    assert desk.tickets() == []


@on_sqlite
def test_nobody_is_told_of_what_is_far_away_called_off_or_elsewhere(street: Database) -> None:
    desk = TicketDesk(street)
    plan(desk, AT + 8 * DAY, transformer="沿河一台区")
    number = plan(desk, AT + DAY, transformer="沿河一台区")
    assert told(desk, household_no=door(2, 4)) == told(desk, household_no="9") == ""
    desk.outages.cancel(number, "M1", AT)
    assert told(desk, household_no=door(1, 4)) == ""
    assert told(desk, AT + DAY + minutes(1), household_no=door(1, 4)) != "", "seven days ahead by then"


@on_sqlite
@pytest.mark.parametrize("owes", [door(3, 9)])
def test_who_owes_is_told_as_well(street: Database, owes: str) -> None:
    desk = TicketDesk(street)
    assert plan(desk, AT + DAY, transformer="沿河3号台区") == told(desk, household_no=owes)
