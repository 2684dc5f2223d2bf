"""An ear that failed several times in a row rests, so that no caller waits for it, and is tried in the background."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import numpy as np

from bot.foundation.backoff import Backoff
from bot.speech import ear_metrics
from bot.speech.port import Recogniser, RecogniserFailed

log = logging.getLogger(__name__)

#: failures in a row before it rests
IN_A_ROW = 3
AGAIN = Backoff(first_s=5.0, most_s=300.0, jitter=0.2)
#: the sound it is tried with: a second of faint noise, at the rate of a line
_TRIAL_RATE = 8000


class Resting:
    """Whether an ear is asked. What a trial shows lets it be asked again; only a turn that it heard makes it trusted."""

    def __init__(self, ear: Recogniser, name: str, patience_s: float, again: Backoff = AGAIN) -> None:
        self._ear, self._name, self._patience_s, self._again = ear, name, patience_s, again
        self._failures = 0
        self._trials: asyncio.Task[None] | None = None
        ear_metrics.resting.labels(name).set(0)

    @property
    def awake(self) -> bool:
        """Whether turns are given to it."""
        return self._trials is None

    def heard(self) -> None:
        """A turn went well."""
        if self._failures >= IN_A_ROW:
            log.warning("%s hears again", self._name)
        self._failures = 0
        self._wake()

    def failed(self) -> None:
        """A turn went badly; called in the loop."""
        self._failures += 1
        if self._failures >= IN_A_ROW and self._trials is None:
            log.error("%s failed %d times in a row and rests; the first ear hears alone", self._name, self._failures)
            ear_metrics.resting.labels(self._name).set(1)
            self._trials = asyncio.create_task(self._try(), name=f"trying {self._name}")

    def close(self) -> None:
        """Try no more."""
        if self._trials is not None:
            self._trials.cancel()

    async def _try(self) -> None:
        tried = 0
        while True:
            wait = self._again.wait(max(1, self._failures - IN_A_ROW + 1) + tried)
            await asyncio.sleep(self._again.most_s if wait is None else wait)
            try:
                await trial(self._ear, self._patience_s)
            except RecogniserFailed:
                tried += 1
            else:
                break
        # The next failure makes it rest at once, and longer.
        self._failures = IN_A_ROW - 1 + tried
        log.warning("%s answers again after %d trials", self._name, tried + 1)
        self._trials = None
        ear_metrics.resting.labels(self._name).set(0)

    def _wake(self) -> None:
        if self._trials is not None:
            self._trials.cancel()
            self._trials = None
            ear_metrics.resting.labels(self._name).set(0)


async def trial(ear: Recogniser, patience_s: float, clock: Callable[[], float] = time.monotonic) -> float:
    """Let an ear hear a second of noise; → the seconds that it took. Raises RecogniserFailed."""
    noise = np.random.default_rng(0).integers(-30, 30, _TRIAL_RATE).astype("<i2").tobytes()
    began = clock()
    try:
        async with asyncio.timeout(patience_s):
            session = ear.begin(_TRIAL_RATE)
            await session.feed(noise)
            await session.finish()
    except TimeoutError:
        raise RecogniserFailed(f"no answer within {patience_s:.1f} s") from None
    return clock() - began
