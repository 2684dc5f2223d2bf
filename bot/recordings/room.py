"""The one room of all recordings: made here, opened here, deleted here when their term is over."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import re
from collections.abc import Iterator
from pathlib import Path

from bot.database import Database, now
from bot.foundation.errors import Refused
from bot.recordings.keys import load_keys
from bot.recordings.models import RecordingDeletion
from bot.recordings.sealed import NotSealed, Opened, SealedWriter, header_of, unseal
from bot.settings import Settings

log = logging.getLogger(__name__)

FOLDER = "recordings"
SUFFIX = ".sealed"
_NAME = re.compile(r"recordings/(?:[A-Za-z0-9_.@+-]+/)*[A-Za-z0-9_.@+-]+")


class RecordingMissing(Refused):
    """There is no such recording (any more), or it cannot be opened; the message says which of the two."""


def name_for(*parts: str) -> str:
    """The name (path below GEGE_HOME) of a new recording; what a telephone sent as its id becomes harmless."""
    clean = [re.sub(r"[^A-Za-z0-9_-]", "_", part)[:80] or "_" for part in parts]
    return f"{FOLDER}/{'/'.join(clean)}{SUFFIX}"


def begin_recording(settings: Settings, name: str, rate: int, channels: int = 1) -> SealedWriter:
    """Start to write one. Raises OSError (FileExistsError when it is there) and KeyRefused."""
    return SealedWriter(settings.home / name, load_keys(settings).current, rate, channels, now())


def keep_recording(settings: Settings, name: str, pcm: bytes, rate: int) -> str:
    """Keep a whole mono recording (int16 little-endian); → its name. Raises OSError, KeyRefused."""
    writer = begin_recording(settings, name, rate)
    try:
        # A minute a piece: a piece is what has to be in memory at once.
        step = rate * 2 * 60
        for at in range(0, len(pcm), step):
            writer.write(pcm[at : at + step])
    finally:
        writer.close()
    return name


def open_recording(settings: Settings, name: str) -> bytes:
    """The WAV file of a recording, by the name that an utterance or a ticket carries.

    A call has two channels, caller left, Gege right. Whoever asks has been found allowed to hear it.
    Raises RecordingMissing, KeyRefused."""
    path = path_of(settings, name)
    if path.suffix == ".wav":
        return _read(path)  # from before recordings were sealed
    return look_into(settings, name).wav()


def look_into(settings: Settings, name: str) -> Opened:
    """The samples and facts of a sealed recording. Raises RecordingMissing, KeyRefused."""
    try:
        return unseal(_read(path_of(settings, name)), load_keys(settings))
    except NotSealed as problem:
        raise RecordingMissing(f"{name} cannot be opened: {problem}") from problem


def path_of(settings: Settings, name: str) -> Path:
    """Where a recording lies. Raises RecordingMissing for a name that leads elsewhere."""
    if _NAME.fullmatch(name):
        path = (settings.home / name).resolve()
        if path.is_relative_to((settings.home / FOLDER).resolve()):
            return path
    raise RecordingMissing(f"{name!r} is no recording")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise RecordingMissing(f"{path.name} is not there (any more): {problem.strerror}") from problem


def recordings(settings: Settings) -> Iterator[tuple[str, dt.datetime]]:
    """(name, made at) of every recording, sealed or from before."""
    root = settings.home / FOLDER
    for path in sorted(root.rglob("*")) if root.is_dir() else ():
        if path.suffix not in (SUFFIX, ".wav") or not path.is_file():
            continue
        try:
            made = header_of(path).made_at
        except (NotSealed, OSError):
            with contextlib.suppress(FileNotFoundError):
                yield _name(settings, path), dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
            continue
        yield _name(settings, path), made


def _name(settings: Settings, path: Path) -> str:
    return path.relative_to(settings.home).as_posix()


def delete_recording(settings: Settings, name: str) -> bool:
    """Delete one recording; → whether it was looked for afterwards and is gone. Raises RecordingMissing for a name that
    leads elsewhere."""
    path = path_of(settings, name)
    try:
        path.unlink(missing_ok=True)
    except OSError:
        log.exception("%s could not be deleted; it is tried again", name)
    with contextlib.suppress(OSError):
        path.parent.rmdir()  # only when it was the last one of its call
    return not path.exists()


def delete_expired(settings: Settings, database: Database, at: dt.datetime) -> int:
    """Delete what is older than the site's term, look that it is gone, and write that down; → how many went."""
    before = at - dt.timedelta(days=settings.recording.days)
    done = []
    for name, made_at in list(recordings(settings)):
        if made_at >= before:
            continue
        verified = delete_recording(settings, name)
        done.append(RecordingDeletion(name=name, recorded_at=made_at, deleted_at=at, verified=verified))
    if done:
        with database.session() as session:
            session.add_all(done)
        gone = sum(row.verified for row in done)
        log.info(
            "%s recordings deleted after %s days, %s could not be", gone, settings.recording.days, len(done) - gone
        )
    return sum(row.verified for row in done)
