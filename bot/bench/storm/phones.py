"""Telephones of a storm: as light as they can be, so that the machine's time is the service's. One beat of 20 ms for all of
them; what they hear is measured (sound or silence) and not kept."""

from __future__ import annotations

import asyncio
import contextlib
import struct
import time
import uuid as uuids
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.bench.exchange.agi import Channel
from bot.bench.exchange.sip import Call, Exchange
from bot.lines.audiosocket import HANG_UP, KINDS, UUID, Frame
from bot.lines.incoming import FRAME_S
from bot.lines.sip import g711, rtp, sdp

_RATE, _FRAME = 8000, 320
_SILENCE = Frame(KINDS[_RATE], bytes(_FRAME)).encode()
_HEADER = struct.Struct(">BH")
#: somebody who was silent so long (s) lets the other one speak; a silent line is left after so long
_GAP_S, _DEAD_S = 1.2, 8.0
#: A-law for silence, and what is nearly that
_QUIET_LAW = frozenset(g711.encode(bytes(_FRAME), g711.PCMA)) | {0xD4, 0x54, 0x55, 0xD5}


@dataclass
class Heard:
    """One call as its caller saw it; times in seconds from when he dialled."""

    way: str
    caller: str
    began: float
    #: the call's name in the service's table; empty where it never had one
    call_id: str = ""
    #: what came of it first: answered, busy, unavailable, rung through, reset, nothing
    fate: str = ""
    #: until that was known, and until the first sound
    known_s: float | None = None
    first_sound_s: float | None = None
    ended_s: float | None = None
    retry_after: bool = False


class Beat:
    """Every line's frame each 20 ms, from one task."""

    def __init__(self) -> None:
        self.lines: set[Callable[[], None]] = set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        began, sent = time.monotonic(), 0
        while True:
            for line in list(self.lines):
                line()
            sent += 1
            await asyncio.sleep(max(0.001, began + sent * FRAME_S - time.monotonic()))


class _Mouth:
    """What a caller says, sentence by sentence, when the other one has let him."""

    def __init__(self, sentences: Sequence[bytes]) -> None:
        """`sentences`: int16 sound at 8 kHz."""
        self._left = list(sentences)
        self._out, self._at = b"", 0
        self.sound_at: float | None = None
        self.done = asyncio.Event()

    def heard(self, loud: bool) -> None:
        if loud:
            self.sound_at = time.monotonic()

    def frame(self) -> bytes:
        """The next 20 ms; empty for silence."""
        if self._at < len(self._out):
            self._at += _FRAME
            if self._at >= len(self._out):
                self.sound_at = None  # he waits for an answer
            return self._out[self._at - _FRAME : self._at].ljust(_FRAME, b"\0")
        quiet = self.sound_at is not None and time.monotonic() - self.sound_at > _GAP_S
        if quiet and self._left:
            self._out, self._at = self._left.pop(0), 0
        elif quiet:
            self.done.set()
        return b""


@dataclass
class Phones:
    """Places the calls of a storm. `sentences`: what callers say; `longest_s`: they hang up after that."""

    audio: tuple[str, int]
    agi: tuple[str, int]
    sip: tuple[str, int]
    sentences: Sequence[Sequence[bytes]]
    longest_s: float = 45.0
    calls: list[Heard] = field(default_factory=list)
    beat: Beat = field(default_factory=Beat)

    async def start(self) -> None:
        self.beat.start()
        self._exchange = Exchange(self.sip)
        await self._exchange.open()
        self._up: dict[str, asyncio.Event] = {}
        self._exchange.patience_s = 32.0  # timer B of RFC 3261

        def bye(message: object) -> None:
            self._up.get(message.call_id, asyncio.Event()).set()  # type: ignore[attr-defined]
            self._exchange.answer(message, 200)  # type: ignore[arg-type]

        self._exchange.behave["BYE"] = bye

    async def stop(self) -> None:
        await self.beat.stop()
        self._exchange.close()

    async def by_asterisk(self, caller: str, dialled: str) -> None:
        """As the sample dial plan does: /start, then the sound, then /over."""
        seen = self._begin("asterisk", caller)
        channel = Channel(self.agi[1], caller=caller, dialled=dialled)
        seen.call_id = channel.variables["ASID"]
        try:
            async with asyncio.timeout(30.0):
                await channel.agi("start")
        except (OSError, TimeoutError):
            seen.fate, seen.known_s = "reset", self._since(seen)
            return
        if "NEXT" not in channel.variables:
            seen.fate, seen.known_s = "reset", self._since(seen)
        elif channel.variables.get("GEGE") == "full":
            # In a storm whoever is rung talks already.
            seen.fate, seen.known_s = "rung through", self._since(seen)
        else:
            with contextlib.suppress(OSError):
                await self._talk(seen)
            seen.fate = seen.fate or "nothing"
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(30.0):
                await channel.agi("over?status=CANCEL")
        seen.ended_s = self._since(seen)

    async def by_sip(self, caller: str, dialled: str) -> None:
        """INVITE from an exchange, the sound as RTP, BYE."""
        seen = self._begin("sip", caller)
        leg = _Leg(_Mouth(self._words(caller)), lambda: self._sound(seen))
        await leg.open()
        call = Call(self._exchange, dialled, caller, uuids.uuid4().hex[:16], "gege")
        up = self._up[call.call_id] = asyncio.Event()
        try:
            final = await call.invite(sdp.write("127.0.0.1", leg.port, 1, 1))
        except TimeoutError:
            seen.fate, seen.known_s = "nothing", self._since(seen)
            leg.close()
            return
        seen.known_s = self._since(seen)
        seen.retry_after = bool(final.get("retry-after"))
        seen.fate = {200: "answered", 486: "busy", 503: "unavailable"}.get(final.code, str(final.code))
        if final.code == 200 and call.media is not None:
            leg.where = (call.media.host, call.media.port)
            self.beat.lines.add(leg.send)
            await self._until_over(seen, leg.mouth, up)
            self.beat.lines.discard(leg.send)
            if not up.is_set():
                with contextlib.suppress(TimeoutError):
                    await call.ask("BYE")
        leg.close()
        del self._up[call.call_id]
        seen.ended_s = self._since(seen)

    async def _talk(self, seen: Heard) -> None:
        reader, writer = await asyncio.open_connection(*self.audio)
        writer.write(Frame(UUID, uuids.UUID(seen.call_id).bytes).encode())
        mouth, up = _Mouth(self._words(seen.caller)), asyncio.Event()

        def send() -> None:
            frame = mouth.frame()
            writer.write(Frame(KINDS[_RATE], frame).encode() if frame else _SILENCE)

        async def receive() -> None:
            with contextlib.suppress(asyncio.IncompleteReadError, OSError):
                while True:
                    kind, length = _HEADER.unpack(await reader.readexactly(_HEADER.size))
                    sound = await reader.readexactly(length) if length else b""
                    if kind == HANG_UP:
                        break
                    if sound.count(0) < len(sound) // 2:
                        mouth.heard(True)
                        self._sound(seen)
            up.set()

        self.beat.lines.add(send)
        receiving = asyncio.create_task(receive())
        try:
            await self._until_over(seen, mouth, up)
        finally:
            self.beat.lines.discard(send)
            receiving.cancel()
            writer.close()

    async def _until_over(self, seen: Heard, mouth: _Mouth, up: asyncio.Event) -> None:
        """Until he has said all and was answered, Gege hangs up, he has had enough, or hears nothing at all."""
        tasks = {asyncio.ensure_future(up.wait()), asyncio.ensure_future(mouth.done.wait())}
        began = time.monotonic()
        while time.monotonic() - began < self.longest_s:
            done, _ = await asyncio.wait(tasks, timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
            if done or (seen.first_sound_s is None and time.monotonic() - began > _DEAD_S):
                break
        for task in tasks:
            task.cancel()

    def _words(self, caller: str) -> Sequence[bytes]:
        return self.sentences[sum(map(ord, caller)) % len(self.sentences)]

    def _begin(self, way: str, caller: str) -> Heard:
        seen = Heard(way, caller, time.monotonic())
        self.calls.append(seen)
        return seen

    def _since(self, seen: Heard) -> float:
        return round(time.monotonic() - seen.began, 4)

    def _sound(self, seen: Heard) -> None:
        if seen.first_sound_s is None:
            seen.first_sound_s = self._since(seen)
            if not seen.fate:
                seen.fate, seen.known_s = "answered", seen.first_sound_s


class _Leg(asyncio.DatagramProtocol):
    """One port of sound."""

    def __init__(self, mouth: _Mouth, sounds: Callable[[], None]) -> None:
        self.mouth, self._sounds = mouth, sounds
        self._sender = rtp.Sender(1, 2, 3)
        self.where: tuple[str, int] | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = int(self._transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        self._transport.close()

    def send(self) -> None:
        frame = self.mouth.frame()
        if self.where is not None and not self._transport.is_closing():
            self._transport.sendto(self._sender.packet(frame or bytes(_FRAME), g711.PCMA), self.where)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if len(data) > 12 and len(set(data[12:]) - _QUIET_LAW) > 4:
            self.mouth.heard(True)
            self._sounds()
