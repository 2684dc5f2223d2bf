"""Takes the clauses of a long sentence apart, so that two matters in one breath are understood as two.

`ClauseSplitter` stands before the tokenizer and adds to each message its clauses, as messages of their own; what comes
between understands all of them in one batch. `ClauseFolder` writes what was found of them into the message that they
are of, as `clauses`, and lets them go. A message of one clause passes as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import (
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RANKING_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from bot.foundation.words import load
from bot.sound.answers.asked import Read
from nlu.acts import ACT
from nlu.answers import READ
from nlu.component import Component

#: what was found, in a message's output
CLAUSES = "clauses"
#: in a clause's data: the message that it is a part of, and where it begins there
PART_OF = "part_of"
START = "start"

Stretch = tuple[int, int]


@dataclass(frozen=True)
class _Words:
    """clauses.yml."""

    pause: str
    begin: tuple[str, ...]
    together: tuple[tuple[str, str], ...]
    place: str
    blank: str

    @cached_property
    def divide(self) -> re.Pattern[str]:
        """A pause (its characters belong to no clause), or the place before a word that begins another matter."""
        return re.compile(f"{self.pause}|(?={'|'.join(self.begin)})")

    @cached_property
    def opening(self) -> re.Pattern[str]:
        """A word that begins another matter, and nothing of the matter yet: 对了 / 还有个事 / 另外我."""
        return re.compile(f"(?:{'|'.join(self.begin)}).{{0,2}}")

    @cached_property
    def one_thing(self) -> list[tuple[re.Pattern[str], re.Pattern[str]]]:
        return [(re.compile(first), re.compile(second)) for first, second in self.together]

    @cached_property
    def only_a_place(self) -> re.Pattern[str]:
        return re.compile(self.place)


@lru_cache(maxsize=1)
def _words() -> _Words:
    return load(_Words, Path(__file__).resolve().parent / "data" / "clauses.yml")


def clauses(text: str, most: int = 10, shortest: int = 2) -> list[Stretch]:
    """(start, end) of each clause, in order. One shorter than `shortest` joins its neighbour; where there are more than
    `most` the shortest do."""
    words = _words()
    found: list[Stretch] = []
    begin = 0
    for mark in words.divide.finditer(text):
        found.append((begin, mark.start()))
        begin = mark.end()
    found.append((begin, len(text)))
    found = [kept for one in found if (kept := _trimmed(text, one, words.blank)) is not None]
    joined: list[Stretch] = []
    last = ""
    for one in found:
        said = text[slice(*one)]
        if joined and (words.opening.fullmatch(last) or _one_thing(last, said, words)):
            joined[-1] = joined[-1][0], one[1]
        else:
            joined.append(one)
        last = said
    while len(joined) > 1:
        short = min(range(len(joined)), key=lambda place: joined[place][1] - joined[place][0])
        if joined[short][1] - joined[short][0] >= shortest and len(joined) <= most:
            break
        _join(joined, short)
    return joined


def _trimmed(text: str, stretch: Stretch, blank: str) -> Stretch | None:
    start, end = stretch
    while start < end and text[start] in blank:
        start += 1
    while start < end and text[end - 1] in blank:
        end -= 1
    return (start, end) if start < end else None


def _one_thing(first: str, second: str, words: _Words) -> bool:
    if words.only_a_place.search(first) and words.only_a_place.search(second):
        return True
    return any(before.search(first) and after.search(second) for before, after in words.one_thing)


def _join(stretches: list[Stretch], place: int) -> None:
    """With the shorter of its neighbours."""
    sides = [side for side in (place - 1, place + 1) if 0 <= side < len(stretches)]
    other = min(sides, key=lambda side: stretches[side][1] - stretches[side][0])
    low, high = min(place, other), max(place, other)
    stretches[low : high + 1] = [(stretches[low][0], stretches[high][1])]


def whole(messages: Sequence[Message]) -> list[Message]:
    """Those that are no clause of another: what looks for names and places looks at these alone."""
    return [message for message in messages if message.get(PART_OF) is None]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class ClauseSplitter(Component):
    """At most `most` clauses of a message are looked at, none of less than `shortest` characters."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"most": 10, "shortest": 2}

    def process(self, messages: list[Message]) -> list[Message]:
        """Each message, and behind it its clauses."""
        batch: list[Message] = []
        for message in messages:
            batch.append(message)
            if not (text := message.get(TEXT)):
                continue
            parts = clauses(text, self._config["most"], self._config["shortest"])
            if len(parts) > 1 or (parts and _answered(message)):
                batch += [Message({TEXT: text[start:end], PART_OF: message, START: start}) for start, end in parts]
        return batch


def _answered(message: Message) -> bool:
    """Whether an answer was taken out of it: what remains stands beside the answer, as a clause."""
    found: Read | None = message.get(READ)
    return found is not None and not found.instead


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class ClauseFolder(Component):
    """Writes `clauses` into each message: text, where it begins, intent, act, and whether one would not act on it."""

    def process(self, messages: list[Message]) -> list[Message]:
        """The messages without those that are clauses of others."""
        kept = whole(messages)
        for message in kept:
            parts = [_told(one) for one in messages if one.get(PART_OF) is message]
            message.set(CLAUSES, parts, add_to_output=True)
        return kept


def _told(clause: Message) -> dict[str, Any]:
    fallback = (clause.get(INTENT) or {}).get(INTENT_NAME_KEY) in (None, DEFAULT_NLU_FALLBACK_INTENT_NAME)
    best = next(
        (one for one in clause.get(INTENT_RANKING_KEY) or () if one["name"] != DEFAULT_NLU_FALLBACK_INTENT_NAME),
        {INTENT_NAME_KEY: None, PREDICTED_CONFIDENCE_KEY: 0.0},
    )
    return {
        "text": clause.get(TEXT),
        "start": clause.get(START),
        "intent": {"name": best[INTENT_NAME_KEY], "confidence": best[PREDICTED_CONFIDENCE_KEY]},
        "act": (clause.get(ACT) or {}).get("name"),
        "fallback": fallback,
    }
