"""The invented sample county: households and staff as the two CSV files of the contract, and a map of it."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.database import Database
from bot.foundation.words import load
from bot.grid.importer import import_csv
from bot.grid.models import Grid
from bot.grid.sample_map import write_map

COUNTY = Path(__file__).resolve().parent / "data" / "sample_county.yml"
NAMES = Path(__file__).resolve().parent / "data" / "sample_names.yml"
SEED = 20261123
HOUSEHOLDS = 57_600

HOUSEHOLD_COLUMNS = (
    "household_no", "householder", "phone", "community", "compound", "address", "transformer", "feeder",
    "grid_no", "tags", "balance", "months_owed", "ytd_kwh",
)  # fmt: skip
STAFF_COLUMNS = ("staff_no", "name", "role", "phone", "grid_nos", "telegram_id", "wecom", "dingtalk")
#: share of a grid's households that stand in streets; the others live in compounds
STREET_SHARE = 0.4
BUILDINGS, UNITS, FLOORS, DOORS = 12, 3, 16, 2


@dataclass(frozen=True)
class _Names:
    surnames: list[str]
    given: list[str]
    words: dict[str, str]

    def person(self, dice: random.Random) -> str:
        given = dice.choice(self.given)
        if dice.random() < 0.72:
            given += dice.choice(self.given)
        return dice.choice(self.surnames) + given


@dataclass(frozen=True)
class SampleCommunity:
    """A community of the invented county."""

    name: str
    grids: tuple[str, ...]
    streets: tuple[str, ...]
    compounds: tuple[str, ...]


@dataclass(frozen=True)
class SampleCounty:
    """data/sample_county.yml."""

    county: str
    station: str
    communities: tuple[SampleCommunity, ...]


@dataclass(frozen=True)
class _NamesFile:
    """data/sample_names.yml."""

    surnames_common: str
    surnames: str
    given: str
    words: dict[str, str]


def sample_county() -> SampleCounty:
    """The invented county: its communities, streets and compounds."""
    return load(SampleCounty, COUNTY)


def _load() -> tuple[SampleCounty, _Names]:
    names = load(_NamesFile, NAMES)
    surnames = list(names.surnames_common) * 6 + list(names.surnames)
    return sample_county(), _Names(surnames, list(names.given), names.words)


def write_sample(folder: Path, households: int = HOUSEHOLDS, seed: int = SEED) -> tuple[Path, Path]:
    """Write households.csv and staff.csv into `folder`; → their paths. The same seed writes the same files."""
    folder.mkdir(parents=True, exist_ok=True)
    county, names = _load()
    dice = random.Random(seed)
    grids = [(community, grid_no) for community in county.communities for grid_no in community.grids]
    each = max(1, households // len(grids))
    files = folder / "households.csv", folder / "staff.csv"
    with files[0].open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HOUSEHOLD_COLUMNS)
        number = 4_211_000_000
        for index, (community, grid_no) in enumerate(grids):
            for row in _households(community, grid_no, index, each, names, dice):
                number += dice.randint(1, 9)
                writer.writerow((str(number), *row))
    with files[1].open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(STAFF_COLUMNS)
        writer.writerows(_staff(grids, names, dice))
    return files


def _households(
    community: SampleCommunity, grid_no: str, index: int, count: int, names: _Names, dice: random.Random
) -> Iterator[tuple[Any, ...]]:
    """Rows without household_no. A street's numbers go on from grid to grid, with a few that repeat."""
    second = community.grids.index(grid_no)
    in_streets = round(count * STREET_SHARE)
    streets = community.streets
    per_street = max(1, in_streets // len(streets))
    transformer = 0
    made = 0
    for place, street in enumerate(streets):
        # The second community of a shared street begins ten numbers before the first one ends.
        offset = 0 if index < 8 else max(0, 2 * per_street - 10)
        for step in range(per_street if place < len(streets) - 1 else in_streets - per_street * (len(streets) - 1)):
            number = offset + second * per_street + step + 1
            transformer = made // 180
            yield _row(community, "", f"{street}{number}{names.words['number']}", grid_no, transformer, names, dice)
            made += 1
    compounds = community.compounds
    shared = [one for one in compounds if one == names.words["shared_compound"]]
    own = [one for place, one in enumerate(compounds) if one not in shared and place % 2 == second] + shared
    # Only a county larger than the sample's own needs more buildings than these.
    room = max(1, len(own)) * UNITS * FLOORS * DOORS
    buildings = max(BUILDINGS, 2 * -(-(count - made) // room))
    rooms = (
        (compound, building, unit, floor, door)
        for floor in range(1, FLOORS + 1)
        for door in range(1, DOORS + 1)
        for unit in range(1, UNITS + 1)
        for building in range(1, buildings + 1)
        for compound in own
    )
    words = names.words
    for compound, building, unit, floor, door in rooms:
        if made >= count:
            return
        if compound in shared and not _shared_building(building, second):
            continue
        address = f"{building}{words['building']}{unit}{words['unit']}{floor}{door:02d}{words['room']}"
        yield _row(community, compound, address, grid_no, made // 180, names, dice)
        made += 1


def _shared_building(building: int, second: int) -> bool:
    """The shared compound's building 6 stands in both grids of a community, the others in one."""
    return building == 6 or building % 2 == second


def _row(
    community: SampleCommunity,
    compound: str,
    address: str,
    grid_no: str,
    transformer: int,
    names: _Names,
    dice: random.Random,
) -> tuple[Any, ...]:
    tags = [tag for tag, share in (("vulnerable", 0.04), ("shop", 0.05), ("large", 0.03)) if dice.random() < share]
    owed = dice.random() < 0.06
    months = dice.randint(1, 6) if owed else 0
    balance = -round(dice.uniform(20, 140) * months, 2) if owed else round(dice.uniform(0, 300), 2)
    # Eight digits behind 139/158/… that no operator gives out in this county (…00…): invented numbers.
    phone = f"{dice.choice(('139', '138', '158', '187'))}0000{dice.randint(0, 9999):04d}" if dice.random() < 0.9 else ""
    base = community.name.removesuffix(names.words["community"])
    return (
        names.person(dice), phone, community.name, compound, address,
        f"{base}{grid_no}-{transformer + 1:02d}{names.words['transformer']}",
        f"{base}{1 + transformer // 10}{names.words['feeder']}", grid_no, ";".join(tags), f"{balance:.2f}", months,
        dice.randint(200, 5200),
    )  # fmt: skip


def _staff(grids: list[tuple[SampleCommunity, str]], names: _Names, dice: random.Random) -> Iterator[tuple[str, ...]]:
    def phone(number: int) -> str:
        return f"1370000{number:04d}"

    taken: set[str] = set()
    for place, (_, grid_no) in enumerate(grids):
        for letter, role, base in (("M", "manager", 1000), ("A", "assistant", 2000), ("S", "supervisor", 3000)):
            name = names.person(dice)
            if role == "manager":
                # Residents say 程师傅: no two managers share a surname.
                while name[0] in taken or (place == 0 and name[0] != names.words["first_manager"]):
                    name = names.person(dice)
                    if place == 0:
                        name = names.words["first_manager"] + name[1:]
                taken.add(name[0])
            yield (f"{letter}{grid_no}", name, role, phone(base + int(grid_no)), grid_no, "", "", "")
    everywhere = ";".join(grid_no for _, grid_no in grids)
    yield ("C1", names.person(dice), "crew", phone(4001), everywhere, "", "", "")
    yield ("T1", names.person(dice), "team", phone(5001), "", "", "", "")
    yield ("D1", names.person(dice), "duty", phone(6001), "", "", "", "")
    yield ("D2", names.person(dice), "duty", phone(6002), "", "", "", "")
    yield ("X1", names.person(dice), "admin", phone(7001), "", "", "", "")


def set_grid_phone(database: Database, grid_no: str, phone: str) -> None:
    """The number on a grid's notice board: calls to it, or diverted from it, name the grid."""
    with database.session() as session:
        grid = session.get(Grid, grid_no)
        if grid is None:
            raise KeyError(f"there is no grid {grid_no}")
        grid.phone = phone


def make_sample(
    database: Database,
    folder: Path,
    progress: Callable[[str], None] = lambda line: None,
    households: int = HOUSEHOLDS,
) -> None:
    """Write the sample files into `folder` and import them."""
    progress(f"writing {households} invented households …")
    files = write_sample(folder, households)
    for file in reversed(files):
        progress(f"importing {file.name} …")
        progress(str(import_csv(database, file, invented=True)))
    write_map(database, folder / "map.geojson", SEED)
    progress(str(import_csv(database, folder / "map.geojson", invented=True)))
    county, _ = _load()
    for community in county.communities:
        for grid_no in community.grids:
            set_grid_phone(database, grid_no, f"07150000{int(grid_no):03d}")
