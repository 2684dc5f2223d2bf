"""An entry put right, or marked as a mistake, by who entered it; who comes second is told, and loses nothing typed."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import ConfigDict, Field

from bot.database import now
from bot.doors.devices import SignedIn
from bot.register.book import Book, EntryCard
from bot.register.changing import ChangedMeanwhile, Changing
from bot.register.kind_files import ROLES, Kind
from bot.register.photos import Photos
from bot.register.sheets import said
from bot.register.values import APART
from bot.web.desk.layout import Desk
from bot.web.desk.register_form import BODY, filled, notes
from bot.web.desk.register_words import ENTRY, found_entry, pages, reader_of
from bot.web.forms import Form


class _Changed(Form):
    """The kind's own fields ride along."""

    model_config = ConfigDict(extra="allow", str_strip_whitespace=True)
    day: Annotated[str, Field(max_length=20)] = ""
    #: how many changes the form knew of
    seen: Annotated[int, Field(ge=0, le=100_000)] = 0
    verb: Annotated[str, Field(max_length=10)] = ""
    why: Annotated[str, Field(max_length=200)] = ""


class RegisterEditPages:
    """Handlers of one site."""

    def __init__(
        self, desk: Desk, book: Book, changing: Changing, photos: Photos, zone: ZoneInfo,
        clock: Callable[[], dt.datetime] = now,
    ) -> None:  # fmt: skip
        self._desk, self._book, self._changing, self._photos = desk, book, changing, photos
        self._zone, self._clock = zone, clock

    def routes(self) -> list[web.RouteDef]:
        those = self._desk.open_to
        return [
            web.get(f"{ENTRY}/edit", those(self.ask, *ROLES)),
            web.post(f"{ENTRY}/edit", those(self.keep, *ROLES)),
        ]

    async def ask(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The entry as a form."""
        found = await self._found(request, who)
        if isinstance(found, web.Response):
            return found
        card, kind = found
        typed = {name: _typed(value) for name, value in card.values.items()}
        return await self._form(request, who, card, kind, {**typed, "day": card.day.isoformat()})

    async def keep(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Changed, or marked as a mistake."""
        request = request.clone(client_max_size=BODY)
        found = await self._found(request, who)
        if isinstance(found, web.Response):
            return found
        card, kind = found
        form = await self._desk.form(request, who, _Changed)
        typed = {name: str(value) for name, value in {**(form.model_extra or {}), "day": form.day}.items()}
        words, reader, today = pages.words["edit"], reader_of(who), self._clock().astimezone(self._zone).date()
        there = f"/desk/register/{card.id}"
        try:
            if form.verb == "remove":
                await asyncio.to_thread(self._changing.remove, card, reader, form.seen, form.why)
                raise self._desk.on(there, words["removed"])
            wrong: dict[str, str] = {}
            new = await filled(request, kind, typed, today, self._photos, wrong, card.day)
            if wrong:
                return await self._form(request, who, card, kind, typed, wrong, seen=form.seen)
            fresh = await asyncio.to_thread(
                self._changing.change, card, reader, form.seen, new.day, new.values, new.photo, today
            )
        except ChangedMeanwhile as problem:
            # What was typed stays; the form now knows of the other's change, and the page tells it.
            return await self._form(request, who, card, kind, typed, told=words["meanwhile"].format(who=problem.who))
        raise self._desk.on(there, words["changed"] if fresh else words["same"])

    async def _found(self, request: web.Request, who: SignedIn) -> tuple[EntryCard, Kind] | web.Response:
        card = await found_entry(request, who, self._book)
        if isinstance(card, web.Response):
            return card
        kind = self._book.kinds.get(card.kind)
        if kind is None or not self._changing.may(card, reader_of(who)):
            return pages.say(pages.words["edit"]["refused"], 403)
        return card, kind

    async def _form(
        self, request: web.Request, who: SignedIn, card: EntryCard, kind: Kind, typed: Mapping[str, str],
        wrong: Mapping[str, str] | None = None, seen: int | None = None, told: str | None = None,
    ) -> web.Response:  # fmt: skip
        changes = await asyncio.to_thread(self._changing.history, card.id)
        return self._desk.page(
            request, who, pages, "desk/register_edit.html", 400 if wrong else 409 if told else 200, told=told, it=card, kind=kind,
            fields=[one for one in kind.fields if one.type not in APART or one.type == "photo"], typed=typed, yes_no=said().yes_no,
            wrong=notes(kind, wrong or {}), seen=len(changes) if seen is None else seen,
            today=self._clock().astimezone(self._zone).date().isoformat(),
        )  # fmt: skip


def _typed(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
