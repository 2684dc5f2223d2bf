"""A bad network on loopback: packets are lost, and come late and out of order; drawn by a seed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from bot.bench.exchange.people import Person
from bot.lines.incoming import FRAME_S
from bot.lines.sip import g711, rtp

Address = tuple[str, int]


@dataclass
class Network:
    """`loss`: share of packets that do not arrive (0 to 1); `jitter_s`: each comes later by up to this (s)."""

    loss: float = 0.0
    jitter_s: float = 0.0
    dice: random.Random = field(default_factory=random.Random)

    def carry(self, arrive: Callable[[], object]) -> None:
        """One packet's way."""
        if self.loss and self.dice.random() < self.loss:
            return
        if self.jitter_s:
            asyncio.get_running_loop().call_later(self.dice.random() * self.jitter_s, arrive)
        else:
            arrive()


class RtpLeg(asyncio.DatagramProtocol):
    """The sound of one person: a port of his own, 20 ms packets of A-law both ways, over a network."""

    def __init__(self, person: Person, network: Network) -> None:
        self.person, self._network = person, network
        self._sender = rtp.Sender(1, 2, network.dice.getrandbits(32))
        self._where: Address | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Take a port. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self.port = int(self._transport.get_extra_info("sockname")[1])

    def start(self, where: Address) -> None:
        """Send there from now on."""
        self._where = where
        self._task = self._task or asyncio.create_task(self._send())

    def close(self) -> None:
        """No sound any more."""
        if self._task is not None:
            self._task.cancel()
        self._transport.close()

    def datagram_received(self, data: bytes, addr: Address) -> None:
        packet = rtp.parse(data)
        if packet is not None and not self.person.over:
            pcm = g711.decode(packet.payload, packet.payload_type)
            self._network.carry(lambda: self.person.hear(pcm))

    async def _send(self) -> None:
        began, frames = self.person.clock(), 0
        while not self.person.over:
            data = self._sender.packet(self.person.frame(), g711.PCMA)
            self._network.carry(partial(self._sent, data))
            frames += 1
            await asyncio.sleep(max(0.0, began + frames * FRAME_S - self.person.clock()))

    def _sent(self, data: bytes) -> None:
        if self._where is not None and not self._transport.is_closing():
            self._transport.sendto(data, self._where)
