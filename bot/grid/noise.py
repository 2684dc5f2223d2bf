"""A seeded generator of spoken addresses, clean and noisy, for measuring look-ups.

Clean: the address as people say it: numbers as words (two hundred and six, or digit by digit), the community said in
half of the sentences (always where the street or compound stands in two communities), the householder where one
door has several households, in an ordinary sentence.

Noisy: besides, with a strength s (0 to 1): each character of the place is replaced by a homophone that recognisers
write (data/noise.yml, made by hand: another source than the matcher's sound classes) with probability 0.35 s;
社区 is dropped with 0.5 s; the unit marks 单元 and 室 are dropped with 0.3 s; a filler is put in with 0.4 s; a
character of the name is lost with 0.08 s; one character of the householder is replaced by a same-sounding one
with 0.3 s."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from pypinyin import lazy_pinyin

from bot.grid.numerals import speak_digits, speak_number
from bot.grid.registry import Registry

_FILE = Path(__file__).resolve().parent / "data" / "noise.yml"


@dataclass(frozen=True)
class Query:
    """A sentence and the household that it means."""

    text: str
    household_no: str
    grid_no: str


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(_FILE.read_text("utf-8"))
    return loaded


def queries(registry: Registry, count: int, strength: float = 0.0, seed: int = 7) -> Iterator[Query]:
    """`count` sentences about random households; strength 0 is clean."""
    dice = random.Random(f"{seed}/{strength}")
    alike: dict[tuple[str, str, str], int] = {}
    for row in range(registry.size):
        key = (registry.communities_of[row], registry.compounds[row], registry.addresses[row])
        alike[key] = alike.get(key, 0) + 1
    same_sound = _same_sound(registry)
    for _ in range(count):
        row = dice.randrange(registry.size)
        key = (registry.communities_of[row], registry.compounds[row], registry.addresses[row])
        name = registry.compounds[row] or re.split(r"\d", registry.addresses[row], maxsplit=1)[0]
        shared = len(registry.names[name].communities) > 1
        place = _spoken(key[1] + key[2], dice)
        place = _distorted(place, dice, strength)
        if shared or dice.random() < 0.5:
            community = key[0]
            if dice.random() < 0.5 * strength:
                community = community.removesuffix(_data()["community_short"])
            place = community + place
        text = dice.choice(_data()["frames"]).format(place=place)
        if alike[key] > 1 or dice.random() < 0.25:
            holder = registry.holders[row]
            if dice.random() < 0.3 * strength:
                spot = dice.randrange(len(holder))
                holder = holder[:spot] + dice.choice(same_sound.get(holder[spot], holder[spot])) + holder[spot + 1 :]
            text += dice.choice(_data()["holder_frames"]).format(name=holder)
        if dice.random() < 0.4 * strength:
            text = dice.choice(_data()["fillers"]) + text
        yield Query(text, registry.numbers[row], registry.grids[row])


def _same_sound(registry: Registry) -> dict[str, str]:
    groups: dict[str, str] = {}
    characters = sorted({character for holder in registry.by_holder for character in holder})
    for character in characters:
        groups[lazy_pinyin(character)[0]] = groups.get(lazy_pinyin(character)[0], "") + character
    return {character: groups[lazy_pinyin(character)[0]] for character in characters}


def _spoken(address: str, dice: random.Random) -> str:
    digit_by_digit = dice.random() < 0.4

    def say(match: re.Match[str]) -> str:
        digits = match.group()
        if dice.random() < 0.2:
            return digits
        return speak_digits(digits) if digit_by_digit and len(digits) > 2 else speak_number(int(digits))

    return re.sub(r"\d+", say, address)


def _distorted(place: str, dice: random.Random, strength: float) -> str:
    homophones = _data()["homophones"]
    if strength and dice.random() < 0.3 * strength:
        place = re.sub("(?<=[一二三四五六七八九十0-9])(单元|室)", lambda m: m.group()[0] if len(m.group()) > 1 else "", place)
    spoken = []
    for character in place:
        if strength and character in homophones:
            if dice.random() < 0.35 * strength:
                character = dice.choice(homophones[character])
            elif dice.random() < 0.08 * strength:
                continue
        spoken.append(character)
    return "".join(spoken)
