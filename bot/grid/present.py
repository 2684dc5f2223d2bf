"""Who is there now: the registry's people, with those on leave replaced by who stands in for them."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable

from bot.database import now
from bot.grid.leave import substitute
from bot.grid.location import PersonCard
from bot.grid.registry import Registry

log = logging.getLogger(__name__)

#: a leave that is written down counts this soon (s); a ringing telephone does not ask the database each time
_FRESH_S = 5.0


class Present:
    """Answers as the registry does about staff and duty desk, for this moment. A database that cannot be asked leaves
    what was known last: a caller must always be put through."""

    def __init__(
        self,
        registry: Registry,
        clock: Callable[[], dt.datetime] = now,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry, self._clock, self._steady = registry, clock, steady
        self._leaves: dict[str, str] = {}
        self._asked: float | None = None

    def staff(self, grid_no: str, role: str) -> list[PersonCard]:
        """People of a role on a grid, or who stands in for them."""
        return self._there(self._registry.staff(grid_no, role))

    def duty(self) -> list[PersonCard]:
        """The duty desk."""
        return self._there(self._registry.duty())

    def grid_of_number(self, number: str) -> str | None:
        return self._registry.grid_of_number(number)

    def _there(self, people: list[PersonCard]) -> list[PersonCard]:
        leaves = self._current()
        found = [self._registry.person(substitute(one.staff_no, leaves)) or one for one in people]
        return list({one.staff_no: one for one in found}.values())

    def _current(self) -> dict[str, str]:
        steady = self._steady()
        if self._asked is None or steady - self._asked >= _FRESH_S:
            self._asked = steady
            try:
                self._leaves = self._registry.away(self._clock())
            except Exception:
                log.exception("who is on leave cannot be read; going by what was known")
        return self._leaves
