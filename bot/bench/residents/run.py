"""`gege bench residents`: so many simulated conversations, judged, and the figures that the issue asks for."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.app.parts import open_site
from bot.bench.percentile import percentile
from bot.bench.residents.clean import Whole, whole
from bot.bench.residents.county import County, county_of
from bot.bench.residents.drive import Converse, command_of, hold, processes, side_by_side
from bot.bench.residents.judge import Verdict, asked_for_a_person, by_fault, judge
from bot.bench.residents.transcript import Transcript
from bot.bench.residents.words import personas
from bot.grid.sample import HOUSEHOLDS, make_sample
from bot.settings import Settings

Progress = Callable[[str], None]
COOPERATIVE = "cooperative"
#: sentences that hold everything
WHOLE = 200
#: at which share of them they are told about
_STEPS = 10


@dataclass(frozen=True)
class Held:
    """One conversation and the verdict on it."""

    told: Transcript
    verdict: Verdict


@dataclass
class Measured:
    """All conversations of a run, by part."""

    messy: list[Held] = field(default_factory=list)
    cooperative: list[Held] = field(default_factory=list)
    whole: list[Whole] = field(default_factory=list)
    voice: list[Held] = field(default_factory=list)
    seconds: float = 0.0


def measure(
    *,
    count: int,
    seed: int,
    noise: float,
    persona: str,
    workers: int,
    program: Path | None,
    progress: Progress,
) -> Measured:
    """`count` messy conversations, a quarter as many cooperative ones without noise, and sentences that hold everything;
    with a `persona` only hers. `program`: another checkout's `gege`."""
    found, began = Measured(), time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="gege-residents-") as folder:
        home = Path(folder)
        if program:
            # An older checkout does not open the database of a newer one.
            command, environment = command_of(home, program)
            subprocess.run([*command, "sample"], env=environment, check=True, stdout=subprocess.DEVNULL)
        else:
            open_and_fill(home, HOUSEHOLDS, progress)
        county = county_of(home / "sample")
        progress(f"starting {workers} × gege converse …")
        with processes(home, workers, program) as services:
            if persona != COOPERATIVE:
                found.messy = _part(services, county, count, seed, noise, persona, progress)
            if persona in ("", COOPERATIVE):
                polite, through = (count, noise) if persona else (max(1, count // 4), 0.0)
                found.cooperative = _part(services, county, polite, seed, through, COOPERATIVE, progress)
            if not persona:
                numbers = range(WHOLE)
                found.whole = side_by_side(services, numbers, lambda service, at: whole(service, county, at, seed))
    found.seconds = time.perf_counter() - began
    return found


def open_and_fill(home: Path, households: int, progress: Progress) -> None:
    """A site of its own with the sample county: a bench never touches a site's data."""
    database = open_site(Settings(home=home))
    try:
        make_sample(database, home / "sample", progress, households)
    finally:
        database.dispose()


def _part(
    services: Sequence[Converse], county: County, count: int, seed: int, noise: float, persona: str, progress: Progress
) -> list[Held]:
    step, done = max(1, count // _STEPS), [0]

    def work(service: Converse, number: int) -> Held:
        told = hold(service, county, number, seed, noise, persona)
        done[0] += 1
        if done[0] % step == 0:
            progress(f"{persona or 'messy'}: {done[0]} of {count}")
        return Held(told, judge(told))

    held = side_by_side(services, range(count), work)
    return [one for one in held if one.told.set_up]


# -- figures ----------------------------------------------------------------------------------------------------------
def figures(found: Measured) -> dict[str, Any]:
    """The measures of the issue, by part and by persona."""
    told: dict[str, Any] = {"seconds": round(found.seconds, 1)}
    if found.messy:
        told["messy"] = part_figures(found.messy)
        told["personas"] = {
            name: part_figures(rows)
            for name in personas()
            if (rows := [one for one in found.messy if one.told.goal.persona == name])
        }
    if found.cooperative:
        told["cooperative"] = part_figures(found.cooperative)
    if found.voice:
        told["voice"] = part_figures(found.voice)
    if found.whole:
        told["holds_everything"] = {
            "sentences": len(found.whole),
            "acted_on": sum(one.acted for one in found.whole),
            "share": round(sum(one.acted for one in found.whole) / len(found.whole), 4),
        }
    return told


def part_figures(held: Sequence[Held]) -> dict[str, Any]:
    """Shares and counts of one part. `person_in_two_turns` is of those who asked for one."""
    verdicts = [one.verdict for one in held]
    count = len(held) or 1
    turns = [one.turns for one in verdicts if one.turns is not None]
    asked = [one for one in held if asked_for_a_person(one.told) is not None]
    times = [turn.ms for one in held for turn in one.told.turns]

    def share(fault: str) -> float:
        return round(sum(one.has(fault) for one in verdicts) / count, 4)

    return {
        "conversations": len(held),
        "ended_as_they_should": round(sum(one.ended for one in verdicts) / count, 4),
        "given_to_a_person": sum(one.given and not one.faults for one in verdicts),
        "lost": sum(one.has("lost") for one in verdicts),
        "wrong_kind": share("wrong_kind"),
        "wrong_grid": share("wrong_grid"),
        "unsafe": sum(one.has("unsafe") for one in verdicts),
        "false_danger": share("false_danger"),
        "loops": sum(one.has("loop") for one in verdicts),
        "asked_for_a_person": len(asked),
        "person_in_two_turns": round(sum(not one.verdict.has("no_person") for one in asked) / len(asked), 4)
        if asked
        else None,
        "turns_to_the_ticket_median": statistics.median(turns) if turns else None,
        "turns_mean": round(sum(len(one.told.turns) for one in held) / count, 2),
        "turn_ms_p50": round(percentile(times, 0.5), 1) if times else None,
        "turn_ms_p95": round(percentile(times, 0.95), 1) if times else None,
        "faults": by_fault(verdicts),
    }
