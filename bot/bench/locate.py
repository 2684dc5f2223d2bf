"""`gege bench locate`: how often the right household is found, that no wrong manager is named unasked, how many turns it
takes and whether the belief keeps its word; two counties, two generators of noise, one or two checkouts in one run.

Seeds: development ones are looked at while look-ups are written; thresholds and temperatures are fitted on calibration;
test is only ever run to report. A row's sentences are the same for every checkout."""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bot.bench import near_sounds, noise
from bot.bench.bad_input import bad_inputs, odd_registries, write_registry
from bot.bench.checkouts import Checkout
from bot.bench.homes import Home, Homes, Query, homes_in
from bot.bench.locate_figures import Belief, Tally, milliseconds
from bot.bench.other_county import spoken_queries, write_other_county
from bot.bench.resident import Conversations, Noise
from bot.grid.sample import write_sample
from bot.settings import PROJECT

Progress = Callable[[str], None]
SEEDS = {"development": 7, "calibration": 1201, "test": 70_207}
#: strengths of the second generator: half, as CHANNEL.md's private row, and up to where people give up as well
NEAR = (0.5, 1.0, 1.5, 2.0)
#: conversations held for each kind of noise: this share of the sentences, but no more than so many
_TALKS, _TALKS_MOST = 0.4, 400
BAD = "bad input"
#: a look-up that takes longer on bad input is told
_PATIENCE_MS = 50.0


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
        if number < min(_TALKS * count, _TALKS_MOST):
            talks.hold(asked, homes.by_number[query.household_no], query, meant, _noise_of(row), dice)
    return tally, talks


def bench_bad(homes: Sequence[Home], asked: Checkout, seed: int, progress: Progress) -> dict[str, Any]:
    """What is no address, or hides one: exceptions, whoever was wrongly certain, milliseconds."""
    failed = wrong = 0
    times = []
    for one in bad_inputs(homes, seed):
        found = asked.locate(one.text, alternatives=one.alternatives, earlier=one.earlier)
        misled = found.household_no not in (None, one.right or None)
        failed += bool(found.failed)
        wrong += misled
        times.append(found.ms)
        if misled or found.failed or found.ms > _PATIENCE_MS:
            progress(f"{one.kind}: {found.household_no} {found.failed} {found.ms:.0f} ms: {one.text[:40]!r}")
    return {"inputs": len(times), "failed": failed, "wrong_household_certain": wrong, **milliseconds(times)}


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
    """Measure on invented counties (never on a site's data). `only`: words that a row's name has to hold, any of them."""

    def wanted(name: str) -> bool:
        return not only or any(word in name for word in only)

    trees = {"now": PROJECT} | ({"before": baseline.resolve()} if baseline else {})
    table: dict[str, Any] = {"queries": count, "seeds": f"{seeds} ({SEEDS[seeds]})", "rows": {}, "counties": {}}
    beliefs: dict[str, list[Belief]] = defaultdict(list)

    def tell(row: str, which: str, figures: dict[str, Any]) -> None:
        table["rows"].setdefault(row, {})[which] = figures
        progress(line(row, which, figures))

    for county, write in _counties(households).items():
        rows = [row for row in ROWS if row.county == county and wanted(row.name)]
        bad = f"{county} {BAD}"
        if not rows and not wanted(bad):
            continue
        with tempfile.TemporaryDirectory(prefix="gege-bench-") as name, ExitStack() as loaded:
            progress(f"{county}: writing and importing …")
            homes = homes_in(write(Path(name))[0])
            checkouts = {which: loaded.enter_context(Checkout(path, Path(name))) for which, path in trees.items()}
            seconds = {which: round(asked.load_s, 2) for which, asked in checkouts.items()}
            table["counties"][county] = {"households": len(homes), "load_s": seconds}
            for row in rows:
                for which, asked in checkouts.items():
                    tally, talks = bench_row(row, homes, asked, count, SEEDS[seeds], progress)
                    tell(row.name, which, {**tally.figures(), "talks": talks.figures()})
                    beliefs[which] += tally.grids
            if wanted(bad):
                for which, asked in checkouts.items():
                    tell(bad, which, bench_bad(homes, asked, SEEDS[seeds], progress))
    if picture:
        from bot.bench.calibration_picture import draw_beliefs

        table["picture"] = str(draw_beliefs(beliefs, picture))
    return table


def _counties(households: int) -> dict[str, Callable[[Path], tuple[Path, Path]]]:
    """What writes each county: the two that people speak about, and those that only stand bad input."""
    odd = {name: partial(write_registry, homes=homes) for name, homes in odd_registries().items()}
    return {"sample": partial(write_sample, households=households), "other": write_other_county, **odd}


def line(name: str, which: str, figures: dict[str, Any]) -> str:
    """One row for a person who waits."""
    told = f"{name:17} {which:6} "
    if "talks" in figures:
        told += "first {household_first:.3f} three {household_in_three:.3f} certain {household_certain:.3f} ".format(
            **figures
        )
        told += "grid {grid_certain:.3f} wrong grids {wrong_grid_certain} ece {calibration_error_grids} ".format(
            **figures
        )
        told += "turns {turns_mean} (wrong {wrong_household_certain}) ".format(**figures["talks"])
    told += "wrong households {wrong_household_certain} failed {failed} ms {ms_p50}/{ms_p95}/{ms_max}".format(**figures)
    return told
