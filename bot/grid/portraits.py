"""Photographs of the staff for the notice boards: one file a person, below GEGE_HOME, readable by the service alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bot.foundation.errors import Refused
from bot.foundation.files import write_whole
from bot.foundation.pictures import PHOTOGRAPHS, picture_kind


class NoPortrait(Refused):
    """The bytes are no picture that a board could show."""


class Portraits:
    """Portraits of one site; blocks."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "portraits"

    def keep(self, staff_no: str, data: bytes) -> None:
        """Keep somebody's picture, in the place of an older one. Raises NoPortrait."""
        if picture_kind(data) not in PHOTOGRAPHS:
            raise NoPortrait("a portrait is a JPEG or a PNG")
        write_whole(self._path(staff_no), data)

    def read(self, staff_no: str) -> bytes | None:
        """Somebody's picture; None when there is none."""
        try:
            return self._path(staff_no).read_bytes()
        except FileNotFoundError:
            return None

    def has(self, staff_no: str) -> bool:
        """Whether there is one."""
        return self._path(staff_no).exists()

    def _path(self, staff_no: str) -> Path:
        # A staff number is an opaque string: it never becomes a path.
        return self._folder / f"{hashlib.sha256(staff_no.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.picture"
