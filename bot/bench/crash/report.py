"""A run as `gege bench crash` makes and prints it: a county of its own, a database of its own, figures."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.app.parts import open_site
from bot.bench.crash.kinds import Kind
from bot.bench.crash.points import Points
from bot.bench.crash.run import Run, Wanted, crash
from bot.bench.crash.troubles import ClockJumps, DiskFull, NetworkFails, NoTrouble, ServerDies, Trouble, small_disk
from bot.bench.doubles.postgres import PostgresServer
from bot.bench.percentile import percentile
from bot.grid.sample import make_sample
from bot.settings import Settings

#: a small county: each start reads it
_HOUSEHOLDS = 1_200


def chosen(known: Points, only: Sequence[str]) -> list[str]:
    """Names of the walked commit points that hold one of these words; nothing chosen: none."""
    return sorted(name for name in known.walked if any(word in name for word in only))


def bench(
    wanted: Wanted, database: str, progress: Callable[[str], None], troubles: Collection[Kind] = ()
) -> dict[str, Any]:
    """Run in a new home, on "sqlite" or "postgresql"; `troubles`: what fails around it; → the figures.

    Raises PostgresMissing, NoTrouble, NeverReady, LateResidents."""
    server = PostgresServer(durable=True) if database == "postgresql" else None
    try:
        with tempfile.TemporaryDirectory(prefix="gege-crash-") as folder, contextlib.ExitStack() as disks:
            home, url = Path(folder) / "home", server.create("crash") if server else ""
            home.mkdir()
            if Kind.disk in troubles:
                disks.enter_context(small_disk(home))
            progress("making a county …")
            opened = open_site(Settings(home=home, database=url))
            make_sample(opened, home / "sample", households=_HOUSEHOLDS)
            opened.dispose()
            wanted = replace(wanted, troubles=[_trouble(kind, home, server) for kind in troubles])
            progress("killing …")
            return figures(asyncio.run(crash(home, wanted, url, progress)), database)
    finally:
        if server:
            server.stop()


def _trouble(kind: Kind, home: Path, server: PostgresServer | None) -> Trouble:
    if kind is Kind.disk:
        return DiskFull(home)
    if kind is Kind.clock:
        return ClockJumps(home.parent)
    if server is None:
        raise NoTrouble(f"SQLite has no {kind} that could fail: add --database postgresql")
    return ServerDies(server) if kind is Kind.server else NetworkFails(server)


def figures(run: Run, database: str) -> dict[str, Any]:
    """Counts, and what was found; `found` is empty when the service kept its word."""
    told, kills = run.told, max(run.told.kills, 1)
    deaths = {place: count for place, count in sorted(told.died.items()) if place}
    starts = told.starts_s
    return {
        "clean": run.clean, "database": database, "kills": told.kills, "troubles": dict(told.troubles), "seconds": round(run.seconds),
        "at_commit_points": sum(deaths.values()),
        "commit_points": len({place.partition(":")[2] for place in deaths}), "at_random": told.died[""],
        "not_come_by": dict(told.missed), "acknowledged": len(told.acknowledged),
        "conversations": len(told.conversations), "answers": dict(told.answers),
        "calls": {"broken_off": len(told.broken_calls), "spoken": len(told.spoken_calls)},
        "taken_by_staff": len(told.taken), "messages": run.messages, "copies": run.copies,
        "copies_a_kill": {who: round(count / kills, 3) for who, count in run.copies.items()},
        "start_s": {"p50": round(statistics.median(starts), 2), "p95": round(percentile(starts, 0.95), 2)} if starts else {},
        "found": {name: found for name, found in vars(run.found).items() if found}, "unlisted": run.unlisted,
        "deaths": deaths,
    }  # fmt: skip
