"""What the caller's packets become on a time line without holes, and the numbers of our own. Pure: time is given."""

from __future__ import annotations

from collections.abc import Collection

from bot.lines.line import LineEvent, Pressed, Sounded
from bot.lines.sip import g711
from bot.lines.sip.ordering import Order
from bot.lines.sip.packet import Packet, parse
from bot.lines.sip.telephone_event import Keys

__all__ = ["Packet", "Receiver", "Sender", "parse"]

#: a hole of up to this much (samples) is loss; more is a new stream
_LOSS = 16_000
#: and never more than this (samples) beyond the time that has passed: stamps may lie
_AHEAD = 8_000
#: no sound for so long (s) before the clock fills in
_QUIET_S = 0.1


class Receiver:
    """The caller's packets as events: sound in order, lost time as zeros, each key once."""

    def __init__(self, digits: int | Collection[int] | None, now: float) -> None:
        """`digits`: payload types that keys may have."""
        self.digits: frozenset[int] = frozenset()
        self.understand(digits)
        self._keys = Keys()
        self.restart(now)

    def understand(self, digits: int | Collection[int] | None) -> None:
        """Other payload types for keys."""
        self.digits = frozenset(() if digits is None else (digits,) if isinstance(digits, int) else digits)

    def restart(self, now: float) -> None:
        """The time line goes on from here: the call begins, or comes back from hold."""
        self._began = self._sound_at = now
        self._order = Order()
        self._received = 0
        #: zeros that the clock filled in since the last sound (samples)
        self._filled = 0
        self._ssrc: int | None = None
        self._expected = 0

    def take(self, packet: Packet, now: float) -> list[LineEvent]:
        """What this packet brings. A key is told at its first packet, whatever comes late before it."""
        key = self._keys.take(packet, now) if packet.payload_type in self.digits else None
        events: list[LineEvent] = [Pressed(key)] if key else []
        if packet.payload_type in (g711.PCMU, g711.PCMA):
            self._sound_at = now
        elif packet.ssrc != self._order.ssrc:
            # Some gateways count keys in a stream of their own: no part of the sound's order.
            return events
        return events + self._sound(self._order.put(packet, now), now)

    def fill(self, now: float) -> list[LineEvent]:
        """What has waited long enough, and zeros for the time that has passed without sound: without them a turn would
        never end."""
        events = self._sound(self._order.due(now), now)
        lacking = int((now - self._began) * 8000) - self._received
        if now - self._sound_at >= _QUIET_S and lacking >= 160:
            lacking = min(lacking, 8000)
            self._filled += lacking
            events.append(self._zeros(lacking))
        return events

    def _sound(self, packets: list[Packet], now: float) -> list[LineEvent]:
        """Comfort noise (13, or whatever number it has), keys and what nobody agreed on carry no words: their time is
        silence, by the stamp of the sound behind them or by the clock."""
        events: list[LineEvent] = []
        for packet in packets:
            if packet.payload_type not in (g711.PCMU, g711.PCMA) or not packet.payload:
                continue
            hole = (packet.timestamp - self._expected) & 0xFFFFFFFF
            if packet.ssrc == self._ssrc and self._filled < hole <= _LOSS:
                passed = int((now - self._began) * 8000) + _AHEAD - self._received
                if (lost := min(hole - self._filled, passed)) > 0:
                    events.append(self._zeros(lost))
            self._filled, self._ssrc = 0, packet.ssrc
            self._expected = (packet.timestamp + len(packet.payload)) & 0xFFFFFFFF
            self._received += len(packet.payload)
            events.append(Sounded(g711.decode(packet.payload, packet.payload_type)))
        return events

    def _zeros(self, samples: int) -> Sounded:
        self._received += samples
        return Sounded(bytes(samples * 2))


class Sender:
    """Numbers our own packets."""

    def __init__(self, sequence: int, timestamp: int, ssrc: int) -> None:
        self._sequence, self._timestamp, self._ssrc = sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc & 0xFFFFFFFF
        self._first = True

    def packet(self, pcm: bytes, codec: int) -> bytes:
        """The next packet, with these samples."""
        made = Packet(
            codec, self._sequence, self._timestamp, self._ssrc, g711.encode(pcm, codec), marker=self._first
        ).encode()
        self._first = False
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + len(pcm) // 2) & 0xFFFFFFFF
        return made

    def skip(self, samples: int) -> None:
        """Time passed in which nothing was sent."""
        self._timestamp = (self._timestamp + samples) & 0xFFFFFFFF
        self._first = True
