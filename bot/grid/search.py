"""One box for staff: a 户号, a telephone number, a name, a place as it sounds → households that they may look at."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Select, select

from bot.database import Database
from bot.foundation.widths import plain
from bot.grid.contacts import PHONE, ContactKey
from bot.grid.location import HouseholdCard
from bot.grid.models import Household
from bot.grid.registry import Registry
from bot.sound.same_name import same_name

#: a page holds so many; of a name that many bear, the place tells them apart
MOST = 30
#: a number with fewer digits is part of a place
_DIGITS = 5
#: Chinese names have so many characters
_NAME = range(2, 5)


@dataclass(frozen=True)
class Found:
    """One household; `by` is what led to it: number, phone, name or place."""

    household: HouseholdCard
    by: str


class HouseholdSearch:
    """Searches of one county; blocks."""

    def __init__(self, database: Database, registry: Registry) -> None:
        self._database, self._registry = database, registry

    def find(self, text: str, grids: Collection[str] | None, limit: int = MOST) -> list[Found]:
        """Households of these `grids` (None: of the county) that the text means, the likeliest first."""
        text = plain(text).strip()[:80]
        numbers: dict[str, str] = {}
        digits = text.replace(" ", "").replace("-", "").lstrip("+")
        if digits.isdecimal() and len(digits) >= _DIGITS:
            numbers |= dict.fromkeys(self._by_number(digits, grids), "number")
            linked = self._registry.linked(ContactKey.of(PHONE, digits))
            numbers |= {no: "phone" for no, _ in linked if no not in numbers}
        elif text:
            numbers |= dict.fromkeys(self._by_name(text, grids), "name")
            place = self._registry.locate(text)
            ways = [one.household_no for one in place.candidates if one.household_no]
            numbers |= {no: "place" for no in filter(None, [place.household_no, *ways]) if no not in numbers}
        found = []
        for number, by in numbers.items():
            card = self._registry.household(number)
            if card is not None and (grids is None or card.grid_no in grids):
                found.append(Found(card, by))
            if len(found) == limit:
                break
        return found

    def _by_number(self, digits: str, grids: Collection[str] | None) -> list[str]:
        query = select(Household.household_no).where(Household.household_no.startswith(digits, autoescape=True))
        return self._numbers(query, grids)

    def _by_name(self, text: str, grids: Collection[str] | None) -> list[str]:
        """Who is called so, or sounds so; of a whole county the exact spelling alone."""
        if len(text) not in _NAME:
            return []
        exact = self._numbers(select(Household.household_no).where(Household.householder == text), grids)
        if grids is None or not grids:
            return exact
        with self._database.reading() as session:
            rows = session.execute(
                select(Household.household_no, Household.householder).where(Household.grid_no.in_(grids))
            )
            alike = [no for no, name in rows if len(name) == len(text) and name != text and same_name(name, text)]
        return [*exact, *alike[: MOST - len(exact)]]

    def _numbers(self, query: Select[tuple[str]], grids: Collection[str] | None) -> list[str]:
        if grids is not None:
            query = query.where(Household.grid_no.in_(grids))
        with self._database.reading() as session:
            return list(session.scalars(query.order_by(Household.household_no).limit(MOST)))
