"""Two texts compared as they are said: no punctuation, no widths, digits read out in the way that fits best."""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from pypinyin import lazy_pinyin
from rapidfuzz.distance import Levenshtein

from bot.foundation.widths import HAN
from bot.sound.numbers import NUMERALS, one_by_one, spoken

_NUMBER = re.compile(r"(\d[\d,]*)(?:\.(\d+))?(%?)")
_GROUPED = re.compile(r"(?<=\d)[\s-](?=\d)")
_NOT_SAID = re.compile(f"[^{HAN}a-z]")
_POINT, _PER_CENT = "点", "百分之"
#: numbers of one text that are read in every way; of more only the first are
_TRIED = 5
#: 两 and 二, 幺 and 一, 〇 and 零 are one number each
_ONE_SIGN = str.maketrans({sign: one_by_one(str(value)) for sign, value in NUMERALS.items()})
#: no longer number is read as one
_COUNTED = 8


@dataclass(frozen=True)
class Errors:
    """Of one sentence: what stands in it, and what is wrong (substituted, lost, added)."""

    characters: int
    wrong_characters: int
    syllables: int
    wrong_syllables: int

    @property
    def exact(self) -> bool:
        return not self.wrong_characters

    @property
    def same_sound(self) -> bool:
        return not self.wrong_syllables


def compared(said: str, heard: str) -> Errors:
    """What was said beside what was heard, in the readings of their digits that are nearest to each other."""
    pairs = itertools.product(as_said(said), as_said(heard))
    wrong, truth, text = min((Levenshtein.distance(one, other), one, other) for one, other in pairs)
    sounds, heard_sounds = sound(truth), sound(text)
    return Errors(len(truth), wrong, len(sounds), Levenshtein.distance(sounds, heard_sounds))


def sound(text: str) -> list[str]:
    """Its syllables in pinyin without tones, ü as v; a run of letters is one of them."""
    return lazy_pinyin(text)


@lru_cache(maxsize=4_000)
def as_said(text: str) -> tuple[str, ...]:
    """The ways in which a text is read out, in characters and small letters alone: 206号 as 二百零六号 and 二零六号."""
    plain = _GROUPED.sub("", unicodedata.normalize("NFKC", text).lower())
    found = list(_NUMBER.finditer(plain))
    ways = [_ways(match) if at < _TRIED else _ways(match)[:1] for at, match in enumerate(found)]
    edges = [0, *(edge for match in found for edge in match.span()), len(plain)]
    between = [plain[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    read = ("".join(itertools.chain(*zip(between, [*chosen, ""], strict=True))) for chosen in itertools.product(*ways))
    return tuple(dict.fromkeys(_NOT_SAID.sub("", one.translate(_ONE_SIGN)) for one in read))


def _ways(match: re.Match[str]) -> list[str]:
    whole, part, share = match[1].replace(",", ""), match[2], match[3]
    behind = _POINT + one_by_one(part) if part else ""
    before = _PER_CENT if share else ""
    counted = [spoken(int(whole))] if len(whole) <= _COUNTED and (whole == "0" or whole[0] != "0") else []
    return [before + one + behind for one in (*counted, one_by_one(whole))]
