"""Ringing somebody: the port between whoever wants to call out and what carries it (SIP, Asterisk)."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from bot.lines.bridge import Joinable

log = logging.getLogger(__name__)

Call = TypeVar("Call", covariant=True)

#: final statuses of SIP (RFC 3261 21.4 to 21.6) that speak of whoever was rung; every other one speaks of the network
_STATUS = {
    408: "no_answer", 480: "no_answer", 487: "no_answer",
    486: "busy", 600: "busy",
    603: "declined",
    404: "unreachable", 410: "unreachable", 484: "unreachable", 502: "unreachable", 604: "unreachable",
}  # fmt: skip
#: the same of a hang-up cause of ISDN (ITU-T Q.850), by RFC 3398 8.2.6.1; 21 is what Asterisk makes of a 603
_CAUSE = {
    1: 404, 2: 404, 3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 603, 22: 410, 27: 502, 28: 484,
}  # fmt: skip

#: outcomes that say something of us or the network, and nothing of whoever was to be rung
OURS = ("refused", "failed")


@dataclass(frozen=True)
class Rung(Generic[Call]):
    """How ringing ended: "answered", "busy", "no_answer", "declined" (pressed away), "unreachable" (no such number,
    switched off), "refused" (by the network), "failed" (on our side: nobody was rung)."""

    outcome: str
    #: what was answered; hang it up when done
    call: Call | None = None
    #: for the operator: what the network said, and what to do where it is his to do something
    detail: str = ""
    #: its final status, where it has one (SIP); 0 without
    code: int = 0


class Connected(Protocol):
    """A call that somebody took."""

    @property
    def line(self) -> Joinable: ...

    async def hang_up(self) -> None: ...


class Dialler(Protocol):
    """Rings telephones."""

    async def ring(self, number: str, within_s: float, /) -> Rung[Connected]:
        """Ring a number for so many seconds. A machine that answers is answered, too: who wants a person asks for
        a key."""


def say_why(rung: Rung[object], whom: str) -> None:
    """Tell the operator of a number that could not be rung; what people do (busy, no answer) is none of his business."""
    if rung.outcome in OURS:
        log.error("%s could not be rung, %s: %s", whom, rung.outcome, rung.detail or "the network says nothing")
    elif rung.outcome == "unreachable":
        log.warning("%s could not be reached (%s): is the number right, and switched on?", whom, rung.detail)


def outcome_of(status: int) -> str:
    """A final status of SIP, in Rung's words."""
    return "answered" if 200 <= status < 300 else _STATUS.get(status, "refused")


def outcome_of_cause(cause: int) -> str:
    """A hang-up cause of ISDN (Q.850) of a call that nobody took, in Rung's words."""
    return outcome_of(_CAUSE.get(cause, 503))
