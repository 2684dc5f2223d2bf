"""Whether a new model is no worse than the one in use: on the frozen sentences and on corrections held out by time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.dialogue.frozen import FROZEN, Sentence, measure, sets_of_sentences
from bot.dialogue.port import Understanding
from bot.dialogue.reading import readable
from bot.foundation.errors import Broken

Progress = Callable[[str], None]
Parse = Callable[[str], Awaitable[Understanding]]
Figures = dict[str, dict[str, float]]
CLEAN, DISTORTED, HELD_OUT = "clean", "simulated 0.6", "held out"


class NothingToCompare(Broken):
    """The frozen sentences are missing; without them no new model is put into service."""


def frozen_sets() -> dict[str, list[Sentence]]:
    """The frozen sentences, as they are written and as a recogniser would write them for Chongyang speech."""
    if not FROZEN.exists():
        raise NothingToCompare(f"{FROZEN} is missing: without the frozen sentences no model is put into service")
    sets = sets_of_sentences()
    return {name: sets[name] for name in (CLEAN, DISTORTED)}


def figures(model: Path, sets: Mapping[str, Sequence[Sentence]]) -> Figures:
    """What a model makes of these sentences."""

    async def work() -> Figures:
        parse = understanding_with(model)
        found: Figures = {}
        for name, rows in sets.items():
            if rows:
                found[name] = {**await measure(parse, list(rows)), "sentences": float(len(rows))}
        return found

    return asyncio.run(work())


def understanding_with(model: Path) -> Parse:
    """A model in this process, for understanding only."""
    from bot.dialogue import rasa_lite

    rasa_lite.install()
    from rasa.core.agent import Agent

    from bot.dialogue.frozen import parse_with
    from bot.dialogue.quiet_logs import quiet_rasa

    quiet_rasa()
    parse = parse_with(Agent.load(str(model)))

    async def understand(text: str) -> Understanding:
        return await parse(readable(text))

    return understand


def worse(before: Figures, after: Figures, allowed_loss: float = 0.0) -> str:
    """Why the new model is not put into service; "" when it is no worse on anything that counts.

    `allowed_loss` is a share of sentences, for the kinds alone: of the dangers none may be lost."""
    reasons = []
    for name, allowed in ((CLEAN, allowed_loss), (HELD_OUT, 0.0)):
        was, now = _figure(before, name, "intent_accuracy"), _figure(after, name, "intent_accuracy")
        if now + allowed < was - 1e-9:
            reasons.append(f"{name}: {now:.1%} right instead of {was:.1%}")
    for name in (CLEAN, DISTORTED):
        was, now = _figure(before, name, "hazard_recall"), _figure(after, name, "hazard_recall")
        if now < was - 1e-9:
            reasons.append(f"{name}: {now:.1%} of the dangers instead of {was:.1%}")
    return "; ".join(reasons)


def _figure(of: Mapping[str, Mapping[str, Any]], name: str, what: str) -> float:
    # A set that was not measured on either side says nothing.
    return float(of.get(name, {}).get(what, 0.0))
