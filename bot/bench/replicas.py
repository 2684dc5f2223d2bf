"""Bench: what a second dialogue process brings, in turns a second and in processor seconds a turn."""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.app.parts import Parts, open_site, running
from bot.bench.percentile import percentile
from bot.dialogue.processes import SharedOutDialogue
from bot.grid.sample import make_sample
from bot.settings import Settings
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.intake.heard import Heard

Progress = Callable[[str], None]

#: a report's turns; each asks for a house of its own
_ROUND = ("停电了", "沿河路{number}号", "对")
#: turns before anything is counted
_WARM_S = 3.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class _Service:
    """One way of serving, its figures so far."""

    processes: int
    parts: Parts
    rates: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    turns_ms: list[float] = field(default_factory=list)
    rounds: int = 0

    def cpu_s(self) -> float:
        """Processor seconds of this process and of the dialogue's."""
        children = self.parts.dialogue.pids if isinstance(self.parts.dialogue, SharedOutDialogue) else []
        return sum(_cpu_s(pid) for pid in (os.getpid(), *children))


async def replicas(
    settings: Settings, processes: int, seconds: float, times: int, clients: int, database: str, progress: Progress
) -> dict[str, Any]:
    """One process against `processes`, in alternation, `times` × `seconds` each, `clients` conversations at a time.

    `database`: the URL of an empty PostgreSQL database (it keeps the rows); empty: SQLite in a folder of its own."""
    async with contextlib.AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gege-bench-"))
        mine = settings.model_copy(update={"home": Path(folder), "database": database})
        await asyncio.to_thread(_county, mine, progress)
        services = []
        for count in (1, processes):
            progress(f"starting {count} dialogue process{'es' if count > 1 else ''} …")
            services.append(await stack.enter_async_context(_serving(mine, count)))
        for one in services:
            await _run(one, _WARM_S, clients, counted=False)
        for number in range(times):
            for one in services:
                await _run(one, seconds, clients, counted=True)
            progress(f"{number + 1}/{times}: " + ", ".join(f"{one.rates[-1]:.1f} turns/s" for one in services))
        one, many = services
        return {
            "database": "postgresql" if database else "sqlite",
            "cores": os.cpu_count(),
            "load": [round(each, 1) for each in os.getloadavg()],
            "clients": clients,
            "ways": [_figures(each) for each in services],
            "ratio": round(statistics.median(many.rates) / statistics.median(one.rates), 2),
            "ratios": [round(b / a, 2) for a, b in zip(one.rates, many.rates, strict=True)],
        }


@contextlib.asynccontextmanager
async def _serving(settings: Settings, processes: int) -> AsyncIterator[_Service]:
    dialogue = settings.dialogue.model_copy(update={"processes": processes})
    async with running(settings.model_copy(update={"dialogue": dialogue}), relay=False, hurries=False) as parts:
        yield _Service(processes, parts)


def _county(settings: Settings, progress: Progress) -> None:
    opened = open_site(settings)
    try:
        make_sample(opened, settings.home / "sample", progress, 1_600)
    finally:
        opened.dispose()


async def _run(one: _Service, seconds: float, clients: int, *, counted: bool) -> None:
    took: list[float] = []
    began, cpu = time.perf_counter(), one.cpu_s()

    async def client() -> None:
        while time.perf_counter() - began < seconds:
            one.rounds += 1
            session, number = f"bench-{uuid.uuid4().hex[:16]}", one.rounds % 400 + 1
            for text in _ROUND:
                at = time.perf_counter()
                heard = Heard(uuid.uuid4().hex, session, text.format(number=number), (), Caller.by(Channel.web))
                await one.parts.dialogue.turn(heard)
                took.append((time.perf_counter() - at) * 1000)

    await asyncio.gather(*(client() for _ in range(clients)))
    if counted:
        one.rates.append(len(took) / (time.perf_counter() - began))
        one.cpu_ms.append((one.cpu_s() - cpu) * 1000 / len(took))
        one.turns_ms += took


def _figures(one: _Service) -> dict[str, Any]:
    return {
        "processes": one.processes,
        "turns_a_second": round(statistics.median(one.rates), 1),
        "cpu_ms_a_turn": round(statistics.median(one.cpu_ms), 2),
        "turn_ms": {f"p{cut}": round(percentile(one.turns_ms, cut / 100), 1) for cut in (50, 95, 99)},
        "turns": len(one.turns_ms),
    }


def _cpu_s(pid: int) -> float:
    """User and system seconds of a process, from /proc (proc(5))."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(after_name[11]) + int(after_name[12])) / _TICKS
