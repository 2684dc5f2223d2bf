"""The sound of one SIP call: RTP in and out on its own port, as a Line."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable

from bot.lines.datagrams import that_wait
from bot.lines.incoming import FRAME_S, Incoming
from bot.lines.line import LineEvent, Playback, Pressed, Sounded
from bot.lines.outgoing import Outgoing
from bot.lines.sip import rtp
from bot.lines.sip.busy import BusyTone
from bot.lines.sip.sdp import Media
from bot.lines.sip.source import Source

_FRAME = 320
_CATCH_UP_S = 0.5
_WAITING_EVENTS = 6000
#: packets a second that a telephone may send (10 ms packets and digits); the rest is a flood
_MOST_PACKETS = 400
#: the same key by two ways within so long (s) is one press
_BOTH_WAYS_S = 0.5


def bind(host: str) -> socket.socket:
    """A free port with an even number, as RTP wants it. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(50):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.bind((host, 0))
            sock.setblocking(False)
        except OSError:
            sock.close()
            raise
        if sock.getsockname()[1] % 2 == 0:
            return sock
        sock.close()
    raise OSError("no even port is free")


class SipLine(asyncio.DatagramProtocol):
    """One answered call. `on_end(reason)` is told when the sound says that the call is over.

    Its time stands still until `begin`, and while the peer holds the call: nothing is heard, nothing leaves, and what
    was being said goes on afterwards."""

    rate = 8000

    def __init__(
        self,
        media: Media,
        sock: socket.socket,
        on_end: Callable[[str], None],
        hang_up: Callable[[], Awaitable[None]],
        source: Source,
        *,
        on_first: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`source`: whose sound is taken; `on_first` is told of the first packet that comes from the peer itself."""
        self.on_sent: Callable[[bytes], None] | None = None
        self.media, self.sock, self.source = media, sock, source
        self._on_end, self._hang_up, self._on_first = on_end, hang_up, on_first
        self._clock = clock
        self._incoming = Incoming(_WAITING_EVENTS)
        self._outgoing = Outgoing(clock)
        self._receiver = rtp.Receiver(media.keys, clock())
        self._sender = rtp.Sender(secrets.randbits(16), secrets.randbits(32), secrets.randbits(32))
        self._busy = BusyTone()
        self._begun = False
        #: the last key: which one, whether it came by INFO, and when
        self._key = ("", False, 0.0)
        self._window, self._in_window = 0, 0
        self._transport: asyncio.DatagramTransport | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        #: set when the call is over
        self.ended = asyncio.Event()
        #: the largest distance between two packets that left (s)
        self.longest_gap = 0.0
        #: any sound has come by now, and when it came last
        self.heard, self.heard_at = False, clock()

    @property
    def backlog(self) -> int:
        return self._incoming.backlog

    @property
    def waiting_s(self) -> float:
        """Seconds of sound that wait to leave."""
        return self._outgoing.waiting / 2 / self.rate

    @property
    def port(self) -> int:
        return int(self.sock.getsockname()[1])

    async def start(self) -> None:
        """Receive from now on; what came while it rang (early media) is nobody's answer."""
        loop = asyncio.get_running_loop()
        if self._begun:
            with contextlib.suppress(OSError):
                while True:
                    self.sock.recv(1)
        try:
            self._transport, _ = await loop.create_datagram_endpoint(lambda: self, sock=self.sock)
        except BaseException:
            self.sock.close()
            raise
        if self._closed:
            self._transport.close()
            return
        self._task = asyncio.create_task(self._send())

    def begin(self) -> None:
        """Both ends know that the call is up: sound may be sent, and time runs."""
        if not self._begun:
            self._begun = True
            self.heard_at = self._clock()
            self._receiver.restart(self._clock())

    def events(self) -> AsyncIterator[LineEvent]:
        return self._incoming.events()

    def play(self, pcm: bytes) -> Playback:
        return self._outgoing.play(pcm)

    def drop(self) -> None:
        self._outgoing.drop()

    def forget(self) -> None:
        """Drop what came and was not taken yet."""
        self._incoming.forget()

    async def hang_up(self) -> None:
        await self._hang_up()

    def move(self, media: Media) -> None:
        """The peer wants its sound elsewhere, in another codec, or not at all for a while."""
        now = self._clock()
        if (media.host, media.port) != (self.media.host, self.media.port):
            self.source.again(now)
        if self.media.held and not media.held:
            self._receiver.restart(now)
        self.media = media
        self._receiver.understand(media.keys)
        self.heard_at = now

    @property
    def held(self) -> bool:
        """The peer holds the call."""
        return self.media.held

    def pressed(self, event: Pressed, *, by_info: bool = True) -> None:
        """A key. Some telephones send each of them twice, in the sound and by INFO: that is one."""
        digit, way, at = self._key
        if digit == event.digit and way != by_info and self._clock() - at < _BOTH_WAYS_S:
            return
        self._key = (event.digit, by_info, self._clock())
        self._put(event)

    def close(self) -> None:
        """No sound any more: the call is over."""
        if self._closed:
            return
        self._closed = True
        self.ended.set()
        self._outgoing.close()
        self._incoming.end()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
        if self._transport is not None:
            self._transport.close()
        else:
            self.sock.close()

    # ---- in ---------------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._packet(data, (addr[0], addr[1]))
        if not self._closed:
            for more, source in that_wait(self.sock):
                self._packet(more, source)

    def _packet(self, data: bytes, source: tuple[str, int]) -> None:
        now = self._clock()
        packet = rtp.parse(data)
        if self._closed or packet is None or not self.source.hears(source, packet, self.media, now):
            return
        if int(now) != self._window:
            self._window, self._in_window = int(now), 0
        self._in_window += 1
        if self._in_window > _MOST_PACKETS:
            return
        self.heard, self.heard_at = True, now
        if not self._begun and self.source.own(source[0], self.media):
            self._on_first()
        if self._begun and not self.held:
            for event in self._receiver.take(packet, now):
                self._arrived(event)

    def error_received(self, exc: Exception) -> None:
        """ICMP says that nobody listens there: the silence will tell."""

    def _arrived(self, event: LineEvent) -> None:
        if isinstance(event, Pressed):
            self.pressed(event, by_info=False)
        else:
            self._put(event)

    def _put(self, event: LineEvent) -> None:
        if self._closed or not self._incoming.offer(event):
            return
        if isinstance(event, Sounded) and not self._busy.heard and self._busy.listen(event.pcm):
            self._on_end("busy tone")

    # ---- out --------------------------------------------------------------------------------

    async def _send(self) -> None:
        origin, frames, before = self._clock(), 0, None
        while not self._closed:
            late = self._clock() - (origin + frames * FRAME_S)
            if late < 0:
                await asyncio.sleep(-late)
            elif late > _CATCH_UP_S:
                # Do not send the past in a burst; the caller's clock runs on.
                origin += late
                self._sender.skip(int(late * 8000))
            else:
                await asyncio.sleep(0)
            if self._closed:
                return
            frames += 1
            if not self._begun or self.held:
                self._sender.skip(_FRAME // 2)
                before = None
                continue
            now = self._clock()
            if before is not None:
                self.longest_gap = max(self.longest_gap, now - before)
            before = now
            self._send_frame()
            for event in self._receiver.fill(now):
                self._arrived(event)

    def _send_frame(self) -> None:
        pcm = self._outgoing.take(_FRAME).ljust(_FRAME, b"\x00")
        size = self.media.packet_ms * 16
        for start in range(0, _FRAME, size):
            where = self.source.target(self.media)
            if where is None or self._transport is None:
                self._sender.skip(size // 2)
                continue
            with contextlib.suppress(OSError):
                self._transport.sendto(self._sender.packet(pcm[start : start + size], self.media.codec), where)
        if self.on_sent:
            self.on_sent(pcm)


def own_address(bound: str, peer: str) -> str:
    """Our address as this peer reaches it: the bound one, or that of the interface towards it."""
    if not ipaddress.ip_address(bound).is_unspecified:
        return bound
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((peer, 9))
            return str(probe.getsockname()[0])
        except OSError:
            return bound
