"""Keys in the sound's stream (RFC 4733, telephone-event): each press once, whatever of it is lost. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from bot.lines.sip.packet import Packet

_KEYS = "0123456789*#ABCD"
#: a key is held in one piece as long as its packets come at least so often (s); they are due every 20 to 50 ms
_HELD_S = 0.5
#: one segment's longest duration in samples (RFC 4733, 2.5.1.3: 0xFFFF), and what senders make of it
_SEGMENT = 0x10000 + 800
#: presses that late packets may still belong to
_REMEMBERED = 16


@dataclass
class _Press:
    """One press: the sequence number of its newest packet, when that came, and whether the key was let go."""

    newest: int
    at: float
    ended: bool


class Keys:
    """Tells presses apart by event, time stamp and marker; one press has up to hundreds of packets."""

    def __init__(self) -> None:
        self._presses: OrderedDict[tuple[int, int], _Press] = OrderedDict()

    def take(self, packet: Packet, now: float) -> str | None:
        """The key (0-9, *, #, A-D) of a packet that begins a press; None for all others, and for what is no key."""
        if len(packet.payload) < 4 or packet.payload[0] >= len(_KEYS):
            return None
        event, ended = packet.payload[0], bool(packet.payload[1] & 0x80)
        known = self._presses.get((packet.timestamp, event))
        if known is not None:
            newer = 0 < (packet.sequence - known.newest) & 0xFFFF < 0x8000
            again = packet.marker and known.ended and newer
            if newer:
                known.newest, known.at = packet.sequence, now
                known.ended = ended if again else known.ended or ended
            return _KEYS[event] if again else None
        goes_on = not packet.marker and self._goes_on(event, packet.timestamp, now)
        self._presses[packet.timestamp, event] = _Press(packet.sequence, now, ended)
        while len(self._presses) > _REMEMBERED:
            self._presses.popitem(last=False)
        return None if goes_on else _KEYS[event]

    def _goes_on(self, event: int, timestamp: int, now: float) -> bool:
        """A key that is held for more than 8 s comes in segments, each with a time stamp of its own and no marker."""
        return any(
            known == event and not press.ended and now - press.at <= _HELD_S
            and 0 < (timestamp - began) & 0xFFFFFFFF <= _SEGMENT
            for (began, known), press in self._presses.items()
        )  # fmt: skip
