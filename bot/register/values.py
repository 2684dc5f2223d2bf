"""What somebody typed into the fields of a kind: read, or told field by field what is wrong."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from bot.foundation.errors import Refused
from bot.foundation.untrusted import number
from bot.foundation.widths import plain
from bot.register.kind_files import Field, Kind, Type
from bot.tickets.intake.kept import fit

#: characters of a text of one line, and of several
LONGEST, LONGEST_LINES = 200, 1000
#: what was done longer ago is history, and how far ahead somebody may promise
OLDEST, FARTHEST = dt.timedelta(days=366), dt.timedelta(days=366)
#: these are no values: they say whom an entry is about, or lie as a file
APART = (Type.household, Type.community, Type.photo)


class EntryWrong(Refused):
    """`fields`: what is wrong, name of the field → missing, number, date, past, soon, future, far, choice,
    long, unknown."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {fault}" for name, fault in fields.items()))
        self.fields = dict(fields)


class _Wrong(Refused):
    """One field; the message is its fault."""


def read_values(kind: Kind, typed: Mapping[str, str], today: dt.date) -> dict[str, Any]:
    """Text, whole numbers, days (ISO), names of options, booleans; what was left empty is left out. Raises EntryWrong."""
    found: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for field in kind.fields:
        if field.type in APART:
            continue
        text = fit(typed.get(field.name, "")).strip()
        try:
            if text:
                found[field.name] = _value(field, text, today)
            elif field.needed:
                wrong[field.name] = "missing"
        except _Wrong as problem:
            wrong[field.name] = str(problem)
    if wrong:
        raise EntryWrong(wrong)
    return found


def read_day(text: str, today: dt.date) -> dt.date:
    """The day something was done, today when nothing was typed. Raises EntryWrong (future, far, date)."""
    if not text:
        return today
    try:
        day = _date(text)
    except _Wrong:
        raise EntryWrong({"day": "date"}) from None
    if day > today:
        raise EntryWrong({"day": "future"})
    if day < today - OLDEST:
        raise EntryWrong({"day": "far"})
    return day


def shown(field: Field, value: Any, yes_no: Mapping[str, str]) -> str:
    """A value as people read it."""
    if field.type == Type.choice:
        return field.options.get(str(value), str(value))
    if field.type == Type.yes_no:
        return yes_no["yes" if value else "no"]
    return str(value)


def _value(field: Field, text: str, today: dt.date) -> Any:
    if field.type == Type.number:
        found = number(plain(text), 9)
        if found is None:
            raise _Wrong("number")
        return found
    if field.type == Type.choice:
        if text not in field.options:
            raise _Wrong("choice")
        return text
    if field.type == Type.yes_no:
        if text not in ("yes", "no"):
            raise _Wrong("choice")
        return text == "yes"
    if field.type == Type.date:
        day = _date(text)
        if field.ahead is not None and day < today + dt.timedelta(field.ahead):
            raise _Wrong("soon" if field.ahead else "past")
        if abs(day - today) > FARTHEST:
            raise _Wrong("far")
        return day.isoformat()
    if len(text) > (LONGEST_LINES if field.lines > 1 else LONGEST):
        raise _Wrong("long")
    return text


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(plain(text).replace("/", "-").replace(".", "-"))
    except ValueError:
        raise _Wrong("date") from None
