"""How alike two Chinese texts sound, in two strengths: accented Mandarin and full dialect.

Each syllable folds to one private character, so that rapidfuzz compares sounds at the speed of strings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pypinyin import Style, lazy_pinyin, pinyin
from pypinyin.contrib.tone_convert import to_finals, to_initials

from bot.foundation.words import load

_FILE = Path(__file__).with_name("sound_classes.yml")
_PRIVATE = 0xE000


@dataclass(frozen=True)
class _Merged:
    """What counts as the same at one strength: initial → initial, final → final."""

    initials: dict[str, str]
    finals: dict[str, str]


@lru_cache(maxsize=1)
def _classes() -> dict[str, _Merged]:
    return load(dict[str, _Merged], _FILE)


_codes: dict[str, str] = {}


def _code(key: str) -> str:
    return _codes.setdefault(key, chr(_PRIVATE + len(_codes)))


@lru_cache(maxsize=4_000)
def _fold_syllable(syllable: str, strength: str) -> str:
    table = _classes()[strength]
    initial, final = to_initials(syllable, strict=False), to_finals(syllable, strict=False)
    if strength == "accent" and syllable.startswith("hu") and syllable != "hu":
        initial, final = "f", final.removeprefix("u")
    return table.initials.get(initial, initial) + "|" + table.finals.get(final, final)


@lru_cache(maxsize=20_000)
def sound_class(character: str, strength: str) -> str:
    """The class of a Chinese character's sound, the same in every process: `sound_class("停", "dialect") == "t|en"`."""
    return _fold_syllable(lazy_pinyin(character)[0], strength)


@lru_cache(maxsize=40_000)
def fold(text: str, strength: str = "accent") -> str:
    """One private character for each Chinese character's sound; digits and letters stay."""
    folded = []
    for character in text:
        if "\u3400" <= character <= "\u9fff":
            folded.append(_code(sound_class(character, strength)))
        else:
            folded.append(character)
    return "".join(folded)


@lru_cache(maxsize=4_000)
def _sounds(character: str) -> frozenset[str]:
    readings = pinyin(character, style=Style.NORMAL, heteronym=True)[0]
    return frozenset(_fold_syllable(reading, "accent") for reading in readings)


def sounds_like(name: str, spoken: str) -> bool:
    """Whether `name` is heard somewhere in `spoken`: same sounds but for accent; polyphonic surnames either way.

    王 and 黄, which only full dialect merges, are not alike."""
    spoken = re.sub(r"\s", "", spoken)
    if not name:
        return False
    for start in range(len(spoken) - len(name) + 1):
        window = spoken[start : start + len(name)]
        if all(a == b or _alike(a, b) for a, b in zip(name, window, strict=True)):
            return True
    return False


def _alike(a: str, b: str) -> bool:
    if not ("\u3400" <= a <= "\u9fff" and "\u3400" <= b <= "\u9fff"):
        return False
    return bool(_sounds(a) & _sounds(b))
