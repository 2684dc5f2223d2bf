"""What comes from the caller on a line: events in their order, and zeros for sound that does not come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from bot.lines.line import LineEvent, Sounded

FRAME_S = 0.02


class Incoming:
    """The events of one line; nothing of it knows a socket.

    `most`: events that wait at the same time. `quiet_wakes`: wakes of the pacer without sound before `fill` adds zeros."""

    def __init__(self, most: int, quiet_wakes: int = 0) -> None:
        self._events: asyncio.Queue[LineEvent | None] = asyncio.Queue(most)
        self._quiet_wakes, self._quiet = quiet_wakes, 0
        #: seconds of sound that came, or were filled in
        self.received_s = 0.0

    @property
    def backlog(self) -> int:
        """Events that came and were not taken yet."""
        return self._events.qsize()

    async def events(self) -> AsyncIterator[LineEvent]:
        """Every event; ends with the call."""
        while (event := await self._events.get()) is not None:
            yield event

    async def put(self, event: LineEvent) -> None:
        """Wait until there is room."""
        await self._events.put(event)

    def offer(self, event: LineEvent) -> bool:
        """Put it when there is room; False when it was dropped."""
        if self._events.full():
            return False
        self._events.put_nowait(event)
        return True

    def forget(self) -> None:
        """Drop the events that wait, but for the end."""
        ended = False
        while not self._events.empty():
            ended = self._events.get_nowait() is None
        if ended:
            self._events.put_nowait(None)

    def end(self) -> None:
        """The call is over: heard even when nobody takes sound any more."""
        if self._events.full():
            self._events.get_nowait()
        self._events.put_nowait(None)

    # ---- gaps in the sound ----------------------------------------------------------------------

    def heard(self, seconds: float) -> None:
        """So much sound came."""
        self.received_s += seconds
        self._quiet = 0

    def woke(self) -> None:
        """The pacer woke up; sound that comes says so by `heard`."""
        self._quiet += 1

    def fill(self, sent_s: float, rate: int) -> None:
        """Make up with zeros for what lacks beside the sound that was sent.

        A telephone with silence suppression, a page in the background or a bad network sends nothing; without zeros
        its speech would never end."""
        lacking = sent_s - self.received_s
        if self._quiet < self._quiet_wakes or lacking < FRAME_S:
            return
        frames = int(lacking / FRAME_S + 1e-6)
        self.received_s += frames * FRAME_S
        self.offer(Sounded(bytes(frames * int(rate * FRAME_S) * 2)))
