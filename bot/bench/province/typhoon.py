"""Where it becomes dark and when, who reports it, and what a province's cells make of it."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Any

from bot.bench.percentile import percentile
from bot.bench.province.cell import GAVE_UP, Cell, Outcome, Wish
from bot.bench.province.erlang import erlang_b, lines_for
from bot.bench.province.figures import Figures

#: the busy hour of a day holds this share of its calls, and a household calls so often in a year's mean day
_BUSY_HOUR = 0.17
_CALLS_A_DAY = 20 / 3600


def wishes_of(of: Figures, hit_at: float, dark: float, chance: random.Random) -> Iterator[Wish]:
    """The households of one county that will report, the county being hit at `hit_at` (s) and `dark` of it without power."""
    county, caller = of.county, of.caller
    outages = round(county.households / county.transformer * dark)
    for outage in range(outages):
        began = hit_at + chance.gammavariate(2.0, of.typhoon.spread_s / 2)
        for _ in range(county.transformer):
            if chance.random() < caller.report_share:
                at = began + chance.expovariate(1 / caller.first_after_s)
                yield Wish(at, outage, chance.random() < caller.by_telephone)


def province(of: Figures, counties: int, seed: int, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Simulate all counties, one after another; → figures of the whole, and of the county that was hit hardest."""
    spread = random.Random(seed)
    # The mean of a lognormal is exp(mu + sigma^2 / 2).
    mu = math.log(of.typhoon.dark) - of.typhoon.unequal**2 / 2
    shares = [min(0.6, spread.lognormvariate(mu, of.typhoon.unequal)) for _ in range(counties)]
    all_of_them, worst, worst_at = Outcome(), Outcome(), -1
    for number, dark in enumerate(shares):
        chance = random.Random(f"{seed}-{number}")
        hit_at = number / counties * of.typhoon.hours * 3600
        found = Cell(of, chance).run(list(wishes_of(of, hit_at, dark, chance)))
        _add(all_of_them, found, number)
        if worst_at < 0 or dark > shares[worst_at]:
            worst, worst_at = found, number
        if number % 20 == 19:
            progress(f"{number + 1} of {counties} counties")
    return {
        "seed": seed,
        "counties": counties,
        "each": {"lines": of.county.lines, "seats": of.county.seats, "dialogue processes": of.county.dialogues,
                 "people": of.county.people},
        "households without power": round(sum(shares) * of.county.households),
        "province": _told(all_of_them),
        "hardest hit": {"dark": round(shares[worst_at], 3), **_told(worst)},
    }  # fmt: skip


def storm(of: Figures, households: int, minutes: float, seed: int) -> dict[str, Any]:
    """One county whose households all report within so many minutes, their transformers failing at once."""
    chance = random.Random(f"{seed}-storm")
    outages = max(1, households // of.county.transformer)
    wishes = [
        Wish(chance.uniform(0, minutes * 60), chance.randrange(outages), chance.random() < of.caller.by_telephone)
        for _ in range(households)
    ]
    return {"households": households, "minutes": minutes, **_told(Cell(of, chance).run(wishes))}


def _add(whole: Outcome, one: Outcome, number: int) -> None:
    whole.ends.update(one.ends)
    whole.tried, whole.busy, whole.kept = whole.tried + one.tried, whole.busy + one.busy, whole.kept + one.kept
    whole.through_s += one.through_s
    whole.turns_s += one.turns_s
    whole.people_s += one.people_s
    whole.most_lines, whole.most_seats = max(whole.most_lines, one.most_lines), max(whole.most_seats, one.most_seats)
    # An outage's number is its county's own.
    whole.lists |= {number << 32 | outage for outage in one.lists}


def _told(found: Outcome) -> dict[str, Any]:
    wishes = sum(found.ends.values())
    waits = {
        name: {"p50_s": round(percentile(values, 0.5), 3), "p95_s": round(percentile(values, 0.95), 3)}
        for name, values in (
            ("from the wish to its end by telephone", found.through_s),
            ("a turn waits", found.turns_s),
            ("a person is waited for", found.people_s),
        )
        if values
    }
    return {
        "households that report": wishes,
        "ends": {name: found.ends[name] for name in sorted(found.ends)},
        "gave up": round(found.ends[GAVE_UP] / wishes, 4) if wishes else 0.0,
        "calls tried": found.tried,
        "busy": round(found.busy / found.tried, 4) if found.tried else 0.0,
        "turns told to be kept": found.kept,
        "waits": waits,
        "most lines": found.most_lines,
        "most seats": found.most_seats,
        "lists of call-backs": len(found.lists),
    }


def plan(of: Figures, blocking: float = 0.01) -> list[dict[str, Any]]:
    """Quiet days by Erlang B: households, calls, load, lines, cores, from a county to the nation."""
    rows = []
    for name, people in (("county", 0.5e6), ("prefecture", 4e6), ("province", 58e6), ("nation", 600e6)):
        households = people / 2.9
        a_day = households * _CALLS_A_DAY
        load = a_day * _BUSY_HOUR / 3600 * of.call.seat_s
        festival = 2.5 * load
        lines = lines_for(festival, blocking)
        rows.append(
            {
                "name": name, "people": int(people), "calls a day": round(a_day), "Erlang": round(load, 1),
                "at a festival": round(festival, 1), "lines": lines, "refused": round(erlang_b(festival, lines), 4),
                "ear's cores": math.ceil(lines / of.county.seats_a_core),
                "turns a second": round(2.5 * a_day * _BUSY_HOUR / 3600 * 5, 2),
            }
        )  # fmt: skip
    return rows
