"""A telephone call over a browser's websocket: sound and captions in both directions.

Binary messages are int16 little-endian mono at 16 kHz. From the browser also `{"key": "0"}` and `{"hang_up": true}`;
to the browser `{"drop": true}` (empty your buffer: the caller speaks) and events (`tell`). Sound leaves paced, so that
what is dropped has hardly left; silence is not sent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from bot.voice.line import LineEvent, Playback, Pressed, Sounded
from bot.voice.outgoing import Outgoing

log = logging.getLogger(__name__)

RATE = 16000
FRAME_S = 0.02
#: the longest message that a browser may send (bytes): two seconds of sound
MAX_MESSAGE = 2 * RATE * 2
_FRAME_BYTES = int(RATE * FRAME_S) * 2
_KEYS = frozenset("0123456789*#")
_WAITING_EVENTS = 3000
#: wakes without sound from the browser before the gap is filled with zeros: mobile networks stutter
_QUIET_WAKES = 15
#: behind by more than this (s), the pacer forgets the past instead of sending a burst
_CATCH_UP_S = 0.5
#: what a network held back comes at once, and no word of it is lost; more than this (s of sound) ahead of the clock
#: is nobody speaking, and not listened to
_AHEAD_S = 60.0
#: a browser that takes nothing for so long (s) is gone
_STUCK_S = 10.0
#: messages that mean nothing before the line is closed; keys a second
_STRIKES = 20
_KEYS_A_SECOND = 10.0


class WebsocketLine:
    """One call with a browser; `pace` > 1 runs it faster than real time (tests)."""

    rate = RATE

    def __init__(
        self, socket: web.WebSocketResponse, *, pace: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.on_sent: Callable[[bytes], None] | None = None
        self._socket, self._pace, self._clock = socket, pace, clock
        self._events: asyncio.Queue[LineEvent | None] = asyncio.Queue(_WAITING_EVENTS)
        self._outgoing = Outgoing(clock)
        self._told: deque[str] = deque()
        self._began = clock()
        self._received_s = 0.0
        self._sent_frames = 0
        self._quiet = 0
        self._strikes = 0
        self._keys = _KEYS_A_SECOND
        self._key_at = self._began
        self._closed = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def backlog(self) -> int:
        return self._events.qsize()

    def start(self) -> None:
        """Begin to send and receive."""
        self._began = self._clock()
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._send())]

    async def events(self) -> AsyncIterator[LineEvent]:
        while (event := await self._events.get()) is not None:
            yield event

    def play(self, pcm: bytes) -> Playback:
        return self._outgoing.play(pcm)

    def drop(self) -> None:
        self._outgoing.drop()
        self.tell({"drop": True})

    def tell(self, message: dict[str, Any]) -> None:
        """Something for the page; it arrives before the sound that is queued after it leaves."""
        if not self._closed:
            self._told.append(json.dumps(message, ensure_ascii=False))

    async def hang_up(self) -> None:
        """What was told still leaves; the page plays what it has, then the call is over."""
        if not self._closed:
            with contextlib.suppress(ConnectionError, RuntimeError, TimeoutError):
                await asyncio.wait_for(self._send_told(), 1.0)
        self._close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._outgoing.close()
        if self._events.full():
            # The end of the call must be heard even when nobody takes sound any more.
            self._events.get_nowait()
        self._events.put_nowait(None)

    # ---- from the browser -----------------------------------------------------------------------

    async def _receive(self) -> None:
        try:
            async for message in self._socket:
                if message.type is WSMsgType.BINARY:
                    await self._heard(message.data)
                elif message.type is WSMsgType.TEXT and not await self._asked(message.data):
                    break
                if self._strikes > _STRIKES:
                    log.warning("a browser's call sent what is no call and was closed")
                    await self._socket.close(code=WSCloseCode.POLICY_VIOLATION)
                    break
        finally:
            self._close()

    async def _heard(self, pcm: bytes) -> None:
        pcm = pcm[: len(pcm) // 2 * 2]
        seconds = len(pcm) / 2 / RATE
        if not pcm:
            self._strikes += 1
            return
        if self._received_s + seconds > (self._clock() - self._began) * self._pace + _AHEAD_S:
            return
        self._received_s += seconds
        self._quiet = 0
        await self._events.put(Sounded(pcm))

    async def _asked(self, text: str) -> bool:
        """False when the caller hangs up."""
        try:
            wish = json.loads(text)
        except (ValueError, RecursionError):
            wish = None
        if isinstance(wish, dict) and wish.get("hang_up") is True:
            return False
        key = wish.get("key") if isinstance(wish, dict) else None
        now = self._clock()
        self._keys = min(_KEYS_A_SECOND, self._keys + (now - self._key_at) * _KEYS_A_SECOND)
        self._key_at = now
        if isinstance(key, str) and key in _KEYS and self._keys >= 1:
            self._keys -= 1
            await self._events.put(Pressed(key))
        else:
            self._strikes += 1
        return True

    # ---- to the browser -------------------------------------------------------------------------

    async def _send(self) -> None:
        step = FRAME_S / self._pace
        origin = self._clock()
        try:
            while not self._closed:
                late = self._clock() - (origin + self._sent_frames * step)
                if late < 0:
                    await asyncio.sleep(-late)
                    self._quiet += 1
                elif late > _CATCH_UP_S:
                    origin += late
                await asyncio.wait_for(self._send_frame(), _STUCK_S)
                self._fill_gap()
        except (ConnectionError, RuntimeError, TimeoutError):
            # aiohttp raises RuntimeError on a socket that is closing.
            pass
        finally:
            self._close()

    async def _send_told(self) -> None:
        while self._told:
            await self._socket.send_str(self._told.popleft())

    async def _send_frame(self) -> None:
        await self._send_told()
        pcm = self._outgoing.take(_FRAME_BYTES)
        if pcm:
            await self._socket.send_bytes(pcm)
        self._sent_frames += 1
        if self.on_sent:
            self.on_sent(pcm + bytes(_FRAME_BYTES - len(pcm)))

    def _fill_gap(self) -> None:
        # A page in the background, or a bad network, sends nothing; without zeros its speech would never end.
        lacking = self._sent_frames * FRAME_S - self._received_s
        if self._quiet < _QUIET_WAKES or lacking < FRAME_S:
            return
        frames = int(lacking / FRAME_S + 1e-6)
        self._received_s += frames * FRAME_S
        if not self._events.full():
            self._events.put_nowait(Sounded(bytes(frames * _FRAME_BYTES)))
