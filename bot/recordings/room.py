"""The one room of all recordings: made here, opened here, deleted here when their term is over.

Every recording begins on the disk (`begin_recording`). Where the site has a storage elsewhere it goes there later
(`moving`), and whoever opens it does not notice."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.database import Database, now
from bot.foundation.errors import Refused
from bot.recordings.elsewhere import NotElsewhere, StoreUnavailable, elsewhere_of
from bot.recordings.keys import load_keys
from bot.recordings.models import RecordingDeletion
from bot.recordings.sealed import HEADER_BYTES, Header, NotSealed, Opened, SealedWriter, header_of, unseal
from bot.settings import BucketSettings, Settings

log = logging.getLogger(__name__)

FOLDER = "recordings"
SUFFIX = ".sealed"
#: of each storage elsewhere: (name, when it was put there) → when it was made; for the life of the process
_made_elsewhere: dict[BucketSettings, dict[tuple[str, dt.datetime], dt.datetime]] = {}
_NAME = re.compile(r"recordings/(?:[A-Za-z0-9_.@+-]+/)*[A-Za-z0-9_.@+-]+")


class RecordingMissing(Refused):
    """There is no such recording (any more), it cannot be opened, or not now; the message says which of the three."""


def name_for(*parts: str) -> str:
    """The name (path below GEGE_HOME) of a new recording; what a telephone sent as its id becomes harmless."""
    clean = [re.sub(r"[^A-Za-z0-9_-]", "_", part)[:80] or "_" for part in parts]
    return f"{FOLDER}/{'/'.join(clean)}{SUFFIX}"


def begin_recording(settings: Settings, name: str, rate: int, channels: int = 1) -> SealedWriter:
    """Start to write one. Raises OSError (FileExistsError when it is there) and KeyRefused."""
    return SealedWriter(settings.home / name, name, load_keys(settings).current, rate, channels, now())


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
        return _read(settings, name)  # from before recordings were sealed
    return look_into(settings, name).wav()


def look_into(settings: Settings, name: str) -> Opened:
    """The samples and facts of a sealed recording. Raises RecordingMissing, KeyRefused."""
    try:
        return unseal(_read(settings, name), name, load_keys(settings))
    except NotSealed as problem:
        raise RecordingMissing(f"{name} cannot be opened: {problem}") from problem


def path_of(settings: Settings, name: str, *, follow: bool = True) -> Path:
    """Where a recording lies on the disk. Raises RecordingMissing for a name that leads elsewhere."""
    if _NAME.fullmatch(name) and ".." not in name.split("/"):
        path = settings.home / name
        path = path.resolve() if follow else path.parent.resolve() / path.name
        if path.is_relative_to((settings.home / FOLDER).resolve()):
            return path
    raise RecordingMissing(f"{name!r} is no recording")


def _read(settings: Settings, name: str) -> bytes:
    """From the disk, else from the storage elsewhere."""
    try:
        return path_of(settings, name).read_bytes()
    except OSError as problem:
        here = problem.strerror
    try:
        if (elsewhere := elsewhere_of(settings)) is not None:
            return elsewhere.get(name)
    except StoreUnavailable as problem:
        raise RecordingMissing(f"{name} is not here, and {problem}; try again later") from problem
    except NotElsewhere:
        pass
    raise RecordingMissing(f"{name} is not there (any more): {here}")


def recordings(settings: Settings) -> Iterator[tuple[str, dt.datetime]]:
    """(name, made at) of every recording on this machine's disk, sealed or from before."""
    for path in on_disk(settings, SUFFIX, ".wav"):
        try:
            made = header_of(path).made_at
        except (NotSealed, OSError):
            with contextlib.suppress(FileNotFoundError):
                yield name_of(settings, path), dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
            continue
        yield name_of(settings, path), made


def recordings_elsewhere(settings: Settings, under: str = "") -> Iterator[tuple[str, dt.datetime]]:
    """(name, when it was put there) of every recording in the storage elsewhere whose name begins so.

    What else lies there is not ours."""
    if (elsewhere := elsewhere_of(settings)) is not None:
        for name, put_at in elsewhere.names(under):
            with contextlib.suppress(RecordingMissing):
                path_of(settings, name)
                yield name, put_at


def on_disk(settings: Settings, *suffixes: str) -> list[Path]:
    """The files of the room, sorted. A folder that another empties and removes meanwhile is passed over."""
    found = [Path(at) / name for at, _, names in os.walk(settings.home / FOLDER) for name in names]
    return sorted(path for path in found if path.suffix in suffixes and path.is_file())


def name_of(settings: Settings, path: Path) -> str:
    """The name of a recording that lies there."""
    return path.relative_to(settings.home).as_posix()


def delete_recording(settings: Settings, name: str) -> bool:
    """Delete it wherever it lies; → whether it was looked for afterwards and is gone. Blocking.

    Raises RecordingMissing for a name that leads elsewhere, OSError and StoreUnavailable when one of the places did
    not let go of it: it is tried again by whoever asked."""
    path = path_of(settings, name, follow=False)  # of a link, the link
    elsewhere = elsewhere_of(settings)
    # The disk first: what is on its way elsewhere is deleted there by whoever moves it.
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        path.parent.rmdir()  # only when it was the last one of its call
    if elsewhere is None:
        return not path.exists()
    elsewhere.delete(name)
    try:
        elsewhere.get(name, HEADER_BYTES)
    except NotElsewhere:
        return not path.exists()
    return False


def delete_expired(settings: Settings, database: Database, at: dt.datetime) -> int:
    """Delete what is older than the site's term, look that it is gone, and write that down; → how many went.

    Raises StoreUnavailable when the storage elsewhere cannot be asked; what lay on the disk is deleted all the same."""
    before = at - dt.timedelta(days=settings.recording.days)
    here = [(name, made_at) for name, made_at in recordings(settings) if made_at < before]
    gone = _delete(settings, database, here, at)
    # All of them are known before the first goes: a storage that falls silent in between leaves no deletion untold.
    return gone + _delete(settings, database, list(_expired_elsewhere(settings, before)), at)


def _expired_elsewhere(settings: Settings, before: dt.datetime) -> Iterator[tuple[str, dt.datetime]]:
    """What lies elsewhere and was made before that.

    The storage knows when it was given a recording, and that may be long after it was made: a storage that was chosen
    late was given what was old, another key of the site puts everything anew. So each is asked for its header, once."""
    if (elsewhere := elsewhere_of(settings)) is None:
        return
    known = _made_elsewhere.setdefault(settings.recording.bucket, {})
    listed = set(recordings_elsewhere(settings))
    for gone in known.keys() - listed:
        known.pop(gone, None)
    for name, put_at in sorted(listed):
        if (name, put_at) not in known:
            made_at = put_at
            with contextlib.suppress(NotSealed, NotElsewhere):
                made_at = Header.decode(elsewhere.get(name, HEADER_BYTES)).made_at
            known[name, put_at] = made_at
        if (made_at := known[name, put_at]) < before:
            yield name, made_at


def _delete(settings: Settings, database: Database, names: Iterable[tuple[str, dt.datetime]], at: dt.datetime) -> int:
    done = []
    for name, made_at in names:
        try:
            verified = delete_recording(settings, name)
        except (OSError, StoreUnavailable):
            log.exception("%s is over its term and could not be deleted; it is tried again", name)
            verified = False
        done.append(RecordingDeletion(name=name, recorded_at=made_at, deleted_at=at, verified=verified))
    if done:
        with database.session() as session:
            session.add_all(done)
        gone = sum(row.verified for row in done)
        log.info(
            "%s recordings deleted after %s days, %s could not be", gone, settings.recording.days, len(done) - gone
        )
    return sum(row.verified for row in done)
