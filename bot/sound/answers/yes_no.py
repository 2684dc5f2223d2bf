"""Yes, no or "I don't know", read in the light of the question: 有电 is a yes to 隔壁有电没有, 冇错 is a yes to everything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import chain
from pathlib import Path

from bot.foundation.words import load
from bot.sound.answers.grammar import Answer, Grammar, expanded
from bot.sound.channel import Channel
from bot.sound.numbers import plain
from bot.sound.site import channel as site_channel

YES, NO, UNKNOWN = "yes", "no", "unknown"
VALUES = (YES, NO, UNKNOWN)
#: phrases that explain what was said and answer nothing
OTHER = "other"
#: symbols that say nothing of their own
_LITTLE = 1
#: symbols of the longest answer that is asked for by saying it twice (是不是停电)
_ASKED_TWICE = 4
#: a sign of the keyboard is as sure as a word
_SIGN = 0.98


@dataclass(frozen=True)
class _Phrases:
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    other: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    """yes_no.yml."""

    classes: dict[str, tuple[str, ...]]
    neutral: tuple[str, ...]
    weak: tuple[str, ...]
    asked: tuple[str, ...]
    signs: dict[str, tuple[str, ...]]
    typed: dict[str, tuple[str, ...]]
    any: _Phrases
    questions: dict[str, _Phrases] = field(default_factory=dict)


@cache
def _file() -> _File:
    return load(_File, Path(__file__).with_name("yes_no.yml"))


def questions() -> frozenset[str]:
    """The questions that have phrases of their own."""
    return frozenset(_file().questions)


@cache
def _grammar(question: str) -> Grammar:
    file = _file()
    own = file.questions.get(question, _Phrases())
    phrases: dict[str, list[str]] = {value: [] for value in (*VALUES, OTHER)}
    taken: set[str] = set()
    for source in (own, file.any):
        now = {
            value: set(chain.from_iterable(expanded(one, file.classes) for one in getattr(source, value)))
            for value in phrases
        }
        for value, some in now.items():
            phrases[value] += sorted(some - taken)
        taken.update(*now.values())
    for denied in (one for value in (NO, UNKNOWN, YES) for one in phrases[value]):
        for word in file.asked:
            if denied.startswith(word) and len(word) < len(denied) <= _ASKED_TWICE:
                phrases[OTHER].append(denied[len(word)] + denied)  # 不对 is an answer, 对不对 a question
    said_here = {one for value in VALUES for one in getattr(own, value)}
    return Grammar(phrases, file.neutral, [one for one in file.weak if one not in said_here])


def yes_no(
    question: str, text: str, alternatives: Sequence[str] = (), channel: Channel | None = None
) -> Answer[str] | None:
    """ "yes", "no" or "unknown" to a question (a slot's name; "" for one without phrases of its own); None for no answer."""
    if typed := _typed(text):
        return typed
    return _read(question, (text, *alternatives), channel or site_channel())


@lru_cache(maxsize=100)
def _read(question: str, readings: tuple[str, ...], channel: Channel) -> Answer[str] | None:
    """One turn asks for the same answer several times: the pipeline, and the actions."""
    return _grammar(question).read([spelled_signs(one) for one in readings], VALUES, channel)


def says_more(answer: Answer[str]) -> bool:
    """Whether something else was said beside an answer, than what everybody says (嗯, 那个, 师傅)."""
    rest = re.sub("|".join(map(re.escape, sorted(_file().neutral, key=len, reverse=True))), "", answer.rest)
    return len(re.sub(r"[\W_]+", "", rest)) > _LITTLE


def spelled_signs(text: str) -> str:
    """A text whose signs (👍, ❌) are the words that they stand for."""
    for word, signs in _file().signs.items():
        for sign in signs:
            text = text.replace(sign, f"{word},")
    # what is left of a sign: its colour, and that it is drawn in colours
    return "".join(one for one in text if one != "\ufe0f" and not 0x1F3FB <= ord(one) <= 0x1F3FF)


@cache
def _words() -> dict[str, str]:
    return {word: value for value, words in _file().typed.items() for word in words}


def _typed(text: str) -> Answer[str] | None:
    """An answer that is written and not said: ok, y, 1."""
    shown = plain(text)
    value = _words().get(re.sub(r"[\W_]+", "", shown).lower())
    return Answer(value, _SIGN, 0.0, shown, ((0, len(shown)),)) if value else None
