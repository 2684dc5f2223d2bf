"""The first noise generator for sentences: what a Mandarin recogniser would write for Chongyang speech, seeded.

A simulation from tables (hearing.yml), not recorded speech: no figure that was measured with it says how well residents
are understood. Nothing that serves or trains reads them: training draws from the channel (bot/sound/draws.py). Every
distorted character is replaced by one character, so that places and names stay where they were marked. `Words` writes
real two-character words of jieba's dictionary wherever there are any."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from pypinyin import lazy_pinyin
from pypinyin.contrib.tone_convert import to_finals, to_initials

from bot.foundation.words import load

HEARING = Path(__file__).with_name("hearing.yml")
#: share of characters that come out as something else at strength 1
DISTORTED = 0.45
#: a voice wavers: this share of distorted characters keeps its sound and is only written otherwise
SAME_SOUND = 0.25


class Source(Protocol):
    """Writes syllables down as characters, one each."""

    def write(self, syllables: list[str], originals: str, dice: random.Random) -> str: ...


@lru_cache(maxsize=1)
def _hearing() -> dict[str, dict[str, dict[str, float]]]:
    return load(dict[str, dict[str, dict[str, float]]], HEARING)


@lru_cache(maxsize=1)
def _dictionary() -> tuple[tuple[str, int], ...]:
    """(word, frequency) of jieba's dictionary, one and two characters."""
    import jieba

    found = []
    with Path(jieba.__file__).with_name("dict.txt").open(encoding="utf-8") as file:
        for line in file:
            word, frequency, *_ = line.split()
            if len(word) <= 2 and all("\u4e00" <= character <= "\u9fff" for character in word):
                found.append((word, int(frequency)))
    return tuple(found)


class Characters:
    """The commonest characters of each sound."""

    def __init__(self, most: int = 4) -> None:
        by_sound: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for word, frequency in _dictionary():
            if len(word) == 1:
                by_sound[lazy_pinyin(word)[0]].append((frequency, word))
        self._of = {sound: [one for _, one in sorted(found, reverse=True)[:most]] for sound, found in by_sound.items()}

    def write(self, syllables: list[str], originals: str, dice: random.Random) -> str:
        return "".join(
            dice.choice(self._of.get(syllable) or [original])
            for syllable, original in zip(syllables, originals, strict=True)
        )


class Words:
    """Two-character words where two syllables make one, the rarer characters of a sound elsewhere."""

    def __init__(self, rarest: int = 30) -> None:
        self._words: dict[tuple[str, ...], list[str]] = defaultdict(list)
        self._characters = Characters(12)
        for word, frequency in _dictionary():
            if len(word) == 2 and frequency >= rarest:
                self._words[tuple(lazy_pinyin(word))].append(word)

    def write(self, syllables: list[str], originals: str, dice: random.Random) -> str:
        written, at = "", 0
        while at < len(syllables):
            if words := self._words.get(tuple(syllables[at : at + 2])):
                written += dice.choice(words)
                at += 2
            else:
                written += self._characters.write([syllables[at]], originals[at], dice)
                at += 1
        return written


def distort(text: str, strength: float, dice: random.Random, source: Source) -> str:
    """`text` as a Mandarin recogniser may write it for Chongyang speech; as long as `text`. Strength 0 to 1."""
    spots = [at for at, character in enumerate(text) if "\u4e00" <= character <= "\u9fff"]
    heard = list(text)
    for run in _runs([at for at in spots if dice.random() < DISTORTED * strength]):
        originals = "".join(text[at] for at in run)
        syllables = [_heard(lazy_pinyin(character)[0], dice) for character in originals]
        for at, character in zip(run, source.write(syllables, originals, dice), strict=True):
            heard[at] = character
    return "".join(heard)


def _runs(spots: list[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for at in spots:
        if run and at != run[-1] + 1:
            yield run
            run = []
        run.append(at)
    if run:
        yield run


def _heard(syllable: str, dice: random.Random) -> str:
    """One syllable as it comes out: its initial and final each by their shares."""
    if dice.random() < SAME_SOUND:
        return syllable
    initial, final = to_initials(syllable, strict=False), to_finals(syllable, strict=False)
    tables = _hearing()
    return _drawn(tables["initials"], initial, dice) + _drawn(tables["finals"], final, dice)


def _drawn(table: dict[str, dict[str, float]], sound: str, dice: random.Random) -> str:
    ways = table.get(sound)
    return dice.choices(list(ways), list(ways.values()))[0] if ways else sound


def simulated(text: str, strength: float, dice: random.Random) -> str:
    """`distort` with words, as the figures of docs/benchmarks.md are measured."""
    return distort(text, strength, dice, _words())


@lru_cache(maxsize=1)
def _words() -> Words:
    return Words()
