"""What each exchange lets us do for a caller of its own, as its first answers taught us; and what to set is in the log."""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal

log = logging.getLogger(__name__)

Ring = Literal["auto", "call", "refer"]
#: final statuses by which an exchange takes no call from us at all (RFC 3261, 21.4): who we are, or that we call
_NOT_FROM_US = frozenset({401, 403, 405, 407, 501})
#: these may be about the number as well: true of this one call
_PERHAPS_NOT_FROM_US = frozenset({404, 408, 484, 488, 604})
_MOST_EXCHANGES = 1000


@dataclass
class _Way:
    """What one exchange did; None: not tried."""

    takes_calls: bool | None = None
    connects: bool | None = None


class ExchangeWays:
    """Ways by exchange (its address)."""

    def __init__(self, ring: Ring = "auto", *, leave: bool = True) -> None:
        """`ring`, `leave`: [voice.exchange]."""
        self._ring, self._leave = ring, leave
        self._ways: OrderedDict[str, _Way] = OrderedDict()

    def calls(self, host: str) -> bool:
        """Whether people are rung by a call of ours."""
        return self._ring == "call" or (self._ring == "auto" and self._way(host).takes_calls is not False)

    def took(self, host: str) -> None:
        """It has rung somebody for us."""
        self._way(host).takes_calls = True

    def transfers_instead(self, host: str, code: int, detail: str) -> bool:
        """Our call was not taken: whether the caller himself is to be transferred, at the risk that he is lost."""
        way = self._way(host)
        if self._ring == "call" or way.takes_calls or code not in _NOT_FROM_US | _PERHAPS_NOT_FROM_US:
            return False
        if code in _NOT_FROM_US and way.takes_calls is None:
            way.takes_calls = False
        log.warning(
            "the exchange %s takes no call from us (%s); its callers are transferred instead (REFER): who is rung hears"
            " nothing of the case, and a caller may be lost when nobody answers. Let it take calls from Gege, or set"
            " [voice.exchange] user and password; ring = \"refer\" says that it shall be so", host, detail,
        )  # fmt: skip
        return True

    def leaves(self, host: str) -> bool:
        """Whether two who talk are left to it."""
        return self._leave and self._way(host).connects is not False

    def connected(self, host: str) -> None:
        """It has connected two calls of ours without us."""
        self._way(host).connects = True

    def stays(self, host: str, status: int) -> None:
        """It did not; Gege stays between the two from now on."""
        way = self._way(host)
        if way.connects is None:
            log.warning(
                "the exchange %s did not connect two calls (REFER with Replaces: %s): Gege stays between those who talk."
                " Let it take transfers from Gege; [voice.exchange] leave = false says that it shall be so",
                host, status or "no word",
            )  # fmt: skip
            way.connects = False

    def _way(self, host: str) -> _Way:
        while len(self._ways) >= _MOST_EXCHANGES and host not in self._ways:
            self._ways.popitem(last=False)
        return self._ways.setdefault(host, _Way())
