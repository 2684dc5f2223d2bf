"""What changes is told to the open pages that it concerns: one look at the database a second, whoever watches (SSE)."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import func, select

from bot.database import Database, now
from bot.doors.devices import SignedIn
from bot.foundation.background import Background
from bot.grid.leave import away, substitute
from bot.tickets.models import Activity, Ticket
from bot.tickets.owed.paging import EVERYWHERE
from bot.web.guard import HEADERS

log = logging.getLogger(__name__)

_LOOK_S = 1.0
#: a line now and then, so that what stands between keeps the connection open, and we notice who has gone (s)
_ALIVE_S = 20.0
#: pages that are open at most, and those of one device
_MOST, _MOST_OF_ONE = 500, 20
#: of more acts than this in one look it is not asked whom they concern
_ACTS = 200


@dataclass(frozen=True)
class _Changed:
    """Grids and people whose lists changed; None: everybody's."""

    newest: int
    grids: frozenset[str] | None = frozenset()
    people: frozenset[str] = frozenset()

    def concerns(self, who: SignedIn) -> bool:
        """A list is asked for anew only by who may have the case in it: in a storm that is one desk of ten."""
        if self.grids is None or who.role in EVERYWHERE:
            return True
        return not self.grids.isdisjoint(who.grids) or who.staff_no in self.people


class Live:
    """Says "changed" when anything was done to a ticket of somebody's; pages then ask for what they show."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last = -1
        self._watching: dict[asyncio.Event, SignedIn] = {}
        self._closing = False
        self.background = Background("desks that are open", _LOOK_S, self._look)

    @property
    def watching(self) -> int:
        """Pages that are open now."""
        return len(self._watching)

    async def events(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """`event: changed` for each change, several at once as one."""
        mine = sum(one.device_id == who.device_id for one in self._watching.values())
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
        with contextlib.suppress(ConnectionError), self._watch(who) as changed:
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
    def _watch(self, who: SignedIn) -> Iterator[asyncio.Event]:
        changed = asyncio.Event()
        self._watching[changed] = who
        try:
            yield changed
        finally:
            del self._watching[changed]

    async def _look(self) -> None:
        if not self._watching:
            self._last = -1
            return
        found = await asyncio.to_thread(self._since, self._last)
        if self._last >= 0 and found.newest != self._last:
            for each, who in self._watching.items():
                if found.concerns(who):
                    each.set()
        self._last = found.newest

    def _since(self, last: int) -> _Changed:
        with self._database.reading() as session:
            newest = int(session.scalar(select(func.max(Activity.id))) or 0)
            if last < 0 or not 0 < newest - last <= _ACTS:
                return _Changed(newest, None)
            rows = session.execute(
                select(Ticket.grid_no, Ticket.owner, Activity.by, Activity.detail)
                .join(Ticket, Ticket.id == Activity.ticket_id)
                .where(Activity.id > last)
            ).all()
            leaves = away(session, now())
        people = {no for _, owner, by, detail in rows for no in (owner, by, detail.get("from"), detail.get("to")) if no}
        stand_in = {substitute(no, leaves) for no in people}
        return _Changed(newest, frozenset(grid for grid, *_ in rows if grid), frozenset(people | stand_in))
