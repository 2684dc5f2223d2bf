"""Photographs of entries: one file each below GEGE_HOME, named by what they hold, readable by the service alone."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from bot.foundation.errors import Refused
from bot.foundation.files import write_whole
from bot.foundation.pictures import PHOTOGRAPHS, picture_kind

#: where they lie below GEGE_HOME, and how each is called
FOLDER = "register-photos"
NAME = re.compile(r"[0-9a-f]{64}\.(jpg|png)")
#: a telephone's photograph that nothing made small on the way (bytes)
LARGEST = 16 * 1024 * 1024


class NoPhoto(Refused):
    """The bytes are no photograph, or far too many."""


class Photos:
    """Photographs of one site; blocks."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER

    def keep(self, data: bytes) -> str:
        """Keep a photograph; its name. The same one again is the same file. Raises NoPhoto."""
        kind = picture_kind(data)
        if kind not in PHOTOGRAPHS or len(data) > LARGEST:
            raise NoPhoto("a photograph is a JPEG or a PNG of at most 16 MB")
        name = f"{hashlib.sha256(data).hexdigest()}.{kind}"
        if not (self._folder / name).exists():
            write_whole(self._folder / name, data)
        return name

    def find(self, name: str) -> Path | None:
        """The file of a photograph by the name that an entry holds; None when it is gone."""
        path = self._folder / name
        return path if NAME.fullmatch(name) and path.is_file() else None
