"""Who speaks: the engine that the site chose, and another in its place while that one is late, wrong or gone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import numpy as np

from bot.foundation.backoff import Backoff
from bot.speech.audio import Sound
from bot.speech.engine import Engine, Sentence, VoiceFailed

log = logging.getLogger(__name__)

#: the rest of an engine that failed: a caller must not wait for it in every sentence
_AGAIN = Backoff(first_s=5.0, most_s=300.0, jitter=0.1)
#: so long (s) a service waits for its voice to load; espeak-ng speaks until it has
_START_S = 5.0
#: of int16; below it a sound is silence
_SILENT = 60
#: nobody speaks a syllable faster, or slower with the pauses round it (s)
_FASTEST_S, _SLOWEST_S, _PAUSES_S = 0.04, 1.2, 4.0
#: what a syllable adds to an engine's time
_A_SYLLABLE_S = 0.15


class Speakers:
    """Two engines. The first speaks; the understudy does while the first rests, and within the same sentence."""

    def __init__(
        self,
        first: Engine,
        understudy: Engine | None = None,
        *,
        patience_s: float = 2.5,
        again: Backoff = _AGAIN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`patience_s`: the first may take so long to begin a sentence, and a little more for each syllable, when there is
        an understudy."""
        self.first, self._understudy = first, understudy
        self._patience_s, self._again, self._clock = patience_s, again, clock
        self._failures, self._rests_until = 0, 0.0
        self._starting: asyncio.Task[None] | None = None

    @property
    def now(self) -> Engine:
        """Whom the next sentence is asked of."""
        if self._understudy is None:
            return self.first
        loading = self._starting is not None and not self._starting.done()
        return self._understudy if loading or self._clock() < self._rests_until else self.first

    async def start(self) -> None:
        """Raises VoiceFailed when nobody can speak. Who takes long to load is not waited for."""
        if self._understudy is None:
            await self.first.start()
            return
        await self._understudy.start()
        self._starting = asyncio.create_task(self._start_first(), name=f"starting {self.first.name}")
        await asyncio.wait({self._starting}, timeout=_START_S)

    async def _start_first(self) -> None:
        try:
            await self.first.start()
        except VoiceFailed as problem:
            self._rest(problem)

    async def speak(self, sentence: Sentence) -> tuple[Sound, Engine]:
        """The sound, and who spoke it. Raises VoiceFailed when nobody could."""
        if self._understudy is None:
            return await self.first.speak(sentence), self.first
        if self.now is self.first:
            try:
                async with asyncio.timeout(self._patience_s + _A_SYLLABLE_S * len(sentence.pinyin.split())):
                    sound = await self.first.speak(sentence)
                check_sound(sound, sentence)
            except (VoiceFailed, TimeoutError) as problem:
                self._rest(problem)
            else:
                self._well()
                return sound, self.first
        return await self._understudy.speak(sentence), self._understudy

    async def close(self) -> None:
        if self._starting is not None:
            self._starting.cancel()
        await self.first.close()
        if self._understudy is not None:
            await self._understudy.close()

    def _rest(self, problem: Exception) -> None:
        self._failures += 1
        wait = self._again.wait(self._failures) or 0.0
        self._rests_until = self._clock() + wait
        why = str(problem) or "it is late"
        log.warning("the voice %s rests for %.0f s, espeak-ng speaks: %s", self.first.name, wait, why)

    def _well(self) -> None:
        if self._failures:
            log.warning("the voice %s speaks again", self.first.name)
        self._failures = 0


def check_sound(sound: Sound, sentence: Sentence) -> None:
    """Raises VoiceFailed for what cannot be this sentence: nothing, silence, or far too much."""
    syllables = len(sentence.pinyin.split())
    if not syllables * _FASTEST_S <= sound.seconds <= syllables * _SLOWEST_S + _PAUSES_S:
        raise VoiceFailed(f"{sound.seconds:.1f} s of sound for {syllables} syllables")
    if int(np.abs(sound.samples.astype(np.int32)).max(initial=0)) < _SILENT:
        raise VoiceFailed("the sound is silence")
