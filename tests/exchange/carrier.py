"""A carrier on one UDP socket: callers, mobiles that are rung, and a registrar; what each hears is kept with its time.

It shares no code with Gege's own SIP. Sound is A-law, 20 ms a packet; a leg sends silence from its answer to its end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import secrets
import struct
import time
from dataclasses import dataclass, field

import numpy as np

from bot.lines.sip import g711
from tests.waiting import until

Address = tuple[str, int]
SILENCE = bytes([0xD5]) * 160
#: a caller's voice: 400 Hz
TONE = (np.sin(np.arange(160) * 2 * np.pi * 400 / 8000) * 8000).astype("<i2").tobytes()
_REASONS = {100: "Trying", 180: "Ringing", 200: "OK", 401: "Unauthorized", 404: "Not Found", 480: "Temporarily Unavailable",
            486: "Busy Here", 487: "Request Terminated", 503: "Service Unavailable", 603: "Decline"}  # fmt: skip


class Packet:
    """One SIP message as it came."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        self.first, *lines = head.split("\r\n")
        self.at = time.monotonic()
        self.headers = [
            (name.strip().lower(), value.strip()) for name, _, value in (one.partition(":") for one in lines)
        ]
        words = self.first.split(" ")
        self.code = int(words[1]) if words[0] == "SIP/2.0" else 0
        self.method, self.uri = ("", "") if self.code else (words[0], words[1])

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


class Sound(asyncio.DatagramProtocol):
    """The RTP port of one leg: when each packet came and how loud it was; the telephone-events."""

    def __init__(self) -> None:
        self.heard: list[tuple[float, float]] = []
        self.transport: asyncio.DatagramTransport | None = None
        self._number, self._stamp = 0, 0
        self.speaking = False
        self.muted = False

    def connection_made(self, transport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if len(data) > 12 and data[1] & 127 == 8:
            pcm = np.frombuffer(g711.decode(data[12:], 8), "<i2").astype(float)
            self.heard.append((time.monotonic(), float(np.sqrt((pcm**2).mean()))))

    def send(self, where: Address, payload: bytes = b"", kind: int = 8) -> None:
        if not payload:
            payload = g711.encode(TONE, 8) if self.speaking else SILENCE
        self.transport.sendto(struct.pack(">BBHII", 0x80, kind, self._number, self._stamp, 7) + payload, where)
        self._number = (self._number + 1) & 0xFFFF
        self._stamp += 160

    def loud(self, since: float, until: float) -> float:
        """The loudness (RMS) between two times of the monotonic clock."""
        found = [level for at, level in self.heard if since <= at <= until]
        return float(np.sqrt(np.mean(np.square(found)))) if found else 0.0

    def longest_gap(self, since: float, until: float, above: float = -1.0) -> float:
        """The longest time without a packet that is louder than `above`."""
        times = [since, *(at for at, level in self.heard if since <= at <= until and level > above), until]
        return max(after - before for before, after in itertools.pairwise(times))


@dataclass
class Leg:
    """One dialog of the carrier's: a caller's, or a mobile's that is rung."""

    carrier: Carrier
    number: str
    call_id: str
    local: str
    remote: str
    target: str
    began: float = field(default_factory=time.monotonic)
    sound: Sound = field(default_factory=Sound)
    where: Address | None = None
    #: what came in this dialog, requests and responses
    came: list[Packet] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ringing: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    answered_at: float = 0.0
    ended_at: float = 0.0
    final: int = 0
    invite: Packet | None = None
    branch: str = ""
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self.sound, local_addr=("127.0.0.1", 0))

    def offer(self) -> str:
        port = self.sound.transport.get_extra_info("sockname")[1]
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=ptime:20\r\n"
        )

    def read(self, body: str) -> None:
        """Where the other side listens."""
        host, port = re.search(r"c=IN IP4 (\S+)", body), re.search(r"m=audio (\d+)", body)
        if host and port:
            self.where = (host[1], int(port[1]))

    def up(self) -> None:
        if not self.answered.is_set():
            self.answered_at = time.monotonic()
            self.answered.set()
            self.carrier.keep(self._speak())

    async def _speak(self) -> None:
        due = time.monotonic()
        while not self.ended.is_set():
            if self.where and not self.sound.muted:
                self.sound.send(self.where)
            due += 0.02
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def press(self, key: str) -> None:
        """RFC 4733: one event of 160 ms, its end three times."""
        assert self.where
        self.sound.muted = True
        stamp = self.sound._stamp
        for step in range(1, 11):
            last = 0x80 if step > 7 else 0
            payload = struct.pack(">BBH", "0123456789*#".index(key), last | 10, min(step, 8) * 160)
            self.sound._stamp = stamp
            self.sound.send(self.where, payload, 101 | (0x80 if step == 1 else 0))
            await asyncio.sleep(0.02)
        self.sound._stamp = stamp + 1760
        self.sound.muted = False

    def hang_up(self) -> None:
        """BYE, or CANCEL before the answer."""
        if self.ended.is_set():
            return
        if self.answered.is_set():
            self.request("BYE", next(self.numbers))
        else:
            assert self.invite is None, "who is rung refuses by a code"
            self.request("CANCEL", 1, self.branch)
        self.over()

    def over(self) -> None:
        if not self.ended.is_set():
            self.ended_at = time.monotonic()
            self.ended.set()
            if self.sound.transport is not None:
                self.sound.transport.close()

    def request(self, method: str, number: int, branch: str = "", body: str = "", more: tuple[str, ...] = ()) -> None:
        branch = branch or f"z9hG4bK{secrets.token_hex(6)}"
        me = f"{self.carrier.address[0]}:{self.carrier.address[1]}"
        lines = [
            f"{method} {self.target} SIP/2.0", f"Via: SIP/2.0/UDP {me};branch={branch};rport", "Max-Forwards: 70",
            f"From: {self.local}", f"To: {self.remote}", f"Call-ID: {self.call_id}", f"CSeq: {number} {method}",
            f"Contact: <sip:{me}>", *more, *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}", "", body,
        ]  # fmt: skip
        self.carrier.send("\r\n".join(lines))
        if method == "INVITE":
            self.branch = branch


@dataclass
class Carrier:
    """`behave` tells what a mobile does: a code (486), "ring", or "answer"; who is not named answers."""

    site: Address = ("127.0.0.1", 0)
    behave: dict[str, int | str] = field(default_factory=dict)
    #: a mobile rings so long before it answers (s)
    rings_s: float = 0.3
    legs: dict[str, Leg] = field(default_factory=dict)
    #: who was rung, in order
    rung: list[Leg] = field(default_factory=list)
    #: a telephone registered here; the password is asked for, any answer is taken
    contact: str = ""
    registered: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        carrier = self

        class Port(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: Address) -> None:
                if data.strip():
                    carrier.came(Packet(data), addr)

        self._transport, _ = await loop.create_datagram_endpoint(Port, local_addr=("127.0.0.1", 0))
        self.address: Address = self._transport.get_extra_info("sockname")

    async def close(self) -> None:
        for leg in self.legs.values():
            leg.over()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._transport.close()

    def keep(self, work) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def send(self, text: str, where: Address | None = None) -> None:
        self._transport.sendto(text.encode(), where or self.site)

    async def call(
        self,
        number: str,
        caller: str = "13971800123",
        *,
        to: str = "",
        uri: str = "",
        more: tuple[str, ...] = (),
    ) -> Leg:
        """Call the site; `to` and `uri` stand in place of the number's own, `more` are further headers."""
        site = f"{self.site[0]}:{self.site[1]}"
        leg = Leg(
            self, caller, secrets.token_hex(8),
            f"<sip:{caller}@{self.address[0]}:{self.address[1]}>;tag={secrets.token_hex(4)}",
            to or f"<sip:{number}@{site}>", uri or f"sip:{number}@{site}",
        )  # fmt: skip
        await leg.open()
        self.legs[leg.call_id] = leg
        leg.request("INVITE", next(leg.numbers), body=leg.offer(), more=more)
        return leg

    async def rings(self, count: int = 1, within_s: float = 10.0) -> Leg:
        """The mobile that is rung as the n-th."""
        await until(lambda: len(self.rung) >= count, within_s)
        return self.rung[count - 1]

    # ---- what comes -----------------------------------------------------------------------------

    def came(self, packet: Packet, addr: Address) -> None:
        leg = self.legs.get(packet.get("call-id"))
        if leg is not None:
            leg.came.append(packet)
        if packet.code:
            if leg is not None:
                self._response(leg, packet)
        elif packet.method == "REGISTER":
            self._register(packet, addr)
        elif packet.method == "INVITE" and leg is None:
            self.keep(self._rung(packet, addr))
        elif packet.method in ("BYE", "CANCEL") and leg is not None:
            self._answer(packet, 200, addr, leg)
            if packet.method == "CANCEL" and leg.invite is not None:
                self._answer(leg.invite, 487, addr, leg)
            leg.over()
        elif packet.method == "INVITE" and leg is not None:
            if leg.invite is None or packet.get("cseq") != leg.invite.get("cseq"):
                self._answer(packet, 200, addr, leg, leg.offer())
        elif packet.method != "ACK":
            self._answer(packet, 200, addr, leg)

    def _response(self, leg: Leg, packet: Packet) -> None:
        if not packet.get("cseq").endswith("INVITE"):
            return
        if packet.code == 180:
            leg.ringing.set()
        elif packet.code >= 200:
            leg.final = leg.final or packet.code
            leg.remote = packet.get("to")
            number = int(packet.get("cseq").split()[0])
            if packet.code == 200:
                contact = re.search(r"<([^>]+)>", packet.get("contact"))
                leg.target = contact[1] if contact else leg.target
                leg.read(packet.body)
                leg.request("ACK", number)
                leg.up()
            else:
                leg.request("ACK", number, leg.branch)
                leg.over()
        elif packet.body:
            leg.read(packet.body)

    async def _rung(self, packet: Packet, addr: Address) -> None:
        number = re.search(r"sip:([^@;>]+)", packet.uri)
        leg = Leg(
            self, number[1] if number else "", packet.get("call-id"), f"{packet.get('to')};tag={secrets.token_hex(4)}",
            packet.get("from"), (re.search(r"<([^>]+)>", packet.get("contact")) or [None, packet.uri])[1],
            invite=packet,
        )  # fmt: skip
        leg.came.append(packet)
        self.legs[leg.call_id] = leg
        self.rung.append(leg)
        await leg.open()
        leg.read(packet.body)
        self._answer(packet, 100, addr, leg)
        behaviour = self.behave.get(leg.number, "answer")
        if isinstance(behaviour, int):
            self._answer(packet, behaviour, addr, leg)
            return leg.over()
        self._answer(packet, 180, addr, leg)
        leg.ringing.set()
        if behaviour == "answer":
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(leg.ended.wait(), self.rings_s)
            if not leg.ended.is_set():
                self._answer(packet, 200, addr, leg, leg.offer())
                leg.up()

    def _register(self, packet: Packet, addr: Address) -> None:
        if not packet.get("authorization"):
            challenge = 'WWW-Authenticate: Digest realm="carrier", nonce="n0nce", algorithm=MD5, qop="auth"'
            return self._answer(packet, 401, addr, None, more=(challenge,))
        contact = re.search(r"<([^>]+)>", packet.get("contact"))
        self.contact = contact[1] if contact else ""
        self.registered.set()
        self._answer(packet, 200, addr, None, more=(f"Contact: {packet.get('contact')};expires=300",))

    def _answer(
        self, request: Packet, code: int, addr: Address, leg: Leg | None, body: str = "", more: tuple[str, ...] = ()
    ) -> None:
        to = request.get("to")
        if "tag=" not in to and code > 100:
            to = leg.local if leg is not None and leg.invite is not None else f"{to};tag=carrier"
        lines = [
            f"SIP/2.0 {code} {_REASONS[code]}", *(f"Via: {via}" for via in request.all("via")),
            f"From: {request.get('from')}", f"To: {to}", f"Call-ID: {request.get('call-id')}",
            f"CSeq: {request.get('cseq')}", f"Contact: <sip:{self.address[0]}:{self.address[1]}>", *more,
            *(["Content-Type: application/sdp"] if body else []), f"Content-Length: {len(body)}", "", body,
        ]  # fmt: skip
        self.send("\r\n".join(lines), addr)
