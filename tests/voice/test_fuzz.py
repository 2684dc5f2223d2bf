"""Bytes that no Asterisk would send: no crash, no hang, no other call ended. GEGE_FUZZ=100000 makes it long."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import tracemalloc
import uuid as uuids
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.lines.audiosocket import AudioSocketLine, AudioSocketServer, Frame
from bot.lines.client import Key, place_call
from bot.lines.line import CallFacts, Pressed, Sounded
from bot.settings import Settings
from bot.voice.call import answering
from tests.leaks import open_files
from tests.voice.doubles import NotingDesk, NotingIntake, ScriptedDialogue, ScriptedRecogniser, ToneVoice, reply

# Hundreds of calls.
pytestmark = pytest.mark.slow

CASES = int(os.environ.get("GEGE_FUZZ", "1500"))

kinds = st.sampled_from([0x00, 0x01, 0x03, 0x10, 0x11, 0x12, 0x13, 0x16, 0x18, 0x42, 0xFF])
frames = st.builds(lambda kind, payload: Frame(kind, payload).encode(), kinds, st.binary(max_size=700))
#: a length that promises more, or less, than follows
liars = st.builds(lambda kind, length, rest: bytes([kind]) + length.to_bytes(2, "big") + rest, kinds,
                  st.integers(0, 65535), st.binary(max_size=40))  # fmt: skip
streams = st.lists(st.one_of(frames, liars, st.binary(max_size=50)), max_size=20)


class _Wire:
    """A writer that keeps what is written."""

    def __init__(self) -> None:
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed or data == b"\x00\x00\x00"

    async def drain(self) -> None:
        await asyncio.sleep(0)

    def close(self) -> None:
        self.closed = True


async def _listen(pieces: list[bytes]) -> list[object]:
    reader = asyncio.StreamReader()
    for piece in pieces:
        reader.feed_data(piece)
    reader.feed_eof()
    line = AudioSocketLine(reader, _Wire(), pace=1000.0)  # type: ignore[arg-type]
    await line.start()
    found: list[object] = []

    async def listen() -> None:
        async for event in line.events():
            found.append(event)

    await asyncio.wait_for(listen(), 5.0)
    await line.hang_up()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return found


#: hypothesis runs its cases one after the other; a loop for each would be most of the time
_loop = asyncio.new_event_loop()


@hypothesis_settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(streams)
def test_fuzzed_frames_end_the_line_in_peace(pieces: list[bytes]) -> None:
    for event in _loop.run_until_complete(_listen(pieces)):
        assert isinstance(event, Sounded | Pressed)
        if isinstance(event, Sounded):
            assert len(event.pcm) % 2 == 0


class Site:
    def __init__(self, home: Path) -> None:
        self.desk = NotingDesk()
        self.parts = {
            "dialogue": ScriptedDialogue([reply("记下了。", ended=True, ticket_no="GD1")]),
            "recogniser": ScriptedRecogniser([]), "voice": ToneVoice(0.1), "desk": self.desk,
            "intake": NotingIntake(), "settings": Settings(home=home),
        }  # fmt: skip
        self.server = AudioSocketServer("127.0.0.1", 0, answering(**self.parts), pace=40.0, most=60)


async def test_fuzz_on_the_wire_ends_no_other_call(tmp_path: Path) -> None:
    heard: list[CallFacts] = []

    async def endless(line: AudioSocketLine, facts: CallFacts) -> None:
        heard.append(facts)
        async for _ in line.events():
            pass

    server = AudioSocketServer("127.0.0.1", 0, endless)
    await server.start()
    draw = __import__("random").Random(5)
    try:
        good = str(uuids.uuid4())
        server.announce(good)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(Frame(0x01, uuids.UUID(good).bytes).encode())
        for _ in range(300):
            _, bad = await asyncio.open_connection("127.0.0.1", server.port)
            name = uuids.uuid4()
            if draw.random() < 0.5:
                server.announce(str(name))
            bad.write(Frame(0x01, name.bytes).encode() + draw.randbytes(draw.randrange(400)))
            bad.close()
        writer.write(Frame(0x10, bytes(320)).encode())
        assert await asyncio.wait_for(reader.readexactly(3), 3.0) == b"\x10\x01\x40"
        assert server.open >= 1
        writer.close()
    finally:
        await server.close()


async def test_a_flood_of_connections_is_capped_and_the_calls_that_are_open_go_on(tmp_path: Path) -> None:
    site = Site(tmp_path)
    await site.server.start()
    try:
        idle = [await asyncio.open_connection("127.0.0.1", site.server.port) for _ in range(150)]
        await asyncio.sleep(0.1)
        assert site.server.open <= 60 and site.server.refused["flood"] == 90
        for _, writer in idle:
            writer.close()
        await asyncio.sleep(0.1)
        name = str(uuids.uuid4())
        site.server.announce(name)
        placed = await place_call("127.0.0.1", site.server.port, name, [Key("1")], pace=40.0)
        assert placed.hung_up_by_gege
    finally:
        await site.server.close()


async def test_two_hundred_short_calls_leak_no_task_socket_or_file(tmp_path: Path) -> None:
    site = Site(tmp_path)
    await site.server.start()

    async def calls(count: int) -> None:
        for start in range(0, count, 10):
            names = [str(uuids.uuid4()) for _ in range(min(10, count - start))]
            for name in names:
                site.server.announce(name, "139")
            # Half are settled by a key, half hang up in the middle.
            await asyncio.gather(
                *(
                    place_call("127.0.0.1", site.server.port, name, [Key("1")], pace=40.0,
                               hang_up_after=None if number % 2 else 0.05)
                    for number, name in enumerate(names)
                )
            )  # fmt: skip
        while site.server.open:
            await asyncio.sleep(0.02)

    try:
        await calls(20)
        await asyncio.sleep(0.2)
        gc.collect()
        tasks, files = len(asyncio.all_tasks()), open_files()
        tracemalloc.start()
        await calls(20)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        await calls(160)
        await asyncio.sleep(0.2)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        assert len(asyncio.all_tasks()) == tasks and open_files() == files
        # The doubles note each call; a call that stayed in memory would be its sound, 100 kB and more.
        assert grown < 160 * 20_000, grown
        assert sum(note[0] == "begin" for note in site.desk.notes) == 200
        ended = [note[1] for note in site.desk.notes if note[0] in ("end", "call_back")]
        assert len(ended) == len(set(ended)) == 200
    finally:
        await site.server.close()


async def test_a_reused_socket_port_is_free_after_closing(tmp_path: Path) -> None:
    site = Site(tmp_path)
    await site.server.start()
    port = site.server.port
    await site.server.close()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
