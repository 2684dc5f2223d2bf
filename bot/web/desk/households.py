"""户: one box for everything that is known of a household, and one household: know before knocking."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.doors.devices import SignedIn
from bot.doors.looks import EXPORT, HOUSEHOLD, SEARCH, Looks
from bot.foundation.errors import Refused
from bot.foundation.local_time import local
from bot.grid.location import HouseholdCard
from bot.grid.models import Role
from bot.grid.registry import Registry
from bot.grid.search import MOST, HouseholdSearch
from bot.register.book import Book
from bot.register.kind_files import Type
from bot.tickets.cards import TicketCard
from bot.tickets.desk import TicketDesk
from bot.tickets.labels import labels
from bot.tickets.owed.paging import EVERYWHERE
from bot.web.desk.layout import Desk
from bot.web.desk.register_words import line, reader_of
from bot.web.forms import see
from bot.web.pages import Pages

_pages = Pages("desk/households.yml")
_tags = Pages("desk/ticket.yml")
_CASES, _LOOKS = 20, 10


class HouseholdPages:
    """Handlers of one site."""

    def __init__(
        self, desk: Desk, search: HouseholdSearch, registry: Registry, tickets: TicketDesk, book: Book,
        looks: Looks, zone: ZoneInfo,
    ) -> None:  # fmt: skip
        self._desk, self._search, self._registry = desk, search, registry
        self._tickets, self._book, self._looks, self._zone = tickets, book, looks, zone

    def routes(self) -> list[web.RouteDef]:
        mine = self._desk.open_to
        return [
            web.get("/desk/search", mine(self.find)),
            web.get("/desk/household/{household_no}", mine(self.show)),
        ]

    async def find(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The box, and what was found. A ticket's number leads to the ticket."""
        wanted = request.query.get("q", "").strip()[:80]
        if wanted.upper().startswith("GD") and wanted[2:].isdecimal():
            raise see(f"/desk/{wanted.upper()}")
        found = []
        if wanted:
            found = await asyncio.to_thread(self._search.find, wanted, may_look(who))
            await asyncio.to_thread(self._looks.note, who, SEARCH, "household", len(found))
        words = _pages.words
        return self._desk.page(
            request, who, _pages, "desk/search.html", wanted=wanted, many=len(found) == MOST, most=MOST,
            found=[(one.household, words["by"][one.by], _named(one.household)) for one in found],
        )  # fmt: skip

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """One household; that somebody looked is written down first."""
        number = request.match_info["household_no"]
        try:
            card = await asyncio.to_thread(looked_at, self._registry, self._looks, who, number)
        except NotTheirs:
            return _pages.say(_pages.words["not_yours"], 403)
        if card is None:
            return _pages.say(_pages.words["no_household"], 404)
        phones, cases, looks = await asyncio.to_thread(self._read, card, who)
        entries = await asyncio.to_thread(self._book.of_household, number, reader_of(who))
        kinds = self._book.kinds
        nexts = {one.id: after for one in entries if (after := kinds.next_day(one.kind, one.day, one.values, card))}
        return self._desk.page(
            request, who, _pages, "desk/household.html", it=card, tags=_named(card), phones=phones, looks=looks,
            cases=[(one, labels().kind(one.kind), labels().state(one.state), local(one.opened_at, self._zone)) for one in cases],
            owed=-card.balance if card.balance < 0 else 0, ticket_words=_tags.words,
            kinds=[(one.kind, one.words) for one in kinds.entered_by(who.role) if one.typed(Type.household)],
            entries=[(line(kinds, one), nexts.get(one.id)) for one in entries],
        )  # fmt: skip

    # ---- blocking -------------------------------------------------------------------------------

    def _read(self, card: HouseholdCard, who: SignedIn) -> tuple[list[str], list[TicketCard], list[tuple[str, str]]]:
        number = card.household_no
        cases = self._tickets.of_household(number, _CASES)
        seen = self._tickets.access.seen_by(who.staff_no, (one.ticket_no for one in cases))
        looks = [
            (local(one.at, self._zone), self._registry.name_of(one.staff_no))
            for one in self._looks.at([(HOUSEHOLD, number), (EXPORT, "households")], _LOOKS)
        ]
        return self._registry.phones_of(number), [one for one in cases if one.ticket_no in seen], looks


def may_look(who: SignedIn) -> Collection[str] | None:
    """The grids whose households somebody may look up; None: all of them. A crew has its cases, and no register; a
    supervisor is no employee."""
    if who.role in EVERYWHERE:
        return None
    return who.grids if who.role not in (Role.crew, Role.supervisor) else frozenset()


class NotTheirs(Refused):
    """A household of a grid that somebody does not serve."""


def looked_at(registry: Registry, looks: Looks, who: SignedIn, household_no: str) -> HouseholdCard | None:
    """A household for somebody to see; that they looked is written down first. None when there is none. Raises
    NotTheirs. Blocks."""
    card, grids = registry.household(household_no), may_look(who)
    if card is None:
        return None
    if grids is not None and card.grid_no not in grids:
        raise NotTheirs(f"{household_no} is not in the grids of {who.staff_no}")
    looks.note(who, HOUSEHOLD, card.household_no)
    return card


def _named(card: HouseholdCard) -> list[str]:
    names = _tags.words["tags"]
    return [str(names.get(tag, tag)) for tag in card.tags]
