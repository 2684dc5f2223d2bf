"""Whether the peer of a call is still there: its sound, what it answers within the call, and the session timer."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import Protocol

from bot.lines.sip.media import SipLine
from bot.lines.sip.message import Message
from bot.lines.sip.session_timer import SessionTimer

_TICK_S = 0.5
#: no packet for so long: whoever never sent any is no caller, whoever did is asked whether it is there
SILENCE_S = 30.0
#: a call that is held for longer becomes a call-back
MOST_HELD_S = 600.0
#: a refresh that was refused for another reason is tried again after so long
_AGAIN_S = 10.0
#: answers that say that nobody knows the call any more (RFC 5057)
_GONE = (408, 481)


class Watched(Protocol):
    """What is to be known of a call."""

    line: SipLine
    timer: SessionTimer
    #: the Call-ID is ours
    ours: bool

    def end(self, reason: str, /) -> None: ...

    async def refresh(self) -> Message | None:
        """Ask for what is agreed already; the final response, None without any."""


class Watch:
    """Runs beside one call and ends it when its peer has gone without a word."""

    def __init__(self, call: Watched, clock: Callable[[], float] = time.monotonic) -> None:
        self._call, self._clock = call, clock
        self._answered_at = self._refresh_at = clock()
        self._held_at: float | None = None

    async def run(self) -> None:
        """Until the call is over."""
        ended = self._call.line.ended
        leaving = asyncio.ensure_future(ended.wait())
        looking: asyncio.Future[None] | None = None
        try:
            while not (await asyncio.wait({leaving}, timeout=_TICK_S))[0]:
                looking = asyncio.ensure_future(self._look())
                await asyncio.wait({looking, leaving}, return_when=asyncio.FIRST_COMPLETED)
                if looking.done():
                    looking.result()
        finally:
            leaving.cancel()
            if looking is not None:
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)

    async def _look(self) -> None:
        call, now = self._call, self._clock()
        if not call.line.held:
            self._held_at = None
        elif self._held_at is None:
            self._held_at = now
        if call.timer.over(now):
            call.end("the session was not refreshed")
        elif self._held_at is not None and now - self._held_at >= MOST_HELD_S:
            call.end("held for too long")
        elif not call.line.heard and not call.line.held and now - call.line.heard_at >= SILENCE_S:
            call.end("no sound ever came")
        elif now >= self._refresh_at and (call.timer.due(now) or self._silent(now)):
            await self._refresh()

    def _silent(self, now: float) -> bool:
        """A telephone with silence suppression sends nothing while its user listens, but its exchange answers a
        refresh. (Asterisk 22 answers no OPTIONS within a call.)"""
        return now - max(self._call.line.heard_at, self._answered_at) >= SILENCE_S

    async def _refresh(self) -> None:
        call = self._call
        answer = await call.refresh()
        now = self._clock()
        if answer is None or answer.code in _GONE:
            call.end("the peer does not know this call any more")
            return
        self._answered_at = now
        if answer.code < 300:
            call.timer.answered(answer, now)
        elif answer.code == 422 and call.timer.lengthen(answer):
            pass  # it is asked again when half of the longer interval is over
        elif answer.code == 491:
            # Both asked at once (RFC 3261, 14.1): whose Call-ID it is waits longer.
            self._refresh_at = now + (random.uniform(2.1, 4.0) if call.ours else random.uniform(0.0, 2.0))
        else:
            self._refresh_at = now + _AGAIN_S
