"""`gege bench call`: audio → words → intent → household → grid, by kind of speech, with the recogniser in use.

The voices are synthetic and held out of training, so are the sentences: the figures say what recognition costs the rest of
the pipeline, not how well a resident is understood. "dialect" is what the simulator makes of a sentence (strength 0.6), spoken."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from bot.bench.noise import queries
from bot.dialogue.port import Understanding
from bot.grid.registry import Registry
from bot.speech.audio import Samples
from bot.speech.port import HeardSpeech, Recogniser
from tools.demo_model.measure import aloud, over_a_line
from tools.demo_model.texts import plain

Parse = Callable[[str, tuple[str, ...]], Awaitable[Understanding]]
Progress = Callable[[str], None]
_RATE = 8000
_PIECE = 3200
#: utterances of each kind: situations for intents, sentences with a place for households
_SITUATIONS, _PLACES = 120, 80
_STRENGTH = 0.6
_SEED = 9


@dataclass(frozen=True)
class Meant:
    """What somebody says, and what is meant."""

    text: str
    intent: str = ""
    household_no: str = ""
    grid_no: str = ""


@dataclass
class Tally:
    """Counts of one kind of speech."""

    intents: int = 0
    intents_right: int = 0
    places: int = 0
    household_first: int = 0
    household_certain: int = 0
    grid_right: int = 0
    wrong_grid: int = 0

    def shares(self) -> dict[str, float]:
        """Shares of 1; `wrong_manager_unasked` is a count."""
        intents, places = max(self.intents, 1), max(self.places, 1)
        return {
            "sentences": self.intents + self.places,
            "intent_right": round(self.intents_right / intents, 4),
            "household_first": round(self.household_first / places, 4),
            "household_certain": round(self.household_certain / places, 4),
            "grid_certain": round(self.grid_right / places, 4),
            "wrong_manager_unasked": self.wrong_grid,
        }


def sentences(registry: Registry, situations: Iterable[tuple[str, str]]) -> list[Meant]:
    """A sample of the frozen situations (text, intent), and clean sentences about households."""
    rows = [Meant(text, intent) for text, intent in situations if plain(text)]
    chosen = random.Random(_SEED).sample(rows, min(_SITUATIONS, len(rows)))
    return chosen + [
        Meant(each.text, "", each.household_no, each.grid_no) for each in queries(registry, _PLACES, 0.0, _SEED)
    ]


def kinds_of_speech(meant: list[Meant]) -> dict[str, list[tuple[Meant, Samples]]]:
    """Each kind: (what is meant, int16 samples at 8 kHz)."""
    from bot.bench.simulator import simulated

    clean = _spoken(meant, [each.text for each in meant])
    dialect = _spoken(
        meant,
        [simulated(each.text, _STRENGTH, random.Random(f"{_SEED}/{i}")) for i, each in enumerate(meant)],
    )
    noisy = over_a_line([samples for _, samples in clean], _SEED)
    return {
        "clean": clean,
        "noisy 8 kHz line": [(each, samples) for (each, _), samples in zip(clean, noisy, strict=True)],
        f"simulated dialect {_STRENGTH}": dialect,
    }


def _spoken(meant: list[Meant], texts: list[str]) -> list[tuple[Meant, Samples]]:
    """A sentence that espeak fails on is left out."""
    sounds = aloud([plain(text) for text in texts], random.Random(_SEED), len(texts))
    return [(each, samples) for each, samples in zip(meant, sounds, strict=True) if samples is not None]


async def bench_call(
    recogniser: Recogniser, parse: Parse, registry: Registry, situations: Iterable[tuple[str, str]], progress: Progress
) -> dict[str, Any]:
    """The table, by kind of speech; "typed" is the same sentences without a recogniser between."""
    meant = sentences(registry, situations)
    table: dict[str, Any] = {}
    typed = Tally()
    for each in meant:
        await _count(typed, each, HeardSpeech(each.text, (), 0.0, 0.0), parse, registry)
    table["typed"] = typed.shares()
    progress(f"typed: {table['typed']}")
    for kind, recordings in kinds_of_speech(meant).items():
        tally = Tally()
        for each, samples in recordings:
            session = recogniser.begin(_RATE)
            for start in range(0, len(samples), _PIECE):
                await session.feed(samples[start : start + _PIECE].tobytes())
            await _count(tally, each, await session.finish(), parse, registry)
        table[kind] = tally.shares()
        progress(f"{kind}: {table[kind]}")
    return table


async def _count(tally: Tally, each: Meant, heard: HeardSpeech, parse: Parse, registry: Registry) -> None:
    if each.intent:
        tally.intents += 1
        tally.intents_right += (await parse(heard.text, heard.alternatives)).intent == each.intent
        return
    found = registry.locate(heard.text, alternatives=heard.alternatives)
    tally.places += 1
    tally.household_first += bool(found.candidates) and found.candidates[0].household_no == each.household_no
    tally.household_certain += found.household_no == each.household_no
    tally.grid_right += found.grid_no == each.grid_no
    tally.wrong_grid += found.grid_no not in (None, each.grid_no)
