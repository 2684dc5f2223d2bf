"""The port between a telephone call and what carries it: AudioSocket now, SIP and browsers alike."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from bot.foundation.phone_numbers import phone_digits


@dataclass(frozen=True)
class Sounded:
    """Sound of the caller: int16 little-endian mono at the line's rate, of any length."""

    pcm: bytes


@dataclass(frozen=True)
class Pressed:
    """A key of the caller's telephone: 0-9, *, #, A-D."""

    digit: str


LineEvent = Sounded | Pressed


@dataclass
class Playback:
    """Sound on its way to the caller."""

    pcm: bytes
    #: clock time (s) at which its first frame left; None before
    started_at: float | None = None
    #: bytes that have left; a line that does not count leaves it at 0, and cut sentences begin anew
    sent: int = 0
    #: everything left; stays False when it was dropped
    complete: bool = False
    #: set when it is complete or dropped
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class CallFacts:
    """What is known of a call before a word is spoken."""

    call_id: str
    caller: str = ""
    dialled: str = ""
    diverting: str = ""
    #: where the caller is (Heard.channel): a person cannot be put through to a browser ("web")
    channel: str = "phone"
    #: keyed digest of the network address that a browser calls from (Heard.origin)
    origin: str = ""

    def in_full(self, area_code: str) -> CallFacts:
        """The same with every number in its one form, whatever form the network gave it; `area_code` for who calls, or is
        called, without one."""
        caller, dialled, diverting = (
            phone_digits(each, area_code) for each in (self.caller, self.dialled, self.diverting)
        )
        return replace(self, caller=caller, dialled=dialled, diverting=diverting)


class Line(Protocol):
    """One answered call. Time on it is audio time: what was heard and sent, counted in samples."""

    @property
    def rate(self) -> int:
        """Hz; 8000 or 16000, both directions."""

    @property
    def backlog(self) -> int:
        """Events that came and were not taken yet."""

    #: told of every frame that leaves, silence as well
    on_sent: Callable[[bytes], None] | None

    def events(self) -> AsyncIterator[LineEvent]:
        """What comes from the caller; ends when the call is over. Lost sound comes as zeros."""

    def play(self, pcm: bytes) -> Playback:
        """Queue sound behind what is queued already."""

    def drop(self) -> None:
        """Forget all sound that has not left yet (the caller speaks)."""

    async def hang_up(self) -> None:
        """End the call; on AudioSocket the dial plan goes on, which is how a person is rung next."""
