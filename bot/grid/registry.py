"""The registry: the county in memory beside what is asked of the database each time."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import bindparam, select

from bot.database import Database
from bot.foundation.background import Background
from bot.foundation.phone_numbers import spellings
from bot.grid.contacts import PHONE, ContactKey
from bot.grid.county import County
from bot.grid.leave import away
from bot.grid.locate import Locator
from bot.grid.location import HouseholdCard, Location, PersonCard
from bot.grid.models import (
    Community,
    Contact,
    Feeder,
    Household,
    HouseholdContact,
    RegistryVersion,
    SampleCounty,
    Transformer,
)

log = logging.getLogger(__name__)

_FOLLOW_S = 1.0
_VERSION = select(RegistryVersion.version)

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


def is_sample(database: Database) -> bool:
    """Whether everybody in the county is invented (`gege sample`)."""
    with database.reading() as session:
        return session.scalar(select(SampleCounty.made_at).limit(1)) is not None


class Registry:
    """Answers from the county that was read last, and from the database where staff change things at any time."""

    def __init__(self, database: Database, area_code: str = "") -> None:
        """`area_code`: that of this county, where somebody says it; see County."""
        self._database, self._area_code = database, area_code
        self._version: int | None = None
        self.reload()

    @classmethod
    def load(cls, database: Database, area_code: str = "") -> Registry:
        return cls(database, area_code)

    def reload(self) -> None:
        """Read everything anew; whoever is asking meanwhile is answered from what was read before."""
        with self._database.reading() as session:
            version = session.scalar(_VERSION)  # before the rest: what changes meanwhile is read the next time
            county = County(session, self._area_code)
        self.county, self._locator = county, Locator(county, self.linked)
        self._version = version

    def follow(self) -> bool:
        """Read anew what another process, or this one, has imported since; False when nothing has changed. Blocks."""
        with self._database.reading() as session:
            version = session.scalar(_VERSION)
        if version == self._version:
            return False
        self.reload()
        log.info("the registry is version %s now: %s households", version, self.county.size)
        return True

    def background(self) -> Background:
        """Follow imports, within a second and the time that reading takes, beside the loop that serves."""
        return Background("registry", _FOLLOW_S, lambda: asyncio.to_thread(self.follow))

    # -- look-ups ---------------------------------------------------------------------------------
    def locate(
        self,
        text: str,
        *,
        alternatives: Sequence[str] = (),
        caller: ContactKey | None = None,
        grid_hint: str | None = None,
        community: str | None = None,
        householder: str | None = None,
        earlier: str | Sequence[str] = "",
        as_said: bool = False,
    ) -> Location:
        """Where a sentence points. Never a guess: what is not certain is None, with candidates and what to ask.

        `earlier` is what was said about the place in the turns before, the first of them first;
        `grid_hint` the grid of the dialled number; `as_said`: by the
        names of places and their numbers alone, as if nobody's name and no 户号 were known (what a caller may be told)."""
        return self._locator.locate(
            text,
            alternatives=alternatives,
            caller=caller,
            grid_hint=grid_hint,
            community=community,
            householder=householder,
            earlier=earlier,
            as_said=as_said,
        )

    def households_of(self, contact: ContactKey | None) -> list[tuple[HouseholdCard, bool]]:
        """Households linked to a telephone number or chat id, with whether the link verifies."""
        rows = self.linked(contact)
        return [(card, verifies) for no, verifies in rows if (card := self.household(no))]

    def phones_of(self, household_no: str) -> list[str]:
        """Telephone numbers of a household that were imported or confirmed by staff."""
        with self._database.reading() as session:
            rows = session.scalars(
                select(Contact.address)
                .join(HouseholdContact, HouseholdContact.contact_id == Contact.id)
                .where(
                    HouseholdContact.household_no == household_no, HouseholdContact.verifies, Contact.channel == PHONE
                )
                .order_by(Contact.id)
            )
            return list(dict.fromkeys(map(self.county.in_full, rows)))

    @property
    def area_code(self) -> str:
        """Of landlines here; empty when it is not known."""
        return self.county.area_code

    def linked(self, contact: ContactKey | None) -> list[tuple[str, bool]]:
        """(household_no, verifies) of a contact. Asked of the database: staff confirm contacts at any time."""
        if contact is None or not contact.address:
            return []
        phone = contact.channel == PHONE
        written = spellings(contact.address, self.county.area_code) if phone else {contact.address}
        with self._database.reading() as session:
            rows = session.execute(
                select(HouseholdContact.household_no, HouseholdContact.verifies)
                .join(Contact, Contact.id == HouseholdContact.contact_id)
                .where(Contact.channel == contact.channel, Contact.address.in_(written))
                .order_by(HouseholdContact.household_no)
            )
            found: dict[str, bool] = {}
            for no, verifies in rows:
                found[no] = found.get(no, False) or bool(verifies)
            return list(found.items())

    def household(self, number: str) -> HouseholdCard | None:
        """One household, as it stands in the database now."""
        with self._database.reading() as session:
            row = session.connection().execute(_HOUSEHOLD, {"number": number}).mappings().first()
        if row is None:
            return None
        return HouseholdCard(**{**row, "tags": tuple(row["tags"] or ()), "balance": Decimal(row["balance"])})

    def communities_of(self, grid_no: str) -> list[str]:
        """The communities that a grid lies in."""
        with self._database.reading() as session:
            rows = session.scalars(
                select(Community.name)
                .join(Household, Household.community_id == Community.id)
                .where(Household.grid_no == grid_no)
                .distinct()
                .order_by(Community.name)
            )
            return list(rows)

    def away(self, at: dt.datetime) -> dict[str, str]:
        """Who is on leave at `at`, and who stands in for each."""
        with self._database.reading() as session:
            return away(session, at)

    def is_sample(self) -> bool:
        """Whether everybody here is invented (`gege sample`), so that staff's side may be shown to whoever tries Gege."""
        return is_sample(self._database)

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

    def people(self) -> list[PersonCard]:
        """All of the staff, by number."""
        return self.county.people()

    def person(self, staff_no: str) -> PersonCard | None:
        """Who has this staff number."""
        return self.county.person(staff_no)

    def name_of(self, staff_no: str) -> str:
        """What somebody is called; the number of whoever is not in the county any more."""
        person = self.person(staff_no)
        return person.name if person else staff_no

    def duty(self) -> list[PersonCard]:
        """The duty desk."""
        return self.county.duty()

    def grid_of_number(self, number: str) -> str | None:
        """The grid that a dialled or diverting number, or a QR code's `grid_24`, names."""
        return self.county.grid_of_number(number)

    def account_in(self, said: str) -> str | None:
        """The 户号 in a sentence, when there is such a household. For staff: a caller is never told either way."""
        return self._locator.account_in(said)

    def is_householder(self, household_no: str, name: str) -> bool:
        """Whether this is the householder's whole name and nothing else, allowing accented Mandarin and homophones."""
        return self.county.is_householder(household_no, name)
