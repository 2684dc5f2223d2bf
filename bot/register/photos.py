"""Photographs of entries: one file each below GEGE_HOME, named by what they hold, readable by the service alone."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from pathlib import Path

from bot.foundation.errors import Refused

_KINDS = {b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png"}
_NAME = re.compile(r"[0-9a-f]{64}\.(jpg|png)")
#: a telephone's photograph that nothing made small on the way (bytes)
LARGEST = 16 * 1024 * 1024


class NoPhoto(Refused):
    """The bytes are no photograph, or far too many."""


class Photos:
    """Photographs of one site; blocks."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "register-photos"

    def keep(self, data: bytes) -> str:
        """Keep a photograph; its name. The same one again is the same file. Raises NoPhoto."""
        kind = next((kind for start, kind in _KINDS.items() if data.startswith(start)), None)
        if kind is None or len(data) > LARGEST:
            raise NoPhoto("a photograph is a JPEG or a PNG of at most 16 MB")
        name = f"{hashlib.sha256(data).hexdigest()}.{kind}"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / name
        if path.exists():
            return name
        part = path.with_suffix(f".{secrets.token_hex(4)}.part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        return name

    def find(self, name: str) -> Path | None:
        """The file of a photograph by the name that an entry holds; None when it is gone."""
        path = self._folder / name
        return path if _NAME.fullmatch(name) and path.is_file() else None
