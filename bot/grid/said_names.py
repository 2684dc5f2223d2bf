"""The site's table of names that people use: 老农药厂 for the place that is 桃溪社区 on paper. `GEGE_HOME/places.yml`, a
list of `{said, means}`, taken up by a running service when it changes.

A name that is merely misheard does not stand here: that is the channel's (bot/sound/site.py)."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

import yaml

from bot.foundation.errors import Refused
from bot.foundation.files import write_whole
from bot.foundation.words import load
from bot.grid.county import County

#: shorter ones stand in too many words
SHORTEST = 2
_SUFFIX = "社区"


class SaidNamesRefused(Refused):
    """The names cannot be used; the message names the file, the pair and the reason."""


@dataclass(frozen=True)
class SaidName:
    """`said` is what people call `means`, a community, street or compound of the registry. `source`: who says so."""

    said: str
    means: str
    source: str = ""


def places_file() -> Path:
    """Where the names are."""
    return Path(os.environ.get("GEGE_HOME") or "var") / "places.yml"


def said_names() -> Mapping[str, str]:
    """What people say → what it is in the registry, as the site has it now; cheap, so ask every time.

    A target that the registry does not have is in here and fits no place. A file that cannot be read is none:
    `gege doctor` tells."""
    file = places_file()
    try:
        changed = file.stat()
    except OSError:
        return _NONE
    return _loaded(file, (changed.st_mtime_ns, changed.st_size, changed.st_ino))


def read(file: Path) -> list[SaidName]:
    """The names of a file; none when it is not there. Raises SaidNamesRefused."""
    if not file.exists():
        return []
    found = load(
        tuple[SaidName, ...],
        file,
        empty=(),
        fault=lambda line: SaidNamesRefused(f"not a list of names (said, means): {line}"),
    )
    return list(found)


def write(names: Iterable[SaidName]) -> None:
    """Put these names into service."""
    rows = [vars(one) for one in names]
    write_whole(places_file(), yaml.safe_dump(rows, allow_unicode=True, sort_keys=False, width=1000))


def check(said: Sequence[SaidName], names: Collection[str], ordinary: Sequence[str] = ()) -> None:
    """Raises SaidNamesRefused for a name that means no place of the registry (`names`), that is a place of its own, or
    that people say in `ordinary` sentences."""
    means: dict[str, str] = {}
    for one in said:
        if len(one.said) < SHORTEST or one.said == one.means:
            raise SaidNamesRefused(f"{one.said or '(nothing)'} → {one.means}: too short, or the name itself")
        if one.means not in names:
            raise SaidNamesRefused(f"{one.said} → {one.means}: the registry has no community, street or compound so")
        if means.setdefault(one.said, one.means) != one.means:
            raise SaidNamesRefused(f"{one.said} is said to be both {means[one.said]} and {one.means}")
        if other := next((name for name in names if one.said in name and name != one.means), ""):
            raise SaidNamesRefused(f"{one.said} → {one.means}: {other} is a place of its own")
        if sentence := next((one_of for one_of in ordinary if one.said in one_of), ""):
            raise SaidNamesRefused(
                f"{one.said} → {one.means}: people say {one.said} in ordinary sentences ({sentence})"
            )


def targets(county: County) -> frozenset[str]:
    """What a name may mean: the streets, compounds and communities of a county, these with and without 社区."""
    communities = {name.removesuffix(_SUFFIX) for name in county.grids_in}
    every = (*county.names, *county.grids_in, *communities)
    return frozenset(name for name in every if len(name) >= SHORTEST)


_NONE: Mapping[str, str] = MappingProxyType({})


@lru_cache(maxsize=2)
def _loaded(file: Path, changed: tuple[int, int, int]) -> Mapping[str, str]:
    del changed  # part of the key: another time, another file
    try:
        return MappingProxyType({one.said: one.means for one in read(file)})
    except SaidNamesRefused:
        return _NONE
