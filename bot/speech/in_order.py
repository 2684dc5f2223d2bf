"""What any ear says, in the one form that the rest of the house reads: simplified, without marks, numbers in words.

A recogniser may write tags, commas, traditional characters, 220V or full width; another one writes nothing of it. Phrase
lists, corrections and the understanding compare texts, so all of them see what Vosk would have written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from opencc import OpenCC

from bot.foundation.widths import both, plain
from bot.foundation.words import load
from bot.sound import numbers
from bot.speech.port import HeardSpeech
from bot.speech.reading import spoken

#: <|zh|>, <unk>, </s>, [unk], [Music], and the sign that pieces of words begin with
_TAG = re.compile(r"<\|[^|]*\|>|</?[A-Za-z_]+>|\[[A-Za-z_ ]+\]")
_PIECES = re.compile("@@ ?|\u2581")
_UNKNOWN = re.compile(r"<unk>|\[unk\]", re.IGNORECASE)
#: digits that stand one by one, or in groups: a number that was spelled
_SPELLED = re.compile(rf"(?<![\d.])(?:\d+(?: \d+)+|\d(?:[{both(' ,、')}]+\d){{2,}})(?![\d.])")
#: and so was one that begins with a zero
_ZERO_FIRST = re.compile(r"(?<![\d.:-])0\d+(?![\d.:])")
_TELEPHONE = 7
_SPACE = re.compile(r"\s+")
#: inside a Latin word: Wi-Fi, don't
_IN_A_WORD = re.compile(r"(?<=[A-Za-z])[-'\u2019](?=[A-Za-z])")
#: categories of Unicode that nobody says: punctuation, symbols, what controls
_UNSAID = ("P", "S", "C")


@dataclass(frozen=True)
class _Signs:
    """in_order.yml."""

    kept: str
    units: dict[str, str]


@cache
def _signs() -> _Signs:
    return load(_Signs, Path(__file__).with_name("in_order.yml"))


@cache
def _units() -> re.Pattern[str]:
    return re.compile(rf"(?<=\d)\s*({'|'.join(_signs().units)})(?![A-Za-z])")


@cache
def _simplifier() -> OpenCC:
    # Taiwan's: there 著 is also 着, and 著火 is a danger.
    return OpenCC("tw2s")


@lru_cache(maxsize=2_000)
def in_order(text: str) -> str:
    """A recogniser's words → simplified characters without tags, marks and digits; a space stays between two Latin words.

    `<|zh|>我家停電了，220V！` → 我家停电了二百二十伏. What is in order already comes back as it was."""
    text = plain(_PIECES.sub(lambda found: " " if found.group() == "\u2581" else "", _TAG.sub(" ", text)))
    text = _simplified(text)
    if any(one.isdigit() for one in text):
        text = _in_words(text)
    text = _IN_A_WORD.sub("", text)
    text = "".join(" " if unicodedata.category(one).startswith(_UNSAID) else one for one in text)
    return _joined(text)


def heard_in_order(heard: HeardSpeech) -> HeardSpeech:
    """All readings of one utterance in order; those that have become the same are one."""
    texts = dict.fromkeys(in_order(one) for one in (heard.text, *heard.alternatives))
    first = in_order(heard.text)
    return replace(heard, text=first, alternatives=tuple(one for one in texts if one and one != first))


def unknown_share(text: str) -> float:
    """Share of what a recogniser wrote, 0 to 1, that it marks as unknown: `<unk>家停电` → 0.25."""
    unknown = len(_UNKNOWN.findall(text))
    known = len(in_order(text).replace(" ", ""))
    return unknown / (unknown + known) if unknown else 0.0


def _simplified(text: str) -> str:
    """Traditional characters → simplified ones. Chongyang's own characters stay."""
    if text.isascii():
        return text
    kept = _signs().kept
    return "".join(part if part in kept else _simplifier().convert(part) for part in re.split(f"([{kept}])", text))


def _joined(words: str) -> str:
    """Words without the spaces between them; a space stays between two Latin words."""
    out = ""
    for word in words.split():
        between = " " if out and out[-1].isascii() and out[-1].isalpha() and word[0].isascii() else ""
        out += between + word
    return out


def _in_words(text: str) -> str:
    """Digits as they were said."""
    text = _SPACE.sub(" ", text)
    text = _SPELLED.sub(_spelled, text)
    text = _ZERO_FIRST.sub(lambda found: numbers.spelled(found.group()), text)
    text = _units().sub(lambda found: _signs().units[found[1]], text)
    return numbers.one_by_one(spoken(text))


def _spelled(found: re.Match[str]) -> str:
    groups = re.findall(r"\d+", found.group())
    if all(len(one) == 1 for one in groups) or sum(map(len, groups)) >= _TELEPHONE:
        return numbers.spelled("".join(groups))
    return found.group()
