"""What all pages of the register share: who reads, the words, an entry as a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.doors.devices import SignedIn
from bot.grid.models import Role
from bot.register.book import EntryCard, Reader
from bot.register.kind_files import Field, Kind, Kinds, Type
from bot.register.models import EntryState
from bot.register.values import shown
from bot.tickets.owed.paging import EVERYWHERE
from bot.web.pages import Pages

pages = Pages("desk/register.yml")
#: a value in a line is read in passing
_SHORT = 60


def reader_of(who: SignedIn) -> Reader:
    """Those who serve the county read all; a supervisor, who is no employee, and a crew what they entered themselves."""
    if who.role in EVERYWHERE:
        return Reader(who.staff_no, who.role, None, who.grids)
    outside = who.role in (Role.supervisor, Role.crew)
    return Reader(who.staff_no, who.role, frozenset() if outside else who.grids, who.grids)


def line(kinds: Kinds, one: EntryCard) -> dict[str, Any]:
    """One entry as a list shows it."""
    words, kind = pages.words, kinds.get(one.kind)
    said = [_said(field, text) for field, text in values(kind, one.values) if text != one.place] if kind else []
    return {
        "id": one.id,
        "kind": kinds.words(one.kind),
        "day": one.day.isoformat(),
        "place": one.place or one.community,
        "said": "　".join(said)[:_SHORT],
        "state": words["states"][one.state] if _shows_state(kind, one.state) else "",
        "by": words["resident"] if one.by == "resident" else words["by"].format(who=one.by_name or one.by),
    }


def values(kind: Kind, found: Mapping[str, Any]) -> list[tuple[Field, str]]:
    """(field, value as it is read) of what was filled in; photographs apart."""
    return [
        (field, shown(field, found[field.name], pages.words["yes_no"]))
        for field in kind.fields
        if field.name in found and field.type != Type.photo
    ]


def _shows_state(kind: Kind | None, state: str) -> bool:
    return state == EntryState.missed or (kind is not None and bool(kind.claims))


def _said(field: Field, text: str) -> str:
    """A number says nothing without its name."""
    return f"{field.words}：{text}" if field.type in (Type.number, Type.date, Type.yes_no) else text
