"""Recordings leave this machine's disk for the site's storage elsewhere, some time after their call."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import fcntl
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from bot.database import now
from bot.foundation.background import Background, More
from bot.foundation.backoff import Backoff
from bot.recordings.elsewhere import Elsewhere, NotElsewhere, StoreUnavailable, elsewhere_of
from bot.recordings.room import FOLDER, SUFFIX, name_of, on_disk
from bot.recordings.sealed import NotSealed, header_of
from bot.settings import Settings

log = logging.getLogger(__name__)

_LOOK_S = 60.0
_AGAIN = Backoff(first_s=60.0, most_s=900.0)
#: a look ends after so many, so that a stop does not wait for a whole night's backlog
_AT_ONCE = 100


def waiting(settings: Settings, at: dt.datetime) -> list[Path]:
    """What lies on the disk and is to be moved: sealed, and untouched for `[recording.bucket] after_min`.

    A call that goes on writes every half second. What is not sealed (from before sealing) never leaves."""
    before = at - dt.timedelta(minutes=settings.recording.bucket.after_min)
    found: list[tuple[float, Path]] = []
    for path in on_disk(settings, SUFFIX):
        try:
            touched = path.stat().st_mtime
            header_of(path)
        except (OSError, NotSealed):
            continue
        if touched < before.timestamp():
            found.append((touched, path))
    return [path for _, path in sorted(found)]


def move_settled(settings: Settings, at: dt.datetime) -> int:
    """Move what is settled, oldest first; → how many went. Blocking. Raises StoreUnavailable: all is where it was."""
    elsewhere = elsewhere_of(settings)
    if elsewhere is None:
        return 0
    moved = 0
    with _alone(settings) as alone:
        for path in waiting(settings, at)[:_AT_ONCE] if alone else ():
            moved += _move(elsewhere, path, name_of(settings, path))
    if moved:
        log.info("%s recordings moved to the storage elsewhere", moved)
    return moved


@contextlib.contextmanager
def _alone(settings: Settings) -> Iterator[bool]:
    """Whether this is the only one who moves recordings of this home now.

    Of two, the second would take what the first has moved for deleted, and delete it elsewhere."""
    root = settings.home / FOLDER
    if not root.is_dir():
        yield False
        return
    with open(os.open(root / ".moving", os.O_WRONLY | os.O_CREAT, 0o600), "wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


def _move(elsewhere: Elsewhere, path: Path, name: str) -> bool:
    try:
        data, touched = path.read_bytes(), path.stat().st_mtime_ns
    except FileNotFoundError:
        return False  # its term was over meanwhile
    elsewhere.put(name, data)
    # "Kept", says the storage. The disk lets go when it has shown it.
    try:
        same = elsewhere.get(name) == data
    except NotElsewhere:
        same = False
    if not same:
        raise StoreUnavailable("the storage of recordings did not keep what it was given")
    try:
        # A new wrapping (another key of the site) that came in between is moved the next time.
        if path.stat().st_mtime_ns != touched:
            return False
        path.unlink()
    except FileNotFoundError:
        # Deleted while it was on its way: what was deleted is nowhere.
        elsewhere.delete(name)
        return False
    with contextlib.suppress(OSError):
        path.parent.rmdir()  # only when it was the last one of its call
    return True


def recordings_move(settings: Settings) -> list[Background]:
    """The loop that moves them; none where the site has no storage elsewhere. Raises Refused for a half setting."""
    if elsewhere_of(settings) is None:
        return []

    async def work() -> More | None:
        moved = await asyncio.to_thread(move_settled, settings, now())
        return More.at_once if moved == _AT_ONCE else None

    return [Background("recordings to the storage elsewhere", _LOOK_S, work, again=_AGAIN)]
