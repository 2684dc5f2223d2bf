"""Names that the registry knows, to be found in a sentence that gives no other sign of them."""

from __future__ import annotations

import time

from sqlalchemy import select

from bot.database import Database
from bot.foundation.widths import narrow
from bot.grid.models import Household

#: read again after so long (s): an import shows soon
_FRESH_S = 600.0
#: characters of a name
_LENGTHS = range(2, 13)


class RegisteredNames:
    """All householders' names, read once in a while (57,600 take a tenth of a second). Blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._names: frozenset[str] = frozenset()
        self._read_at = -_FRESH_S

    def refresh(self) -> None:
        """Read them when they are old. Not while a transaction is open."""
        if time.monotonic() - self._read_at >= _FRESH_S:
            with self._database.reading() as session:
                rows = session.scalars(select(Household.householder).distinct())
                self._names = frozenset(name for name in rows if len(name) > 1)
            self._read_at = time.monotonic()

    def within(self, *texts: str) -> tuple[str, ...]:
        """Those that stand in one of the texts."""
        pieces = (
            text[at : at + length] for text in map(narrow, texts) for at in range(len(text)) for length in _LENGTHS
        )
        return tuple(sorted(self._names.intersection(pieces)))
