"""Who can call: the households of the sample county with number and balance, and who serves each grid."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from bot.bench.homes import Homes, homes_in


@dataclass(frozen=True)
class County:
    """The sample county as its two files spell it."""

    homes: Homes
    #: registered telephone number of a household, where it has one that no other household has
    phones: dict[str, str]
    #: grid → surname of its manager, its manager's staff_no, its supervisor's where the surname is another
    managers: dict[str, str]
    manager_no: dict[str, str]
    supervisor_no: dict[str, str]
    #: names of streets and compounds
    places: frozenset[str]


def county_of(folder: Path) -> County:
    """The county whose households.csv and staff.csv (bot/grid/sample.py) lie in a folder."""
    households = folder / "households.csv"
    owners: dict[str, list[str]] = {}
    with households.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["phone"]:
                owners.setdefault(row["phone"], []).append(row["household_no"])
    managers, manager_no = {}, {}
    supervisors: dict[str, tuple[str, str]] = {}
    with (folder / "staff.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            for grid_no in row["grid_nos"].split(";"):
                if row["role"] == "manager":
                    managers[grid_no], manager_no[grid_no] = row["name"][:1], row["staff_no"]
                if row["role"] == "supervisor":
                    supervisors[grid_no] = (row["name"][:1], row["staff_no"])
    homes = homes_in(households)
    return County(
        homes,
        {them[0]: phone for phone, them in owners.items() if len(them) == 1},
        managers,
        manager_no,
        # Who complains of 徐师傅 may mean a supervisor of that surname: he need not hear of it.
        {grid_no: number for grid_no, (name, number) in supervisors.items() if name != managers[grid_no]},
        frozenset(home.place for home in homes),
    )
