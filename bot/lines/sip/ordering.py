"""Packets in the order in which they were sent (RFC 3550, A.1), as far as that is worth waiting for. Pure."""

from __future__ import annotations

from bot.lines.sip.packet import Packet

#: how long (s) what came too early waits for what it overtook; with nothing missing nobody waits (measured:
#: docs/sip.md)
WAIT_S = 0.08
#: a sequence number so far ahead is loss; so far behind, a late packet; anything else is a new count
_MOST_LOST, _MOST_LATE = 3_000, 100
#: so many late packets in a row, and the sender began anew close behind
_RESTARTED = 25
#: packets that wait at the same time
_MOST_WAITING = 50


class Order:
    """Gives packets on in their order. Late ones and repeated ones are dropped."""

    def __init__(self) -> None:
        #: whose packets these are
        self.ssrc: int | None = None
        self._next = 0
        self._waiting: dict[int, tuple[Packet, float]] = {}
        self._late = 0
        #: the number that would confirm that the sender counts anew
        self._elsewhere: int | None = None

    def put(self, packet: Packet, now: float) -> list[Packet]:
        """What may be given on, now that this one has come."""
        if packet.ssrc != self.ssrc:
            return self._anew(packet)
        ahead = (packet.sequence - self._next) & 0xFFFF
        if ahead < _MOST_LOST:
            self._late, self._elsewhere = 0, None
            self._waiting.setdefault(packet.sequence, (packet, now))
            return self.due(now)
        if ahead >= 0x10000 - _MOST_LATE:
            self._late += 1
            return self._anew(packet) if self._late >= _RESTARTED else []
        if packet.sequence == self._elsewhere:
            return self._anew(packet)
        self._elsewhere = (packet.sequence + 1) & 0xFFFF
        return []

    def due(self, now: float) -> list[Packet]:
        """What follows without a hole, and what has waited long enough behind one."""
        given: list[Packet] = []
        while self._waiting:
            if self._next not in self._waiting:
                first = min(at for _, at in self._waiting.values())
                if now - first < WAIT_S and len(self._waiting) <= _MOST_WAITING:
                    break
                self._next = min(self._waiting, key=lambda sequence: (sequence - self._next) & 0xFFFF)
            packet, _ = self._waiting.pop(self._next)
            given.append(packet)
            self._next = (self._next + 1) & 0xFFFF
        return given

    def _anew(self, packet: Packet) -> list[Packet]:
        ahead = sorted(self._waiting.values(), key=lambda one: (one[0].sequence - self._next) & 0xFFFF)
        self._waiting.clear()
        self.ssrc, self._next = packet.ssrc, (packet.sequence + 1) & 0xFFFF
        self._late, self._elsewhere = 0, None
        return [*(waited for waited, _ in ahead), packet]
