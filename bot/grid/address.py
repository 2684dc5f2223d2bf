"""Addresses: the name before the first number, and the numbers by what they count."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from bot.foundation.words import load

_FILE = Path(__file__).resolve().parent / "data" / "place_words.yml"

_STREET = re.compile(r"^[㐀-鿿]{2,}?(?=[\d零一二三四五六七八九十]|$)")


@dataclass(frozen=True)
class PlaceWords:
    """How places are said (place_words.yml); most are regular expressions."""

    community_suffixes: tuple[str, ...]
    name_suffixes: tuple[str, ...]
    building: str
    unit: tuple[str, str]
    floor: str
    room: str
    no_place: str
    household_holder: str
    numbers_behind: str
    surname_cue: str
    account: str
    labels: dict[str, str]
    garbled_number: str
    joining: str
    unread_number: str
    number_marks: str


@lru_cache(maxsize=1)
def place_words() -> PlaceWords:
    return load(PlaceWords, _FILE)


def street_of(address: str) -> str:
    """The name before the first numeral of an address; empty when there is none."""
    found = _STREET.match(address)
    return found.group() if found else ""


class Parts(NamedTuple):
    """Numbers of an address as digit strings, "" where there is none. A street has only `number`."""

    number: str = ""
    building: str = ""
    unit: str = ""
    room: str = ""

    @property
    def first(self) -> str:
        """The number right behind the name: house number or building."""
        return self.building or self.number


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    words = place_words()
    return re.compile(
        rf"(\d+)\s*(号楼|[{words.building}]|{words.unit[0]}|{words.unit[1]}|[{words.floor}]|[{words.room}]|号|-)?"
    )


def read_parts(text: str) -> Parts:
    """Numbers in a text whose numerals are digits already; several bare ones are building, unit, room."""
    words = place_words()
    number = building = unit = room = floor = ""
    bare: list[str] = []
    for value, mark in _pattern().findall(text):
        value = value.lstrip("0") or "0"
        if mark == "号楼" or (mark and mark in words.building):
            building = building or value
        elif mark in words.unit:
            unit = unit or value
        elif mark and mark in words.floor:
            floor = floor or value
        elif mark and mark in words.room:
            room = room or value
        elif mark == "号":
            number = number or value
        else:
            bare.append(value)
    if building or unit:
        room = room or (bare[-1] if bare else "") or number
        number = ""
        if room and floor and len(room) <= 2:
            room = f"{floor}{int(room):02d}"
    elif len(bare) >= 3 and not number:
        building, unit, room = bare[:3]
    elif not number and bare:
        number = bare[0]
    return Parts(number, building, unit, room)


_BASE = re.compile(r"^[^\d]*")


@lru_cache(maxsize=200_000)
def split_address(address: str) -> tuple[str, Parts]:
    """`沿河路206号` → (沿河路, 206); `6栋2单元301室` → ("", building 6 …)."""
    match = _BASE.match(address)
    base = match.group() if match else ""
    return base, read_parts(address[len(base) :])
