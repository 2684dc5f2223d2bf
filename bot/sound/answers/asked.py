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
from bot.sound.numbers import digits, plain

#: the key that may be a number as well
_DANGER = "9"


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
class _Keys:
    """Key → what it says."""

    always: dict[str, str]
    yes_no: dict[str, str]
    #: question → the keys that were offered with it
    offered: dict[str, dict[str, str]]


@dataclass(frozen=True)
class _File:
    """asked.yml."""

    people: tuple[str, ...]
    numbers: tuple[str, ...]
    keys: _Keys
    no_name: str


@cache
def _file() -> _File:
    return load(_File, Path(__file__).with_name("asked.yml"))


def takes_number(question: str) -> bool:
    """Whether the answer to a question is a number, or holds one: 门牌, 户号, 几栋."""
    return question in _file().numbers


def takes_yes_no(question: str) -> bool:
    """Whether a question is answered by yes or no."""
    return question in questions()


def key_says(question: str, key: str) -> str | None:
    """What one key says in the light of the question ("" when nothing was asked); None for a part of a number."""
    if (says := _by_itself(question, key)) is not None:
        return says
    asks_yes_no = question and question not in _file().keys.offered and not takes_number(question)
    return _file().keys.yes_no.get(key) if asks_yes_no else None


def _by_itself(question: str, key: str) -> str | None:
    """What a key says that stands for something of its own."""
    keys = _file().keys
    offered = keys.offered.get(question, {})
    # 一 is written for 1 by whoever was offered 1; anywhere else it is a number, or a sound.
    if says := offered.get(key) or offered.get(digits(key) if len(key) == 1 else ""):
        return says
    return keys.always.get(key) if key != _DANGER or not takes_number(question) else None


def read_answer(
    question: str, text: str, alternatives: Sequence[str] = (), channel: Channel | None = None
) -> Read | None:
    """The answer to a question (a slot's name); None when it is none.

    To a question without phrases of its own a yes or a no is one only when nothing else was said; when nothing was asked,
    nothing is answered.

    Where the answer is a name, it must be all that was said: a name that stands in a sentence is for others to find."""
    typed = re.sub(r"\W+", "", plain(text))
    if typed and (says := _by_itself(question, typed)):
        return Read("key", 1.0, ((0, len(text)),), False, says)
    if question in _file().people and (name := _name(text)):
        return Read(name.value.whole, name.probability, ((0, len(text)),), False)
    found = yes_no(question, text, alternatives, channel) if question else None
    keyed = typed in _file().keys.yes_no and not takes_number(question)
    if found is None or not (question in questions() or keyed or _plainly(found)):
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
