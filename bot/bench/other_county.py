"""A second invented county for measuring look-ups: no name, no shape of address and no sentence of the sample's.

Streets with 附号, 之 and hyphens, compounds with 栋, 幢, 号楼, lettered 座 and bare hyphens, villages with groups (三组12号,
3组12号) and bays (高家湾8号, or no number at all), numerals in names (江畔一号, 二马路), names that stand in two
communities, a street and a community with one name. About 20,000 households."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.bench.homes import Homes, Query, spoken_numbers
from bot.foundation.words import load
from bot.grid.sample import HOUSEHOLD_COLUMNS, STAFF_COLUMNS
from bot.sound.numbers import spoken as counted

_FILE = Path(__file__).with_name("other_county.yml")
SEED = 31
HOUSEHOLDS = 20_000
#: share of a town's households that stand in streets, and of a village's that have a group, not a bay
_STREETS, _GROUPS = 0.45, 0.6


@dataclass(frozen=True)
class _Town:
    name: str
    streets: tuple[str, ...]
    compounds: tuple[str, ...]


@dataclass(frozen=True)
class _Village:
    name: str
    bays: tuple[str, ...]
    groups: int


@dataclass(frozen=True)
class _Words:
    """other_county.yml."""

    towns: tuple[_Town, ...]
    villages: tuple[_Village, ...]
    surnames: str
    compound_surnames: tuple[str, ...]
    given: str
    shapes: tuple[str, ...]
    frames: tuple[str, ...]
    holder_frames: tuple[str, ...]
    staff: tuple[str, ...]


@lru_cache(maxsize=1)
def _words() -> _Words:
    return load(_Words, _FILE)


# -- the registry -------------------------------------------------------------------------------------


def write_other_county(folder: Path, households: int = HOUSEHOLDS) -> tuple[Path, Path]:
    """Write households.csv and staff.csv into `folder`; → their paths. The same call writes the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    dice, words = random.Random(SEED), _words()
    files = folder / "households.csv", folder / "staff.csv"
    number, grids = 7_300_000_000, []
    # A village has a third of a town's households.
    share = households / (3 * len(words.towns) + len(words.villages))
    with files[0].open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HOUSEHOLD_COLUMNS)
        places: list[_Town | _Village] = [*words.towns, *words.villages]
        for at, place in enumerate(places):
            rows = (
                _town(place, at, round(3 * share)) if isinstance(place, _Town) else _village(place, round(share), dice)
            )
            for compound, address, half in rows:
                grid = f"{201 + 2 * at + half}"
                if grid not in grids:
                    grids.append(grid)
                number += dice.randint(1, 9)
                holder = _person(dice)
                writer.writerow(
                    (number, holder, "", place.name, compound, address, f"{grid}号变", "一线", grid, "", "0.00", 0, 900)
                )  # fmt: skip
    with files[1].open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(STAFF_COLUMNS)
        for grid in grids:
            for role in words.staff:
                writer.writerow((f"{role[0].upper()}{grid}", _person(dice), role, f"1350000{grid}0", grid, "", "", ""))
    return files


def _person(dice: random.Random) -> str:
    words = _words()
    surname = dice.choice(words.compound_surnames) if dice.random() < 0.03 else dice.choice(words.surnames)
    return surname + "".join(dice.choice(words.given) for _ in range(1 if dice.random() < 0.3 else 2))


def _town(town: _Town, at: int, count: int) -> Iterator[tuple[str, str, int]]:
    """(compound, address, 0 or 1: which grid)."""
    in_streets = round(count * _STREETS)
    for place, street in enumerate(town.streets):
        each = in_streets // len(town.streets)
        # A street that runs through two communities goes on where it has left off, roughly.
        first = 1 + 40 * (at % 3)
        for step in range(each):
            house, kind = first + step // 2, step % 8
            address = {
                3: f"{street}{house}号附{1 + step % 5}号",
                5: f"{street}{house}之{1 + step % 3}号",
                7: f"{street}{house}-{1 + step % 4}号",
            }.get(kind, f"{street}{house + each}号" if kind % 2 else f"{street}{house}号")
            yield "", address, place % 2
    made = len(town.streets) * (in_streets // len(town.streets))
    each = -(-(count - made) // len(town.compounds))
    for place, compound in enumerate(town.compounds):
        for address in _rooms((at + place) % len(_words().shapes), min(each, count - made)):
            yield compound, address, place % 2
            made += 1


def _rooms(shape: int, count: int) -> Iterator[str]:
    form = _words().shapes[shape]
    made = 0
    for floor in range(1, 40):
        for building in range(1, 9):
            for unit in range(1, 3):
                for door in (1, 2, 3):
                    if made == count:
                        return
                    if "{u}" not in form and unit > 1:
                        continue
                    yield form.format(b=building, u=unit, r=f"{floor}{door:02d}", l="ABCDEFGH"[building - 1])
                    made += 1


def _village(village: _Village, count: int, dice: random.Random) -> Iterator[tuple[str, str, int]]:
    in_groups = round(count * _GROUPS)
    for step in range(in_groups):
        group, house = step % village.groups + 1, step // village.groups + 1
        # One village writes its groups as words, the next as figures.
        word = counted(group) if len(village.name) % 2 else str(group)
        yield "", f"{word}组{house}号", 0
    for step in range(count - in_groups):
        bay, house = village.bays[step % len(village.bays)], step // len(village.bays) + 1
        yield "", bay if dice.random() < 0.1 else f"{bay}{house}号", 0


# -- how its people speak -----------------------------------------------------------------------------


def spoken_queries(homes: Homes, count: int, seed: int) -> Iterator[Query]:
    """`count` clean sentences about random households of this county."""
    dice, words = random.Random(f"other/{seed}"), _words()
    for _ in range(count):
        home = homes[dice.randrange(len(homes))]
        place = home.place + spoken_numbers(home.numbers, dice)
        if homes.several_communities(home) or dice.random() < 0.5:
            place = home.community + place
        text = dice.choice(words.frames).format(place=place)
        if homes.several_behind_the_door(home) or not home.numbers or dice.random() < 0.2:
            text += dice.choice(words.holder_frames).format(name=home.holder)
        yield Query(text, home.household_no, home.grid_no)
