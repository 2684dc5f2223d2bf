"""The browser's line by itself: paced, dropped, filled, and untroubled by whatever a page sends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import WSMessage, WSMsgType
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.lines.browser import WebsocketLine
from bot.lines.line import Pressed, Sounded

FRAME = 640


class Socket:
    """A websocket whose other end is this test."""

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[WSMessage | None] = asyncio.Queue()
        self.sent: list[bytes | str] = []
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[WSMessage]:
        while (message := await self.incoming.get()) is not None:
            yield message

    def come(self, data: bytes | str) -> None:
        self.incoming.put_nowait(WSMessage(WSMsgType.BINARY if isinstance(data, bytes) else WSMsgType.TEXT, data, None))

    def go(self) -> None:
        self.incoming.put_nowait(None)

    async def send_bytes(self, data: bytes) -> None:
        self.sent.append(data)

    async def send_str(self, data: str) -> None:
        self.sent.append(data)

    async def close(self, **_: Any) -> None:
        self.closed = True
        self.go()

    @property
    def sound(self) -> bytes:
        return b"".join(each for each in self.sent if isinstance(each, bytes))


def line_on(socket: Socket, pace: float = 20.0) -> WebsocketLine:
    line = WebsocketLine(socket, pace=pace)  # type: ignore[arg-type]
    line.start()
    return line


async def test_sound_leaves_in_its_order_and_silence_is_recorded_but_not_sent() -> None:
    socket = Socket()
    line, sent = line_on(socket), bytearray()
    line.on_sent = sent.extend
    first, second = line.play(b"\x01\x00" * 500), line.play(b"\x02\x00" * 500)
    await asyncio.wait_for(second.over.wait(), 10)
    await asyncio.sleep(0.05)
    await line.hang_up()
    assert first.complete and second.complete and first.sent == 1000
    assert first.started_at is not None and second.started_at is not None and first.started_at <= second.started_at
    assert socket.sound == b"\x01\x00" * 500 + b"\x02\x00" * 500
    assert bytes(sent).strip(b"\0").startswith(b"\x01") and len(sent) > len(socket.sound)


async def test_what_is_dropped_has_hardly_left_and_the_page_is_told() -> None:
    socket = Socket()
    line = line_on(socket)
    playback = line.play(b"\x01\x00" * 160_000)
    while len(socket.sound) < 10 * FRAME:
        await asyncio.sleep(0.001)
    line.drop()
    gone = len(socket.sound)
    line.play(b"\x03\x00" * 320)
    while b"\x03" not in socket.sound:
        await asyncio.sleep(0.001)
    await line.hang_up()
    assert playback.over.is_set() and not playback.complete
    assert len(socket.sound) <= gone + 3 * FRAME
    told = next(number for number, each in enumerate(socket.sent) if isinstance(each, str))
    after = next(number for number, each in enumerate(socket.sent) if isinstance(each, bytes) and b"\x03" in each)
    assert json.loads(str(socket.sent[told])) == {"drop": True} and told < after


async def test_after_the_call_nothing_is_played_and_nobody_waits() -> None:
    socket = Socket()
    line = line_on(socket)
    waiting = line.play(b"\x01\x00" * 1_600_000)
    socket.go()
    assert [event async for event in line.events() if not isinstance(event, Sounded)] == []
    assert waiting.over.is_set() and not waiting.complete
    late = line.play(b"\x01\x00")
    assert late.over.is_set() and not late.complete
    line.tell({"event": "late"})
    await line.hang_up()
    assert "late" not in str(socket.sent)


async def test_a_page_that_sends_nothing_is_heard_as_silence() -> None:
    socket = Socket()
    line = line_on(socket)
    heard = 0
    async for event in line.events():
        assert isinstance(event, Sounded) and event.pcm.strip(b"\0") == b""
        heard += len(event.pcm)
        if heard > 16000:
            break
    await line.hang_up()


async def test_a_flood_of_sound_is_cut_and_the_call_goes_on() -> None:
    socket = Socket()
    line = line_on(socket, pace=1.0)
    for _ in range(200):
        socket.come(b"\x01\x00" * 16_000)
    socket.come('{"key": "5"}')
    heard = 0
    async for event in line.events():
        if isinstance(event, Pressed):
            break
        heard += len(event.pcm)
    await line.hang_up()
    assert 30 * 32_000 < heard < 70 * 32_000 and event == Pressed("5")


MESSAGES = st.one_of(
    st.binary(max_size=2000),
    st.text(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["key", "hang_up", "x"]), inner),
        max_leaves=6,
    ).map(json.dumps),
    st.sampled_from("0123456789*#").map(lambda key: json.dumps({"key": key})),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(MESSAGES, max_size=40))
def test_whatever_a_page_sends_the_line_gives_sound_and_keys_and_ends(messages: list[bytes | str]) -> None:
    async def call() -> list[Any]:
        socket = Socket()
        line = line_on(socket)
        for message in messages:
            socket.come(message)
        socket.go()
        events = [event async for event in line.events()]
        await line.hang_up()
        assert all(task.done() for task in line._tasks)
        return events

    for event in asyncio.run(asyncio.wait_for(call(), 20)):
        if isinstance(event, Sounded):
            assert len(event.pcm) % 2 == 0 and event.pcm
        else:
            assert isinstance(event, Pressed) and event.digit in "0123456789*#"
