"""`gege bench storm`: a district goes dark, and everybody writes and calls at once."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import dataclasses
import os
import random
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import select

from bot.bench.homes import Home
from bot.bench.residents.speaking import Speaker
from bot.bench.service import scratch
from bot.bench.storm.arrivals import arrive, moments
from bot.bench.storm.households import Reporter, Seen
from bot.bench.storm.phones import Phones
from bot.bench.storm.served import Cost, Served, served
from bot.bench.storm.told import busiest_minute, of_calls, of_texts
from bot.database import Database, open_database
from bot.grid.models import Grid
from bot.settings import Settings
from bot.tickets.cards import TicketRefused
from bot.tickets.desk import TicketDesk

Progress = Callable[[str], None]
#: who enters outages in the sample county
_DUTY = "D1"
#: one report in so many is of a danger
_DANGER_IN = 200
#: connections that all households share
_CONNECTIONS = 400
#: what callers say, and with how many voices
_SAYS, _VOICES = ("我屋里停电了", "整个这一片都停了", "对"), 4


@dataclass(frozen=True)
class Dark:
    """A household without power, what it hangs on, and its telephone."""

    home: Home
    phone: str
    feeder: str
    transformer: str


@dataclass(frozen=True)
class Storm:
    """How hard it blows. `households` write and `calls_a_second` call within `seconds`; all are of so many transformers."""

    households: int = 12_000
    seconds: float = 600.0
    calls_a_second: float = 20.0
    transformers: int = 40
    county: int = 57_600
    seed: int = 1
    #: of the calls, so many by SIP; the others by AudioSocket and FastAGI
    sip_share: float = 0.5
    speech: bool = True
    #: the control room enters what is dark after so much of the time (0 to 1); 1: never
    entered: float = 0.1
    #: seconds: a household reads and writes between these two, who is kept looks again after so long, a caller hangs up at the
    #: latest after so long, and after the last of them what was kept comes to its end within so long
    thinks_s: tuple[float, float] = (2.0, 6.0)
    looks_s: float = 8.0
    longest_call_s: float = 45.0
    rest_s: float = 10.0

    def share(self, part: float) -> Storm:
        """A smaller one: so much of the households, the time and the calls' rate (0 to 1)."""
        return dataclasses.replace(
            self, households=max(1, round(self.households * part)), calls_a_second=self.calls_a_second * part
        )


def storm(settings: Settings, wanted: Storm, progress: Progress, more: str = "") -> dict[str, Any]:
    """Blow, and tell all figures. `more`: further lines of gege.toml."""
    with tempfile.TemporaryDirectory(prefix="gege-bench-storm-") as folder:
        mine = scratch(settings, folder, wanted.county, progress)
        return asyncio.run(_storm(mine, wanted, progress, more))


async def _storm(mine: Settings, wanted: Storm, progress: Progress, more: str) -> dict[str, Any]:
    dark = await asyncio.to_thread(dark_homes, mine.home / "sample" / "households.csv", wanted)
    said = await asyncio.to_thread(sentences) if wanted.speech else [[]]
    database = open_database(mine.database_url)
    try:
        progress(f"{len(dark)} households are dark; starting gege serve …")
        async with served(mine.home, more, speech=wanted.speech) as it:
            found = await blow(it, database, dark, wanted, said, progress)
        return found
    finally:
        database.dispose()


async def blow(
    it: Served, database: Database, dark: Sequence[Dark], wanted: Storm, said: Sequence[Sequence[bytes]],
    progress: Progress, dangerous: int = _DANGER_IN,
) -> dict[str, Any]:  # fmt: skip
    """The storm at a service that runs; figures of what was seen from outside. One of so many reports is of danger."""
    dice, seen, costs = random.Random(wanted.seed), Seen(), [it.cost()]
    boards = await asyncio.to_thread(boards_of, database)
    phones = Phones(("127.0.0.1", it.audio), ("127.0.0.1", it.agi), ("127.0.0.1", it.sip), said, wanted.longest_call_s)
    await phones.start()
    connector = aiohttp.TCPConnector(limit=_CONNECTIONS)
    load = os.getloadavg()[0]
    async with aiohttp.ClientSession(connector=connector) as http:

        def writes(number: int, home: Home) -> Callable[[], Awaitable[None]]:
            danger = number % dangerous == dangerous - 1
            mine, patience = random.Random(dice.random()), (*wanted.thinks_s, wanted.looks_s)
            return lambda: Reporter(http, it.url, home, seen, mine, patience).report(danger)

        def calls(row: Dark) -> Callable[[], Awaitable[None]]:
            by = phones.by_sip if dice.random() < wanted.sip_share else phones.by_asterisk
            number = row.phone or f"1390000{dice.randrange(10_000):04d}"
            return lambda: by(number, boards.get(row.home.grid_no, ""))

        writers = dice.sample(list(dark), min(wanted.households, len(dark)))
        coming: list[tuple[float, Callable[[], Awaitable[None]]]] = [
            (at, writes(number, row.home))
            for number, (at, row) in enumerate(zip(moments(len(writers), wanted.seconds, dice), writers, strict=True))
        ]
        for at in moments(round(wanted.calls_a_second * wanted.seconds), wanted.seconds, dice):
            coming.append((at, calls(dice.choice(dark))))
        areas = sorted({(row.feeder, row.transformer) for row in dark})

        async def enters() -> None:
            await asyncio.to_thread(_enter, database, areas)

        if wanted.entered < 1:
            coming.append((wanted.entered * wanted.seconds, enters))
        coming.sort(key=lambda each: each[0])
        watching = asyncio.create_task(_watch(it, costs, seen, phones, progress))
        late = await arrive(iter(coming))
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    await phones.stop()
    await asyncio.sleep(wanted.rest_s)
    costs.append(it.cost())
    texts = await asyncio.to_thread(of_texts, seen, database)
    return {
        "wanted": asdict(wanted),
        "machine": {"cores": os.cpu_count(), "load_before": round(load, 1), "load_after": round(os.getloadavg()[0], 1)},
        "the_generator_was_late_s": round(late, 2),
        "texts": texts,
        "calls": await asyncio.to_thread(of_calls, phones.calls, database),
        "people": await asyncio.to_thread(busiest_minute, it.home / "notifications.jsonl"),
        "cost_before": asdict(costs[0]),
        "cost_after": asdict(costs[-1]),
        "by_minute": [asdict(one) for one in costs],
    }


def _enter(database: Database, areas: Sequence[tuple[str, str]]) -> None:
    """What the duty desk does once the control room has told which lines are down."""
    outages = TicketDesk(database).outages
    for feeder, transformer in areas:
        with contextlib.suppress(TicketRefused):  # reports have made it one already
            outages.open(_DUTY, transformer=transformer, feeder=feeder)


async def _watch(it: Served, costs: list[Cost], seen: Seen, phones: Phones, progress: Progress) -> None:
    while True:
        await asyncio.sleep(60.0)
        costs.append(it.cost())
        progress(
            f"{len(seen.answered)} answered, {len(seen.kept)} kept, {len(seen.logged)} logged, {len(phones.calls)} calls;"
            f" {costs[-1]}, load {os.getloadavg()[0]:.1f}"
        )


def dark_homes(file: Path, wanted: Storm) -> list[Dark]:
    """Households of some transformers, of as many more as are needed, that can be named without a further question."""
    by_transformer: dict[tuple[str, str], list[Dark]] = {}
    seen: set[tuple[str, str, str]] = set()
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            door = (row["community"], row["compound"], row["address"])
            if door in seen:
                continue
            seen.add(door)
            area = (row["feeder"], row["transformer"])
            home = Home(row["household_no"], row["householder"], *door, row["grid_no"])
            by_transformer.setdefault(area, []).append(Dark(home, row["phone"], *area))
    names = sorted(by_transformer)
    random.Random(wanted.seed).shuffle(names)
    found: list[Dark] = []
    for number, name in enumerate(names):
        if number >= wanted.transformers and len(found) >= wanted.households:
            break
        found += by_transformer[name]
    return found


def boards_of(database: Database) -> dict[str, str]:
    """The number on each grid's notice board."""
    with database.reading() as session:
        return {row[0]: row[1] or "" for row in session.execute(select(Grid.grid_no, Grid.phone))}


def sentences() -> list[list[bytes]]:
    """What callers say, in several voices: int16 at 8 kHz."""
    speaker = Speaker()
    try:
        return [[speaker.say(text, voice) for text in _SAYS] for voice in range(_VOICES)]
    finally:
        speaker.close()


def rows_of(found: dict[str, Any], before: str = "") -> Iterator[str]:
    """The figures, a line each."""
    for name, value in found.items():
        if isinstance(value, dict):
            yield from rows_of(value, f"{before}{name}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for number, one in enumerate(value):
                yield f"{before}{name}.{number}: " + ", ".join(f"{key} {each}" for key, each in one.items())
        else:
            yield f"{before}{name}: {value}"
