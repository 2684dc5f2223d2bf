"""Digest access (RFC 2617, 7616, 8760): the answer to a challenge of a trunk. Pure."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from bot.lines.sip.message import Message

_HASHES: dict[str, Callable[[bytes], str]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}


@dataclass(frozen=True)
class Challenge:
    header: str
    realm: str
    nonce: str
    algorithm: str = "MD5"
    opaque: str | None = None
    qop: bool = False
    stale: bool = False


def challenge_of(response: Message) -> Challenge | None:
    """The first challenge that we can answer; None without one."""
    for name, header in (("www-authenticate", "authorization"), ("proxy-authenticate", "proxy-authorization")):
        for value in response.all(name):
            scheme, _, rest = value.strip().partition(" ")
            found = {
                key.lower(): re.sub(r"\\(.)", r"\1", quoted) if quoted or not bare else bare
                for key, quoted, bare in re.findall(r'([\w-]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^,\s"]+))', rest)
            }
            algorithm = found.get("algorithm", "MD5").upper()
            offered = [one.strip().lower() for one in found.get("qop", "").split(",") if one.strip()]
            if scheme.lower() != "digest" or "nonce" not in found or algorithm not in _HASHES:
                continue
            if offered and "auth" not in offered:
                continue
            return Challenge(
                header, found.get("realm", ""), found["nonce"], algorithm, found.get("opaque"), bool(offered),
                found.get("stale", "").lower() == "true",
            )  # fmt: skip
    return None


def answer(
    challenge: Challenge, method: str, uri: str, user: str, password: str, *, count: int = 1, cnonce: str = ""
) -> tuple[str, str]:
    """Header name and value."""
    hashed = _HASHES[challenge.algorithm]
    first = hashed(f"{user}:{challenge.realm}:{password}".encode())
    second = hashed(f"{method}:{uri}".encode())
    cnonce = cnonce or secrets.token_hex(8)
    middle = f"{challenge.nonce}:{count:08x}:{cnonce}:auth" if challenge.qop else challenge.nonce
    parts = [
        f'username="{_quoted(user)}"', f'realm="{_quoted(challenge.realm)}"', f'nonce="{_quoted(challenge.nonce)}"',
        f'uri="{uri}"', f'response="{hashed(f"{first}:{middle}:{second}".encode())}"',
        f"algorithm={challenge.algorithm}",
    ]  # fmt: skip
    if challenge.opaque is not None:
        parts.append(f'opaque="{_quoted(challenge.opaque)}"')
    if challenge.qop:
        parts += ["qop=auth", f"nc={count:08x}", f'cnonce="{cnonce}"']
    return challenge.header, "Digest " + ", ".join(parts)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
