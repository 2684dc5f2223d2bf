"""Asterisk's AudioSocket: we listen, Asterisk connects; frames in and out, paced on the monotonic clock.

Facts tested against Asterisk 22.10.1: kind (1 byte), length (2 bytes, big-endian, payload only), payload;
sound is int16 little-endian mono; 2 s without activity drops the call; frames may have any length; a silent
telephone may send none."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import time
import uuid as uuids
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
import soxr

from bot.lines.door import Door
from bot.lines.incoming import FRAME_S, Incoming
from bot.lines.line import CallFacts, LineEvent, Playback, Pressed, Sounded
from bot.lines.outgoing import Outgoing

log = logging.getLogger(__name__)

HANG_UP, UUID, DTMF, ERROR = 0x00, 0x01, 0x03, 0xFF
#: kind of a sound frame -> its rate in Hz
RATES = {0x10: 8000, 0x11: 12000, 0x12: 16000, 0x13: 24000, 0x14: 32000,
         0x15: 44100, 0x16: 48000, 0x17: 96000, 0x18: 192000}  # fmt: skip
KINDS = {rate: kind for kind, rate in RATES.items()}
#: wakes of the pacer without a frame from the caller before the gap is filled with zeros
_QUIET_WAKES = 5
#: behind by more than this (s of wall time), the pacer forgets the past instead of sending a burst
_CATCH_UP_S = 0.5
#: the caller hears something within 0.3 s of the answer, also when his telephone sends nothing
_FIRST_FRAME_S = 0.12
_ANNOUNCED_FOR_S = 10.0
_MOST_ANNOUNCED = 10_000
_WAITING_EVENTS = 6000
#: a frame may hold 65,535 bytes; events are no longer than this (s), so that those that wait are no more than minutes
_LONGEST_EVENT_S = 0.1
#: an exchange that took nothing for so long (ms) is gone, or hangs
_UNREAD_MS = 10_000
_HEADER = struct.Struct(">BH")


@dataclass(frozen=True)
class Frame:
    """One AudioSocket frame."""

    kind: int
    payload: bytes = b""

    def encode(self) -> bytes:
        """Header and payload, to be written at once."""
        return _HEADER.pack(self.kind, len(self.payload)) + self.payload


async def read_frame(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame; None when the connection is over, also in the middle of a frame."""
    try:
        kind, length = _HEADER.unpack(await reader.readexactly(_HEADER.size))
        return Frame(kind, await reader.readexactly(length) if length else b"")
    except (asyncio.IncompleteReadError, OSError):
        return None


class AudioSocketLine:
    """One call on AudioSocket. `pace` > 1 runs both directions faster than real time (demo, tests)."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        pace: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.on_sent: Callable[[bytes], None] | None = None
        self._reader, self._writer = reader, writer
        self._pace, self._clock = pace, clock
        self._wire_rate = 8000
        self._incoming = Incoming(_WAITING_EVENTS, _QUIET_WAKES)
        self._outgoing = Outgoing(clock)
        self._resamplers: dict[int, soxr.ResampleStream] = {}
        #: of a frame that ended in the middle of a sample, by rate
        self._half: dict[int, bytes] = {}
        self._sent_frames = 0
        self._closed = False
        self._tasks: list[asyncio.Task[None]] = []
        #: set when the call is over
        self.ended = asyncio.Event()

    @property
    def rate(self) -> int:
        return self._wire_rate if self._wire_rate in (8000, 16000) else 16000

    @property
    def backlog(self) -> int:
        return self._incoming.backlog

    async def start(self) -> None:
        """Learn the rate from the first sound frame (8 kHz when none comes soon), then send and receive."""
        first: Frame | None = None
        reading = asyncio.ensure_future(read_frame(self._reader))
        done, _ = await asyncio.wait({reading}, timeout=_FIRST_FRAME_S)
        if done:
            first = reading.result()
            if first is not None and first.kind in RATES:
                self._wire_rate = RATES[first.kind]
        self._tasks = [asyncio.create_task(self._receive(reading)), asyncio.create_task(self._send())]

    def events(self) -> AsyncIterator[LineEvent]:
        return self._incoming.events()

    def play(self, pcm: bytes) -> Playback:
        return self._outgoing.play(pcm)

    def drop(self) -> None:
        self._outgoing.drop()

    @property
    def waiting_s(self) -> float:
        """Seconds of sound that wait to leave."""
        return self._outgoing.waiting / 2 / self.rate

    def forget(self) -> None:
        """Drop what came and was not taken yet."""
        self._incoming.forget()

    async def hang_up(self) -> None:
        if not self._closed:
            with contextlib.suppress(OSError):  # also of an exchange that does not read
                self._writer.write(Frame(HANG_UP).encode())
                await asyncio.wait_for(self._writer.drain(), 1.0)
        self._close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.ended.set()
        self._outgoing.close()
        self._incoming.end()
        with contextlib.suppress(ConnectionError):
            self._writer.close()

    async def _receive(self, reading: asyncio.Future[Frame | None]) -> None:
        longest = int(self.rate * _LONGEST_EVENT_S) * 2
        try:
            frame = await reading
            while frame is not None and frame.kind not in (HANG_UP, ERROR):
                if frame.kind in RATES:
                    pcm = self._to_line(frame.payload, RATES[frame.kind])
                    self._incoming.heard(len(frame.payload) / 2 / RATES[frame.kind])
                    for start in range(0, len(pcm), longest):
                        await self._incoming.put(Sounded(pcm[start : start + longest]))
                elif frame.kind == DTMF:
                    await self._incoming.put(Pressed(frame.payload.decode("ascii", "replace")))
                frame = await read_frame(self._reader)
        finally:
            self._close()

    def _to_line(self, payload: bytes, rate: int) -> bytes:
        payload = self._half.pop(rate, b"") + payload
        if len(payload) % 2:
            payload, self._half[rate] = payload[:-1], payload[-1:]
        if rate == self.rate or not payload:
            return payload
        stream = self._resamplers.get(rate)
        if stream is None:
            stream = self._resamplers[rate] = soxr.ResampleStream(rate, self.rate, 1, dtype="int16")
        return np.asarray(stream.resample_chunk(np.frombuffer(payload, "<i2")), "<i2").tobytes()

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
                self._send_frame()
                self._incoming.fill(self._sent_frames * FRAME_S, self.rate)
                if late >= 0 or self._sent_frames % 10 == 0:
                    await self._writer.drain()
                    await asyncio.sleep(0)
        except ConnectionError:
            pass
        finally:
            self._close()

    def _send_frame(self) -> None:
        size = int(self.rate * FRAME_S) * 2
        pcm = self._outgoing.take(size).ljust(size, b"\x00")
        wire = pcm
        if self._wire_rate != self.rate:
            wire = np.asarray(soxr.resample(np.frombuffer(pcm, "<i2"), self.rate, self._wire_rate), "<i2").tobytes()
        self._writer.write(Frame(KINDS[self._wire_rate], wire).encode())
        self._sent_frames += 1
        if self.on_sent:
            self.on_sent(pcm)


Answer = Callable[[AudioSocketLine, CallFacts], Awaitable[None]]


@dataclass(frozen=True)
class _Announced:
    at: float
    facts: CallFacts
    answer: Answer


class AudioSocketServer:
    """Listens for Asterisk. The protocol has no authentication: only announced UUIDs get in, each once."""

    def __init__(
        self,
        host: str,
        port: int,
        answer: Answer,
        *,
        pace: float = 1.0,
        allowed: Sequence[str] = ("127.0.0.0/8", "::1/128"),
        announced_s: float = _ANNOUNCED_FOR_S,
        most: int = 500,
    ) -> None:
        """`answer(line, facts)` runs the call; `allowed` networks may connect; port 0 takes a free one.
        An announced call must connect within `announced_s`; more than `most` connections are closed."""
        self._host, self._wanted_port = host, port
        self._answer = answer
        #: how fast the lines of new calls run (measurements); 1: as telephones do
        self.pace = pace
        self._announced_s, self._most = announced_s, most
        self._door = Door("AudioSocket", allowed, most)
        self._announced: dict[uuids.UUID, _Announced] = {}
        self._server: asyncio.Server | None = None
        self._calls: set[asyncio.Task[None]] = set()

    @property
    def refused(self) -> Counter[str]:
        """Connections that were refused, by reason."""
        return self._door.refused

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def open(self) -> int:
        """Connections at this moment."""
        return len(self._calls)

    def announce(
        self,
        uuid: str,
        caller: str = "",
        dialled: str = "",
        diverting: str = "",
        *,
        answer: Answer | None = None,
        later_s: float = 0.0,
    ) -> None:
        """Let the call with this UUID in, once, within a few seconds; `answer` runs it in place of the usual one.
        `later_s`: it may come so much later (somebody is rung first).

        Raises ValueError for what is no UUID."""
        now = time.monotonic()
        self._announced = {key: each for key, each in self._announced.items() if now - each.at < self._announced_s}
        key = uuids.UUID(uuid)
        while len(self._announced) >= _MOST_ANNOUNCED:
            del self._announced[next(iter(self._announced))]
        self._announced[key] = _Announced(
            now + later_s, CallFacts(str(key), caller, dialled, diverting), answer or self._answer
        )

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, self._host, self._wanted_port, backlog=self._most)

    async def stop_listening(self) -> None:
        """No new calls; those that are open go on."""
        if self._server is not None:
            self._server.close()
        self._announced.clear()

    async def close(self) -> None:
        """Stop listening and end the calls that are open."""
        await self.stop_listening()
        for task in list(self._calls):
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._calls.add(task)
        try:
            announced = await self._admit(reader, writer)
            if announced is not None:
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD_MS)
                line = AudioSocketLine(reader, writer, pace=self.pace)
                await line.start()
                try:
                    await announced.answer(line, announced.facts)
                finally:
                    await line.hang_up()
        except asyncio.CancelledError:
            pass
        except Exception:
            log.exception("a call ended by a fault")
        finally:
            self._calls.discard(task)
            writer.close()

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> _Announced | None:
        first = await self._door.first(writer, _first_frame(reader))
        if first is None:
            return None
        uuid = _uuid_of(first)
        if uuid is None:
            self._door.refuse("no UUID")
            return None
        announced = self._announced.pop(uuid, None)
        if announced is None or time.monotonic() - announced.at > self._announced_s:
            self._door.refuse("unknown UUID")
            return None
        return announced


async def _first_frame(reader: asyncio.StreamReader) -> Frame:
    """An empty one where the peer closed: the door's None is another thing."""
    return await read_frame(reader) or Frame(HANG_UP)


def _uuid_of(frame: Frame) -> uuids.UUID | None:
    """What a UUID frame names; some exchanges send its letters instead of its 16 bytes."""
    if frame.kind != UUID:
        return None
    if len(frame.payload) == 16:
        return uuids.UUID(bytes=frame.payload)
    try:
        return uuids.UUID(frame.payload.decode("ascii"))
    except ValueError:
        return None
