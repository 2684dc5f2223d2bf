"""Who was deleted, without saying who: keyed hashes in a file that no restore puts back, so that a restore deletes again."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import logging
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.foundation.site_keys import hex_keys
from bot.privacy.subject import Subject
from bot.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tombstone:
    """One deletion: what was deleted, whose (hashed), when, and who did it."""

    at: str
    what: str
    subject: str
    by: str
    typed: bool = False

    @property
    def moment(self) -> dt.datetime:
        """When; what came later is not touched by doing it again."""
        return dt.datetime.fromisoformat(self.at)


def deleted_file(settings: Settings) -> Path:
    """Where they stand."""
    chosen = settings.privacy.deleted_file
    return Path(chosen).expanduser() if chosen else settings.home / "deleted.jsonl"


class Hasher:
    """Hashes addresses with a key of the site's own, which is never rotated: an old tombstone must find its subject.

    A backup makes the key when it is not there yet, so that an archive of before the first deletion has it as well."""

    def __init__(self, home: Path) -> None:
        self._key = hex_keys(home / "keys" / "persons.key")[-1]

    def __call__(self, subject: Subject) -> str:
        said = f"{subject.channel}\0{subject.address}".encode()
        return hmac.new(self._key, b"gege-person:" + said, hashlib.sha256).hexdigest()


def write_down(file: Path, stone: Tombstone) -> None:
    """One more; it is on the disk when this returns."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = json.dumps(asdict(stone)).encode() + b"\n"
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
        out.write(line)
        out.flush()
        os.fsync(out.fileno())


def read(files: Iterable[Path]) -> list[Tombstone]:
    """All that stand in these files, each once, the oldest first. A line that was cut short is passed over, and told."""
    found: set[Tombstone] = set()
    for file in files:
        for line in file.read_text("utf-8").splitlines() if file.is_file() else ():
            try:
                found.add(Tombstone(**json.loads(line)))
            except (ValueError, TypeError):
                log.error("a line of %s cannot be read: somebody's deletion may be lost", file.name)
    return sorted(found, key=lambda one: one.at)


def put_back(file: Path, stones: Iterable[Tombstone]) -> None:
    """Those that the file does not hold: a restore has put an older one in its place."""
    there = set(read((file,)))
    for stone in stones:
        if stone not in there:
            write_down(file, stone)
