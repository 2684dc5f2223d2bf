"""Archives that only a key kept elsewhere opens: sealed to a public key, signed by the site, read in pieces.

`magic | one-time public key | piece | piece … | signature`. The archive's key is agreed on by X25519 between a key that
is used once and the one whose private half the site does not have (HKDF-SHA256 over both); each piece is
ChaCha20-Poly1305 under its number, the last one under a last-piece mark, as recordings are (bot/recordings/sealed.py). The
signature (Ed25519) is over the SHA-512 of all before it, and is looked at before anything is opened."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.foundation.errors import Refused
from bot.foundation.files import write_whole

MAGIC = b"GEGEBAK1"
_PIECE = 1 << 20
_TAG = 16
_LENGTH = struct.Struct(">I")
_NONCE = struct.Struct(">B3xQ")
_SIGNATURE = 64
_HEADER = len(MAGIC) + 32
#: what the site has of it, in GEGE_HOME
SITE_FILE = Path("keys") / "backup.key"
_OPENS = "# Opens the backups of a site, and tells whether they are its own. Keep it apart from the site and from the backups.\n"
_SEALS = "# Seals and signs this site's backups; it opens none of them.\n"


class NotOpened(Refused):
    """An archive, or a key; the message says what is wrong with it."""


@dataclass(frozen=True)
class Seals:
    """What the site has: whom it seals to, and what it signs with."""

    to: X25519PublicKey
    signs: Ed25519PrivateKey


@dataclass(frozen=True)
class Opens:
    """What is kept apart: what opens an archive, and what tells whose it is."""

    opens: X25519PrivateKey
    verifies: Ed25519PublicKey


def make_pair(home: Path, apart: Path) -> None:
    """A new pair of files: from now on backups are sealed. Older archives need the older file that opened them.

    Raises NotOpened when `apart` is there."""
    if apart.exists():
        raise NotOpened(f"{apart} is there already; name another file, or the archives that it opens are lost")
    if apart.resolve().is_relative_to(home.resolve()):
        raise NotOpened(f"{apart} lies in GEGE_HOME: whoever has the site would open its backups")
    opens, signs = X25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    write_whole(
        apart,
        _OPENS + _line("opens", opens.private_bytes_raw()) + _line("verifies", signs.public_key().public_bytes_raw()),
    )
    write_whole(
        home / SITE_FILE,
        _SEALS + _line("to", opens.public_key().public_bytes_raw()) + _line("signs", signs.private_bytes_raw()),
    )


def seals_of(home: Path) -> Seals | None:
    """How this site seals its backups; None when it does not. Raises NotOpened for a damaged key."""
    file = home / SITE_FILE
    if not file.exists():
        return None
    found = _read(file, ("to", "signs"))
    return Seals(X25519PublicKey.from_public_bytes(found["to"]), Ed25519PrivateKey.from_private_bytes(found["signs"]))


def opens_of(file: Path) -> Opens:
    """The key that is kept apart. Raises NotOpened."""
    found = _read(file, ("opens", "verifies"))
    return Opens(
        X25519PrivateKey.from_private_bytes(found["opens"]), Ed25519PublicKey.from_public_bytes(found["verifies"])
    )


def is_sealed(file: Path) -> bool:
    """Whether a file begins as a sealed archive does."""
    with file.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def seal(plain: Path, sealed: Path, seals: Seals) -> None:
    """Write `sealed` (mode 600, on the disk when this returns) from `plain`."""
    once = X25519PrivateKey.generate()
    header = MAGIC + once.public_key().public_bytes_raw()
    cipher = _cipher(once.exchange(seals.to), header[len(MAGIC) :], seals.to)
    with plain.open("rb") as source, open(os.open(sealed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        digest = hashlib.sha512(header)
        out.write(header)
        count, piece = 0, source.read(_PIECE)
        while True:
            following = source.read(_PIECE)
            data = cipher.encrypt(_NONCE.pack(not following, count), piece, header)
            for part in (_LENGTH.pack(len(data)), data):
                digest.update(part)
                out.write(part)
            count += 1
            if not following:
                break
            piece = following
        out.write(seals.signs.sign(digest.digest()))
        out.flush()
        os.fsync(out.fileno())


def open_sealed(sealed: Path, plain: Path, key: Opens) -> None:
    """Write `plain` from `sealed`, once the signature was found to be the site's. Raises NotOpened; nothing is left then."""
    with sealed.open("rb") as source:
        size = os.fstat(source.fileno()).st_size - _SIGNATURE
        _verify(source, size, sealed, key)
        source.seek(0)
        header = source.read(_HEADER)
        public = X25519PublicKey.from_public_bytes(header[len(MAGIC) :])
        cipher = _cipher(key.opens.exchange(public), header[len(MAGIC) :], key.opens.public_key())
        try:
            with open(os.open(plain, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                _open_pieces(source, size, out, cipher, header)
        except (InvalidTag, struct.error):
            plain.unlink(missing_ok=True)
            raise NotOpened(f"{sealed}: is not sealed to this key; take the one that was made with it") from None


def _verify(source: IO[bytes], size: int, sealed: Path, key: Opens) -> None:
    if size < _HEADER or source.read(len(MAGIC)) != MAGIC:
        raise NotOpened(f"{sealed}: is no sealed archive, or was cut short")
    source.seek(0)
    digest, left = hashlib.sha512(), size
    while left:
        part = source.read(min(_PIECE, left))
        digest.update(part)
        left -= len(part)
    try:
        key.verifies.verify(source.read(_SIGNATURE), digest.digest())
    except InvalidSignature:
        raise NotOpened(
            f"{sealed}: its signature is not this site's, or it was changed or cut short; nothing was changed"
        ) from None


def _open_pieces(source: IO[bytes], size: int, out: IO[bytes], cipher: ChaCha20Poly1305, header: bytes) -> None:
    count, at = 0, _HEADER
    while at < size:
        (length,) = _LENGTH.unpack(source.read(_LENGTH.size))
        if not _TAG <= length <= _PIECE + _TAG:
            raise InvalidTag
        at += _LENGTH.size + length
        out.write(cipher.decrypt(_NONCE.pack(at >= size, count), source.read(length), header))
        count += 1
    out.flush()
    os.fsync(out.fileno())


def _cipher(shared: bytes, once: bytes, to: X25519PublicKey) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(HKDF(SHA256(), 32, once + to.public_bytes_raw(), b"gege backup 1").derive(shared))


def _line(name: str, key: bytes) -> str:
    return f"{name} {base64.b64encode(key).decode()}\n"


def _read(file: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    try:
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise NotOpened(f"{file} can be read by others: chmod 600 {file}")
        rows = (line.split() for line in file.read_text("ascii").splitlines() if not line.startswith("#"))
        found = {row[0]: base64.b64decode(row[1], validate=True) for row in rows if len(row) == 2}
    except (OSError, UnicodeDecodeError, binascii.Error, ValueError) as problem:
        raise NotOpened(f"{file} cannot be read as a key ({type(problem).__name__})") from problem
    if set(found) != set(names) or any(len(one) != 32 for one in found.values()):
        raise NotOpened(f"{file} is no key for backups ({' and '.join(names)}); gege keys backup makes one")
    return found
