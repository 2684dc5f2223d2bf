"""Who is there now: the registry's people, with those on leave replaced by who stands in for them."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import threading
import time
from collections.abc import Callable

from bot.database import now
from bot.grid.leave import substitute
from bot.grid.location import PersonCard
from bot.grid.registry import Registry

log = logging.getLogger(__name__)

#: a leave that is written down counts this soon (s); a ringing telephone does not ask the database each time
_FRESH_S = 5.0
#: whoever keeps it fresh does so that often (s)
EVERY_S = 2.0


class Present:
    """Answers as the registry does about staff and duty desk, for this moment. A database that cannot be asked leaves
    what was known last: a caller must always be put through.

    In an event loop nothing is ever asked: whoever answers there has `refresh` called beside it, or waits for
    `keep_fresh` first."""

    def __init__(
        self,
        registry: Registry,
        clock: Callable[[], dt.datetime] = now,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry, self._clock, self._steady = registry, clock, steady
        self._leaves: dict[str, str] = {}
        self._asked: float | None = None
        self._asking = threading.Lock()

    def staff(self, grid_no: str, role: str) -> list[PersonCard]:
        """People of a role on a grid, or who stands in for them."""
        return self._there(self._registry.staff(grid_no, role))

    def duty(self) -> list[PersonCard]:
        """The duty desk."""
        return self._there(self._registry.duty())

    def person(self, staff_no: str) -> PersonCard | None:
        """Somebody of the staff, there or not."""
        return self._registry.person(staff_no)

    @property
    def area_code(self) -> str:
        return self._registry.area_code

    def grid_of_number(self, number: str) -> str | None:
        return self._registry.grid_of_number(number)

    def _there(self, people: list[PersonCard]) -> list[PersonCard]:
        leaves = self._current()
        found = [self._registry.person(substitute(one.staff_no, leaves)) or one for one in people]
        return list({one.staff_no: one for one in found}.values())

    def refresh(self) -> None:
        """Ask who is on leave now. Blocks, raises what the database raises; who asks meanwhile gets what was known."""
        if not self._asking.acquire(blocking=False):
            return
        try:
            self._asked = self._steady()
            self._leaves = self._registry.away(self._clock())
        finally:
            self._asking.release()

    async def keep_fresh(self) -> None:
        """What who answers in an event loop does before: asks beside the loop where what is known is old. Raises nothing."""
        if self._old():
            await asyncio.to_thread(self._try)

    def _current(self) -> dict[str, str]:
        if self._old() and not _in_a_loop():
            self._try()
        return self._leaves

    def _old(self) -> bool:
        return self._asked is None or self._steady() - self._asked >= _FRESH_S

    def _try(self) -> None:
        try:
            self.refresh()
        except Exception:
            log.exception("who is on leave cannot be read; going by what was known")


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
