"""New training sentences out of corrections, as a file of Rasa's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bot.learning.book import CorrectionCard, learning_words
from bot.learning.rules import same_sentence

#: takes out of a sentence of a correction whatever could lead to somebody
Strip = Callable[[str, CorrectionCard], str]


@dataclass(frozen=True)
class Example:
    """A sentence without personal data and what it means; `correction` it came from."""

    text: str
    intent: str
    correction: int


def examples_of(corrections: Iterable[CorrectionCard], strip: Strip) -> list[Example]:
    """What was heard and what was really said, both with the corrected intent, the oldest first.

    A correction that names no intent teaches no sentence: what the words alone mean nobody has said. Of one sentence
    with two intents, which is left when names are gone, neither is taken."""
    found: dict[str, Example] = {}
    meanings: dict[str, set[str]] = {}
    for one in sorted(corrections, key=lambda one: (one.at, one.id)):
        for text in dict.fromkeys((one.heard, one.words)):
            clean = strip(text, one) if text and one.intent else ""
            if clean:
                found.setdefault(same_sentence(clean), Example(clean, one.intent, one.id))
                meanings.setdefault(same_sentence(clean), set()).add(one.intent)
    return [one for key, one in found.items() if len(meanings[key]) == 1]


def split(examples: Sequence[Example], count: int) -> tuple[list[Example], list[Example]]:
    """(to learn from, held out): the last `count` corrections by time are held out with all their sentences."""
    order = list(dict.fromkeys(one.correction for one in examples))
    last = set(order[len(order) - count :]) if count else set()
    return [one for one in examples if one.correction not in last], [one for one in examples if one.correction in last]


def as_file(examples: Iterable[Example]) -> str:
    """The text of a training file; empty when there is nothing to write."""
    by_intent: dict[str, list[str]] = {}
    for one in examples:
        by_intent.setdefault(one.intent, []).append(one.text)
    if not by_intent:
        return ""
    lines = [learning_words().examples_head.rstrip(), 'version: "3.1"', "nlu:"]
    for intent in sorted(by_intent):
        lines += [f"- intent: {intent}", "  examples: |", *(f"    - {text}" for text in by_intent[intent])]
    return "\n".join(lines) + "\n"
