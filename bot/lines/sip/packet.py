"""RTP packets on the wire (RFC 3550). Pure."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_HEADER = struct.Struct(">BBHII")
#: more bytes than these are no telephone's packet (200 ms are 1,612)
_LONGEST = 2_048
#: second bytes that name a report (RTCP) where both share a port (RFC 5761, 4)
_REPORTS = range(192, 224)


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
    if not 12 <= len(data) <= _LONGEST or data[0] >> 6 != 2 or data[1] in _REPORTS:
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
