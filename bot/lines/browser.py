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

from bot.foundation.untrusted import Unreadable, json_of
from bot.lines.incoming import FRAME_S, Incoming
from bot.lines.line import LineEvent, Playback, Pressed, Sounded
from bot.lines.outgoing import Outgoing

log = logging.getLogger(__name__)

RATE = 16000
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
#: what a page says beside sound: a key, or that it hangs up
_LARGEST_WISH = 4096


class WebsocketLine:
    """One call with a browser; `pace` > 1 runs it faster than real time (tests)."""

    rate = RATE

    def __init__(
        self, socket: web.WebSocketResponse, *, pace: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.on_sent: Callable[[bytes], None] | None = None
        self._socket, self._pace, self._clock = socket, pace, clock
        self._incoming = Incoming(_WAITING_EVENTS, _QUIET_WAKES)
        self._outgoing = Outgoing(clock)
        self._told: deque[str] = deque()
        self._began = clock()
        self._sent_frames = 0
        self._strikes = 0
        self._keys = _KEYS_A_SECOND
        self._key_at = self._began
        self._closed = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def backlog(self) -> int:
        return self._incoming.backlog

    def start(self) -> None:
        """Begin to send and receive."""
        self._began = self._clock()
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._send())]

    def events(self) -> AsyncIterator[LineEvent]:
        return self._incoming.events()

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
        self._incoming.end()

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
        if self._incoming.received_s + seconds > (self._clock() - self._began) * self._pace + _AHEAD_S:
            return
        self._incoming.heard(seconds)
        await self._incoming.put(Sounded(pcm))

    async def _asked(self, text: str) -> bool:
        """False when the caller hangs up."""
        try:
            wish = json_of(text.encode("utf-8", "surrogatepass"), _LARGEST_WISH)
        except Unreadable:
            wish = None
        if isinstance(wish, dict) and wish.get("hang_up") is True:
            return False
        key = wish.get("key") if isinstance(wish, dict) else None
        now = self._clock()
        self._keys = min(_KEYS_A_SECOND, self._keys + (now - self._key_at) * _KEYS_A_SECOND)
        self._key_at = now
        if isinstance(key, str) and key in _KEYS and self._keys >= 1:
            self._keys -= 1
            await self._incoming.put(Pressed(key))
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
                    self._incoming.woke()
                elif late > _CATCH_UP_S:
                    origin += late
                async with asyncio.timeout(_STUCK_S):
                    await self._send_frame()
                self._incoming.fill(self._sent_frames * FRAME_S, RATE)
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
            self.on_sent(pcm.ljust(_FRAME_BYTES, b"\x00"))
