"""RTP: packets, and what the caller's become on a time line without holes. Pure: time is given."""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import dataclass

from bot.lines.line import LineEvent, Pressed, Sounded
from bot.lines.sip import g711

_HEADER = struct.Struct(">BBHII")
_DIGITS = "0123456789*#ABCD"
#: a hole of up to this much (samples) is loss; more is a new stream
_LOSS = 16_000
#: and never more than this (samples) beyond the time that has passed: stamps may lie
_AHEAD = 8_000
#: more bytes than these are no telephone's packet (200 ms are 1,612)
_LONGEST = 2_048
#: the peer is quiet for so long (s) before the clock fills in
_QUIET_S = 0.1
#: so many packets from the past in a row: the peer began anew
_RESTARTED = 25


@dataclass(frozen=True)
class Packet:
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    marker: bool = False

    def encode(self) -> bytes:
        first = self.payload_type | (0x80 if self.marker else 0)
        return _HEADER.pack(0x80, first, self.sequence, self.timestamp, self.ssrc) + self.payload


def parse(data: bytes) -> Packet | None:
    """None for what is no RTP."""
    if not 12 <= len(data) <= _LONGEST or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(data)
    start = 12 + 4 * (first & 15)
    if first & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data) - (data[-1] if first & 0x20 else 0)
    if end < start or (first & 0x20 and data[-1] == 0):
        return None
    return Packet(second & 0x7F, sequence, timestamp, ssrc, data[start:end], bool(second & 0x80))


class Receiver:
    """The caller's packets as events: sound in order, lost time as zeros, each digit once."""

    def __init__(self, digits: int | None, now: float) -> None:
        self.digits = digits
        #: time of the last packet
        self.heard_at = now
        self._began = now
        self._received = 0
        #: zeros that the clock filled in since the last packet (samples)
        self._filled = 0
        self._ssrc: int | None = None
        self._sequence = 0
        self._expected = 0
        self._late = 0
        self._pressed: deque[int] = deque(maxlen=32)

    def take(self, packet: Packet, now: float) -> list[LineEvent]:
        """What this packet brings."""
        self.heard_at = now
        if packet.payload_type == self.digits:
            return self._digit(packet)
        # 13 (comfort noise) and what nobody agreed on carry no words.
        if packet.payload_type not in (g711.PCMU, g711.PCMA) or not packet.payload:
            return []
        events: list[LineEvent] = []
        if packet.ssrc == self._ssrc:
            ahead = (packet.sequence - self._sequence) & 0xFFFF
            if ahead == 0 or ahead >= 0x8000:
                self._late += ahead != 0
                if self._late < _RESTARTED:
                    return []
            hole = (packet.timestamp - self._expected) & 0xFFFFFFFF
            if self._late < _RESTARTED and self._filled < hole <= _LOSS:
                passed = int((now - self._began) * 8000) + _AHEAD - self._received
                if (lost := min(hole - self._filled, passed)) > 0:
                    events.append(self._zeros(lost))
        self._late, self._filled = 0, 0
        self._ssrc, self._sequence = packet.ssrc, packet.sequence
        self._expected = (packet.timestamp + len(packet.payload)) & 0xFFFFFFFF
        self._received += len(packet.payload)
        events.append(Sounded(g711.decode(packet.payload, packet.payload_type)))
        return events

    def fill(self, now: float) -> list[LineEvent]:
        """Zeros for the time that has passed without sound: without them a turn would never end."""
        if now - self.heard_at < _QUIET_S:
            return []
        lacking = int((now - self._began) * 8000) - self._received
        if lacking < 160:
            return []
        lacking = min(lacking, 8000)
        self._filled += lacking
        return [self._zeros(lacking)]

    def _zeros(self, samples: int) -> Sounded:
        self._received += samples
        return Sounded(bytes(samples * 2))

    def _digit(self, packet: Packet) -> list[LineEvent]:
        if len(packet.payload) < 4 or packet.payload[0] >= len(_DIGITS) or packet.timestamp in self._pressed:
            return []
        self._pressed.append(packet.timestamp)
        return [Pressed(_DIGITS[packet.payload[0]])]


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
