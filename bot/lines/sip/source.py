"""Whose sound a call takes, and where its own goes: the peer's hosts, from whatever port, and nobody else. Pure."""

from __future__ import annotations

from collections.abc import Callable

from bot.lines.sip.packet import Packet
from bot.lines.sip.sdp import Media

Address = tuple[str, int]
#: another stream of the same peer is taken once the one that is heard has been quiet for so long (s)
_QUIET_S = 0.2
#: a host that merely may speak SIP to us is heard when the peer's own have been silent for so long (s)
_STRANGE_S = 1.0
#: packets that go to an address which neither speaks SIP to us nor has sent any sound (10 s)
_MOST_UNHEARD = 500


class Source:
    """Follows the peer's sound when its port changes (RFC 4961: sound goes back where it comes from).

    The peer's hosts are the one that its description names and the one that its signalling comes from. Another host may
    speak only when it is permitted by the site, when those two stay silent, and as long as they do."""

    def __init__(self, signalling: str, permitted: Callable[[str], bool], now: float) -> None:
        """`signalling`: the peer's host; `permitted(host)`: whether the site takes SIP from there."""
        self._signalling, self._permitted = signalling, permitted
        self._since = now
        self._taken: Address | None = None
        self._ssrc, self._heard_at = 0, now
        self._unheard = 0

    @property
    def taken(self) -> Address | None:
        """Where the sound that is heard comes from; None before there was any."""
        return self._taken

    def again(self, now: float) -> None:
        """The peer has named another address: whoever speaks next is heard."""
        self._taken, self._since, self._unheard = None, now, 0

    def own(self, host: str, media: Media) -> bool:
        """Whether it is one of the peer's own hosts."""
        return host in (media.host, self._signalling)

    def hears(self, source: Address, packet: Packet, media: Media, now: float) -> bool:
        """Whether this packet is the peer's; from then on its source is where sound comes from and goes to."""
        if source != self._taken and not self._moves(source, packet, media, now):
            return False
        self._taken, self._ssrc, self._heard_at = source, packet.ssrc, now
        return True

    def _moves(self, source: Address, packet: Packet, media: Media, now: float) -> bool:
        if packet.payload_type not in media.payload_types:
            return False  # who begins a stream speaks what was agreed on
        host = source[0]
        if not self.own(host, media):
            return self._taken is None and now - self._since >= _STRANGE_S and self._permitted(host)
        if self._taken is None or not self.own(self._taken[0], media):
            return True
        return packet.ssrc == self._ssrc or now - self._heard_at >= _QUIET_S

    def target(self, media: Media) -> Address | None:
        """Where the next packet goes; None when nothing may be sent there any more."""
        if self._taken is not None:
            return self._taken
        if media.host != self._signalling and not self._permitted(media.host):
            if self._unheard >= _MOST_UNHEARD:
                return None
            self._unheard += 1
        return media.host, media.port
