"""`gege bench hear`: how well an ear hears a folder of recordings, and what the dialogue would make of it."""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bot.app.parts import NoSite, existing_site, running
from bot.bench.hear_figures import Judged, by_group, table
from bot.bench.phone_line import RATE, over_the_line
from bot.bench.service import scratch
from bot.bench.spoken_set import Said, read_set, spread
from bot.dialogue.port import Dialogue, Understanding
from bot.foundation.errors import GegeError
from bot.grid.registry import Registry
from bot.settings import Settings
from bot.speech.audio import AudioRefused, Samples, read_audio
from bot.speech.informed import Informed, PlaceNames
from bot.speech.listening import listened
from bot.speech.port import HeardSpeech, Likely, Recogniser, RecogniserFailed
from bot.speech.recogniser_of import make_recogniser

log = logging.getLogger(__name__)
Progress = Callable[[str], None]
#: what the browser phone carries (Hz)
_WIDE = 16_000
#: between two lines of progress (s)
_TOLD_EVERY_S = 10.0
#: no recording of one sentence is longer (s)
_LONGEST_S = 120.0
_NO_MEANING = Understanding("", "out_of_scope", 0.0, True)


@dataclass(frozen=True)
class Measured:
    """What came of it: `figures` by group, `rows` one a recording, `left_out` "NAME: why" of those that are none."""

    ear: str
    figures: dict[str, dict[str, Any]]
    rows: list[dict[str, Any]]
    left_out: list[str]

    def told(self) -> str:
        """For a terminal; speakers only where they are few."""
        speakers = sum(name.startswith("speaker ") for name in self.figures)
        shown = {name: one for name, one in self.figures.items() if speakers <= 10 or not name.startswith("speaker ")}
        return f"ear: {self.ear}\n{table(shown)}"


async def hear(
    settings: Settings, folder: Path, progress: Progress, *, line: bool = False, limit: int | None = None
) -> Measured:
    """Every recording of a folder (bot.bench.spoken_set) through the ear that the settings choose; `line`: over a simulated
    telephone; `limit`: so many, speakers in turn. Raises SetRefused, ModelMissing."""
    found = read_set(folder)
    said = spread(found.said)[:limit]
    left_out = list(found.left_out)
    for one in left_out:
        progress(f"left out: {one}")
    if found.unnamed:
        progress(f"{found.unnamed} recordings are in no line of the table")
    # The words come first and the meanings afterwards: nothing else computes while an ear is timed.
    recogniser = await asyncio.to_thread(_ear, settings)
    try:
        heard = await hear_all(recogniser, said, line, left_out, progress)
    finally:
        await recogniser.close()
    judged = await _understand(settings, heard, progress)
    ear = next((one.heard.ear for one in judged if one.heard.ear), "an ear that heard nothing")
    figures = {name: tally.figures() for name, tally in by_group(judged).items()}
    return Measured(ear, figures, [one.row() for one in judged], left_out)


def _ear(settings: Settings) -> Recogniser:
    """As a call has it: told the answers to the question, and the county's names where there is a site. Raises ModelMissing."""
    try:
        county = _county(settings).county
        known = PlaceNames(county.community_names, county.names_by_size)
    except NoSite:
        known = PlaceNames()
    return Informed(make_recogniser(settings, communities=known.communities), lambda: known)


async def hear_all(
    recogniser: Recogniser, said: list[Said], line: bool, left_out: list[str], progress: Progress
) -> list[Judged]:
    """What an ear makes of each; a file that is no sound goes to `left_out`."""
    heard: list[Judged] = []
    told_at = time.monotonic()
    for number, one in enumerate(said):
        try:
            samples = (await asyncio.to_thread(read_audio, one.file, _WIDE, longest_s=_LONGEST_S)).samples
        except AudioRefused as problem:
            left_out.append(f"{one.name}: {problem}")
            progress(f"left out: {left_out[-1]}")
            continue
        rate = RATE if line else _WIDE
        if not heard:
            # What a first utterance sets up is no utterance's time.
            await listened(recogniser, samples[: _WIDE // 2], _WIDE)
        heard.append(await _hear_one(recogniser, one, over_the_line(samples, _WIDE, number) if line else samples, rate))
        if time.monotonic() - told_at > _TOLD_EVERY_S:
            told_at = time.monotonic()
            progress(f"{number + 1} of {len(said)} heard")
    return heard


async def _hear_one(recogniser: Recogniser, said: Said, samples: Samples, rate: int) -> Judged:
    began, cpu = time.perf_counter(), time.process_time()
    try:
        speech, late = await listened(recogniser, samples, rate, Likely(said.question))
    except RecogniserFailed as problem:
        log.warning("%s: %s", said.name, problem)
        empty = HeardSpeech("", seconds=len(samples) / rate)
        return Judged(said, empty, _NO_MEANING, late_s=time.perf_counter() - began, failed=True)
    return Judged(said, speech, _NO_MEANING, late_s=late, cpu_s=time.process_time() - cpu)


async def _understand(settings: Settings, heard: list[Judged], progress: Progress) -> list[Judged]:
    """By the dialogue that calls use, on a county of its own; households in the site's."""
    county = await asyncio.to_thread(_county, settings) if any(one.said.household for one in heard) else None
    with tempfile.TemporaryDirectory(prefix="gege-bench-") as folder:
        mine = await asyncio.to_thread(scratch, settings, folder, 1_600, progress)
        async with running(mine, relay=False) as service:
            return [await judged_by(service.dialogue, one, county) for one in heard]


def _county(settings: Settings) -> Registry:
    """Raises NoSite."""
    database = existing_site(settings)
    try:
        return Registry.load(database)
    finally:
        database.dispose()


async def judged_by(dialogue: Dialogue, one: Judged, county: Registry | None = None) -> Judged:
    """The same with what the dialogue would make of it, and the household of the county that is certain."""
    speech = one.heard
    try:
        meaning = await dialogue.parse(speech.text, speech.alternatives, one.said.question)
    except GegeError:
        log.exception("%s: what was heard could not be understood", one.said.name)
        return one
    found = county.locate(speech.text, alternatives=speech.alternatives) if county and speech.text else None
    return replace(one, meaning=meaning, household=(found and found.household_no) or "")
