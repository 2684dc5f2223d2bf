"""Households as the measurements know them: what is true, read apart from the look-up that is measured."""

from __future__ import annotations

import csv
import random
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.grid.registry import Registry
from bot.sound.numbers import spelled
from bot.sound.numbers import spoken as counted


@dataclass(frozen=True)
class Home:
    """One household of the registry, as the file that was imported spells it."""

    household_no: str
    holder: str
    community: str
    compound: str
    address: str
    grid_no: str

    @property
    def place(self) -> str:
        """The compound, else the name before the first digit: street, bay, group."""
        return self.compound or re.split(r"\d", self.address, maxsplit=1)[0]

    @property
    def numbers(self) -> str:
        """What stands behind the place's name."""
        return self.address if self.compound else self.address[len(self.place) :]


@dataclass(frozen=True)
class Query:
    """A sentence and the household that it means."""

    text: str
    household_no: str
    grid_no: str


class Homes(Sequence[Home]):
    """A county's households, with what makes a sentence about one of them ambiguous."""

    def __init__(self, homes: Sequence[Home]) -> None:
        self._homes = list(homes)
        self.by_number = {home.household_no: home for home in self._homes}
        self._communities: dict[str, set[str]] = defaultdict(set)
        self._doors: dict[tuple[str, str, str], int] = defaultdict(int)
        for home in self._homes:
            self._communities[home.place].add(home.community)
            self._doors[home.community, home.compound, home.address] += 1

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # Sequence's two overloads
        return self._homes[index]

    def __len__(self) -> int:
        return len(self._homes)

    def several_communities(self, home: Home) -> bool:
        """Whether the place's name stands in more than one community."""
        return len(self._communities[home.place]) > 1

    def several_behind_the_door(self, home: Home) -> bool:
        """Whether only the householder's name tells this household from its neighbour."""
        return self._doors[home.community, home.compound, home.address] > 1


def homes_of(registry: Registry) -> Homes:
    """The households of a registry, in its order."""
    county = registry.county
    rows = zip(
        county.numbers, county.holders, county.communities_of, county.compounds, county.addresses, county.grids,
        strict=True,
    )  # fmt: skip
    return Homes([Home(*row) for row in rows])


def homes_in(file: Path) -> Homes:
    """The households of a file to be imported (the English columns of bot/grid/sample.py)."""
    with file.open(encoding="utf-8", newline="") as lines:
        return Homes(
            [
                Home(
                    row["household_no"], row["householder"], row["community"], row["compound"], row["address"],
                    row["grid_no"],
                )
                for row in csv.DictReader(lines)
            ]
        )  # fmt: skip


_NUMBER = re.compile(r"(\d+)(号楼|室|[栋幢座组号之-])?")


def spoken_numbers(numbers: str, dice: random.Random) -> str:
    """`5栋2单元301室` → 五栋二单元三零幺: figures as words, digit by digit or as they stand; marks as people swap and drop them."""

    def say(match: re.Match[str]) -> str:
        digits, mark = match.group(1), match.group(2) or ""
        if dice.random() < 0.15:
            said = digits
        elif len(digits) > 2 and (mark in ("室", "") or dice.random() < 0.3):
            said = spelled(digits)
            said = said.replace("幺", "一") if dice.random() < 0.5 else said
        else:
            said = counted(int(digits))
        if mark in ("幢", "号楼") and dice.random() < 0.5:
            mark = "栋"
        if mark == "室" and dice.random() < 0.5:
            mark = ""
        return said + ("杠" if mark == "-" else mark)

    return _NUMBER.sub(say, numbers)


def door_parts(home: Home) -> list[str]:
    """The numbers behind the name of a place, each with its mark: `5栋2单元301室` → 5栋, 2单元, 301室."""
    return re.findall(r"(?:附|之)?[A-Z\d零一二三四五六七八九十]+(?:号楼|单元|[栋幢座室号组之-])?", home.numbers)
