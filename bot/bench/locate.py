"""`gege bench locate`: how often the right household is found, and that no wrong manager is named unasked."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot.bench.noise import queries
from bot.database import open_database
from bot.grid.registry import Registry
from bot.grid.sample import make_sample
from bot.settings import Settings

Progress = Callable[[str], None]


def bench_locate(
    registry: Registry, count: int = 500, seed: int = 7, progress: Progress = lambda line: None
) -> dict[str, Any]:
    """Shares and milliseconds for clean and noisy sentences."""
    table: dict[str, Any] = {"households": registry.county.size, "queries": count}
    for name, strength in (("clean", 0.0), ("noisy", 1.0)):
        first = household = grid = asked = silent_household = silent_grid = 0
        times = []
        for query in queries(registry, count, strength, seed):
            began = time.perf_counter()
            found = registry.locate(query.text)
            times.append((time.perf_counter() - began) * 1000)
            best = found.candidates[0].household_no if found.candidates else None
            first += best == query.household_no
            household += found.household_no == query.household_no
            grid += found.grid_no == query.grid_no
            asked += found.household_no is None
            silent_household += found.household_no not in (None, query.household_no)
            if found.grid_no not in (None, query.grid_no):
                silent_grid += 1
                progress(f"wrong grid: {query.text} → {found.heard_place}")
        times.sort()
        table[name] = {
            "right_household_first": round(first / count, 4),
            "right_household_certain": round(household / count, 4),
            "right_grid_certain": round(grid / count, 4),
            "asked_back": round(asked / count, 4),
            "silent_wrong_household": silent_household,
            "silent_wrong_manager": silent_grid,
            "ms_p50": round(times[len(times) // 2], 2),
            "ms_p95": round(times[int(len(times) * 0.95)], 2),
            "ms_max": round(times[-1], 2),
        }
        progress(f"{name}: {table[name]}")
    return table


def bench_places(
    registry: Registry, count: int = 500, seed: int = 7, strength: float = 0.6, progress: Progress = lambda line: None
) -> dict[str, Any]:
    """Rank of the right street or compound among the candidates when the community is known, and the sentence is as the
    simulator of training distorts it (nlu/simulator.py, with the source of characters that training never uses)."""
    import random

    from nlu.simulator import Words, distort

    dice, source = random.Random(seed), Words()
    first = third = 0
    for query in queries(registry, count, 0.0, seed):
        row = registry.county.row_of[query.household_no]
        place = registry.county.place_of(row)
        text = distort(query.text, strength, dice, source)
        found = registry.locate(text, community=registry.county.communities_of[row])
        numbers = [one.household_no for one in found.candidates if one.household_no]
        places = dict.fromkeys(registry.county.place_of(registry.county.row_of[number]) for number in numbers)
        ranked = list(places)
        first += ranked[:1] == [place]
        third += place in ranked[:3]
    told = {
        "sentences": count,
        "strength": strength,
        "rank_1": round(first / count, 4),
        "rank_3": round(third / count, 4),
    }
    progress(f"places, community known: {told}")
    return told


def run_bench(settings: Settings, *, count: int, households: int, progress: Progress) -> dict[str, Any]:
    """Measure on a sample county of its own (never on a site's data)."""
    del settings
    with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder:
        database = open_database(f"sqlite:///{folder}/county.sqlite")
        try:
            database.migrate()
            began = time.perf_counter()
            make_sample(database, Path(folder), progress, households)
            made = time.perf_counter() - began
            began = time.perf_counter()
            registry = Registry.load(database)
            loaded = time.perf_counter() - began
            table = bench_locate(registry, count, progress=progress)
            table["places"] = bench_places(registry, count, progress=progress)
            return {**table, "sample_and_import_s": round(made, 2), "load_s": round(loaded, 2)}
        finally:
            database.dispose()
