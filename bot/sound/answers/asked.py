"""The answer to whatever was asked: the reader that belongs to the question, its value as text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.words import load
from bot.sound.answers import names
from bot.sound.answers.grammar import Answer
from bot.sound.answers.yes_no import questions, says_more, yes_no
from bot.sound.channel import Channel
from bot.sound.numbers import plain


@dataclass(frozen=True)
class Read:
    """What was answered: `value` ("yes", "no", "unknown", a name), `stretches` where it stands in the text, `more` whether
    anything else was said, `instead` the words that a key of the menu stands for."""

    value: str
    probability: float
    stretches: tuple[tuple[int, int], ...]
    more: bool
    instead: str = ""


@dataclass(frozen=True)
class _File:
    """asked.yml."""

    people: tuple[str, ...]
    menu: dict[str, str]
    always: tuple[str, ...]
    no_name: str


@cache
def _file() -> _File:
    return load(_File, Path(__file__).with_name("asked.yml"))


def menu() -> dict[str, str]:
    """What each key stands for, as if somebody had said it."""
    return _file().menu


def read_answer(
    question: str, text: str, alternatives: Sequence[str] = (), channel: Channel | None = None, *, menu: bool = False
) -> Read | None:
    """The answer to a question (a slot's name); None when it is none. `menu`: keys were offered in the sentence before.

    To a question without phrases of its own a yes or a no is one only when nothing else was said; when nothing was asked,
    nothing is answered.

    Where the answer is a name, it must be all that was said: a name that stands in a sentence is for others to find."""
    typed = re.sub(r"\W+", "", plain(text))
    if (menu or typed in _file().always) and (key := _file().menu.get(typed)):
        return Read("key", 1.0, ((0, len(text)),), False, key)
    if question in _file().people and (name := _name(text)):
        return Read(name.value.whole, name.probability, ((0, len(text)),), False)
    found = yes_no(question, text, alternatives, channel) if question else None
    if found is None or (question not in questions() and not _plainly(found)):
        return None
    kept = len(found.text) == len(text)
    return Read(found.value, found.probability, found.stretches if kept else ((0, len(text)),), says_more(found))


def _plainly(found: Answer[str]) -> bool:
    """Whether an answer is all that was said, in more than one syllable."""
    return not re.sub(r"[\W_]+", "", found.rest) and sum(end - start for start, end in found.stretches) > 1


def _name(text: str) -> Answer[names.Name] | None:
    found = names.person(text)
    if found is None or len(found.value.given) > 2 or re.search(_file().no_name, found.value.whole):
        return None
    return found if names.bare(text) == found.value.whole else None
