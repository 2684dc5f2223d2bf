"""The AudioSocket front end, with bytes as Asterisk 22 sends them."""

from __future__ import annotations

import asyncio
import socket
import time
import uuid as uuids
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import numpy as np
import pytest

from bot.lines import audiosocket
from bot.lines.audiosocket import AudioSocketLine, AudioSocketServer, Frame, read_frame
from bot.lines.line import CallFacts, LineEvent, Pressed, Sounded
from tests.waiting import until

ID = uuids.UUID("40325ec2-5efd-4bd3-805f-53576e581d13")
#: captured from Asterisk: UUID frame, then 20 ms of slin
HELLO = bytes.fromhex("010010") + ID.bytes


class Answered:
    """Collects what a line hears, and may speak on it."""

    def __init__(self, speak: bytes = b"") -> None:
        self.speak = speak
        self.facts: list[CallFacts] = []
        self.events: list[LineEvent] = []
        self.lines: list[AudioSocketLine] = []
        self.over = asyncio.Event()

    async def __call__(self, line: AudioSocketLine, facts: CallFacts) -> None:
        self.facts.append(facts)
        self.lines.append(line)
        line.play(self.speak)
        async for event in line.events():
            self.events.append(event)
        self.over.set()

    @property
    def sound(self) -> bytes:
        return b"".join(each.pcm for each in self.events if isinstance(each, Sounded))


@asynccontextmanager
async def serving(
    answer: Callable[[AudioSocketLine, CallFacts], Awaitable[None]], **more: object
) -> AsyncIterator[AudioSocketServer]:
    server = AudioSocketServer("127.0.0.1", 0, answer, **more)  # type: ignore[arg-type]
    await server.start()
    try:
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def called(
    answered: Answered, first: bytes = b"", **more: object
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A call that was announced and has said its UUID, then what comes `first`."""
    async with serving(answered, **more) as server:
        server.announce(str(ID))
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(HELLO + first)
        yield reader, writer
        writer.close()


async def closed(reader: asyncio.StreamReader) -> bool:
    """Whether the server closed without a byte; a reset is a close with sound still unread."""
    try:
        return await asyncio.wait_for(reader.read(), 3.0) == b""
    except ConnectionResetError:
        return True


async def test_the_length_of_a_frame_is_big_endian_and_any() -> None:
    reader = asyncio.StreamReader()
    reader.feed_data(b"\x10\x01\xe0" + bytes(480) + b"\x03\x00\x01" + b"7" + b"\x00\x00\x00" + b"\x10\x01")
    reader.feed_eof()
    assert await read_frame(reader) == Frame(0x10, bytes(480))
    assert await read_frame(reader) == Frame(0x03, b"7")
    assert await read_frame(reader) == Frame(0x00)
    assert await read_frame(reader) is None
    assert Frame(0x10, bytes(320)).encode()[:3] == b"\x10\x01\x40"


async def test_only_an_announced_uuid_gets_in_and_only_once() -> None:
    answered = Answered()
    async with serving(answered) as server:
        server.announce(str(ID), "13971800123", "grid_24", "0715-1")
        for number in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(HELLO + b"\x10\x01\x40" + bytes(320))
            if number == 0:
                assert len(await asyncio.wait_for(reader.readexactly(3), 2.0)) == 3
            else:
                assert await closed(reader)
            writer.close()
    assert answered.facts == [CallFacts(str(ID), "13971800123", "grid_24", "0715-1")]


@pytest.mark.parametrize("name", [str(ID), ID.hex, str(ID).upper()])
async def test_a_uuid_in_letters_is_understood(name: str) -> None:
    answered = Answered()
    async with serving(answered) as server:
        server.announce(str(ID), "13971800123")
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(Frame(0x01, name.encode()).encode())
        await until(lambda: bool(answered.facts), 3.0)
        writer.close()
    assert answered.facts[0].caller == "13971800123"


@pytest.mark.parametrize("hello", [b"\x10\x01\x40" + bytes(320), b"\x01\x00\x04abcd", HELLO, b"GET / HTTP/1.1\r\n\r\n"])
async def test_strangers_are_closed(hello: bytes) -> None:
    answered = Answered()
    async with serving(answered) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(hello)
        writer.write_eof()
        assert await closed(reader)
        writer.close()
    assert answered.facts == []


async def test_a_network_that_is_not_allowed_is_closed() -> None:
    answered = Answered()
    async with serving(answered, allowed=("10.0.0.0/8",)) as server:
        server.announce(str(ID))
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(HELLO)
        assert await closed(reader)
        writer.close()


async def test_sound_and_keys_arrive_whatever_the_frame_length() -> None:
    answered = Answered()
    sound = np.arange(2400, dtype="<i2").tobytes()
    async with called(answered) as (_, writer):
        for start in range(0, len(sound), 480):
            writer.write(Frame(0x10, sound[start : start + 480]).encode())
        writer.write(Frame(0x10).encode() + Frame(0x42, b"x").encode() + Frame(0x03, b"#").encode())
        await until(lambda: Pressed("#") in answered.events, 3.0)
        assert answered.sound[: len(sound)] == sound
        writer.write(b"\x00\x00\x00")
        await asyncio.wait_for(answered.over.wait(), 2.0)


async def test_frames_that_end_within_a_sample_leave_the_sound_whole() -> None:
    answered = Answered()
    sound = np.arange(-1600, 1600, dtype="<i2").tobytes()
    async with called(answered) as (_, writer):
        for start in range(0, len(sound), 640):
            writer.write(Frame(0x10, sound[start : start + 319]).encode())
            writer.write(Frame(0x10, sound[start + 319 : start + 640]).encode())
        await until(lambda: len(answered.sound) >= len(sound), 3.0)
        assert answered.sound[: len(sound)] == sound


async def test_a_frame_of_the_greatest_length_is_many_short_events() -> None:
    answered = Answered()
    sound = np.arange(32_767, dtype="<i2").tobytes()
    async with called(answered, Frame(0x10, sound).encode()) as (_, writer):
        await until(lambda: len(answered.sound) >= len(sound), 3.0)
        assert answered.sound[: len(sound)] == sound
        assert max(len(each.pcm) for each in answered.events if isinstance(each, Sounded)) <= 1600


async def test_two_exchanges_with_one_uuid_get_one_call() -> None:
    answered = Answered()
    async with serving(answered) as server:
        server.announce(str(ID))
        lines = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
        for _, writer in lines:
            writer.write(HELLO)
        heard = await asyncio.gather(*(_heard(reader) for reader, _ in lines))
        assert sorted(heard) == [0, 1]
        assert server.refused == {"unknown UUID": 1}
        for _, writer in lines:
            writer.close()


async def _heard(reader: asyncio.StreamReader) -> int:
    """Frames that came, one at most; a reset is a close."""
    try:
        return int(await asyncio.wait_for(read_frame(reader), 3.0) is not None)
    except ConnectionResetError:
        return 0


async def test_an_exchange_that_sends_nothing_after_the_uuid_hears_gege_and_is_taken_for_silence() -> None:
    answered = Answered(speak=np.full(800, 77, "<i2").tobytes())
    async with called(answered, pace=4.0) as (reader, writer):
        heard = await asyncio.wait_for(reader.readexactly(323 * 20), 3.0)
        assert b"\x4d\x00" * 160 in heard
        await until(lambda: len(answered.sound) > 8000, 3.0)
        assert not any(answered.sound)
        writer.close()
        await asyncio.wait_for(answered.over.wait(), 3.0)


async def test_an_exchange_that_reads_nothing_loses_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audiosocket, "_UNREAD_MS", 500)
    answered = Answered()
    async with serving(answered, pace=200.0) as server:
        server.announce(str(ID))
        with socket.socket() as exchange:
            exchange.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            exchange.connect(("127.0.0.1", server.port))
            exchange.sendall(HELLO)
            await asyncio.wait_for(answered.over.wait(), 15.0)
            await until(lambda: not server.open, 3.0)


async def test_who_never_says_a_uuid_gives_way_the_oldest_first() -> None:
    answered = Answered()
    async with serving(answered, most=20) as server:
        silent = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(20)]
        await asyncio.sleep(0.1)
        server.announce(str(ID))
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(HELLO)
        await until(lambda: bool(answered.facts), 3.0)
        assert await closed(silent[0][0]), "the oldest"
        assert server.open == 20 and server.refused == {"flood": 1}
        await until(lambda: server.refused["silent"] == 19, 3.0)
        for _, other in (*silent, (None, writer)):
            other.close()


async def test_sixteen_kilohertz_is_answered_in_sixteen() -> None:
    answered = Answered(speak=np.full(3200, 77, "<i2").tobytes())
    async with called(answered, Frame(0x12, bytes(640)).encode()) as (reader, writer):
        frames = [await read_frame(reader) for _ in range(12)]
        assert {(frame.kind, len(frame.payload)) for frame in frames if frame} == {(0x12, 640)}
        spoken = np.frombuffer(b"".join(frame.payload for frame in frames if frame), "<i2")
        assert (spoken == 77).sum() == 3200


async def test_other_rates_are_resampled_both_ways() -> None:
    answered = Answered(speak=np.full(3200, 3000, "<i2").tobytes())
    async with called(answered) as (reader, writer):
        for _ in range(20):
            writer.write(Frame(0x16, np.full(960, 5000, "<i2").tobytes()).encode())
        frame = await read_frame(reader)
        assert frame is not None and (frame.kind, len(frame.payload)) == (0x16, 1920)
        await until(lambda: len(answered.sound) > 8000, 3.0)
        assert answered.lines[0].rate == 16000


async def test_gege_always_sends_one_frame_every_20_ms_and_silence_has_no_gaps() -> None:
    answered = Answered()
    async with called(answered, Frame(0x10, bytes(320)).encode()) as (reader, writer):
        await read_frame(reader)
        began, frames = time.monotonic(), 0
        while time.monotonic() - began < 1.0:
            frame = await read_frame(reader)
            assert frame == Frame(0x10, bytes(320))
            frames += 1
        assert 46 <= frames <= 56


async def test_a_silent_telephone_becomes_zeros_on_the_clock() -> None:
    answered = Answered()
    async with called(answered, Frame(0x10, b"\x01\x00" * 160).encode(), pace=4.0) as (_, writer):
        await asyncio.sleep(0.5)
        heard = np.frombuffer(answered.sound, "<i2")
        assert heard[:160].all() and not heard[160:].any()
        assert 1.0 < len(heard) / 8000 < 2.4


async def test_dropped_sound_never_leaves_and_is_told() -> None:
    answered = Answered(speak=np.full(16000, 77, "<i2").tobytes())
    async with called(answered, Frame(0x10, bytes(320)).encode()) as (reader, writer):
        for _ in range(5):
            await read_frame(reader)
        line = answered.lines[0]
        waiting = line.play(bytes(320))
        line.drop()
        assert waiting.over.is_set() and not waiting.complete
        frames = [await read_frame(reader) for _ in range(8)]
        assert frames[-1] == Frame(0x10, bytes(320))
        await line.hang_up()
        rest = await asyncio.wait_for(reader.read(), 2.0)
        assert rest.endswith(b"\x00\x00\x00")
