"""Keys of a site's own in files of its own: made when they are first needed, the first line in use, the others still good."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from bot.foundation.files import write_whole

_BYTES = 32


def hex_keys(path: Path) -> tuple[bytes, ...]:
    """The keys of a file (64 hexadecimal digits a line), the newest first; a missing file is made. For the service alone.

    Raises ValueError for what is no key."""
    try:
        found = tuple(bytes.fromhex(line) for line in path.read_text("ascii").split())
    except FileNotFoundError:
        _make(path)
        return hex_keys(path)
    except ValueError:
        found = ()
    if not found or any(len(one) < _BYTES for one in found):
        raise ValueError(f"{path} is no key of 64 hexadecimal digits; remove it to make a new one")
    return found


def put_first(path: Path) -> bytes:
    """A new key in front of those that are there, which stay good; → it."""
    fresh = secrets.token_bytes(_BYTES)
    write_whole(path, "".join(f"{one.hex()}\n" for one in (fresh, *hex_keys(path))))
    return fresh


def leave_first(path: Path) -> int:
    """Only the newest key is good from now on; → how many are not any more."""
    first, *others = hex_keys(path)
    write_whole(path, f"{first.hex()}\n")
    return len(others)


def _make(path: Path) -> None:
    """Of two processes that make it at once, one wins and both use its key."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    write_whole(part, secrets.token_hex(_BYTES) + "\n")
    with contextlib.suppress(FileExistsError):
        os.link(part, path)
    part.unlink()
