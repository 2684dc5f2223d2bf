"""What all pages of the register share: who reads, the words, an entry as a line."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.doors.devices import SignedIn
from bot.grid.models import Role
from bot.register.book import Book, EntryCard, NotAllowed, Reader
from bot.register.kind_files import Field, Kind, Kinds, Type
from bot.register.models import EntryState
from bot.register.sheets import said
from bot.register.values import shown
from bot.tickets.owed.paging import EVERYWHERE
from bot.web.pages import Pages

pages = Pages("desk/register.yml")
#: the address of an entry
ENTRY = "/desk/register/{entry:[0-9]{1,12}}"
#: a value in a line is read in passing
_SHORT = 60


def reader_of(who: SignedIn) -> Reader:
    """Those who serve the county read all; a supervisor, who is no employee, and a crew what they entered themselves."""
    if who.role in EVERYWHERE:
        return Reader(who.staff_no, who.role, None, who.grids)
    outside = who.role in (Role.supervisor, Role.crew)
    return Reader(who.staff_no, who.role, frozenset() if outside else who.grids, who.grids)


async def found_entry(request: web.Request, who: SignedIn, book: Book) -> EntryCard | web.Response:
    """The entry of an address, or the page that says why not."""
    try:
        found = await asyncio.to_thread(book.entry, int(request.match_info["entry"]), reader_of(who))
    except NotAllowed:
        return pages.say(pages.words["not_yours"], 403)
    return found if found is not None else pages.say(pages.words["no_entry"], 404)


def line(kinds: Kinds, one: EntryCard) -> dict[str, Any]:
    """One entry as a list shows it."""
    words, kind = pages.words, kinds.get(one.kind)
    parts = [_spoken(field, text) for field, text in values(kind, one.values) if text != one.place] if kind else []
    return {
        "id": one.id,
        "kind": kinds.words(one.kind),
        "day": one.day.isoformat(),
        "place": one.place or one.community,
        "said": "　".join(parts)[:_SHORT],
        "state": said().states[one.state] if _shows_state(kind, one.state) else "",
        "by": said().resident if one.by == "resident" else words["by"].format(who=one.by_name or one.by),
    }


def values(kind: Kind, found: Mapping[str, Any]) -> list[tuple[Field, str]]:
    """(field, value as it is read) of what was filled in; photographs apart."""
    return [
        (field, shown(field, found[field.name], said().yes_no))
        for field in kind.fields
        if field.name in found and field.type != Type.photo
    ]


def differing(
    kind: Kind | None, before: tuple[dt.date, Mapping[str, Any]], after: tuple[dt.date, Mapping[str, Any]]
) -> list[str]:
    """What a change did, field by field: its name, what it said, what it says."""
    words = pages.words["edit"]
    pairs = [(words["day"], before[0].isoformat(), after[0].isoformat())]
    for field in kind.fields if kind else ():
        old, new = (
            shown(field, one[1][field.name], said().yes_no) if field.name in one[1] else "" for one in (before, after)
        )
        if field.type == Type.photo and old != new:
            old, new = old and words["one"], words["another"]
        pairs.append((field.words, old, new))
    return [
        words["from_to"].format(name=name, old=old or words["nothing"], new=new or words["nothing"])
        for name, old, new in pairs
        if old != new
    ]


def _shows_state(kind: Kind | None, state: str) -> bool:
    return state == EntryState.missed or (kind is not None and bool(kind.claims))


def _spoken(field: Field, text: str) -> str:
    """A number says nothing without its name."""
    return f"{field.words}：{text}" if field.type in (Type.number, Type.date, Type.yes_no) else text
