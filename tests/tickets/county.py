"""One grid, its three people, the station, one household: enough county for the rules of tickets."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from bot.database import Database
from bot.grid.models import Community, Feeder, Grid, GridStaff, Household, Staff, Transformer
from bot.tickets.desk import Report
from bot.tickets.intake.caller import Caller
from bot.tickets.reporter import Reporter

#: a promise that no kind of database changes is tested on SQLite alone
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

#: ten in the morning in Chongyang
AT = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)


def minutes(count: float) -> dt.timedelta:
    return dt.timedelta(minutes=count)


def by(address: str, channel: str = "telegram") -> Reporter:
    """Who answers, asks or presses: somebody for whom the channel vouches."""
    return Reporter(Caller.by(channel, address))


def outage(**values: Any) -> Report:
    """A report of grid 24 with everything that a test does not name."""
    fields: dict[str, Any] = {
        "kind": "outage",
        "said": "沿河路二百零六号停电了",
        "session": "s1",
        "caller": Caller.by(values.pop("channel", "phone"), values.pop("reporter", "13800138000")),
        "grid_no": "24",
    }
    return Report(**{**fields, **values})


def hazard(**values: Any) -> Report:
    return outage(**{"kind": "hazard", "said": "电线断了,掉在路上", **values})


@pytest.fixture
def county(database: Database) -> Database:
    """The database with grid 24 (manager M1, assistant A1, supervisor S1), grid 7 (M2), the station (T1, D1)."""
    people = [
        ("M1", "程远", "manager", "13900000001"),
        ("A1", "王小", "assistant", "13900000002"),
        ("S1", "李主", "supervisor", "13900000003"),
        ("M2", "何东", "manager", "13900000004"),
        ("T1", "服务", "team", "13900000005"),
        ("D1", "值班", "duty", "13900000006"),
    ]
    with database.session() as session:
        session.add_all([Grid(grid_no="24", phone="0715-3391024"), Grid(grid_no="7", phone="0715-3391007")])
        session.add_all([Staff(staff_no=no, name=name, role=role, phone=phone) for no, name, role, phone in people])
        session.add_all([Community(id=1, name="桃溪社区"), Feeder(id=1, name="沿河线")])
        session.flush()
        session.add(Transformer(id=1, name="沿河一台区", feeder_id=1))
        session.add_all([GridStaff(grid_no="24", staff_no=no) for no in ("M1", "A1", "S1")])
        session.add(GridStaff(grid_no="7", staff_no="M2"))
        session.flush()
        session.add(
            Household(
                household_no="4200000001",
                householder="王建国",
                community_id=1,
                address="沿河路206号",
                transformer_id=1,
                grid_no="24",
                tags=["vulnerable"],
                balance=Decimal("-86.20"),
                months_owed=3,
            )
        )
    return database
