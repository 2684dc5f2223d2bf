"""Both ends of SIP calls for tests: Gege's port, an exchange, and what Gege heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.bench.exchange.sip import Call, Exchange, exchange, goes_on
from bot.lines.line import CallFacts, Pressed, Sounded
from bot.lines.sip import rtp, sdp
from bot.lines.sip.media import SipLine
from bot.lines.sip.message import Message
from bot.lines.sip.server import SipServer
from tests.waiting import until


class Listener:
    """Answers calls: hears everything, and says what it is told to."""

    def __init__(self) -> None:
        self.heard: dict[str, bytearray] = {}
        self.keys: dict[str, str] = {}
        self.lines: dict[str, SipLine] = {}

    async def __call__(self, line: SipLine, facts: CallFacts) -> None:
        self.lines[facts.caller] = line
        heard = self.heard[facts.caller] = bytearray()
        self.keys[facts.caller] = ""
        async for event in line.events():
            if isinstance(event, Sounded):
                heard.extend(event.pcm)
            elif isinstance(event, Pressed):
                self.keys[facts.caller] += event.digit


@asynccontextmanager
async def both(**settings) -> AsyncIterator[tuple[SipServer, Exchange, Listener]]:  # type: ignore[no-untyped-def]
    listener = Listener()
    server = SipServer("127.0.0.1", 0, listener, **settings)
    await server.start()
    try:
        async with exchange() as far:
            far.gege = ("127.0.0.1", server.port)
            yield server, far, listener
    finally:
        await server.close()


async def up(far: Exchange, listener: Listener, caller: str = "1391") -> tuple[Call, bytearray]:
    """A call that talks."""
    call = await far.call(caller=caller)
    assert call.final is not None and call.final.code == 200
    await until(lambda: caller in listener.heard)
    await goes_on(call, listener.heard[caller])
    return call, listener.heard[caller]


async def response(far: Exchange, request: Message) -> Message:
    """What comes to this request next, provisional or final; who waits for the final one asks by `Call.ask`."""
    return await asyncio.wait_for(far._responses.setdefault(request.branch, asyncio.Queue()).get(), 5)


def offer(far: Exchange, direction: str = "sendrecv", codec: str = "8") -> bytes:
    body = sdp.write("127.0.0.1", far.sound.port, 1, 2).replace(b"sendrecv", direction.encode())
    if codec != "8":
        ours = next(line for line in body.split(b"\r\n") if line.startswith(b"m="))
        body = body.replace(ours, b"m=audio %d RTP/AVP %s" % (far.sound.port, codec.encode()))
    return body


class Port(asyncio.DatagramProtocol):
    """One socket that sound comes from, on any host and port of this machine; it counts what came to it."""

    def __init__(self) -> None:
        self.packets: list[rtp.Packet] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if (packet := rtp.parse(data)) is not None:
            self.packets.append(packet)

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])


@asynccontextmanager
async def port(host: str = "127.0.0.1") -> AsyncIterator[Port]:
    loop = asyncio.get_running_loop()
    made = Port()
    made.transport, _ = await loop.create_datagram_endpoint(lambda: made, local_addr=(host, 0))
    try:
        yield made
    finally:
        made.transport.close()
