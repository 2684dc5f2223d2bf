"""How late the service is: how long a turn would wait that came now, how far the event loop and the ears lag behind.

Numbers of calls and turns say little: a machine that does something else besides is late with few of them. Whoever lets
somebody in asks here."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator

from bot.foundation.background import Background

#: of what is told of turns, of the loop and of ears, each new one counts so much: one slow moment shuts nobody out
_TURN_COUNTS, _LOOP_COUNTS, _EAR_COUNTS = 0.1, 0.3, 0.3
#: the loop is looked at so often (s)
_LOOK_S = 0.1
#: what was told of loop and ears halves in so long (s): while nobody is let in, nothing more is heard of them
_HALVES_S = 4.0
#: a spoken conversation is worth nothing when any of them is later than this (s); what somebody does goes ten times through the
#: loop, so that a tenth of a second there is a second to him
_LOOP_LATE_S, _EARS_LATE_S, _TURNS_LATE_S = 0.1, 1.5, 2.0


class _Fading:
    """A smoothed value that is forgotten by halves."""

    def __init__(self, counts: float, clock: Callable[[], float]) -> None:
        self._counts, self._clock = counts, clock
        self._value, self._at = 0.0, clock()

    @property
    def now(self) -> float:
        return self._value * float(0.5 ** ((self._clock() - self._at) / _HALVES_S))

    def see(self, value: float) -> None:
        before = self.now
        self._value, self._at = before + (value - before) * self._counts, self._clock()


class Lateness:
    """Of one process. All is told and asked in the event loop that serves."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._inside = 0
        #: the usual gap (s) between two turns that come out one after the other, while others wait
        self._gap_s = 0.0
        self._out_at = clock()
        self._loop, self._ears = _Fading(_LOOP_COUNTS, clock), _Fading(_EAR_COUNTS, clock)

    # ---- turns ----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Around one turn of the dialogue, its waiting with it."""
        if not self._inside:
            self._out_at = self._clock()
        self._inside += 1
        try:
            yield
        finally:
            now = self._clock()
            self._gap_s += (now - self._out_at - self._gap_s) * (_TURN_COUNTS if self._gap_s else 1.0)
            self._out_at = now
            self._inside -= 1

    @property
    def turns_s(self) -> float:
        """How long a turn would wait for those before it (s): so many are inside, and one comes out in so long. Where
        none has come out for longer than usual, that counts."""
        return self._inside * max(self._gap_s, self._clock() - self._out_at) if self._inside else 0.0

    @property
    def pace_s(self) -> float:
        """The usual time between two turns that come out while others wait (s); 0 before the first."""
        return self._gap_s

    # ---- loop and ears --------------------------------------------------------------------------

    @property
    def loop_s(self) -> float:
        """How late the event loop has lately come to what was due (s)."""
        return self._loop.now

    @property
    def ears_s(self) -> float:
        """How long callers have lately waited for their words to be recognised (s)."""
        return self._ears.now

    def recognised(self, seconds: float) -> None:
        """A caller's turn was recognised so long after its end."""
        self._ears.see(seconds)

    def looped(self, seconds: float) -> None:
        """The event loop came so much later to something that was due."""
        self._loop.see(seconds)

    def background(self) -> Background:
        """Looks at the event loop that this runs in."""

        async def look() -> None:
            began = self._clock()
            await asyncio.sleep(_LOOK_S)
            self.looped(max(0.0, self._clock() - began - _LOOK_S))

        return Background("lateness", _LOOK_S, look)

    @property
    def for_anybody(self) -> bool:
        """Whether the loop itself is late: whoever is let in now makes it later for all."""
        return self.loop_s > _LOOP_LATE_S

    @property
    def for_calls(self) -> bool:
        """Whether one more caller would talk to somebody who answers late."""
        return self.for_anybody or self.ears_s > _EARS_LATE_S or self.turns_s > _TURNS_LATE_S
