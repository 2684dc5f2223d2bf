"""Provider `file`: messages as JSON Lines in a file of the site's own."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import fcntl
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from bot.database import now
from bot.foundation.files import write_whole
from bot.notify.provider import Message


class File:
    """Appends one object a line; `send` returns when the line is on the disk."""

    name = "file"
    trusted = False
    per_minute = None

    def __init__(self, path: Path, clock: Callable[[], dt.datetime] = now) -> None:
        self._path = path
        self._clock = clock
        self._one_at_a_time = threading.Lock()

    async def send(self, message: Message) -> None:
        """Append one message; off the loop, since fsync waits for the disk."""
        await asyncio.to_thread(self._append, message)

    def _append(self, message: Message) -> None:
        row = {
            "id": message.notification_id,
            "ticket_no": message.ticket_no,
            "to": message.staff_no,
            "role": message.role,
            "urgent": message.urgent,
            "template": message.template,
            "at": self._clock().isoformat(timespec="seconds"),
            "text": message.text,
        }
        line = json.dumps(row, ensure_ascii=False).encode("utf-8") + b"\n"
        with self._one_at_a_time:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with _alone(self._path) as file:
                # A line that a crash cut short stays alone: the next begins on its own line.
                if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
                    line = b"\n" + line
                file.write(line)
                file.flush()
                os.fsync(file.fileno())


def keep_lines(path: Path, wanted: Callable[[dict[str, Any]], bool]) -> int:
    """Leave only the messages that are `wanted`; → how many went. A line that is no message goes as well.

    Whoever appends meanwhile, in this process or another, waits."""
    if not path.exists():
        return 0
    with _alone(path) as file:
        file.seek(0)
        lines = file.readlines()
        kept = [line for line in lines if _wanted(line, wanted)]
        if len(kept) < len(lines):
            write_whole(path, b"".join(kept))
    return len(lines) - len(kept)


def _wanted(line: bytes, wanted: Callable[[dict[str, Any]], bool]) -> bool:
    try:
        row = json.loads(line)
    except ValueError:
        return False
    return isinstance(row, dict) and wanted(row)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[IO[bytes]]:
    """The file, to read and to append to, while nobody else writes it or puts another in its place."""
    while True:
        with path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                same = os.path.samestat(os.fstat(file.fileno()), path.stat())
            except FileNotFoundError:
                same = False
            if same:
                yield file
                return
