"""SAIDI, SAIFI and CAIDI out of the outage rows, by hand and by formula."""

from __future__ import annotations

import datetime as dt

import pytest

from bot.database import Database
from bot.tickets.desk import TicketDesk
from bot.tickets.outages.indices import reliability
from tests.tickets.county import on_sqlite
from tests.tickets.street import AT, dark_row, minutes, street

__all__ = ["street"]

DAY = AT - dt.timedelta(hours=10), AT + dt.timedelta(hours=14)


def test_indices_are_counted_by_the_households_of_the_scope(street: Database) -> None:
    # 31 households: 11 on transformer 1, 10 each on 2 and 3, all on one feeder.
    desk = TicketDesk(street)
    dark_row(desk, 1)
    desk.outages.restored(desk.outages.list()[0].outage_no, "M1", AT + minutes(60))
    line = desk.outages.open("M1", feeder="沿河线", at=AT + minutes(120))
    desk.outages.restored(line.outage_no, "M1", AT + minutes(150))
    found = reliability(street, *DAY, at=AT + dt.timedelta(days=2)).unplanned
    assert (found.interruptions, found.customers_served) == (2, 31)
    assert found.customers_interrupted == 11 + 31
    assert found.customer_minutes == 11 * 60 + 31 * 30
    assert found.saifi == pytest.approx(42 / 31, abs=1e-6)
    assert found.saidi == pytest.approx(1590 / 31, abs=1e-4)
    assert found.caidi == pytest.approx(1590 / 42, abs=1e-4)
    assert found.saidi / found.saifi == pytest.approx(found.caidi, abs=1e-3)


@on_sqlite
def test_momentary_called_off_and_other_days_do_not_count_and_planned_counts_apart(street: Database) -> None:
    desk = TicketDesk(street)
    short = desk.outages.open("M1", transformer="沿河一台区", at=AT)
    desk.outages.restored(short.outage_no, "M1", AT + minutes(5))
    off = desk.outages.plan("M1", AT + minutes(60), AT + minutes(90), transformer="沿河一台区", at=AT)
    desk.outages.cancel(off.outage_no, "M1", AT)
    desk.outages.plan("M1", AT + minutes(60), AT + minutes(120), transformer="沿河2号台区", at=AT)
    [planned] = desk.outages.list(active_only=True)
    desk.outages.restored(planned.outage_no, "M1", AT + minutes(100))
    desk.outages.open("M1", transformer="沿河3号台区", at=AT + dt.timedelta(days=1))
    found = reliability(street, *DAY, at=AT + dt.timedelta(days=2))
    assert (found.unplanned.interruptions, found.unplanned.momentary) == (0, 1)
    assert (found.unplanned.saidi, found.unplanned.caidi) == (0.0, None)
    assert (found.planned.customers_interrupted, found.planned.customer_minutes) == (10, 400.0)
    assert found.all.customer_minutes == 400.0


@on_sqlite
def test_what_goes_on_counts_until_now(street: Database) -> None:
    desk = TicketDesk(street)
    desk.outages.open("M1", transformer="沿河2号台区", at=AT)
    assert reliability(street, *DAY, at=AT + minutes(20)).all.customer_minutes == 200.0


def test_a_county_without_households_has_no_indices(sqlite_database: Database) -> None:
    found = reliability(sqlite_database, *DAY).all
    assert (found.saidi, found.saifi, found.caidi) == (None, None, None)
