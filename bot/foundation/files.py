"""Writing a file in one piece."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_whole(file: Path, content: str | bytes, *, mode: int = 0o600) -> None:
    """Write a file so that a reader, or whoever comes after a power cut, finds the old content or the new one; of two who
    write at once, the later one's."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # The ending keeps it out of a backup (bot/commands/archive.py).
    beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    try:
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as handle:
            handle.write(content.encode() if isinstance(content, str) else content)
            handle.flush()
            os.fsync(handle.fileno())
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
