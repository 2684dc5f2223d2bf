"""What changes is told to the pages that are open: one look at the database a second, whoever watches (SSE)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator

from aiohttp import web
from sqlalchemy import func, select

from bot.database import Database
from bot.doors.devices import SignedIn
from bot.foundation.background import Background
from bot.tickets.models import Activity
from bot.web.guard import HEADERS

log = logging.getLogger(__name__)

_LOOK_S = 1.0
#: a line now and then, so that what stands between keeps the connection open, and we notice who has gone (s)
_ALIVE_S = 20.0
#: pages that are open at most, and those of one device
_MOST, _MOST_OF_ONE = 500, 20


class Live:
    """Says "changed" when anything was done to any ticket; pages then ask for what they show."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last = -1
        self._watching: dict[asyncio.Event, int] = {}
        self._closing = False
        self.background = Background("desks that are open", _LOOK_S, self._look)

    @property
    def watching(self) -> int:
        """Pages that are open now."""
        return len(self._watching)

    async def events(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """`event: changed` for each change, several at once as one."""
        mine = sum(device == who.device_id for device in self._watching.values())
        if len(self._watching) >= _MOST or mine >= _MOST_OF_ONE:
            raise web.HTTPServiceUnavailable
        answer = web.StreamResponse(
            headers={
                **HEADERS,
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        await answer.prepare(request)
        with contextlib.suppress(ConnectionError), self._watch(who.device_id) as changed:
            await answer.write(b"retry: 3000\n\n")
            while True:
                try:
                    await asyncio.wait_for(changed.wait(), _ALIVE_S)
                    changed.clear()
                    if self._closing:
                        break
                    await answer.write(f"event: changed\ndata: {self._last}\n\n".encode())
                except TimeoutError:
                    await answer.write(b": still here\n\n")
        return answer

    async def close(self, _app: web.Application | None = None) -> None:
        """The service stops: pages that are open come again by themselves."""
        self._closing = True
        for each in self._watching:
            each.set()

    @contextlib.contextmanager
    def _watch(self, device_id: int) -> Iterator[asyncio.Event]:
        changed = asyncio.Event()
        self._watching[changed] = device_id
        try:
            yield changed
        finally:
            del self._watching[changed]

    async def _look(self) -> None:
        if not self._watching:
            self._last = -1
            return
        newest = await asyncio.to_thread(self._newest)
        if self._last >= 0 and newest != self._last:
            for each in self._watching:
                each.set()
        self._last = newest

    def _newest(self) -> int:
        with self._database.reading() as session:
            return int(session.scalar(select(func.max(Activity.id))) or 0)
