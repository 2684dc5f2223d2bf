"""Bench: how many full reports a second are stored, and how long one takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from bot.database import open_database
from bot.grid.models import Grid, GridStaff, Role, Staff
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel

#: a sentence of ordinary length, in the words that a report would carry
SAID = "power is out at the riverside, the whole row"


@dataclass(frozen=True)
class Figures:
    """What was measured: utterance kept, ticket, activity, outbox row and timer, committed, for each report."""

    reports: int
    writers: int
    seconds: float
    per_second: float
    p50_ms: float
    p95_ms: float
    max_ms: float


def bench_reports(database_url: str, n: int = 1000, writers: int = 1) -> dict[str, Any]:
    """Store `n` reports with `writers` threads in the database at that URL (migrated first; it keeps the
    rows, so give it one of its own). Goal: at least 200 a second."""
    database = open_database(database_url)
    try:
        database.migrate()
        _people(database_url)
        desk = TicketDesk(database)
        run = time.time_ns()

        def one(i: int) -> float:
            begun = time.perf_counter()
            id, dialogue = f"bench-{run}-{i}", f"bench-{run}-{i // 4}"
            caller = Caller.by(Channel.phone, f"139{abs(i) // 4:08d}")
            desk.report(Report("outage", SAID, dialogue, caller, id, grid_no="bench", facts={"smell": "no"}))
            return time.perf_counter() - begun

        for i in range(20):
            one(-1 - i)  # connections, compiled statements
        begun = time.perf_counter()
        if writers == 1:
            took: Sequence[float] = [one(i) for i in range(n)]
        else:
            with ThreadPoolExecutor(writers) as threads:
                took = list(threads.map(one, range(n)))
        seconds = time.perf_counter() - begun
    finally:
        database.dispose()
    cuts = statistics.quantiles(took, n=100)
    figures = Figures(
        reports=n,
        writers=writers,
        seconds=round(seconds, 3),
        per_second=round(n / seconds, 1),
        p50_ms=round(cuts[49] * 1000, 2),
        p95_ms=round(cuts[94] * 1000, 2),
        max_ms=round(max(took) * 1000, 2),
    )
    return asdict(figures)


def _people(database_url: str) -> None:
    """A grid with a manager and an assistant, so that every report owes somebody a message."""
    database = open_database(database_url)
    with database.session() as session:
        if session.scalar(select(Grid).where(Grid.grid_no == "bench")) is None:
            session.add(Grid(grid_no="bench"))
            session.add(Staff(staff_no="bench-m", name="bench", role=Role.manager))
            session.add(Staff(staff_no="bench-a", name="bench", role=Role.assistant))
            session.flush()
            session.add_all([GridStaff(grid_no="bench", staff_no=no) for no in ("bench-m", "bench-a")])
    database.dispose()
