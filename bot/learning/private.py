"""Taking names, numbers and places out of a sentence before anything is learned from it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import select

from bot.database import Database
from bot.foundation.widths import HAN, both, narrow, seen
from bot.grid.address import street_of
from bot.grid.models import Community, Household, Staff
from bot.notify.masking import mask

_TOKEN = re.compile(r"〔[^〕]*〕")
#: what a door or a number leaves behind
_DIGITS = re.compile(r"[\d零〇一二三四五六七八九幺]{3,}|[A-Za-z]*\d{2,}[A-Za-z0-9]*")
_KEPT = re.compile(rf"[^{HAN}A-Za-z0-9{both(',。?!.、')} ]")
_EDGES = re.compile(rf"^[{both(',。.、')} ]+|[{both(',、')} ]+$")
_RUN = re.compile(rf"[{both(',。.、')} ]{{2,}}")
_HAN = re.compile(f"[{HAN}]")
#: a shorter rest says nothing, a longer one is a story
_FEWEST, _MOST = 2, 120
_LONGEST_NAME = 10


class Private:
    """The names and places of one county."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(name for name in names if len(name) > 1)

    @classmethod
    def of(cls, database: Database) -> Private:
        """Householders, staff, communities, compounds and streets."""
        found: set[str] = set()
        with database.reading() as session:
            found.update(session.scalars(select(Community.name)))
            found.update(name.removesuffix("社区") for name in list(found))
            found.update(session.scalars(select(Staff.name)))
            for column in (Household.householder, Household.compound, Household.address):
                for value in session.scalars(select(column).distinct()):
                    found.add(street_of(value) or value)
        return cls(found)

    def strip(self, text: str, known: Iterable[str] = ()) -> str:
        """`text` without what could lead to somebody; empty when too little is left to learn from.

        `known`: names, places and numbers of the case itself, and what Gege took for such in the sentence."""
        text = narrow(seen(text))
        for secret in sorted({narrow(one.strip()) for one in known if len(one.strip()) > 1}, key=len, reverse=True):
            text = text.replace(secret, ",")
        text = _TOKEN.sub(",", mask(self._without_names(text)))
        text = _KEPT.sub(" ", _DIGITS.sub(",", text))
        text = _EDGES.sub("", _RUN.sub(",", text)).strip()
        return text if len(_HAN.findall(text)) >= _FEWEST and len(text) <= _MOST else ""

    def _without_names(self, text: str) -> str:
        at, kept = 0, []
        while at < len(text):
            length = next(
                (n for n in range(min(_LONGEST_NAME, len(text) - at), 1, -1) if text[at : at + n] in self._names), 0
            )
            kept.append("," if length else text[at])
            at += length or 1
        return "".join(kept)
