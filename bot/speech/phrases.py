"""Phrase lists: what a caller is likely to answer to a question, for models that can listen for it beside everything else."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.words import load

log = logging.getLogger(__name__)

UNKNOWN = "[unk]"
#: characters of a word of a model's vocabulary that are looked for
_LONGEST_WORD = 6


@dataclass(frozen=True)
class _Likely:
    """phrases.yml."""

    lists: dict[str, tuple[str, ...]]
    #: question → names of lists
    questions: dict[str, tuple[str, ...]]
    #: questions whose answers may name a place
    places: frozenset[str]


@cache
def _file() -> _Likely:
    return load(_Likely, Path(__file__).with_name("phrases.yml"))


def known_questions() -> frozenset[str]:
    """Every question that phrases.yml speaks of, those without a list too."""
    return frozenset(_file().questions)


def names_a_place(question: str) -> bool:
    """Whether an answer to a question may name a place; whatever is said when nothing was asked may."""
    return not question or question in _file().places


def phrases_by_question(communities: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
    """Question → what is likely to be answered; `communities` are the site's."""
    lists = {
        **_file().lists,
        "communities": tuple(sorted({*communities, *(one.removesuffix("社区") for one in communities)})),
    }
    found = {
        question: tuple(phrase for name in names for phrase in lists[name])
        for question, names in _file().questions.items()
    }
    return {question: phrases for question, phrases in found.items() if phrases}


@dataclass(frozen=True)
class PhraseList:
    """One question's list, in the words of a model: `grammar` is what Vosk is given."""

    grammar: str
    _whole: re.Pattern[str]

    def holds(self, text: str) -> bool:
        """Whether a text is nothing but phrases of the list."""
        return bool(self._whole.fullmatch(text))


def in_words_of(
    lists: dict[str, tuple[str, ...]], known: Callable[[str], bool]
) -> tuple[dict[str, PhraseList], tuple[str, ...]]:
    """The lists in the words that a model knows, and the phrases that it cannot say with its words (left out)."""
    found: dict[str, PhraseList] = {}
    lost: dict[str, None] = {}
    for question, phrases in lists.items():
        split = {phrase: _words(phrase, known) for phrase in phrases}
        lost.update(dict.fromkeys(phrase for phrase, words in split.items() if not words))
        good = {phrase: words for phrase, words in split.items() if words}
        if good:
            grammar = json.dumps([*(" ".join(words) for words in good.values()), UNKNOWN], ensure_ascii=False)
            whole = "|".join(re.escape(phrase) for phrase in sorted(good, key=len, reverse=True))
            found[question] = PhraseList(grammar, re.compile(f"(?:{whole})+"))
    return found, tuple(lost)


def _words(phrase: str, known: Callable[[str], bool]) -> list[str]:
    """A phrase in words that are known, the longest first; empty when that is not possible."""
    words, at = [], 0
    while at < len(phrase):
        length = next((n for n in range(min(_LONGEST_WORD, len(phrase) - at), 0, -1) if known(phrase[at : at + n])), 0)
        if not length:
            return []
        words.append(phrase[at : at + length])
        at += length
    return words
