"""A street for outages: three transformers of one feeder, ten households each, in grid 24; a crew."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from bot.database import Database
from bot.grid.models import GridStaff, Household, Staff, Transformer
from bot.tickets.cards import TicketCard
from bot.tickets.desk import TicketDesk
from tests.tickets.county import AT, minutes, outage

__all__ = ["AT", "dark", "dark_row", "door", "minutes", "street"]


@pytest.fixture
def street(county: Database) -> Database:
    """The county with transformers 1, 2, 3 of the feeder and households 1-00 … 3-09; 3-09 owes five months."""
    with county.session() as session:
        session.add_all(Transformer(id=id, name=f"沿河{id}号台区", feeder_id=1) for id in (2, 3))
        session.add(Staff(staff_no="C1", name="抢修", role="crew", phone="13900000007"))
        session.flush()
        session.add(GridStaff(grid_no="24", staff_no="C1"))
        session.flush()
        for transformer in (1, 2, 3):
            for number in range(10):
                owes = (transformer, number) == (3, 9)
                session.add(
                    Household(
                        household_no=door(transformer, number),
                        householder="王小明",
                        community_id=1,
                        compound=f"桃园{transformer}期",
                        address=f"{number + 1}栋101室",
                        transformer_id=transformer,
                        grid_no="24",
                        balance=Decimal(-500 if owes else 10),
                        months_owed=5 if owes else 0,
                    )
                )
    return county


def door(transformer: int, number: int) -> str:
    return f"{transformer}-{number:02d}"


def dark(desk: TicketDesk, transformer: int, number: int, at: dt.datetime = AT, **values: Any) -> TicketCard:
    """A household reports that its light is out."""
    reporter = f"1380000{transformer}{number:03d}"
    fields = {"household_no": door(transformer, number), "session": reporter, "reporter": reporter, **values}
    return desk.report(outage(**fields), at)


def dark_row(desk: TicketDesk, transformer: int, count: int = 3, at: dt.datetime = AT) -> list[TicketCard]:
    """`count` households of a transformer, ten seconds apart."""
    return [dark(desk, transformer, number, at + minutes(number / 6)) for number in range(count)]
