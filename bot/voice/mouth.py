"""Gege's mouth on a line: sentence after sentence, stopped when the caller insists."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.speech.speak import Voice
from bot.voice.line import Line, Playback


@dataclass(frozen=True)
class Spoken:
    """What became of some sentences."""

    #: clock time of the first sound; None when there was none
    started_at: float | None
    #: sentences that the caller did not hear to the end
    left: tuple[str, ...]


class Mouth:
    """Speaks on one line. The first `firm` sentences are never cut off (recording notice, danger)."""

    def __init__(self, line: Line, voice: Voice, clock: Callable[[], float] = time.monotonic) -> None:
        self._line, self._voice, self._clock = line, voice, clock
        self._interrupted = asyncio.Event()

    def interrupt(self) -> None:
        """The caller wants to speak."""
        self._interrupted.set()

    async def speak(self, sentences: Sequence[str], *, firm: int = 0, interrupted: bool = False) -> Spoken:
        """Say it, and wait until it has left. `interrupted`: the caller is speaking already.

        Raises VoiceFailed; what was queued before still leaves."""
        self._interrupted.clear()
        if interrupted:
            self._interrupted.set()
        played: list[list[Playback]] = []
        for number, sentence in enumerate(sentences):
            if number >= firm and self._interrupted.is_set():
                break
            parts: list[Playback] = []
            played.append(parts)
            async for pcm in self._voice.stream(sentence, self._line.rate):
                parts.append(self._line.play(pcm))
                if number >= firm and self._interrupted.is_set():
                    break
        await self._played([part for parts in played[:firm] for part in parts])
        await self._played_or_interrupted([part for parts in played[firm:] for part in parts])
        whole = 0
        while whole < len(played) and all(part.complete for part in played[whole]):
            whole += 1
        starts = [part.started_at for parts in played for part in parts if part.started_at is not None]
        return Spoken(min(starts, default=None), tuple(sentences[whole:]))

    async def _played(self, parts: list[Playback]) -> None:
        for part in parts:
            await part.over.wait()

    async def _played_or_interrupted(self, parts: list[Playback]) -> None:
        if all(part.over.is_set() for part in parts):
            return
        all_over = asyncio.ensure_future(self._played(parts))
        stop = asyncio.ensure_future(self._interrupted.wait())
        try:
            await asyncio.wait({all_over, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not all_over.done():
                self._line.drop()
        finally:
            all_over.cancel()
            stop.cancel()
