"""`gege backup --into FOLDER`: one proved archive after the other; files that hardly change are copied beside them."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from bot.commands.archive import ArchiveFailed, backup, restore
from bot.database import now
from bot.foundation.backup_names import archive_of, archives_in
from bot.foundation.private_files import shut
from bot.settings import Settings

#: folders of GEGE_HOME whose files are written once: pictures, and sealed recordings, of which another key of the site
#: changes the wrapping in place (`gege keys rotate`)
WRITTEN_ONCE = ("recordings", "attachments", "register-photos")
#: where their copies lie in a folder of backups, and which of them the site has deleted, since when
FILES, _GONE = "files", "gone.json"
#: a disk may keep a file's time by no more than two seconds (FAT): a copy that much older is the same
_COARSE_S = 2.0
#: all archives of the last hour stay, then one an hour for a day, then one a day
_ALL, _HOURLY = dt.timedelta(hours=1), dt.timedelta(days=1)


def backup_into(settings: Settings, folder: Path) -> str:
    """Write one more archive, copy what is new beside it, and let go of what is old; → one line. Raises ArchiveFailed."""
    folder = folder.expanduser()
    if not folder.is_dir():
        # Not made here: a disk that is not mounted would fill the one below it.
        raise ArchiveFailed(f"{folder}: there is no such folder (is its disk mounted?)")
    with _alone(folder):
        at = now()
        told = backup(settings, archive_of(folder, at), WRITTEN_ONCE)
        try:
            copied = _copy_new(settings.home, folder / FILES, at, dt.timedelta(days=settings.backup.keep_days))
        except (OSError, ValueError) as problem:
            raise ArchiveFailed(f"{folder / FILES}: recordings could not be copied ({problem})") from problem
        for file in too_many(archives_in(folder), at, settings.backup.keep_days):
            file.unlink(missing_ok=True)
    return f"{told}; {copied} files copied to {folder / FILES}"


def restore_newest(settings: Settings, folder: Path, force: bool, key: Path | None = None) -> str:
    """Put back the newest archive of a folder that proves itself, and the files beside it; → one line."""
    failed = []
    for _, file in reversed(archives_in(folder)):
        try:
            told = restore(settings, file, force, key)
        except ArchiveFailed as problem:
            if str(file) not in str(problem):
                raise  # not the archive's fault: an older one would fare no better
            failed.append(str(problem))
            continue
        count = 0
        for path in _files(folder / FILES):
            target = settings.home / path.relative_to(folder / FILES)
            if path.name != _GONE and not target.exists():
                _copy(path, target)
                count += 1
        shut(settings.home)
        return "; ".join([f"{told}; {count} files beside it", *failed])
    raise ArchiveFailed("; ".join(failed) or f"{folder}: there is no archive of gege backup --into")


def too_many(archives: list[tuple[dt.datetime, Path]], at: dt.datetime, keep_days: int) -> list[Path]:
    """Which archives (oldest first) may go. The newest stays whatever it is."""
    kept: set[str] = set()
    found = []
    for made_at, file in archives[:-1]:
        age = at - made_at
        if age <= _ALL:
            continue
        span = made_at.strftime("%Y%m%d%H" if age <= _HOURLY else "%Y%m%d")
        if age > dt.timedelta(days=keep_days) or span in kept:
            found.append(file)
        else:
            kept.add(span)
    return found


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ArchiveFailed(f"{folder}: another backup is being written there") from None
        yield


def _copy_new(home: Path, files: Path, at: dt.datetime, keep: dt.timedelta) -> int:
    """Copy what is not there yet; what the site has deleted goes when its last archive may go. → how many are new."""
    files.mkdir(mode=0o700, exist_ok=True)
    there = {one.relative_to(files).as_posix() for one in _files(files)} - {_GONE}
    count, wanted = 0, set()
    for top in WRITTEN_ONCE:
        for path in _files(home / top):
            name = path.relative_to(home).as_posix()
            wanted.add(name)
            with contextlib.suppress(FileNotFoundError):  # its term is over meanwhile
                if name not in there or _changed(path, files / name):
                    _copy(path, files / name)
                    count += 1
    noted = files / _GONE
    before: dict[str, str] = json.loads(noted.read_text("utf-8")) if noted.is_file() else {}
    gone = {name: before.get(name, at.isoformat()) for name in there - wanted}
    for name, since in list(gone.items()):
        if at - dt.datetime.fromisoformat(since) > keep:
            (files / name).unlink(missing_ok=True)
            del gone[name]
    part = noted.with_suffix(".part")
    part.write_text(json.dumps(gone), "utf-8")
    part.replace(noted)
    return count


def _changed(path: Path, copy: Path) -> bool:
    """Whether a file is another than its copy; a new wrapping leaves the size as it was, and the time it does not."""
    ours, theirs = path.stat(), copy.stat()
    return ours.st_size != theirs.st_size or ours.st_mtime - theirs.st_mtime > _COARSE_S


def _files(folder: Path) -> Iterator[Path]:
    for at, _, names in os.walk(folder):
        yield from (Path(at) / name for name in sorted(names) if not name.endswith(".part"))


def _copy(path: Path, target: Path) -> None:
    """Whole or not at all, for its owner alone."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    shutil.copy2(path, part)
    part.chmod(0o600)
    part.replace(target)
