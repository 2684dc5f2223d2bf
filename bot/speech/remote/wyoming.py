"""Wyoming's form: lines of JSON and sound over TCP. It knows no encryption and no passwords, so only near addresses are used.

Facts: rhasspy/wyoming, README.md and wyoming/event.py: a header line, then `data_length` bytes of JSON, then
`payload_length` bytes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from bot.speech.port import HeardSpeech
from bot.speech.remote.address import Address, looked_up
from bot.speech.remote.answer import LARGEST, object_of, text_of
from bot.speech.remote.failed import RemoteFailed, Way
from bot.speech.remote.session import RATE, Link, RemoteSession

_FORMAT = {"rate": RATE, "width": 2, "channels": 1}
_CONNECT_S = 3.0


class WyomingSession(RemoteSession):
    """Streamed; the text comes after the end."""

    async def converse(self) -> HeardSpeech:
        """Transcribe, sound, and the transcript."""
        async with connected(self.link.address) as (reader, writer):
            asked = {"language": "zh", **({"name": self.link.settings.model} if self.link.settings.model else {})}
            writer.write(event("transcribe", asked) + event("audio-start", _FORMAT))
            stopped = False

            async def send() -> None:
                nonlocal stopped
                async for piece in self.pieces():
                    writer.write(event("audio-chunk", _FORMAT, piece))
                    await writer.drain()
                stopped = True
                writer.write(event("audio-stop", {}))
                await writer.drain()

            sending = asyncio.create_task(send())
            try:
                while True:
                    kind, data = await next_event(reader)
                    if kind == "error":
                        raise RemoteFailed(Way.error)
                    if kind == "transcript-chunk":
                        self.partial += text_of(data)
                    if kind == "transcript":
                        if not stopped:
                            raise RemoteFailed(Way.foreign)  # nothing can be the whole before the end
                        return HeardSpeech(text_of(data))
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)


async def models(link: Link) -> list[str]:
    """Names of the models that the server says it has. Raises RemoteFailed, OSError, …"""
    async with connected(link.address) as (reader, writer):
        writer.write(event("describe", {}))
        await writer.drain()
        while True:
            kind, data = await next_event(reader)
            if kind == "info":
                break
    programs = data.get("asr")
    found = [
        row
        for program in (programs if isinstance(programs, list) else [])
        if isinstance(program, dict) and isinstance(program.get("models"), list)
        for row in program["models"]
    ]
    return [str(row["name"])[:80] for row in found[:20] if isinstance(row, dict) and isinstance(row.get("name"), str)]


def event(kind: str, data: dict[str, Any], payload: bytes = b"") -> bytes:
    """One event as it goes over the wire."""
    body = json.dumps(data, ensure_ascii=False).encode() if data else b""
    header: dict[str, Any] = {"type": kind}
    if body:
        header["data_length"] = len(body)
    if payload:
        header["payload_length"] = len(payload)
    return json.dumps(header).encode() + b"\n" + body + payload


async def next_event(reader: asyncio.StreamReader) -> tuple[str, dict[str, Any]]:
    """The next event: its type and its data. Raises RemoteFailed."""
    kind, data, _ = await event_with_sound(reader)
    return kind, data


async def event_with_sound(reader: asyncio.StreamReader) -> tuple[str, dict[str, Any], bytes]:
    """The next event: its type, its data, and what it carries. Raises RemoteFailed."""
    try:
        line = await reader.readline()
    except ValueError:
        raise RemoteFailed(Way.size) from None  # longer than the reader's limit
    if not line:
        raise RemoteFailed(Way.gone)
    header = object_of(line)
    kind, data = header.get("type"), header.get("data") or {}
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise RemoteFailed(Way.form, "event")
    more = await reader.readexactly(_length(header, "data_length"))
    payload = await reader.readexactly(_length(header, "payload_length"))
    return kind, {**data, **(object_of(more) if more else {})}, payload


def _length(header: dict[str, Any], key: str) -> int:
    length = header.get(key) or 0
    if not isinstance(length, int) or length < 0:
        raise RemoteFailed(Way.form, key)
    if length > LARGEST:
        raise RemoteFailed(Way.size)
    return length


@contextlib.asynccontextmanager
async def connected(address: Address) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    where = await looked_up(address.host, address.port, address.encrypted)
    async with asyncio.timeout(_CONNECT_S):
        reader, writer = await _first_that_answers([(host, port) for _, host, port in where])
    try:
        yield reader, writer
    finally:
        writer.close()


async def _first_that_answers(places: list[tuple[str, int]]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    problem: OSError = ConnectionRefusedError()
    for host, port in places:
        try:
            return await asyncio.open_connection(host, port, limit=LARGEST)
        except OSError as refused:
            problem = refused
    raise problem
