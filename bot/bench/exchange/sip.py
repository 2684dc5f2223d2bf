"""An exchange on one UDP socket, as the far end of SIP: it calls us, takes our calls, and behaves badly when told to."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Callable

import numpy as np

from bot.lines.sip import g711, rtp, sdp
from bot.lines.sip.message import Message, parameter, parse, respond, uri_of

Address = tuple[str, int]
#: a fifth of a second
TONE = (np.sin(np.arange(1600) / 5) * 8000).astype("<i2").tobytes()


class Sound(asyncio.DatagramProtocol):
    """One RTP port: what it heard, and frames to send."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self._sender = rtp.Sender(1, 2, 3)

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = int(self.transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: Address) -> None:
        packet = rtp.parse(data)
        if packet is not None:
            self.heard.extend(g711.decode(packet.payload, packet.payload_type))

    def send(self, pcm: bytes, where: Address) -> None:
        self.transport.sendto(self._sender.packet(pcm, g711.PCMA), where)


class Exchange(asyncio.DatagramProtocol):
    """`behave` maps a method (or "INVITE 0715…") to what is done with our requests; all of them stand in `asked`."""

    #: a final response is waited for so long (s)
    patience_s = 5.0

    def __init__(self, gege: Address | None = None) -> None:
        self.gege = gege
        self.asked: list[Message] = []
        self.behave: dict[str, Callable[[Message], None]] = {}
        #: headers of our INVITEs that say what we can
        self.can: dict[str, str] = {}
        self._responses: dict[str, asyncio.Queue[Message]] = {}
        #: branch of an INVITE -> the ACK to its final response
        self.acks: dict[str, bytes] = {}
        self.sound = Sound()

    async def open(self, host: str = "127.0.0.1") -> None:
        """Take a port there; its sound is at 127.0.0.1."""
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        self.address: Address = (host, int(self.transport.get_extra_info("sockname")[1]))
        await self.sound.open()

    def close(self) -> None:
        self.transport.close()
        self.sound.transport.close()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        message = parse(data)
        if message.code:
            self.responded(message)
            return
        self.asked.append(message)
        rung = f"{message.method} {uri_of(message.uri).removeprefix('sip:').partition('@')[0]}"
        behave = self.behave.get(rung) or self.behave.get(message.method)
        if behave is not None:
            behave(message)
        elif message.method != "ACK":
            self.answer(message, 200)

    def responded(self, message: Message) -> None:
        """A response of Gege's; a final one to an INVITE that comes again gets its ACK again."""
        if message.branch in self.acks and message.code >= 200:
            self.put(self.acks[message.branch])
        self._responses.setdefault(message.branch, asyncio.Queue()).put_nowait(message)

    def put(self, data: bytes) -> None:
        """Send to Gege."""
        self.transport.sendto(data, self.gege)

    def answer(
        self, request: Message, code: int, *, tag: str = "them", sound: Sound | bool = False, **headers: str
    ) -> None:
        """Our response to a request of Gege's; `sound`: with a description of our own port, or of that one."""
        assert self.gege is not None
        more = [(name.replace("_", "-"), value) for name, value in headers.items()]
        body = b""
        if sound:
            more += [("contact", f"<sip:them@{self.host}>"), ("content-type", "application/sdp")]
            body = sdp.write("127.0.0.1", (self.sound if sound is True else sound).port, 1, 1)
        self.put(respond(request, code, self.gege, tag=tag, headers=more, body=body).encode())

    @property
    def host(self) -> str:
        return f"{self.address[0]}:{self.address[1]}"

    def named(self, method: str) -> list[Message]:
        """What Gege asked, without repetitions."""
        return list({each.branch: each for each in self.asked if each.method == method}.values())

    async def call(self, number: str = "07153391024", caller: str = "13971800123", line: str = "gege") -> Call:
        """Call Gege; `line` stands in the request line."""
        call = Call(self, number, caller, secrets.token_hex(6), line)
        await call.invite()
        return call


class Call:
    """A call of the exchange's to Gege."""

    def __init__(self, exchange: Exchange, number: str, caller: str, call_id: str, line: str = "gege") -> None:
        self._exchange, self.call_id, self._line = exchange, call_id, line
        assert exchange.gege is not None
        self._to = f"<sip:{number}@{exchange.gege[0]}:{exchange.gege[1]}>"
        self._from = f"<sip:{caller}@{exchange.host}>;tag=us{call_id}"
        self._numbers = itertools.count(1)
        self.media: sdp.Media | None = None
        self.patience = exchange.patience_s
        self.final: Message | None = None

    def _message(self, method: str, number: int, body: bytes, more: dict[str, str]) -> Message:
        exchange = self._exchange
        assert exchange.gege is not None
        headers = [
            ("via", f"SIP/2.0/UDP {exchange.host};branch=z9hG4bK{secrets.token_hex(6)};rport"), ("from", self._from),
            ("to", self._to), ("call-id", self.call_id), ("cseq", f"{number} {method}"),
            ("contact", f"<sip:us@{exchange.host}>"), *((name.replace("_", "-"), value) for name, value in more.items()),
        ]  # fmt: skip
        uri = f"sip:{self._line}@{exchange.gege[0]}:{exchange.gege[1]}"
        return Message(method=method, uri=uri, headers=headers, body=body)

    def send(self, method: str, *, number: int | None = None, body: bytes = b"", **headers: str) -> Message:
        """Send it once and wait for nothing."""
        return self._sent(self._message(method, next(self._numbers) if number is None else number, body, headers))

    def _sent(self, message: Message) -> Message:
        self._exchange.put(message.encode())
        return message

    async def ask(self, method: str, *, body: bytes = b"", **headers: str) -> Message:
        """Its final response."""
        return await self._final(self._sent(self._message(method, next(self._numbers), body, headers)))

    async def _final(self, request: Message) -> Message:
        """The final response; the request is repeated until one comes (RFC 3261, 17.1). Raises TimeoutError."""
        queue = self._exchange._responses.setdefault(request.branch, asyncio.Queue())
        again_s = 0.5
        async with asyncio.timeout(self.patience):
            while True:
                try:
                    response = await asyncio.wait_for(queue.get(), again_s)
                except TimeoutError:
                    self._exchange.put(request.encode())
                    again_s = min(2 * again_s, 2.0)
                    continue
                if response.code >= 200:
                    return response
                again_s = self.patience

    async def invite(self, body: bytes | None = None) -> Message:
        """INVITE (again) and ACK; what came of it is in `final` and `media`."""
        offer = sdp.write("127.0.0.1", self._exchange.sound.port, 1, 1) if body is None else body
        more = {"content_type": "application/sdp", **self._exchange.can}
        request = self._sent(self._message("INVITE", next(self._numbers), offer, more))
        self.final = await self._final(request)
        number = self.final.cseq[0]
        if parameter(self.final.get("to"), "tag"):
            self._to = self.final.get("to")
        self._exchange.acks[request.branch] = self.send("ACK", number=number).encode()
        if self.final.code == 200:
            self.media = sdp.read(self.final.body)
        return self.final

    def within(self, invite: Message, tag: str) -> Call:
        """The same, within the call that this INVITE of Gege's made, answered with our tag."""
        self._to, self._from = invite.get("from"), f"{invite.get('to')};tag={tag}"
        return self

    def speak(self, pcm: bytes) -> None:
        assert self.media is not None
        for start in range(0, len(pcm), 320):
            self._exchange.sound.send(pcm[start : start + 320], (self.media.host, self.media.port))

    def notify(self, status: str) -> None:
        """Tell how the number is doing that Gege referred us to."""
        self.send("NOTIFY", body=f"SIP/2.0 {status}\r\n".encode(), event="refer", content_type="message/sipfrag")


async def goes_on(call: Call, heard: bytearray) -> None:
    """What the caller says now is heard, so the call is up."""
    before = len(heard)
    call.speak(TONE)
    async with asyncio.timeout(5.0):
        while len(heard) < before + 3200 or not max(heard[before:]):
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def exchange(host: str = "127.0.0.1") -> AsyncIterator[Exchange]:
    made = Exchange()
    await made.open(host)
    try:
        yield made
    finally:
        made.close()
