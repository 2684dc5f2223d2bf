"""`gege bench locate`: how often the right household is found, that no wrong manager is named unasked, how many turns it
takes and whether the belief keeps its word; two counties, two generators of noise, one or two checkouts in one run.

Seeds: development ones are looked at while look-ups are written; thresholds and temperatures are fitted on calibration;
test is only ever run to report. A row's sentences are the same for every checkout."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bot.bench import near_sounds, noise
from bot.bench.checkouts import Checkout
from bot.bench.homes import Homes, Query, homes_in
from bot.bench.locate_figures import Belief, Tally
from bot.bench.other_county import spoken_queries, write_other_county
from bot.bench.resident import Conversations, Noise
from bot.grid.sample import HOUSEHOLDS, write_sample
from bot.settings import PROJECT

Progress = Callable[[str], None]
SEEDS = {"development": 7, "calibration": 1201, "test": 60_101}
#: strengths of the second generator: half, as CHANNEL.md's private row, and up to where people give up as well
NEAR = (0.5, 1.0, 1.5, 2.0)
#: conversations held for each kind of noise, as a share of the sentences
_TALKS = 0.4


@dataclass(frozen=True)
class Row:
    """One kind of sentence in one county."""

    county: str
    generator: str
    strength: float

    @property
    def name(self) -> str:
        return f"{self.county} {self.generator}" + (f" {self.strength:g}" if self.generator == "near" else "")


ROWS = tuple(
    Row(county, generator, strength)
    for county in ("sample", "other")
    for generator, strength in (("clean", 0.0), ("noisy", 1.0), *(("near", strength) for strength in NEAR))
)


def sentences(row: Row, homes: Homes, count: int, seed: int) -> Iterator[tuple[Query, str]]:
    """(the query as it is heard, the sentence as it was said)."""
    if row.generator == "noisy":
        # This generator makes both in one; what was said is then what was heard, and is said as noisily again.
        for query in noise.queries(homes, count, row.strength, seed):
            yield query, query.text
        return
    dice = random.Random(f"near/{seed}/{row.strength}")
    clean = noise.queries(homes, count, 0.0, seed) if row.county == "sample" else spoken_queries(homes, count, seed)
    for query in clean:
        heard = near_sounds.misheard(query.text, row.strength, dice)
        yield Query(heard, query.household_no, query.grid_no), query.text


def _noise_of(row: Row) -> Noise:
    misheard = near_sounds.misheard if row.generator == "near" else noise.misheard
    return partial(_with_strength, misheard, row.strength)


def _with_strength(misheard: Callable[..., str], strength: float, text: str, dice: random.Random) -> str:
    return misheard(text, strength, dice)


def bench_row(row: Row, homes: Homes, asked: Checkout, count: int, seed: int, progress: Progress) -> tuple[Tally, Any]:
    """→ the look-ups' tally, and the conversations'."""
    tally, talks, dice = Tally(), Conversations(), random.Random(f"talks/{seed}/{row.name}")
    for number, (query, meant) in enumerate(sentences(row, homes, count, seed)):
        found = asked.locate(query.text)
        if tally.add(query, found):
            progress(f"wrong grid: {query.text} ({meant}) → {found.grid_no} instead of {query.grid_no}")
        if number < _TALKS * count:
            talks.hold(asked, homes.by_number[query.household_no], query, meant, _noise_of(row), dice)
    return tally, talks


def run_bench(
    *,
    count: int,
    households: int,
    progress: Progress,
    only: Sequence[str] = (),
    baseline: Path | None = None,
    seeds: str = "development",
    picture: Path | None = None,
) -> dict[str, Any]:
    """Measure on two invented counties (never on a site's data). `only`: words that a row's name has to hold, any of them."""
    rows = [row for row in ROWS if not only or any(word in row.name for word in only)]
    table: dict[str, Any] = {"queries": count, "seeds": f"{seeds} ({SEEDS[seeds]})", "rows": {}}
    beliefs: dict[str, list[Belief]] = {}
    for county in dict.fromkeys(row.county for row in rows):
        with tempfile.TemporaryDirectory(prefix="gege-bench-") as name, ExitStack() as open_ones:
            folder = Path(name)
            progress(f"{county}: writing and importing …")
            file = write_sample(folder, households)[0] if county == "sample" else write_other_county(folder)[0]
            homes = homes_in(file)
            trees = {"now": PROJECT} | ({"before": baseline.resolve()} if baseline else {})
            checkouts = {which: open_ones.enter_context(Checkout(path, folder)) for which, path in trees.items()}
            table[county] = {"households": len(homes), "load_s": {k: round(v.load_s, 2) for k, v in checkouts.items()}}
            for row in (one for one in rows if one.county == county):
                for which, asked in checkouts.items():
                    tally, talks = bench_row(row, homes, asked, count, SEEDS[seeds], progress)
                    figures = {**tally.figures(), "talks": talks.figures()}
                    table["rows"].setdefault(row.name, {})[which] = figures
                    progress(line(row.name, which, figures))
                    beliefs.setdefault(which, []).extend(tally.grids)
    if picture:
        from bot.bench.calibration_picture import draw_beliefs

        table["picture"] = str(draw_beliefs(beliefs, picture))
    return table


def line(name: str, which: str, figures: dict[str, Any]) -> str:
    """One row for a person who waits."""
    talks = figures["talks"]
    return (
        f"{name:17} {which:6} first {figures['household_first']:.3f} three {figures['household_in_three']:.3f} "
        f"certain {figures['household_certain']:.3f} grid {figures['grid_certain']:.3f} "
        f"wrong {figures['wrong_household_certain']}/{figures['wrong_grid_certain']} "
        f"ece {figures['calibration_error_grids']} turns {talks['turns_mean']} (wrong {talks['wrong_household_certain']}) "
        f"ms {figures['ms_p50']}/{figures['ms_p95']}/{figures['ms_max']} failed {figures['failed']}"
    )


__all__ = ["HOUSEHOLDS", "ROWS", "SEEDS", "run_bench"]
