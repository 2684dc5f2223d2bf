"""A seeded generator of spoken addresses, clean and noisy, for measuring look-ups.

Clean: the address as people say it: numbers as words (two hundred and six), digit by digit or as figures, the
community said in half of the sentences (always where the street or compound stands in two communities), the
householder where one door has several households, in an ordinary sentence.

Noisy: besides, with a strength s (0 to 1):
- each character of the place is written as a homophone with probability 0.30 s, as accented Mandarin would be
  written with 0.10 s, as full dialect would be written with 0.05 s, and lost with 0.03 s;
- a numeral of the address is written as a character that is no numeral with 0.02 s;
- 社区 is dropped with 0.5 s, the kind of the place (路, 小区 …) with 0.1 s, the marks 单元 and 室 with 0.3 s;
- a filler comes first with 0.4 s, between the place and its number with 0.1 s, a remark comes last with 0.3 s;
- one character of the householder is written as a same-sounding one with 0.3 s.

The substitutions are data/noise.yml, written by hand and by ear; the matcher's costs (data/sound_costs.yml) are
counted from the dialect survey's tables. The accent's merges are the same linguistic facts in both, so of the two
sources only the homophones and the dialect characters are truly independent."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pypinyin import lazy_pinyin

from bot.bench.homes import Homes, Query, homes_of
from bot.foundation.words import load
from bot.grid.registry import Registry
from bot.sound.numbers import spelled
from bot.sound.numbers import spoken as counted

_FILE = Path(__file__).with_name("noise.yml")


@dataclass(frozen=True)
class _Noise:
    """noise.yml."""

    frames: tuple[str, ...]
    holder_frames: tuple[str, ...]
    fillers: tuple[str, ...]
    community_short: str
    homophones: dict[str, str]
    extra_words: tuple[str, ...]
    tails: tuple[str, ...]
    kind_words: tuple[str, ...]
    accent: dict[str, str]
    dialect: dict[str, str]
    numerals: dict[str, str]


@lru_cache(maxsize=1)
def _data() -> _Noise:
    return load(_Noise, _FILE)


def queries(source: Registry | Homes, count: int, strength: float = 0.0, seed: int = 7) -> Iterator[Query]:
    """`count` sentences about random households; strength 0 is clean."""
    homes = source if isinstance(source, Homes) else homes_of(source)
    dice = random.Random(f"{seed}/{strength}")
    same_sound = _same_sound(homes)
    for _ in range(count):
        home = homes[dice.randrange(len(homes))]
        community = home.community
        place = _place(home.place, home.compound, home.address, dice, strength)
        if homes.several_communities(home) or dice.random() < 0.5:
            if dice.random() < 0.5 * strength:
                community = community.removesuffix(_data().community_short)
            place = community + place
        text = dice.choice(_data().frames).format(place=place)
        if homes.several_behind_the_door(home) or dice.random() < 0.25:
            holder = home.holder
            if dice.random() < 0.3 * strength:
                spot = dice.randrange(len(holder))
                other = dice.choice(same_sound.get(holder[spot], holder[spot]))
                holder = holder[:spot] + other + holder[spot + 1 :]
            text += dice.choice(_data().holder_frames).format(name=holder)
        if dice.random() < 0.4 * strength:
            text = dice.choice(_data().fillers + _data().extra_words) + text
        if dice.random() < 0.3 * strength:
            text += dice.choice(_data().tails)
        yield Query(text, home.household_no, home.grid_no)


def _place(name: str, compound: str, address: str, dice: random.Random, strength: float) -> str:
    """The place as spoken: its name and its numbers, distorted each in their own way."""
    numbers = address if compound else address[len(name) :]
    said = _spoken(numbers, dice)
    if dice.random() < 0.3 * strength:
        said = re.sub("(?<=[一二三四五六七八九十0-9])(?:单元|室)", lambda mark: mark.group()[:-1], said)
    if dice.random() < 0.1 * strength:
        for kind in _data().kind_words:
            if name.endswith(kind) and len(name) - len(kind) >= 2:
                name = name.removesuffix(kind)
                break
    between = dice.choice(_data().fillers) if dice.random() < 0.1 * strength else ""
    return _misheard(name, dice, strength) + between + _numerals_lost(said, dice, strength)


def _same_sound(homes: Homes) -> dict[str, str]:
    groups: dict[str, str] = {}
    characters = sorted({character for home in homes for character in home.holder})
    for character in characters:
        groups[lazy_pinyin(character)[0]] = groups.get(lazy_pinyin(character)[0], "") + character
    return {character: groups[lazy_pinyin(character)[0]] for character in characters}


def _spoken(address: str, dice: random.Random) -> str:
    digit_by_digit = dice.random() < 0.4

    def say(match: re.Match[str]) -> str:
        digits = match.group()
        if dice.random() < 0.2:
            return digits
        return spelled(digits) if digit_by_digit and len(digits) > 2 else counted(int(digits))

    return re.sub(r"\d+", say, address)


def _misheard(name: str, dice: random.Random, strength: float) -> str:
    if not strength:
        return name
    spoken = []
    data = _data()
    for character in name:
        chance = dice.random() / strength
        for table, share in ((data.homophones, 0.30), (data.accent, 0.10), (data.dialect, 0.05)):
            if chance < share:
                character = dice.choice(table.get(character, character))
                break
            chance -= share
        else:
            if chance < 0.03:
                continue
        spoken.append(character)
    return "".join(spoken)


def _numerals_lost(numbers: str, dice: random.Random, strength: float) -> str:
    if not strength:
        return numbers
    table = _data().numerals
    return "".join(
        dice.choice(table[character]) if character in table and dice.random() < 0.02 * strength else character
        for character in numbers
    )


def misheard(text: str, strength: float, dice: random.Random) -> str:
    """Any words as this noise changes names and numerals; what `queries` does beside that (fillers, lost marks) is not in it."""
    return _numerals_lost(_misheard(text, dice, strength), dice, strength)
