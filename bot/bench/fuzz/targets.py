"""The parsers, each with honest inputs to begin from. What one may raise is an error of ours; anything else is a finding."""

from __future__ import annotations

import asyncio
import io
import itertools
import re
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bot.database import open_database
from bot.foundation import untrusted
from bot.foundation.errors import GegeError
from bot.foundation.phone_numbers import phone_digits
from bot.grid.importer import rows_of_table
from bot.grid.workbooks import is_workbook
from bot.lines.ami import Ami, AmiAccount
from bot.lines.audiosocket import Frame, read_frame
from bot.lines.fastagi import AgiSession
from bot.lines.sip import digest, message, packet, rtp, sdp
from bot.notify.harmless import harmless
from bot.notify.links import Links
from bot.notify.masking import mask
from bot.notify.wecom_crypto import WeComCrypto
from bot.recordings.keys import Key, KeyRing
from bot.recordings.sealed import unseal
from bot.speech.archives import unpack
from bot.speech.decoder import _blocks, _mixed, _promised

#: the longest input (bytes)
LONGEST = 4096


@dataclass(frozen=True)
class Target:
    """`take` reads one input; `seeds` are honest ones."""

    name: str
    take: Callable[[bytes], None]
    seeds: tuple[bytes, ...]

    def hit(self, data: bytes) -> None:
        """Read it. Raises what is a finding, and nothing that Gege raises knowingly."""
        with suppress(GegeError):
            self.take(data)


class Disagrees(AssertionError):
    """A parser took something, and what it made of it does not hold."""


# ---- telephone ------------------------------------------------------------------------------------


def _sip(data: bytes) -> None:
    found = message.parse(data)
    for name, value in found.headers:
        message.parameter(value, "tag")
        for one in message.split_list(value) if name in ("via", "route", "record-route") else [value]:
            message.host_of(message.uri_of(one))
    if found.code:
        digest.challenge_of(found)
    else:
        answer = message.respond(found, 486, ("127.0.0.1", 5060))
        message.parse(answer.encode())
        message.answer_address(found, ("127.0.0.1", 5060))
    message.part_of(found, "application/sdp")


def _sdp(data: bytes) -> None:
    sdp.read(data)


def _rtp(data: bytes) -> None:
    """Many packets: each has its length before it (two bytes)."""
    receiver, at, now = rtp.Receiver(101, 0.0), 0, 0.0
    while at + 2 <= len(data):
        size = int.from_bytes(data[at : at + 2], "big") % 400
        found = packet.parse(data[at + 2 : at + 2 + size])
        at, now = at + 2 + size, now + 0.02
        events = [*(receiver.take(found, now) if found else ()), *receiver.fill(now)]
        if sum(len(getattr(one, "pcm", b"")) for one in events) > 16_000 * 30:
            raise Disagrees("one packet brings more than half a minute of sound")


def _reader(data: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=8192)
    reader.feed_data(data)
    reader.feed_eof()
    return reader


class _Loop:
    """One event loop for all inputs: a loop for each would be most of the time."""

    loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def run(cls, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        cls.loop = cls.loop or asyncio.new_event_loop()
        cls.loop.run_until_complete(work())


class _Nowhere:
    """A writer whose other side is never there."""

    def write(self, data: bytes) -> None:
        """Nobody reads it."""

    async def drain(self) -> None:
        """It is gone."""


_WRITER = cast(asyncio.StreamWriter, _Nowhere())


def _audiosocket(data: bytes) -> None:
    async def read() -> None:
        reader = _reader(data)
        while (frame := await read_frame(reader)) is not None:
            if Frame(frame.kind, frame.payload).encode() not in data:
                raise Disagrees("a frame that was never sent")

    _Loop.run(read)


def _fastagi(data: bytes) -> None:
    async def read() -> None:
        session = await AgiSession(_reader(data), _WRITER).begin()
        for _ in range(2):
            await session.variable("CALLERID(num)")

    _Loop.run(read)


def _ami(data: bytes) -> None:
    async def read() -> None:
        ami = Ami(AmiAccount("asterisk", 5038, "gege", "secret"), _reader(data), _WRITER)
        await ami.sign_in()
        while True:
            await ami.event()

    _Loop.run(read)


# ---- messengers, page, files ----------------------------------------------------------------------

CRYPTO = WeComCrypto("token", "A" * 43, "corp")
SIGNED_AT = 1_795_000_000


def _wecom(data: bytes) -> None:
    """signature, time, nonce and cipher text, a line each; then the same signed, as one who knows the token would."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    signature, time, nonce, sealed = [*lines, "", "", "", ""][:4]
    with suppress(GegeError):
        CRYPTO.decrypt(signature, time, nonce, sealed, SIGNED_AT)
    CRYPTO.decrypt(CRYPTO.signature(str(SIGNED_AT), nonce, sealed), str(SIGNED_AT), nonce, sealed, SIGNED_AT)


LINKS = Links(b"k" * 32, open_database("sqlite://"))


def _link(data: bytes) -> None:
    token = data.decode("utf-8", "surrogateescape")
    LINKS.read(token)
    raise Disagrees("a link that was not made here is taken")


#: what opens the sealed seed
KEYS = KeyRing((Key(b"k" * 32),))
SEALED_NAME = "2026/a"


def _sealed(data: bytes) -> None:
    unseal(data, SEALED_NAME, KEYS).wav()


def _json(data: bytes) -> None:
    untrusted.json_of(data, LONGEST)


def _table(data: bytes) -> None:
    rows_of_table("strangers.xlsx" if is_workbook(data) else "strangers.csv", data)


_LINK = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[/\\]{2}")


def _words(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    once = harmless(text)
    if harmless(once) != once or _LINK.search(once) or "<" in once:
        raise Disagrees("what was made harmless is not")
    for read in (mask, phone_digits, untrusted.typed, untrusted.number):
        read(text)


def _decoder(data: bytes) -> None:
    """What a decoder that was broken into may answer."""
    out = io.BytesIO(data)
    rate, channels = _promised(out, 60.0)
    for block in itertools.islice(_blocks(out, channels), 100):
        _mixed(block)
    if not 0 < rate <= 48_000 or not 0 < channels <= 2:
        raise Disagrees("a rate or channels that nobody records")


def _archive(data: bytes) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        file, folder = Path(name) / "model.zip", Path(name) / "model"
        file.write_bytes(data)
        folder.mkdir()
        try:
            unpack(file, folder)
        finally:
            if {one.name for one in Path(name).iterdir()} != {"model.zip", "model"}:
                raise Disagrees("something was written outside of the folder")


# ---- all of them ----------------------------------------------------------------------------------


def targets() -> tuple[Target, ...]:
    """Every parser, by name."""
    from bot.bench.fuzz.seeds import seeds

    takes = {
        "sip": _sip, "sdp": _sdp, "rtp": _rtp, "audiosocket": _audiosocket, "fastagi": _fastagi, "ami": _ami,
        "wecom": _wecom, "link": _link, "sealed": _sealed, "json": _json, "table": _table, "words": _words,
        "decoder": _decoder, "archive": _archive,
    }  # fmt: skip
    return tuple(Target(name, take, seeds(name)) for name, take in takes.items())


def planted() -> Target:
    """A parser with a hole, by which the bench shows that it would find one."""

    def take(data: bytes) -> None:
        if data[:1] == b"G" and data[1:2] == b"E" and data[2:3] == b"!":
            raise IndexError("planted")

    return Target("planted", take, (b"hello",))
