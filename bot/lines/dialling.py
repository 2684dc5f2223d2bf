"""Ringing somebody: the port between whoever wants to call out and what carries it (SIP, Asterisk)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from bot.lines.bridge import Joinable

Call = TypeVar("Call", covariant=True)


@dataclass(frozen=True)
class Rung(Generic[Call]):
    """How ringing ended: "answered", "busy", "no_answer", "refused" (by the network), "failed" (on our side)."""

    outcome: str
    #: what was answered; hang it up when done
    call: Call | None = None
    #: for the operator: what the network said
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
