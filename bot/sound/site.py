"""The channel of this site: the prior, and what its corrections counted, ear by ear (`GEGE_HOME/channel.json`).

A running service takes the file up when it changes. A file that is damaged changes nothing: the prior is in use, and
`gege doctor` tells."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bot.foundation.errors import Broken
from bot.foundation.files import write_whole
from bot.sound.channel import DIALECT, Channel, Counted, Counts, prior
from bot.sound.syllables import FINALS, INITIALS

#: what was typed, or heard by nobody knows what
NO_EAR = ""
#: what another ear heard tells so much: the residents are the same, the ear is not
_OTHER_EAR = 0.5
_VERSION = 1
#: counts below this are not worth a line
_FEWEST = 0.005


class ChannelBroken(Broken):
    """The file of counts cannot be used; the message names it and says why."""


@dataclass(frozen=True)
class Learned:
    """What one ear heard in one dialect: expected counts out of so many corrections."""

    counts: Counts
    corrections: int = 0
    ear: str = NO_EAR
    dialect: str = DIALECT


def channel_file() -> Path:
    """Where the counts are."""
    return Path(os.environ.get("GEGE_HOME") or "var") / "channel.json"


def channel(ear: str | None = None, dialect: str = DIALECT) -> Channel:
    """The channel in use now; cheap (a look at a file's time), so ask every time.

    `ear`: the recogniser that heard (its model's name, "" for what was typed); None: all ears of the site together.
    KeyError for a dialect that prior.yml does not have."""
    tried = _tried.get()
    if tried is not None:
        return of(tried, ear, dialect)
    file = channel_file()
    try:
        changed = file.stat()
    except OSError:
        return prior(dialect)
    return _channel(file, (changed.st_mtime_ns, changed.st_size, changed.st_ino), ear, dialect)


def of(learned: tuple[Learned, ...], ear: str | None = None, dialect: str = DIALECT) -> Channel:
    """The channel of what was learned."""
    known = any(one.dialect == dialect for one in learned)
    return prior(dialect).learned(counts_of(learned, ear, dialect)) if known else prior(dialect)


def counts_of(learned: tuple[Learned, ...], ear: str | None = None, dialect: str = DIALECT) -> Counts:
    """All of an ear's own counts and half of the other ears'; all of all for None."""
    total = Counts.none()
    for one in learned:
        if one.dialect == dialect:
            weight = 1.0 if ear is None or one.ear == ear else _OTHER_EAR
            total = total.plus(Counts(one.counts.initials * weight, one.counts.finals * weight))
    return total


@contextmanager
def trying(learned: tuple[Learned, ...]) -> Iterator[None]:
    """Within this block (and what it starts) `channel` answers as if these counts were the site's: to compare before
    anything goes into service."""
    token = _tried.set(learned)
    try:
        yield
    finally:
        _tried.reset(token)


def read(file: Path) -> tuple[Learned, ...]:
    """The counts of a file; none when it is not there. Raises ChannelBroken."""
    try:
        return from_text(file.read_text("utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, ChannelBroken) as problem:
        raise ChannelBroken(f"{file}: {problem}") from None


def from_text(text: str) -> tuple[Learned, ...]:
    """The counts that `as_text` wrote; none of an empty text. Raises ChannelBroken."""
    if not text:
        return ()
    try:
        found = json.loads(text)
        if found["version"] != _VERSION:
            raise ChannelBroken(f"version {found['version']} is not the one that this Gege writes ({_VERSION})")
        if found["checksum"] != _checksum(found["learned"]):
            raise ChannelBroken("it was changed by hand or cut off: its checksum does not fit")
        return tuple(_learned(one) for one in found["learned"])
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise ChannelBroken(f"no file of counts ({type(problem).__name__})") from None


def as_text(learned: tuple[Learned, ...]) -> str:
    """The counts as a file; empty when there are none."""
    if not learned:
        return ""
    rows = [
        {
            "ear": one.ear,
            "dialect": one.dialect,
            "corrections": one.corrections,
            "initials": _rows(one.counts.initials, INITIALS),
            "finals": _rows(one.counts.finals, FINALS),
        }
        for one in learned
    ]
    content = {"version": _VERSION, "checksum": _checksum(rows), "learned": rows}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def write(text: str) -> None:
    """Put what `as_text` made into service, or with "" the prior alone."""
    if text:
        write_whole(channel_file(), text)
    else:
        channel_file().unlink(missing_ok=True)


_tried: ContextVar[tuple[Learned, ...] | None] = ContextVar("tried", default=None)


@lru_cache(maxsize=8)
def _channel(file: Path, changed: tuple[int, int, int], ear: str | None, dialect: str) -> Channel:
    return of(_file(file, changed), ear, dialect)


@lru_cache(maxsize=2)
def _file(file: Path, changed: tuple[int, int, int]) -> tuple[Learned, ...]:
    del changed  # part of the key: another time, another file
    try:
        return read(file)
    except ChannelBroken:
        return ()


def _checksum(rows: list[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(rows, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]


def _rows(table: Counted, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for meant, heard in zip(*np.nonzero(table >= _FEWEST), strict=True):
        found.setdefault(names[meant], {})[names[heard]] = round(float(table[meant, heard]), 3)
    return found


def _learned(row: Mapping[str, Any]) -> Learned:
    counts = Counts.none()
    for table, names, written in (
        (counts.initials, INITIALS, row["initials"]),
        (counts.finals, FINALS, row["finals"]),
    ):
        for meant, heard in written.items():
            for sound, count in heard.items():
                if not 0 <= float(count) < 1e9:
                    raise ValueError(count)
                table[names.index(meant), names.index(sound)] = float(count)
    return Learned(counts, int(row["corrections"]), str(row["ear"]), str(row["dialect"]))
