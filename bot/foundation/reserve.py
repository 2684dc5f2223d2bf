"""Room on the disk that is kept back, and given up when the disk is full: what is said meanwhile can still be written down.

A log that runs away, a copy that somebody forgot: a disk that is full to the last byte takes no report. CockroachDB keeps
such ballast for the same reason. Whoever looks after the machine has the time until the reserve is used up as well."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from bot.foundation.background import Background

log = logging.getLogger(__name__)

#: bytes kept back: some thousands of reports
SIZE = 16 << 20
#: it is given up when less than this (bytes) is free
_LEAST = 1 << 20
#: looked at so often (s)
_EVERY_S = 1.0
#: and made again when so many times its size is free
_PLENTY = 4


class Reserve:
    """That of one home; everything blocks."""

    def __init__(self, home: Path, size: int = SIZE) -> None:
        self._file, self._size = home / "run" / "reserve", size

    @property
    def kept(self) -> bool:
        """Whether there is one."""
        return self._file.exists()

    def background(self) -> Background:
        """Look again and again."""
        return Background("room kept back", _EVERY_S, lambda: asyncio.to_thread(self.look))

    def look(self) -> None:
        """Make it where there is plenty, give it up where there is nothing. Again and again."""
        free = shutil.disk_usage(self._file.parents[1]).free
        if self.kept:
            if free < _LEAST:
                self.give_up()
        elif free > _PLENTY * self._size:
            self._make()

    def give_up(self) -> bool:
        """There is room now; False when it was given up before."""
        try:
            self._file.unlink()
        except OSError:
            return False
        log.error("the disk is full: %s MB that were kept back are given up; make room", self._size >> 20)
        return True

    def writing(self, write: Callable[[], None]) -> None:
        """Write, once more where the disk was full. Raises OSError."""
        try:
            write()
        except OSError as problem:
            if problem.errno != errno.ENOSPC or not self.give_up():
                raise
            write()

    def _make(self) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._file.with_suffix(".part")
        try:
            file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                os.posix_fallocate(file, 0, self._size)
            finally:
                os.close(file)
            part.replace(self._file)
        except OSError as problem:
            part.unlink(missing_ok=True)
            log.warning("no room could be kept back on the disk (%s)", problem.strerror)
