"""A sealed recording: encrypted in pieces while it grows, so that a crash loses a second and never shows a word.

`header | piece | piece …`. Each file has a random key of its own, which lies in the header, wrapped (RFC 3394) by the
site's key that the header names: another key of the site wraps it anew without a piece being touched (`rewrap`). Each
piece is AES-256-GCM under its number, the last one under a last-piece mark, all of them bound to the recording's name.
So pieces cannot be changed, swapped, taken from another file, or cut off unnoticed, and a storage elsewhere cannot hand
out one recording for another.

Files of the first form (GEGEREC1: the key derived from the site's, no wrapping, no name) are still opened."""

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
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from bot.foundation.errors import Broken
from bot.recordings.keys import Key, KeyRing

FIRST, MAGIC = b"GEGEREC1", b"GEGEREC2"
#: magic, key id, wrapped key of the file, made at (Unix time, s), rate (Hz), channels
_HEADER = struct.Struct(">8s8s40sQIB")
#: of the first form, with a salt in place of the wrapped key
_FIRST_HEADER = struct.Struct(">8s8s16sQIB")
#: what a new key of the site changes: key id and wrapped key
_WRAPPING = slice(8, 56)
#: so many bytes of a recording tell all that `Header` knows
HEADER_BYTES = _HEADER.size
_LENGTH = struct.Struct(">I")
_NONCE = struct.Struct(">B3xQ")
_LARGEST = 1 << 22
_TAG = 16

#: rate (Hz) and channels of anything that is recorded here
_HIGHEST_RATE, _MOST_CHANNELS = 192_000, 2


class NotSealed(Broken):
    """This is no sealed recording, or it was changed."""


@dataclass(frozen=True)
class Header:
    """What is known of a recording without its key. `wrapped`: the file's own key; of the first form, the salt."""

    key_id: bytes
    wrapped: bytes
    made_at: dt.datetime
    rate: int
    channels: int
    first_form: bool = False

    def encode(self) -> bytes:
        made = int(self.made_at.timestamp())
        form = _FIRST_HEADER if self.first_form else _HEADER
        magic = FIRST if self.first_form else MAGIC
        return form.pack(magic, self.key_id, self.wrapped, made, self.rate, self.channels)

    @property
    def size(self) -> int:
        return (_FIRST_HEADER if self.first_form else _HEADER).size

    def bound(self, name: str) -> bytes:
        """What every piece is bound to: all but the wrapping, which changes with the site's key."""
        whole = self.encode()
        return whole if self.first_form else whole[:8] + whole[_WRAPPING.stop :] + name.encode()

    @classmethod
    def decode(cls, data: bytes) -> Header:
        """Raises NotSealed."""
        first_form = data.startswith(FIRST)
        form = _FIRST_HEADER if first_form else _HEADER
        if len(data) < form.size or not (first_form or data.startswith(MAGIC)):
            raise NotSealed("no sealed recording")
        _, key_id, wrapped, made, rate, channels = form.unpack_from(data)
        try:
            return cls(key_id, wrapped, dt.datetime.fromtimestamp(made, dt.UTC), rate, channels, first_form)
        except (OverflowError, ValueError, OSError) as problem:
            raise NotSealed("its header makes no sense") from problem


def _derived(key: Key, salt: bytes, purpose: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt, purpose).derive(key.secret)


def _wrapping_key(key: Key) -> bytes:
    return _derived(key, b"", b"gege recording wrapping 2")


def _own_key(header: Header, keys: KeyRing) -> bytes:
    """The file's own key. Raises KeyRefused, NotSealed."""
    key = keys.key(header.key_id)
    if header.first_form:
        return _derived(key, header.wrapped, b"gege recording 1")
    try:
        return aes_key_unwrap(_wrapping_key(key), header.wrapped)
    except InvalidUnwrap:
        raise NotSealed("its key was changed") from None


def rewrap(beginning: bytes, keys: KeyRing) -> bytes | None:
    """The beginning of a recording (HEADER_BYTES at least) as it shall be under the site's current key, as long as
    before; None: it is. The pieces behind it stay as they are.

    Raises NotSealed (also for the first form, which has no key of its own to wrap), KeyRefused."""
    header = Header.decode(beginning)
    if header.first_form:
        raise NotSealed("sealed in the first form, which keeps its key until its term is over")
    if header.key_id == keys.current.id:
        return None
    wrapping = keys.current.id + aes_key_wrap(_wrapping_key(keys.current), _own_key(header, keys))
    return beginning[: _WRAPPING.start] + wrapping + beginning[_WRAPPING.stop :]


class SealedWriter:
    """Writes int16 little-endian samples (interleaved when there are two channels); nothing plain reaches the disk."""

    def __init__(self, path: Path, name: str, key: Key, rate: int, channels: int, made_at: dt.datetime) -> None:
        """Creates `path`, which must not exist; its folder comes into being. It opens under this name only."""
        own = secrets.token_bytes(32)
        header = Header(key.id, aes_key_wrap(_wrapping_key(key), own), made_at, rate, channels)
        self._cipher = AESGCM(own)
        self._bound = header.bound(name)
        self._count = 0
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")  # noqa: SIM115
        self._file.write(header.encode())
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
        data = self._cipher.encrypt(_NONCE.pack(last, self._count), pcm, self._bound)
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
        """Raises NotSealed where the header was changed, and no whole piece is there that would have said so."""
        if not 0 < self.rate <= _HIGHEST_RATE or not 0 < self.channels <= _MOST_CHANNELS:
            raise NotSealed("its header makes no sense")
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
        return Header.decode(file.read(HEADER_BYTES))


def unseal(data: bytes, name: str, keys: KeyRing) -> Opened:
    """Raises NotSealed for what was changed or has another name, KeyRefused when the key is not here."""
    header = Header.decode(data)
    cipher = AESGCM(_own_key(header, keys))
    bound, at, count = header.bound(name), header.size, 0
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
            parts.append(cipher.decrypt(_NONCE.pack(last, count), piece, bound))
        except InvalidTag:
            raise NotSealed(f"piece {count} was changed") from None
        count += 1
        if last:
            if at != len(data):
                raise NotSealed("something was added behind its end")
            return Opened(b"".join(parts), header.rate, header.channels, header.made_at, True)
    return Opened(b"".join(parts), header.rate, header.channels, header.made_at, False)
