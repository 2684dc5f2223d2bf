"""Provider `file`: messages as JSON Lines in a file of the site's own."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

from bot.database import now
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
            with self._path.open("ab+") as file:
                # A line that a crash cut short stays alone: the next begins on its own line.
                if file.tell() and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n":
                    line = b"\n" + line
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
