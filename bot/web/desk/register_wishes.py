"""心愿: what people wish for, until they say that they have it."""

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
from bot.register.book import MOST, Book, EntryCard
from bot.register.models import EntryState
from bot.web.desk.layout import Desk
from bot.web.desk.register import tabs
from bot.web.desk.register_words import line, pages, reader_of

#: of those that are done, the latest
_DONE = 6
_SHOWN = (EntryState.open, EntryState.claimed, EntryState.fulfilled, EntryState.done)


class WishesPage:
    """Handlers of one site."""

    def __init__(
        self, desk: Desk, book: Book, looks: Looks, zone: ZoneInfo, clock: Callable[[], dt.datetime] = now
    ) -> None:
        self._desk, self._book, self._looks = desk, book, looks
        self._zone, self._clock = zone, clock

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/desk/wishes", self._desk.open_to(self.show))]

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The board: nobody's first, the oldest on top."""
        columns = await asyncio.to_thread(self._columns, who)
        await asyncio.to_thread(self._looks.note_list, who, "wishes", sum(len(entries) for *_, entries in columns))
        return self._desk.page(
            request, who, pages, "desk/wishes.html", tabs=tabs(who, "wishes"),
            columns=columns,
        )  # fmt: skip

    def _columns(self, who: SignedIn) -> list[tuple[str, str, list[dict[str, Any]]]]:
        reader, kinds = reader_of(who), [one.kind for one in self._book.kinds.values() if one.claims]
        words = pages.words["wishes"]
        found = []
        for state in _SHOWN:
            done = state is EntryState.done
            entries = self._book.listed(reader, state=state, kinds=kinds or [""], limit=_DONE if done else MOST)
            ordered = entries if done else sorted(entries, key=lambda one: (one.day, one.id))
            found.append((str(state), words[state], [self._shown(one, who) for one in ordered]))
        return found

    def _shown(self, one: EntryCard, who: SignedIn) -> dict[str, Any]:
        kinds, words = self._book.kinds, pages.words
        days = (self._clock().astimezone(self._zone).date() - one.day).days
        return {
            **line(kinds, one), "who": one.claimed_name or one.claimed_by, "word": one.word,
            "since": words["wishes"]["since"].format(days=days) if days > 0 else words["wishes"]["today"],
            "claims": one.state == EntryState.open and who.role in kinds[one.kind].claims,
        }  # fmt: skip
