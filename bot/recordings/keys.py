"""The keys that recordings are sealed with; they live outside the database and outside the recordings."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from bot.foundation.errors import Refused
from bot.foundation.files import write_whole
from bot.settings import Settings

#: a key in the environment comes before the one in the file
VARIABLE = "GEGE_RECORDING_KEY"
_BYTES = 32
_REMARK = (
    "# Opens the recordings of this site. One key a line, the first seals, the others only open. Lose none of them.\n"
)


class KeyRefused(Refused):
    """There is no usable key; the message says what to do."""


@dataclass(frozen=True)
class Key:
    """One 256-bit key; `id` names it in the header of what it sealed and tells nothing about it."""

    secret: bytes

    @property
    def id(self) -> bytes:
        return hashlib.sha256(b"gege recording key id\x00" + self.secret).digest()[:8]


@dataclass(frozen=True)
class KeyRing:
    """The key that seals, and those that still open what was sealed before."""

    keys: tuple[Key, ...]

    @property
    def current(self) -> Key:
        return self.keys[0]

    def key(self, id: bytes) -> Key:
        """Raises KeyRefused for a key that is not here."""
        for one in self.keys:
            if one.id == id:
                return one
        raise KeyRefused(f"sealed with key {id.hex()}, which is not here: put it back into the key file")


def key_file(settings: Settings) -> Path:
    """Where the site's keys lie."""
    chosen = settings.recording.key_file
    return Path(chosen).expanduser() if chosen else settings.home / "keys" / "recording.key"


def load_keys(settings: Settings) -> KeyRing:
    """The site's keys; the first call of a new site makes one. Raises KeyRefused."""
    found: list[Key] = []
    if given := os.environ.get(VARIABLE):
        found.append(_key(given, VARIABLE))
    file = key_file(settings)
    if not found and not file.exists():
        _make(file)
    if file.exists():
        found += _read(file)
    if not found:
        raise KeyRefused(f"{file} holds no key; put a copy back, or move it away and a new one is made")
    return KeyRing(tuple(dict.fromkeys(found)))


def add_key(settings: Settings) -> Key:
    """A new key that seals from now on; those that are there still open. Raises KeyRefused."""
    fresh = Key(secrets.token_bytes(_BYTES))
    _write(settings, [fresh, *_own(settings)])
    return fresh


def leave_current(settings: Settings) -> int:
    """Only the key that seals is kept; → how many went. Raises KeyRefused."""
    first, *others = _own(settings)
    _write(settings, [first])
    return len(others)


def _own(settings: Settings) -> list[Key]:
    if os.environ.get(VARIABLE):
        raise KeyRefused(
            f"the key comes from {VARIABLE}: put a new one there, and the old one into {key_file(settings)}"
        )
    return list(load_keys(settings).keys)


def _write(settings: Settings, keys: list[Key]) -> None:
    lines = "".join(base64.b64encode(one.secret).decode() + "\n" for one in keys)
    write_whole(key_file(settings), _REMARK + lines)


def _read(file: Path) -> list[Key]:
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise KeyRefused(f"{file} can be read by others: chmod 600 {file}")
        lines = file.read_text("ascii").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise KeyRefused(f"{file} cannot be read ({problem})") from problem
    return [_key(line, str(file)) for line in lines if line.strip() and not line.startswith("#")]


def _key(text: str, where: str) -> Key:
    try:
        secret = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != _BYTES:
        raise KeyRefused(f"{where} holds something that is no key (base64 of {_BYTES} bytes)")
    return Key(secret)


def _make(file: Path) -> None:
    """Whole or not at all; of two processes that make it at once, one wins and both use its key."""
    part = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
            stream.write(_REMARK + base64.b64encode(secrets.token_bytes(_BYTES)).decode() + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(part, file)
    except OSError as problem:
        raise KeyRefused(f"{file} cannot be made ({problem}); recordings need a key") from problem
    finally:
        part.unlink(missing_ok=True)
