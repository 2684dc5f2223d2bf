"""The second noise generator: what a machine would mistake for what, from how near synthetic syllables sound.

It shares nothing with the channel's prior (../shared/dialect), with the simulator of training or with noise.yml, neither
table nor principle: near_sounds.tsv is measured on espeak-ng's voices (tools/near_sounds.py). Nobody who speaks Chongyang is
in it, so it says how a look-up stands errors that it was not made for, not how well residents are understood.

At strength s every character of a sentence, marks and numerals as well as names, is heard as syllable j with
P ∝ exp(-distance / (6 s)); what sounds the same is written as another character with 0.15 s; a character is lost with
0.01 s, another is put behind it with 0.01 s. Characters of a sound: by their frequency in jieba's dictionary."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from pypinyin import lazy_pinyin

from bot.sound.numbers import spelled

FILE = Path(__file__).with_name("near_sounds.tsv")
#: SHA-256 of the file: figures made with another table cannot be compared
DIGEST = "f2cabc4425b3c31cb885759ee4022f2f18a0145211b40428254674d906b07896"
Misheard = Callable[[str, float, random.Random], str]
#: temperature of distances (hundredths, as in the file) at strength 1. Strength 1 is as hard for the look-up of 58de29e (sample
#: county, calibration seed, 2,000: household first 24.9 %, among three 30.1 %) as the private row of ../shared/CHANNEL.md (25.6,
#: 32.4 %); that row's spike finds 90 and 99 % of 100, and who knew these very probabilities, the frame of the sentence and all
#: addresses would find 98.9 and 100 % of 93
TEMPERATURE = 6.0
OTHER_CHARACTER, LOST, INSERTED = 0.15, 0.01, 0.01
#: characters that a sound may be written as
_WRITTEN = 8
#: rarer ones are written by nobody (frequency in jieba's dictionary)
_RAREST = 50


@lru_cache(maxsize=1)
def near_sounds() -> dict[str, tuple[tuple[str, int], ...]]:
    """Meant syllable → (heard syllable, distance in hundredths), itself first with 0."""
    table = {}
    for line in FILE.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            meant, *cells = line.split("\t")
            heard = [cell.split(":") for cell in cells]
            table[meant] = ((meant, 0), *((name, int(distance)) for name, distance in heard))
    return table


@lru_cache(maxsize=1)
def _characters() -> dict[str, tuple[list[str], list[float]]]:
    """Sound → its commonest characters and their weights, from jieba's dictionary."""
    import jieba

    by_sound: dict[str, list[tuple[int, str]]] = defaultdict(list)
    with Path(jieba.__file__).with_name("dict.txt").open(encoding="utf-8") as file:
        for line in file:
            word, frequency, *_ = line.split()
            if len(word) == 1 and int(frequency) >= _RAREST:
                by_sound[lazy_pinyin(word)[0]].append((int(frequency), word))
    found = {}
    for sound, rows in by_sound.items():
        first = sorted(rows, reverse=True)[:_WRITTEN]
        found[sound] = [one for _, one in first], [math.sqrt(frequency + 1) for frequency, _ in first]
    return found


@lru_cache(maxsize=4096)
def _weights(meant: str, temperature: float) -> tuple[tuple[str, ...], tuple[float, ...]]:
    near = near_sounds().get(meant, ((meant, 0),))
    return tuple(name for name, _ in near), tuple(math.exp(-distance / temperature) for _, distance in near)


def misheard(text: str, strength: float, dice: random.Random) -> str:
    """`text` as a machine hears it that confuses near syllables; figures are read aloud digit by digit first."""
    if not strength:
        return text
    heard = []
    for character in spelled(text):
        if not "\u4e00" <= character <= "\u9fff":
            heard.append(character)
            continue
        if dice.random() < LOST * strength:
            continue
        meant = lazy_pinyin(character)[0]
        names, weights = _weights(meant, TEMPERATURE * strength)
        sound = dice.choices(names, weights)[0]
        if sound != meant or dice.random() < OTHER_CHARACTER * strength:
            character = _written(sound, character, dice)
        heard.append(character)
        if dice.random() < INSERTED * strength:
            heard.append(_written(dice.choice(names[:4]), character, dice))
    return "".join(heard)


def _written(sound: str, instead: str, dice: random.Random) -> str:
    characters, weights = _characters().get(sound, ([instead], [1.0]))
    return dice.choices(characters, weights)[0]
