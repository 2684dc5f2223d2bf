"""A sealed recording: encrypted in pieces while it grows, so that a crash loses a second and never shows a word.

`header | piece | piece …`. The header names the key, not the secret; each file has a key of its own (HKDF over a
random salt), each piece is AES-256-GCM under its number, the last one under a last-piece mark. So pieces cannot be
changed, swapped, taken from another file, or cut off unnoticed."""

from __future__ import annotations

import datetime as dt
import io
import os
import secrets
import struct
import wave
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.foundation.errors import Broken
from bot.recordings.keys import Key, KeyRing

MAGIC = b"GEGEREC1"
#: magic, key id, salt, made at (Unix time, s), rate (Hz), channels
_HEADER = struct.Struct(">8s8s16sQIB")
_LENGTH = struct.Struct(">I")
_NONCE = struct.Struct(">B3xQ")
_LARGEST = 1 << 22
_TAG = 16


class NotSealed(Broken):
    """This is no sealed recording, or it was changed."""


@dataclass(frozen=True)
class Header:
    """What is known of a recording without its key."""

    key_id: bytes
    salt: bytes
    made_at: dt.datetime
    rate: int
    channels: int

    def encode(self) -> bytes:
        made = int(self.made_at.timestamp())
        return _HEADER.pack(MAGIC, self.key_id, self.salt, made, self.rate, self.channels)

    @classmethod
    def decode(cls, data: bytes) -> Header:
        """Raises NotSealed."""
        if len(data) < _HEADER.size or not data.startswith(MAGIC):
            raise NotSealed("no sealed recording")
        _, key_id, salt, made, rate, channels = _HEADER.unpack_from(data)
        try:
            return cls(key_id, salt, dt.datetime.fromtimestamp(made, dt.UTC), rate, channels)
        except (OverflowError, ValueError, OSError) as problem:
            raise NotSealed("its header makes no sense") from problem


def _cipher(key: Key, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"gege recording 1").derive(key.secret))


class SealedWriter:
    """Writes int16 little-endian samples (interleaved when there are two channels); nothing plain reaches the disk."""

    def __init__(self, path: Path, key: Key, rate: int, channels: int, made_at: dt.datetime) -> None:
        """Creates `path`, which must not exist; its folder comes into being."""
        header = Header(key.id, secrets.token_bytes(16), made_at, rate, channels).encode()
        self._cipher = _cipher(key, header[16:32])
        self._header = header
        self._count = 0
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")  # noqa: SIM115
        self._file.write(header)
        self._file.flush()

    def write(self, pcm: bytes) -> None:
        """One piece; when this returns, a crash of the process loses nothing of it."""
        if pcm:
            self._piece(pcm, last=False)

    def close(self) -> None:
        """Write the last piece and bring the file to the disk."""
        if self._file.closed:
            return
        self._piece(b"", last=True)
        os.fsync(self._file.fileno())
        self._file.close()

    def _piece(self, pcm: bytes, *, last: bool) -> None:
        data = self._cipher.encrypt(_NONCE.pack(last, self._count), pcm, self._header)
        self._count += 1
        self._file.write(_LENGTH.pack(len(data)) + data)
        self._file.flush()


@dataclass(frozen=True)
class Opened:
    """A recording, opened. `complete` is False when a crash cut it short."""

    pcm: bytes
    rate: int
    channels: int
    made_at: dt.datetime
    complete: bool

    def wav(self) -> bytes:
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setnchannels(self.channels)
            file.setsampwidth(2)
            file.setframerate(self.rate)
            file.writeframes(self.pcm)
        return out.getvalue()


def header_of(path: Path) -> Header:
    """Raises NotSealed, OSError."""
    with path.open("rb") as file:
        return Header.decode(file.read(_HEADER.size))


def unseal(data: bytes, keys: KeyRing) -> Opened:
    """Raises NotSealed for what was changed, KeyRefused when the key is not here."""
    header = Header.decode(data)
    cipher = _cipher(keys.key(header.key_id), header.salt)
    aad, at, count = data[: _HEADER.size], _HEADER.size, 0
    parts: list[bytes] = []
    while at + _LENGTH.size <= len(data):
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if not _TAG <= length <= _LARGEST:
            raise NotSealed(f"piece {count} has an impossible length")
        piece = data[at : at + length]
        at += length
        if len(piece) < length:
            break  # it was being written when the process died
        # Only the last piece is empty, and only it carries the mark.
        last = length == _TAG
        try:
            parts.append(cipher.decrypt(_NONCE.pack(last, count), piece, aad))
        except InvalidTag:
            raise NotSealed(f"piece {count} was changed") from None
        count += 1
        if last:
            if at != len(data):
                raise NotSealed("something was added behind its end")
            return Opened(b"".join(parts), header.rate, header.channels, header.made_at, True)
    return Opened(b"".join(parts), header.rate, header.channels, header.made_at, False)
