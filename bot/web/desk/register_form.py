"""The fields of a kind as a form: read with their photograph, and told field by field what is wrong."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.foundation import bodies
from bot.register.kind_files import Kind, Type
from bot.register.photos import LARGEST, NoPhoto, Photos
from bot.register.values import EntryWrong, read_day, read_values
from bot.web.desk.register_words import pages

#: a form and the photograph in it (bytes)
BODY = LARGEST + 64 * 1024


@dataclass
class Filled:
    """What a form says. `photo`: the name of the photograph that came with it, empty for none."""

    day: dt.date
    values: Mapping[str, Any] = field(default_factory=dict)
    photo: str = ""


async def filled(
    request: web.Request, kind: Kind, typed: Mapping[str, str], today: dt.date, photos: Photos, wrong: dict[str, str],
    of: dt.date | None = None,
) -> Filled:  # fmt: skip
    """Day, values and photograph; what is wrong is added to `wrong`, name of the field → fault. `of`: the day from which
    a date lies ahead or not, where that is not today (an entry of last month that is put right)."""
    found = Filled(today)
    try:
        found.day = read_day(typed.get("day", ""), today)
    except EntryWrong as problem:
        wrong.update(problem.fields)
    try:
        found.values = read_values(kind, typed, of or today)
    except EntryWrong as problem:
        wrong.update(problem.fields)
    picture = kind.typed(Type.photo)
    if picture is not None:
        try:
            found.photo = await _photo(request, picture.name, photos)
        except NoPhoto:
            wrong[picture.name] = "no_picture"
    return found


def notes(kind: Kind, wrong: Mapping[str, str]) -> dict[str, str]:
    """What stands beside each field that is wrong."""
    found = {name: _note(kind, name, fault) for name, fault in wrong.items()}
    picture = kind.typed(Type.photo)
    if wrong and picture is not None:
        # A browser fills in no file by itself.
        found.setdefault(picture.name, pages.words["ask"]["photo_again"])
    return found


async def _photo(request: web.Request, name: str, photos: Photos) -> str:
    sent = (await bodies.form(request)).get(name)
    if not isinstance(sent, web.FileField):
        return ""
    with sent.file:
        data = await asyncio.to_thread(sent.file.read)
    return await asyncio.to_thread(photos.keep, data) if data else ""


def _note(kind: Kind, name: str, fault: str) -> str:
    one = kind.of(name)
    if one is not None and one.type == Type.community and fault == "unknown":
        fault = "no_community"
    return str(pages.words["wrong"][fault]).format(days=(one.ahead if one else 0) or 0)
