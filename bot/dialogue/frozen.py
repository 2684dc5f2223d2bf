"""The frozen set: sentences that were written apart, and how well something understands them."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bot.dialogue.port import Understanding
from bot.dialogue.turns import understanding_of
from bot.settings import PROJECT

Parse = Callable[[str], Awaitable[Understanding]]
#: (text, strength 0 to 1, dice) → as it is heard
Misheard = Callable[[str, float, random.Random], str]
FROZEN = PROJECT / "tests" / "data" / "nlu" / "situations.jsonl"
STRENGTHS = (0.0, 0.3, 0.6, 1.0)
#: distortions of each sentence, none of them the training's
SEEDS = (31, 32)
HAZARD = "report_hazard"
#: share of characters that a draw hears through the channel at strength 1: as many as the first noise generator distorts
DRAWN = 0.45
_BINS = 10


@dataclass(frozen=True)
class Sentence:
    """A sentence and what it means."""

    text: str
    intent: str


def frozen_sentences(file: Path = FROZEN) -> list[Sentence]:
    """The frozen sentences as they were written."""
    return [Sentence(row["text"], row["intent"]) for row in map(json.loads, file.read_text("utf-8").splitlines())]


def drawn(text: str, strength: float, dice: random.Random) -> str:
    """A draw from the channel before anything was learned: whoever compares two models does not ask how good they are,
    so that it is the channel of their training does no harm."""
    from bot.sound.channel import prior
    from bot.sound.draws import heard_as

    return heard_as(text, prior(), np.random.default_rng(dice.getrandbits(32)), DRAWN * strength)


def sets_of_sentences(
    file: Path = FROZEN, heard: Misheard = drawn, name: str = "simulated"
) -> dict[str, list[Sentence]]:
    """The frozen sentences, clean and as they are `heard` at each strength (`name` is what such a set is called)."""
    rows = frozen_sentences(file)
    sets = {"clean": rows}
    for strength in STRENGTHS[1:]:
        sets[f"{name} {strength}"] = [
            Sentence(heard(row.text, strength, random.Random(f"{seed}/{number}")), row.intent)
            for seed in SEEDS
            for number, row in enumerate(rows)
        ]
    return sets


async def measure(parse: Parse, rows: list[Sentence]) -> dict[str, float]:
    """Accuracy, hazards found and falsely raised, calibration error, share of fallbacks, milliseconds a sentence."""
    found: list[tuple[Sentence, Understanding]] = []
    times = []
    for row in rows:
        began = time.perf_counter()
        found.append((row, await parse(row.text)))
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    return {
        **shares([(row.intent, meaning.intent) for row, meaning in found]),
        "calibration_error": calibration_error([(m.confidence, row.intent == m.intent) for row, m in found]),
        "fallback_share": _share(meaning.fallback for _, meaning in found),
        "ms_p50": round(times[len(times) // 2], 2),
        "ms_p95": round(times[int(len(times) * 0.95)], 2),
    }


def shares(answers: list[tuple[str, str]]) -> dict[str, float]:
    """Accuracy, danger found and false alarms of (true, given) intents; shares of 1."""
    return {
        "intent_accuracy": _share(truth == given for truth, given in answers),
        "hazard_recall": _share(given == HAZARD for truth, given in answers if truth == HAZARD),
        "hazard_false_alarms": _share(given == HAZARD for truth, given in answers if truth != HAZARD),
    }


def calibration_error(answers: list[tuple[float, bool]]) -> float:
    """Expected calibration error over ten equal bins of confidence (Guo et al. 2017)."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for confidence, right in answers:
        bins[min(int(confidence * _BINS), _BINS - 1)].append((confidence, right))
    gaps = [abs(sum(c for c, _ in one) - sum(r for _, r in one)) for one in bins if one]
    return round(sum(gaps) / len(answers), 4)


def _share(those: Any) -> float:
    values = list(those)
    return round(sum(values) / len(values), 4) if values else 0.0


def parse_with(agent: Any) -> Parse:
    """An agent of Rasa's as something that understands."""

    async def parse(text: str) -> Understanding:
        return understanding_of(text, await agent.parse_message(text))

    return parse
