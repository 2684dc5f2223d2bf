"""The registry: the county in memory beside what is asked of the database each time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import bindparam, select

from bot.database import Database
from bot.grid.county import County
from bot.grid.importer import phone_digits
from bot.grid.leave import away
from bot.grid.locate import Locator
from bot.grid.location import HouseholdCard, Location, PersonCard
from bot.grid.models import (
    Community,
    Contact,
    Feeder,
    Household,
    HouseholdContact,
    Transformer,
)

#: the fields of HouseholdCard; prepared once, because a turn asks for it
_HOUSEHOLD = (
    select(
        Household.household_no,
        Household.householder,
        Community.name.label("community"),
        Household.compound,
        Household.address,
        Household.grid_no,
        Transformer.name.label("transformer"),
        Feeder.name.label("feeder"),
        Household.tags,
        Household.balance,
        Household.months_owed,
        Household.ytd_kwh,
    )
    .join(Community, Community.id == Household.community_id)
    .join(Transformer, Transformer.id == Household.transformer_id)
    .join(Feeder, Feeder.id == Transformer.feeder_id)
    .where(Household.household_no == bindparam("number"))
)


class Registry:
    """Answers from the county that was read last, and from the database where staff change things at any time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reload()

    @classmethod
    def load(cls, database: Database) -> Registry:
        return cls(database)

    def reload(self) -> None:
        """Read everything anew."""
        with self._database.reading() as session:
            self.county = County(session)
        self._locator = Locator(self.county, self.linked)

    # -- look-ups ---------------------------------------------------------------------------------
    def locate(
        self,
        text: str,
        *,
        alternatives: Sequence[str] = (),
        caller: str = "",
        grid_hint: str | None = None,
        community: str | None = None,
        householder: str | None = None,
        earlier: str = "",
    ) -> Location:
        """Where a sentence points. Never a guess: what is not certain is None, with candidates and what to ask.

        `earlier` is the place said in the turns before; `grid_hint` the grid of the dialled number."""
        return self._locator.locate(
            text,
            alternatives=alternatives,
            caller=caller,
            grid_hint=grid_hint,
            community=community,
            householder=householder,
            earlier=earlier,
        )

    def households_of(self, number: str) -> list[tuple[HouseholdCard, bool]]:
        """Households linked to a telephone number or chat id, with whether the link verifies."""
        rows = self.linked(number)
        return [(card, verifies) for no, verifies in rows if (card := self.household(no))]

    def phones_of(self, household_no: str) -> list[str]:
        """Telephone numbers of a household that were imported or confirmed by staff."""
        with self._database.reading() as session:
            rows = session.scalars(
                select(Contact.address)
                .join(HouseholdContact, HouseholdContact.contact_id == Contact.id)
                .where(
                    HouseholdContact.household_no == household_no, HouseholdContact.verifies, Contact.channel == "phone"
                )
                .order_by(Contact.id)
            )
            return list(rows)

    def linked(self, number: str) -> list[tuple[str, bool]]:
        """(household_no, verifies) of a contact. Asked of the database: staff confirm contacts at any time."""
        address = phone_digits(number)
        if not address:
            return []
        with self._database.reading() as session:
            rows = session.execute(
                select(HouseholdContact.household_no, HouseholdContact.verifies)
                .join(Contact, Contact.id == HouseholdContact.contact_id)
                .where(Contact.address.in_({address, number}))
                .order_by(HouseholdContact.household_no)
            )
            return [(no, bool(verifies)) for no, verifies in rows]

    def household(self, number: str) -> HouseholdCard | None:
        """One household, as it stands in the database now."""
        with self._database.reading() as session:
            row = session.connection().execute(_HOUSEHOLD, {"number": number}).mappings().first()
        if row is None:
            return None
        return HouseholdCard(**{**row, "tags": tuple(row["tags"] or ()), "balance": Decimal(row["balance"])})

    def away(self, at: dt.datetime) -> dict[str, str]:
        """Who is on leave at `at`, and who stands in for each."""
        with self._database.reading() as session:
            return away(session, at)

    # -- people and numbers, as the county says -------------------------------------------------------
    def staff(self, grid_no: str, role: str) -> list[PersonCard]:
        """People of a role on a grid."""
        return self.county.staff(grid_no, role)

    def managers(self) -> list[tuple[str, PersonCard]]:
        """(grid_no, manager) of every grid."""
        return self.county.managers()

    def manager_no(self, grid_no: str | None) -> str | None:
        """Staff number of a grid's manager."""
        return self.county.manager_no(grid_no)

    def person(self, staff_no: str) -> PersonCard | None:
        """Who has this staff number."""
        return self.county.person(staff_no)

    def duty(self) -> list[PersonCard]:
        """The duty desk."""
        return self.county.duty()

    def grid_of_number(self, number: str) -> str | None:
        """The grid that a dialled or diverting number, or a QR code's `grid_24`, names."""
        return self.county.grid_of_number(number)

    def is_surname(self, character: str) -> bool:
        """Whether somebody in the county has this surname."""
        return self.county.is_surname(character)

    def householder_matches(self, household_no: str, spoken: str) -> bool:
        """Whether a sentence holds the householder's whole name, allowing accented Mandarin and homophones."""
        return self.county.householder_matches(household_no, spoken)
