"""登记: what was done besides tickets, with filters and counts, and as a sheet."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.database import now
from bot.doors.devices import SignedIn
from bot.doors.looks import Looks
from bot.foundation.local_time import read_month
from bot.grid.models import Role
from bot.register.book import MOST, MOST_OF_A_SHEET, Book
from bot.register.kind_files import ROLES
from bot.register.models import EntryState
from bot.register.sheets import said, sheet_of
from bot.tickets.owed.paging import EVERYWHERE
from bot.web.desk.files import workbook
from bot.web.desk.layout import Desk
from bot.web.desk.register_words import line, pages, reader_of

#: of a look: the sheet of a month was taken away
REGISTER = "register"


class RegisterPage:
    """Handlers of one site."""

    def __init__(
        self, desk: Desk, book: Book, looks: Looks, zone: ZoneInfo,
        clock: Callable[[], dt.datetime] = now,
    ) -> None:  # fmt: skip
        self._desk, self._book, self._looks = desk, book, looks
        self._zone, self._clock = zone, clock

    def routes(self) -> list[web.RouteDef]:
        all_of_us = self._desk.open_to
        return [
            web.get("/desk/register", all_of_us(self.show, *map(Role, ROLES))),
            web.get("/desk/register.xlsx", all_of_us(self.xlsx)),
        ]

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """A month's entries, the latest first."""
        wanted, reader = self._wanted(request), reader_of(who)
        found, counts = await asyncio.gather(
            asyncio.to_thread(self._book.listed, reader, **wanted),
            asyncio.to_thread(self._book.count, reader, wanted["grid"], wanted["state"], wanted["month"]),
        )
        await asyncio.to_thread(self._looks.note_list, who, REGISTER, len(found))
        kinds, (year, month) = self._book.kinds, wanted["month"]
        query = {**{name: wanted[name] for name in ("grid", "state")}, "month": f"{year}-{month:02}"}
        return self._desk.page(
            request, who, pages, "desk/register.html", kind=wanted["kind"], query=query,
            tabs=tabs(who, "list"), lines=[line(kinds, one) for one in found], many=len(found) == MOST, most=MOST,
            kinds=_counted(kinds.words, list(kinds), counts),
            total=sum(counts.values()), grids=_grids(who), states=[(str(one), said().states[one]) for one in EntryState],
            problems=kinds.problems if who.role == Role.admin else (),
        )  # fmt: skip

    async def xlsx(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The same as a workbook: one sheet, the fields of every kind as columns. That it was taken is written down."""
        wanted = self._wanted(request)
        year, month = wanted["month"]
        found = await asyncio.to_thread(self._book.listed, reader_of(who), **wanted, limit=MOST_OF_A_SHEET)
        await asyncio.to_thread(self._looks.note, who, REGISTER, f"{year}-{month:02}", len(found))
        return await workbook(f"gege-register-{year}-{month:02}", lambda: [sheet_of(self._book, found)])

    def _wanted(self, request: web.Request) -> dict[str, Any]:
        query = request.query
        first = read_month(query.get("month", "")) or self._clock().astimezone(self._zone).date()
        state = query.get("state", "")
        return {
            "kind": query.get("kind", "")[:20], "grid": query.get("grid", "")[:40],
            "state": state if state in EntryState.__members__ else "",
            "month": (first.year, first.month),
        }  # fmt: skip


def _counted(words: Callable[[str], str], names: list[str], counts: dict[str, int]) -> list[tuple[str, str, int]]:
    """Every kind that has entries, in the kinds' order; those whose file is gone at the end."""
    return [(name, words(name), counts[name]) for name in dict.fromkeys([*names, *counts]) if counts.get(name)]


def _grids(who: SignedIn) -> list[str]:
    return sorted(who.grids) if who.role not in EVERYWHERE and len(who.grids) > 1 else []


def tabs(who: SignedIn, here: str) -> list[tuple[str, str, bool]]:
    """(path, name, whether it is open) of the register's pages that a person sees."""
    names = pages.words["tabs"]
    paths = {"day": "/desk/day", "list": "/desk/register", "wishes": "/desk/wishes", "survey": "/desk/survey"}
    if who.role not in EVERYWHERE:
        del paths["survey"]
    if who.role == Role.supervisor:
        del paths["wishes"], paths["day"]
    return [(path, names[name], name == here) for name, path in paths.items()]
