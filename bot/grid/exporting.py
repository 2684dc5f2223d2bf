"""The county as tables, in the columns that an import takes: what goes out comes in again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import select

from bot.database import Database
from bot.grid.contacts import PHONE
from bot.grid.models import (
    Community,
    Contact,
    Feeder,
    GridStaff,
    Household,
    HouseholdContact,
    Role,
    Staff,
    Transformer,
)
from bot.grid.role_names import role_names

Row = Sequence[str | int | float | None]
HOUSEHOLDS = (
    "household_no", "householder", "phone", "community", "compound", "address", "transformer", "feeder", "grid_no", "tags",
    "balance", "months_owed", "ytd_kwh",
)  # fmt: skip
STAFF = ("staff_no", "name", "role", "phone", "grid_nos", "telegram_id", "wecom", "dingtalk")


def households(database: Database) -> tuple[Sequence[str], Iterable[Row]]:
    """Column names, and a row each. Blocks."""
    with database.reading() as session:
        phones: dict[str, str] = dict(
            session.execute(
                select(HouseholdContact.household_no, Contact.address)
                .join(Contact, Contact.id == HouseholdContact.contact_id)
                .where(Contact.channel == PHONE, HouseholdContact.source == "import")
            ).all()  # type: ignore[arg-type]
        )
        rows = session.execute(
            select(
                Household.household_no, Household.householder, Community.name, Household.compound, Household.address,
                Transformer.name, Feeder.name, Household.grid_no, Household.tags, Household.balance, Household.months_owed,
                Household.ytd_kwh,
            )
            .join(Community, Community.id == Household.community_id)
            .join(Transformer, Transformer.id == Household.transformer_id)
            .join(Feeder, Feeder.id == Transformer.feeder_id)
            .order_by(Household.household_no)
        ).all()  # fmt: skip
    return HOUSEHOLDS, [
        (no, holder, phones.get(no, ""), community, compound, address, transformer, feeder, grid_no, ";".join(tags or ()),
         float(balance), months, kwh)
        for no, holder, community, compound, address, transformer, feeder, grid_no, tags, balance, months, kwh in rows
    ]  # fmt: skip


def staff(database: Database) -> tuple[Sequence[str], Iterable[Row]]:
    """Column names, and a row each; who has left is not among them. Blocks."""
    with database.reading() as session:
        grids: dict[str, list[str]] = defaultdict(list)
        for staff_no, grid_no in session.execute(
            select(GridStaff.staff_no, GridStaff.grid_no).order_by(GridStaff.grid_no)
        ):
            grids[staff_no].append(grid_no)
        people = session.scalars(select(Staff).where(Staff.role != Role.left).order_by(Staff.staff_no)).all()
    return STAFF, [
        (one.staff_no, one.name, role_names().get(one.role, one.role), one.phone, ";".join(grids[one.staff_no]), one.telegram_id,
         one.wecom, one.dingtalk)
        for one in people
    ]  # fmt: skip
