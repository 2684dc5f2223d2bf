"""Loops that run on beside the service: each has a name, a period and a state, and none dies of what its work raises."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from bot.foundation.backoff import Backoff
from bot.foundation.errors import Unavailable

log = logging.getLogger(__name__)

#: waits until it is woken, for so many seconds at most
Pause = Callable[[asyncio.Event, float], Awaitable[None]]

#: without a success for three periods, and for so long (s), a loop is stuck
_STUCK_S, _STUCK_PERIODS = 60.0, 3.0
#: who does not let go within this (s) when the service stops is left behind
_STOP_S = 5.0


class More(Enum):
    """What work may return: there is more to do, it wants to be called again at once."""

    at_once = "at once"


async def pause(wake: asyncio.Event, seconds: float) -> None:
    """The real one. Not wait_for: in Python 3.11 that forgets that we were cancelled in the moment of a nudge."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await wake.wait()


@dataclass(frozen=True)
class BackgroundState:
    """A loop as it stood when somebody looked."""

    name: str
    every_s: float
    #: seconds since it last did its work; None: not once since it began
    idle_s: float | None
    #: what its last success took
    took_s: float
    #: failures since the last success
    failures: int
    #: the class of what it failed with last; no message: that may hold a resident's words
    problem: str
    stuck: bool


class Background:
    """Calls `work` every `every_s` seconds, at once when nudged, and whatever it raises again after a while."""

    def __init__(
        self,
        name: str,
        every_s: float,
        work: Callable[[], Awaitable[object]],
        *,
        first_after_s: float = 0.0,
        stuck_after_s: float | None = None,
        again: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Pause = pause,
    ) -> None:
        """`again`: the waits after failures (default: the period). `clock` and `pause` are a test's way to save time."""
        self.name, self.every_s = name, every_s
        self._work, self._clock, self._pause = work, clock, pause
        self._stuck_after_s = stuck_after_s or max(_STUCK_S, _STUCK_PERIODS * every_s)
        self._first_after_s, self._again = first_after_s, again
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._began = clock()
        self._succeeded: float | None = None
        self._took_s, self._failures, self._problem = 0.0, 0, ""

    @property
    def state(self) -> BackgroundState:
        """How it is now."""
        at = self._clock()
        idle = None if self._succeeded is None else at - self._succeeded
        quiet = at - (self._began if self._succeeded is None else self._succeeded)
        return BackgroundState(
            self.name, self.every_s, idle, self._took_s, self._failures, self._problem, quiet > self._stuck_after_s
        )

    def nudge(self) -> None:
        """There is something to do: work now. From any thread; without a running loop it does nothing."""
        if (loop := self._loop) is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just closed
                loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Until cancelled."""
        self._loop, self._began = asyncio.get_running_loop(), self._clock()
        try:
            if self._first_after_s:
                await self._pause(self._wake, self._first_after_s)
            while True:
                self._wake.clear()
                wait = await self._once()
                if wait > 0:
                    await self._pause(self._wake, wait)
                else:
                    await asyncio.sleep(0)  # the others' turn
        finally:
            self._loop = None

    def start(self) -> None:
        """Run in a task of its own."""
        self._task = self._task or asyncio.create_task(self.run(), name=self.name)

    async def stop(self) -> None:
        """End it; what it is in the middle of is cancelled, a thread that it waits for is not waited for."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        if (await asyncio.wait({task}, timeout=_STOP_S))[1]:
            log.error("%s does not let go and is left behind", self.name)

    async def _once(self) -> float:
        """Work; → seconds until the next time."""
        began = self._clock()
        try:
            more = await self._work()
        except asyncio.CancelledError as problem:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return self._failed(problem)  # something inside was cancelled, not we
        except Exception as problem:
            return self._failed(problem)
        if self._failures:
            log.warning("%s goes on after %d failures", self.name, self._failures)
        self._succeeded = self._clock()
        self._took_s, self._failures, self._problem = self._succeeded - began, 0, ""
        return 0.0 if more is More.at_once else self.every_s

    def _failed(self, problem: BaseException) -> float:
        self._failures, self._problem = self._failures + 1, type(problem).__name__
        asked = problem.retry_after if isinstance(problem, Unavailable) else None
        wait = self._again.wait(self._failures, asked_s=asked) if self._again else None
        if self._failures == 1:
            # What is only away is told in a line; where anything else broke is worth a traceback.
            where = None if isinstance(problem, Unavailable) else problem
            log.error("%s failed (%s); trying again", self.name, self._problem, exc_info=where)
        elif not self._failures & (self._failures - 1):
            # A loop of a second's period must not fill the disk with what it has said already.
            log.error("%s failed %d times in a row (%s); trying again", self.name, self._failures, self._problem)
        return self.every_s if wait is None else wait


class Backgrounds:
    """All loops of one service: started, looked at and stopped together or one by one."""

    def __init__(self) -> None:
        self._all: list[Background] = []

    def __iter__(self) -> Iterator[Background]:
        return iter(tuple(self._all))

    def start(self, *backgrounds: Background) -> None:
        """Run them from now on."""
        for one in backgrounds:
            self.include(one)
            one.start()

    def include(self, background: Background) -> None:
        """Show one that somebody else runs."""
        if background not in self._all:
            self._all.append(background)

    def leave_out(self, background: Background) -> None:
        """It is over, and nobody has to look at it any more."""
        if background in self._all:
            self._all.remove(background)

    async def stop(self, *backgrounds: Background) -> None:
        """End these; without any, all."""
        ended = backgrounds or tuple(self._all)
        await asyncio.gather(*(one.stop() for one in ended))
        for one in ended:
            self.leave_out(one)

    @property
    def states(self) -> list[BackgroundState]:
        """How they all are now."""
        return [one.state for one in self._all]
