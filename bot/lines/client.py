"""Plays Asterisk: an AudioSocket client that speaks files into a call and hears what Gege says."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid as uuids
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.lines.audiosocket import DTMF, HANG_UP, KINDS, RATES, UUID, Frame, read_frame
from bot.lines.incoming import FRAME_S
from bot.speech.audio import read_audio

#: quieter than this (int16) is silence
_LOUD = 200
#: silence of Gege after a sentence before the client takes its turn (s of audio time)
_GAP_S = 1.2
_PATIENCE_S = 60.0


@dataclass(frozen=True)
class Key:
    """A key to press in place of a file."""

    digit: str


@dataclass(frozen=True)
class PlacedCall:
    """The call as the caller's side saw it."""

    #: all that Gege sent, int16 little-endian mono
    heard: bytes
    rate: int
    hung_up_by_gege: bool


class AudioSocketCaller:
    """One connection, paced like a telephone. Time is audio time: frames sent and received."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        rate: int,
        pace: float,
        sends_silence: bool,
    ) -> None:
        self._reader, self._writer = reader, writer
        self._rate, self._pace, self._sends_silence = rate, pace, sends_silence
        self._out = b""
        self.heard = bytearray()
        #: seconds of Gege's sound since it was last loud; None while it was never loud since `said`
        self.quiet_s: float | None = None
        self.gone = asyncio.Event()

    async def say(self, pcm: bytes) -> None:
        """Speak; returns when the last frame has left."""
        self._out += pcm
        self.quiet_s = None
        while self._out and not self.gone.is_set():
            await asyncio.sleep(FRAME_S / self._pace)
        self.quiet_s = None

    def press(self, digit: str) -> None:
        self._writer.write(Frame(DTMF, digit.encode("ascii")).encode())
        self.quiet_s = None

    async def my_turn(self) -> None:
        """Wait until Gege has spoken and then been quiet for a while."""
        waited, limit = 0.0, _PATIENCE_S
        while not self.gone.is_set() and waited < limit:
            if self.quiet_s is not None and self.quiet_s >= _GAP_S:
                return
            await asyncio.sleep(FRAME_S / self._pace)
            waited += FRAME_S

    async def send(self) -> None:
        """The pacer: a frame every 20 ms of audio time."""
        size = int(self._rate * FRAME_S) * 2
        origin, sent = time.monotonic(), 0
        with contextlib.suppress(ConnectionError):
            while not self.gone.is_set():
                late = time.monotonic() - (origin + sent * FRAME_S / self._pace)
                if late < 0:
                    await asyncio.sleep(-late)
                frame, self._out = self._out[:size], self._out[size:]
                if frame or self._sends_silence:
                    self._writer.write(Frame(KINDS[self._rate], frame + bytes(size - len(frame))).encode())
                    await self._writer.drain()
                sent += 1
                if late >= 0:
                    await asyncio.sleep(0)

    async def receive(self) -> None:
        while (frame := await read_frame(self._reader)) is not None and frame.kind != HANG_UP:
            if frame.kind not in RATES:
                continue
            self.heard += frame.payload
            samples = np.frombuffer(frame.payload, "<i2").astype(np.int32)
            if len(samples) and int(np.abs(samples).max()) > _LOUD:
                self.quiet_s = 0.0
            elif self.quiet_s is not None:
                self.quiet_s += len(samples) / RATES[frame.kind]
        self.gone.set()


async def place_call(
    host: str,
    port: int,
    uuid: str,
    files: Sequence[Path | Key],
    *,
    rate: int = 8000,
    pace: float = 1.0,
    sends_silence: bool = True,
    my_turn: Callable[[], Awaitable[None]] | None = None,
    hang_up_after: float | None = None,
    before_hanging_up: Callable[[], Awaitable[None]] | None = None,
) -> PlacedCall:
    """Call, and speak each file when Gege has finished speaking; hang up after the last answer.

    `my_turn` replaces listening for Gege's silence. `hang_up_after` (s of wall time) drops the call.
    Raises AudioRefused for a file that is no sound, OSError when nobody listens."""
    spoken = [
        each if isinstance(each, Key) else read_audio(each, rate).samples.astype("<i2").tobytes() for each in files
    ]
    reader, writer = await asyncio.open_connection(host, port)
    caller = AudioSocketCaller(reader, writer, rate, pace, sends_silence)
    writer.write(Frame(UUID, uuids.UUID(uuid).bytes).encode())
    tasks = [asyncio.create_task(caller.send()), asyncio.create_task(caller.receive())]
    waits = my_turn or caller.my_turn

    async def converse() -> None:
        await waits()
        for each in spoken:
            if caller.gone.is_set():
                return
            if isinstance(each, Key):
                caller.press(each.digit)
            else:
                await caller.say(each)
            await waits()
        if before_hanging_up is not None:
            await before_hanging_up()

    try:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(converse(), hang_up_after)
        return PlacedCall(bytes(caller.heard), rate, caller.gone.is_set())
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
