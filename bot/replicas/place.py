"""The place that a service has among those of one database: its heartbeat, who else lives, what it may do alone.

Ownership is one idea everywhere: a row carries the id of the service that works on it, and what belongs to nobody who
lives is taken by whoever sees it. Nothing is ever taken from somebody who lives."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from sqlalchemy import CursorResult, delete, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.replicas.models import Lease, RunningService

log = logging.getLogger(__name__)

#: it beats so often within one lease
BEATS = 4
#: rows of services that fell, and leases that nobody wants any more, are forgotten after so long
_FORGOTTEN = dt.timedelta(days=1)
_CLOCK = text("SELECT clock_timestamp()")

T = Callable[[], Awaitable[object]]


class Owner(Protocol):
    """Who works on a row, and may do something alone. All methods block; from any thread."""

    @property
    def id(self) -> str:
        """What stands in the rows that are its own."""

    def living(self) -> frozenset[str]:
        """Ids of those from whom nothing may be taken."""

    def claim(self, what: str) -> bool:
        """Whether this is ours to do now. Ask again before each part of the work."""

    def let_go(self, what: str) -> None:
        """It is done, or another may go on with it."""


class Alone:
    """Whoever has no place: a command beside the service, a test. All is its own, and its rows bear no name."""

    id = ""

    def living(self) -> frozenset[str]:
        return frozenset()

    def claim(self, what: str) -> bool:
        return True

    def let_go(self, what: str) -> None:
        """There is nobody else."""


ALONE = Alone()


def alone(owner: Owner, what: str, work: T) -> T:
    """The work of a loop, done where it is ours: of all services one does it."""

    async def one() -> object:
        return await work() if await asyncio.to_thread(owner.claim, what) else None

    return one


async def let_go_of(owner: Owner, what: str) -> None:
    """What was claimed is another's to do, also where whoever did it was cancelled. A database that is away is no reason
    to keep the next one."""
    try:
        await asyncio.shield(asyncio.to_thread(owner.let_go, what))
    except Exception:
        log.exception("a lease could not be let go of; it ends with this service")


class Place:
    """One service's place.

    `name` must be this service's alone: whoever begins under it declares its former life over. `lease_s`: whoever did
    not beat for so long is dead."""

    def __init__(
        self, database: Database, name: str, lease_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._clock = database, clock
        self.name, self._lease = name[:64], dt.timedelta(seconds=lease_s)
        self.id = f"{self.name}#{secrets.token_hex(4)}"
        self.every_s = lease_s / BEATS
        #: since when it has beaten without a gap, and when it last did; None: it has not begun
        self._unbroken: float | None = None
        self._last = 0.0

    def begin(self) -> None:
        """Take the place; what a former life of this name left belongs to nobody from now on."""
        with self._database.session() as session:
            at = self._now(session)
            gone = RunningService.id != self.id
            if not self._database.one_writer:  # on SQLite there is one service, so all others are former lives
                gone &= RunningService.name == self.name
            session.execute(delete(RunningService).where(gone))
            session.add(RunningService(id=self.id, name=self.name, began_at=at, beat_at=at))
        self._unbroken = self._last = self._clock()

    def beat(self) -> None:
        """Say that it lives; forget those who are long gone."""
        with self._database.noting() as session:
            at = self._now(session)
            beaten: CursorResult[Any] = session.execute(  # type: ignore[assignment]
                update(RunningService).where(RunningService.id == self.id).values(beat_at=at)
            )
            if not beaten.rowcount:
                log.error("service %s was taken for dead, and goes on: what it had is another's now", self.id)
                session.add(RunningService(id=self.id, name=self.name, began_at=at, beat_at=at))
            long_gone = RunningService.beat_at < at - _FORGOTTEN
            session.execute(delete(RunningService).where(long_gone))
            mine = select(RunningService.id)
            session.execute(delete(Lease).where(Lease.since < at - _FORGOTTEN, Lease.owner.not_in(mine)))
        moment = self._clock()
        if moment - self._last > self._lease.total_seconds() / 2 or self._unbroken is None:
            self._unbroken = moment
        self._last = moment

    def end(self) -> None:
        """It stops: what it had is free at once."""
        with self._database.session() as session:
            session.execute(delete(Lease).where(Lease.owner == self.id))
            session.execute(delete(RunningService).where(RunningService.id == self.id))
        self._unbroken = None

    def living(self) -> frozenset[str]:
        """Ids of those whose rows are theirs; this one's among them.

        Who could not beat for a while (the database was away, the machine slept) takes nobody for dead until a whole lease
        has passed: the others could not beat either."""
        with self._database.reading() as session:
            return self._living(session)

    def claim(self, what: str) -> bool:
        """Nobody else who lives does it. It stays ours until `let_go`, or until we are gone."""
        with self._database.reading() as session:
            owner = session.scalar(select(Lease.owner).where(Lease.what == what))
            if owner == self.id:
                return True
            if owner is not None and owner in self._living(session):
                return False
        try:
            with self._database.session() as session:
                return self._take(session, what)
        except IntegrityError:
            return False  # somebody else has just begun with it

    def let_go(self, what: str) -> None:
        with self._database.session() as session:
            session.execute(delete(Lease).where(Lease.what == what, Lease.owner == self.id))

    def _take(self, session: Session, what: str) -> bool:
        row = session.scalar(select(Lease).where(Lease.what == what).with_for_update())
        at = self._now(session)
        if row is None:
            session.add(Lease(what=what, owner=self.id, since=at))
            return True
        if row.owner != self.id and row.owner in self._living(session):
            return False
        row.owner, row.since = self.id, at
        return True

    def _living(self, session: Session) -> frozenset[str]:
        rows = select(RunningService.id)
        if self._judges:
            rows = rows.where(RunningService.beat_at > self._now(session) - self._lease)
        return frozenset({*session.scalars(rows), self.id})

    @property
    def _judges(self) -> bool:
        if self._unbroken is None:
            return False
        moment, lease = self._clock(), self._lease.total_seconds()
        return moment - self._unbroken >= lease and moment - self._last <= lease / 2

    def _now(self, session: Session) -> dt.datetime:
        """By one clock for all: the database's, where several machines may ask."""
        if self._database.engine.dialect.name != "postgresql":
            return now()
        at: dt.datetime = session.execute(_CLOCK).scalar_one()
        return at
