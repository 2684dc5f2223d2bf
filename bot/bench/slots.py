"""How well names, places and numbers are found: micro F1 of exact values on sentences that were marked by hand.

The set (tests/data/nlu/slots.txt) was written apart and is used for nothing else."""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.dialogue.port import Understanding
from bot.settings import PROJECT

MARKED = PROJECT / "tests" / "data" / "nlu" / "slots.txt"
NUMBERS = ("phone", "household_no", "ticket_no")
_MARK = re.compile(r"\[([^\]]+)\]\((\w+)\)")


@dataclass(frozen=True)
class MarkedSentence:
    """A sentence and what it names: slot → value, as the understanding gives it."""

    text: str
    slots: Mapping[str, str]


def marked_sentences(file: Path = MARKED) -> list[MarkedSentence]:
    """The sentences of a file, one a line, marked `[value](slot)`; lines that begin with # are remarks."""
    lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
    return [_read(line) for line in lines if line and not line.startswith("#")]


def _read(line: str) -> MarkedSentence:
    return MarkedSentence(_MARK.sub(r"\1", line), {slot: _value(slot, said) for said, slot in _MARK.findall(line)})


def _value(slot: str, said: str) -> str:
    """Numbers are compared by their digits, words by their characters."""
    from bot.sound.numbers import digits

    if slot not in NUMBERS:
        return said
    return ("GD" if slot == "ticket_no" else "") + digits(said)


def distorted(sentences: list[MarkedSentence], strength: float, seed: int) -> list[MarkedSentence]:
    """The same sentences as simulated speech; a word is to be found as it was heard, a number is not distorted."""
    from bot.bench.simulator import simulated

    made = []
    for number, one in enumerate(sentences):
        heard = list(simulated(one.text, strength, random.Random(f"{seed}/{number}")))
        slots = {}
        for slot, value in one.slots.items():
            at = one.text.find(value)
            slots[slot] = "".join(heard[at : at + len(value)]) if at >= 0 and slot not in NUMBERS else value
        for match in re.finditer(r"[一二三四五六七八九零幺两0-9A-Za-z-]{6,}", one.text):
            heard[match.start() : match.end()] = match.group()
        made.append(MarkedSentence("".join(heard), slots))
    return made


async def measure_slots(
    parse: Callable[[str], Awaitable[Understanding]], sentences: list[MarkedSentence]
) -> dict[str, float]:
    """Micro F1, precision and recall over all slots (exact value), and the F1 of each slot."""
    right: dict[str, int] = {}
    found: dict[str, int] = {}
    wanted: dict[str, int] = {}
    for one in sentences:
        slots = (await parse(one.text)).entities
        for slot, value in slots.items():
            found[slot] = found.get(slot, 0) + 1
            right[slot] = right.get(slot, 0) + (_value(slot, value) == one.slots.get(slot))
        for slot in one.slots:
            wanted[slot] = wanted.get(slot, 0) + 1
    hits, claimed, meant = sum(right.values()), sum(found.values()), sum(wanted.values())
    figures = {
        "slot_f1": f1(hits, claimed, meant),
        "slot_precision": round(hits / claimed, 4) if claimed else 0.0,
        "slot_recall": round(hits / meant, 4) if meant else 0.0,
    }
    for slot in sorted(wanted):
        figures[f"slot_f1_{slot}"] = f1(right.get(slot, 0), found.get(slot, 0), wanted[slot])
    return figures


def f1(right: int, found: int, wanted: int) -> float:
    """Harmonic mean of precision and recall; 0 where nothing was found or wanted."""
    return round(2 * right / (found + wanted), 4) if found + wanted else 0.0
