"""The door of a protocol without a password: whose networks it is open to, and who gives way when many stand in it.

A connection first says what it wants (AudioSocket a UUID, FastAGI its facts). Whoever says nothing costs little, and
the one that has been silent longest gives way: hung and half-open connections never shut out a call."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from bot.lines.allowed import is_allowed, networks

log = logging.getLogger(__name__)

#: what is said first comes within this (s), all of it; an exchange takes milliseconds
SAID_WITHIN_S = 2.0
Said = TypeVar("Said")


class Door:
    """One listening port's connections until each has said what it wants; every refusal is counted."""

    def __init__(self, protocol: str, allowed: Sequence[str], most: int, within_s: float = SAID_WITHIN_S) -> None:
        """`allowed`: networks; at most `most` stand silent. Raises ValueError for what is no network."""
        self._protocol, self._most, self._within_s = protocol, most, within_s
        self._allowed = networks(allowed)
        #: in the order in which they came
        self._silent: dict[asyncio.Task[Any], None] = {}
        #: connections that were refused or broke off, by reason
        self.refused: Counter[str] = Counter()

    @property
    def silent(self) -> int:
        """Connections that have not said what they want."""
        return len(self._silent)

    async def first(self, writer: asyncio.StreamWriter, saying: Coroutine[Any, Any, Said]) -> Said | None:
        """What a connection says first; None, and counted, when it may not come in, is too slow, or gave way.

        Raises what `saying` raises."""
        if not is_allowed(writer, self._allowed):
            saying.close()
            self.refuse("address")
            return None
        if len(self._silent) >= self._most:
            oldest = next(iter(self._silent))
            del self._silent[oldest]
            oldest.cancel("flood")
        said = asyncio.create_task(saying)
        self._silent[said] = None
        try:
            done, _ = await asyncio.wait({said}, timeout=self._within_s)
            if not done:
                self.refuse("silent")
                return None
            if said.cancelled():
                self.refuse("flood")
                return None
            return said.result()
        finally:
            self._silent.pop(said, None)
            said.cancel()

    def refuse(self, reason: str) -> None:
        """Count it; a flood is not written down line by line."""
        self.refused[reason] += 1
        if self.refused[reason] & (self.refused[reason] - 1) == 0:
            log.warning(
                "%s: a connection was closed (%s; %s times so far)", self._protocol, reason, self.refused[reason]
            )
