"""Names as the recogniser writes them: pairs that managers' corrections showed and a person confirmed (`gege learn`),
put right before a place is looked up. `GEGE_HOME/names.yml`, taken up by a running service when it changes."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.foundation.errors import Refused
from bot.foundation.words import load

#: shorter ones stand in too many words
SHORTEST = 2


class NamesRefused(Refused):
    """The pairs cannot be used; the message names the file, the pair and the reason."""


@dataclass(frozen=True)
class HeardName:
    """`heard` is what a recogniser makes of `name`, a place of the registry."""

    heard: str
    name: str
    source: str = ""


@dataclass(frozen=True)
class _NamesFile:
    names: tuple[HeardName, ...] | None = None


def names_file() -> Path:
    """Where the confirmed pairs are."""
    return Path(os.environ.get("GEGE_HOME") or "var") / "names.yml"


def read(file: Path) -> list[HeardName]:
    """The pairs of a file; none when it is not there. Raises NamesRefused."""
    if not file.exists():
        return []
    found = load(
        _NamesFile,
        file,
        empty=_NamesFile(),
        fault=lambda line: NamesRefused(f"not a list of names (heard, name): {line}"),
    )
    return list(found.names or ())


def check(pairs: Sequence[HeardName], names: Collection[str], ordinary: Sequence[str] = ()) -> None:
    """Raises NamesRefused for a pair that would make one place of two, or a place of an ordinary word."""
    means: dict[str, str] = {}
    for one in pairs:
        if len(one.heard) < SHORTEST or one.heard == one.name:
            raise NamesRefused(f"{one.heard or '(nothing)'} → {one.name}: too short, or the name itself")
        if means.setdefault(one.heard, one.name) != one.name:
            raise NamesRefused(f"{one.heard} is said to be both {means[one.heard]} and {one.name}")
        if other := next((name for name in names if one.heard in name and name != one.name), ""):
            raise NamesRefused(f"{one.heard} → {one.name}: {other} is a place of its own")
        if sentence := next((one_of for one_of in ordinary if one.heard in one_of), ""):
            raise NamesRefused(f"{one.heard} → {one.name}: people say {one.heard} in ordinary sentences ({sentence})")


class HeardNames:
    """Puts names right in a text, the longest first."""

    def __init__(self, pairs: Sequence[HeardName]) -> None:
        self._means = {one.heard: one.name for one in pairs}
        together = "|".join(re.escape(heard) for heard in sorted(self._means, key=len, reverse=True))
        self._pattern = re.compile(together) if together else None

    def right(self, text: str) -> str:
        """`right("桃西社区三号") == "桃溪社区三号"`."""
        return self._pattern.sub(lambda match: self._means[match.group()], text) if self._pattern else text


def heard_names() -> HeardNames:
    """Those in use now. A file that cannot be read changes nothing: `gege doctor` tells."""
    file = names_file()
    try:
        changed = file.stat().st_mtime_ns
    except OSError:
        return _NONE
    return _loaded(file, changed)


_NONE = HeardNames(())


@lru_cache(maxsize=2)
def _loaded(file: Path, changed: int) -> HeardNames:
    del changed  # part of the key: another time, another file
    try:
        return HeardNames(read(file))
    except NamesRefused:
        return _NONE
