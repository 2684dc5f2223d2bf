"""The county in memory: who lives where, who serves them, found in milliseconds."""

from __future__ import annotations

import datetime as dt
import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, select

from bot.database import Database
from bot.grid.address import Parts, split_address
from bot.grid.importer import phone_digits
from bot.grid.leave import away
from bot.grid.models import (
    Community,
    Contact,
    Feeder,
    Grid,
    GridStaff,
    Household,
    HouseholdContact,
    Role,
    Staff,
    Transformer,
)
from bot.sound.classes import sounds_like


@dataclass(frozen=True)
class Candidate:
    """A household or a whole grid that fits; `label` never holds the householder's name."""

    household_no: str | None
    grid_no: str
    label: str
    score: float


@dataclass(frozen=True)
class Location:
    """What a look-up found. `household_no`, `grid_no`, `manager` are given only when certain.

    `ask` is the part that would tell the candidates apart: community, street, number, building, unit, room,
    householder; None when certain or hopeless. `heard_place` is the place as it was said (digits as digits)."""

    household_no: str | None
    grid_no: str | None
    manager: str | None
    score: float
    candidates: tuple[Candidate, ...] = ()
    ask: str | None = None
    community: str | None = None
    heard_place: str = ""
    understood: bool = False


@dataclass(frozen=True)
class PersonCard:
    """A member of staff."""

    staff_no: str
    name: str
    role: str
    phone: str


@dataclass(frozen=True)
class HouseholdCard:
    """A household; `balance` in CNY, negative when owed."""

    household_no: str
    householder: str
    community: str
    compound: str
    address: str
    grid_no: str
    transformer: str
    feeder: str
    tags: tuple[str, ...]
    balance: Decimal
    months_owed: int
    ytd_kwh: int


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


@dataclass
class Name:
    """A street or compound of the registry and the households at it, by first number."""

    text: str
    is_compound: bool
    communities: set[str] = field(default_factory=set)
    grids: set[str] = field(default_factory=set)
    at: dict[str, array[int]] = field(default_factory=lambda: defaultdict(lambda: array("i")))

    def households(self) -> Iterable[int]:
        for numbers in self.at.values():
            yield from numbers


class Registry:
    """Built by `load`; `reload` after an import. Row indices are positions in the column lists."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reload()

    @classmethod
    def load(cls, database: Database) -> Registry:
        return cls(database)

    @property
    def size(self) -> int:
        """Number of households."""
        return len(self.numbers)

    def reload(self) -> None:
        """Read everything anew."""
        self.numbers: list[str] = []
        self.holders: list[str] = []
        self.communities_of: list[str] = []
        self.compounds: list[str] = []
        self.addresses: list[str] = []
        self.grids: list[str] = []
        self.parts: list[Parts] = []
        self.row_of: dict[str, int] = {}
        self.names: dict[str, Name] = {}
        self.by_holder: dict[str, array[int]] = defaultdict(lambda: array("i"))
        self.grids_in: dict[str, set[str]] = defaultdict(set)
        with self._database.reading() as session:
            self._people(session)
            connection = session.connection()
            rows = connection.execute(
                select(
                    Household.household_no,
                    Household.householder,
                    Community.name,
                    Household.compound,
                    Household.address,
                    Household.grid_no,
                ).join(Community, Community.id == Household.community_id)
            )
            for row in rows:
                self._add(*row)
        self.surnames = {holder[:1] for holder in self.by_holder}
        from bot.grid.locate import Locator

        self._locator = Locator(self)

    def _add(self, number: str, holder: str, community: str, compound: str, address: str, grid: str) -> None:
        row = len(self.numbers)
        base, parts = split_address(address)
        self.numbers.append(number)
        self.holders.append(holder)
        self.communities_of.append(community)
        self.compounds.append(compound)
        self.addresses.append(address)
        self.grids.append(grid)
        self.parts.append(parts)
        self.row_of[number] = row
        self.by_holder[holder].append(row)
        self.grids_in[community].add(grid)
        text = compound or base
        if text:
            name = self.names.get(text)
            if name is None:
                name = self.names[text] = Name(text, bool(compound))
            name.communities.add(community)
            name.grids.add(grid)
            name.at[parts.first].append(row)

    def _people(self, session: Any) -> None:
        self._staff = {
            one.staff_no: PersonCard(one.staff_no, one.name, one.role, one.phone) for one in session.scalars(select(Staff))
        }
        self._of_grid: dict[str, list[PersonCard]] = defaultdict(list)
        for grid_no, staff_no in session.execute(select(GridStaff.grid_no, GridStaff.staff_no).order_by(GridStaff.staff_no)):
            self._of_grid[grid_no].append(self._staff[staff_no])
        self._grid_nos = set()
        self._grid_of_number: dict[str, str] = {}
        for grid in session.scalars(select(Grid)):
            self._grid_nos.add(grid.grid_no)
            if grid.phone:
                self._grid_of_number[phone_digits(grid.phone)] = grid.grid_no
        served: dict[str, list[str]] = defaultdict(list)
        for grid_no, people in self._of_grid.items():
            for person in people:
                if person.role == Role.manager and person.phone:
                    served[phone_digits(person.phone)].append(grid_no)
        for phone, grid_nos in served.items():
            if len(grid_nos) == 1:
                self._grid_of_number.setdefault(phone, grid_nos[0])

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

    def place_of(self, row: int) -> str:
        """The compound of a household, else its street."""
        return self.compounds[row] or re.split(r"\d", self.addresses[row], maxsplit=1)[0]

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
                .where(HouseholdContact.household_no == household_no, HouseholdContact.verifies, Contact.channel == "phone")
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

    def grid_of_number(self, number: str) -> str | None:
        """The grid that a dialled or diverting number, or a QR code's `grid_24`, names."""
        if number.startswith("grid_"):
            grid_no = number.removeprefix("grid_")
            return grid_no if grid_no in self._grid_nos else None
        return self._grid_of_number.get(phone_digits(number))

    def staff(self, grid_no: str, role: str) -> list[PersonCard]:
        """People of a role on a grid."""
        return [person for person in self._of_grid.get(grid_no, []) if person.role == role]

    def away(self, at: dt.datetime) -> dict[str, str]:
        """Who is on leave at `at`, and who stands in for each."""
        with self._database.reading() as session:
            return away(session, at)

    def managers(self) -> list[tuple[str, PersonCard]]:
        """(grid_no, manager) of every grid."""
        return [(grid_no, person) for grid_no in self._of_grid for person in self.staff(grid_no, Role.manager)]

    def is_surname(self, character: str) -> bool:
        """Whether somebody in the county has this surname."""
        return character in self.surnames

    def person(self, staff_no: str) -> PersonCard | None:
        return self._staff.get(staff_no)

    def duty(self) -> list[PersonCard]:
        """The duty desk."""
        return [person for person in self._staff.values() if person.role == Role.duty]

    def communities(self) -> list[str]:
        return sorted(self.grids_in)

    def grids_of_community(self, name: str) -> list[str]:
        return sorted(self.grids_in.get(name, ()))

    def manager_no(self, grid_no: str | None) -> str | None:
        """Staff number of a grid's manager."""
        people = self.staff(grid_no, Role.manager) if grid_no else []
        return people[0].staff_no if people else None

    def householder_matches(self, household_no: str, spoken: str) -> bool:
        """Whether a sentence holds the householder's whole name, allowing accented Mandarin and homophones."""
        row = self.row_of.get(household_no)
        return row is not None and sounds_like(self.holders[row], spoken)
