"""Somebody else writes for a while, and how long the event loop stood still meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from sqlalchemy import text

from bot.database import Database, open_database

#: somebody writes for so long (s)
BUSY_S = 1.5
#: of a loaded machine: what stood still because of the database stands still for BUSY_S
LATE_S = 0.5


@contextmanager
def busy(database: Database, seconds: float = BUSY_S, times: int = 1) -> Iterator[None]:
    """Another process holds the writers' lock, so many times: an engine of its own, so that no queue of ours helps."""
    other = open_database(str(database.engine.url))
    holding, enough = threading.Event(), threading.Event()

    def hold() -> None:
        for _ in range(times):
            with other.session() as session:
                session.execute(text("SELECT 1"))  # it takes the lock at its first word
                holding.set()
                enough.wait(seconds)
            if enough.wait(0.2):  # room for one who waits
                return

    writer = threading.Thread(target=hold)
    writer.start()
    try:
        assert holding.wait(10)
        yield
    finally:
        enough.set()
        writer.join()
        other.dispose()


@dataclass
class Ticks:
    """Ticks of 20 ms, as a line of the telephone has them."""

    latest_s: float = 0.0


@asynccontextmanager
async def ticking() -> AsyncIterator[Ticks]:
    """By how much the latest tick was late while the block ran."""
    ticks = Ticks()

    async def tick() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.02)
            ticks.latest_s = max(ticks.latest_s, time.perf_counter() - began - 0.02)

    running = asyncio.create_task(tick())
    try:
        yield ticks
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
