"""Gege's mouth on a line: sentence after sentence, stopped when the caller insists, resumed after a cough."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.lines.line import Line, Playback
from bot.speech.speak import Voice

#: what was cut off is taken up again a little earlier (s): nobody remembers half a syllable
_BACK_S = 0.4


@dataclass(frozen=True)
class Spoken:
    """What became of some sentences."""

    #: clock time of the first sound; None when there was none
    started_at: float | None
    #: sentences that the caller did not hear to the end; the first one may have been cut
    left: tuple[str, ...]
    #: the sound that is left of the first of them, when it was cut in the middle
    rest: bytes = b""


async def say(line: Line, voice: Voice, sentence: str) -> bool:
    """One sentence on a line that nobody else speaks on, until it was heard; whether to its end. Raises VoiceFailed."""
    played = [line.play(pcm) async for pcm in voice.stream(sentence, line.rate)]
    for playing in played:
        await playing.over.wait()
    return all(playing.complete for playing in played)


class Mouth:
    """Speaks on one line. The first `firm` sentences are never cut off (recording notice, danger)."""

    def __init__(self, line: Line, voice: Voice, clock: Callable[[], float] = time.monotonic) -> None:
        self._line, self._voice, self._clock = line, voice, clock
        self._interrupted = asyncio.Event()
        self._last: Playback | None = None

    @property
    def speaks(self) -> bool:
        """Something of hers has not left yet."""
        return self._last is not None and not self._last.over.is_set()

    def interrupt(self) -> None:
        """The caller wants to speak."""
        self._interrupted.set()

    def sound(self, pcm: bytes) -> None:
        """A sound that is no sentence; not while Gege speaks."""
        if not self.speaks:
            self._line.play(pcm)

    def _play(self, pcm: bytes) -> Playback:
        self._last = self._line.play(pcm)
        return self._last

    async def speak(
        self, sentences: Sequence[str], *, firm: int = 0, interrupted: bool = False, first: bytes = b""
    ) -> Spoken:
        """Say it, and wait until it has left. `interrupted`: the caller is speaking already; `first`: sound that is
        played in place of the first sentence (its rest).

        Raises VoiceFailed; what was queued before still leaves."""
        self._interrupted.clear()
        if interrupted:
            self._interrupted.set()
        played: list[list[Playback]] = []
        whole = 0  # sentences whose sound has been made to the end
        for number, sentence in enumerate(sentences):
            if number >= firm and self._interrupted.is_set():
                break
            parts: list[Playback] = []
            played.append(parts)
            if number == 0 and first:
                parts.append(self._play(first))
            else:
                async for pcm in self._voice.stream(sentence, self._line.rate):
                    parts.append(self._play(pcm))
                    if number >= firm and self._interrupted.is_set():
                        break
                else:
                    whole = number + 1
                    continue
                break
            whole = number + 1
        await self._played([part for parts in played[:firm] for part in parts])
        await self._played_or_interrupted([part for parts in played[firm:] for part in parts])
        heard = 0
        while heard < whole and all(part.complete for part in played[heard]):
            heard += 1
        starts = [part.started_at for parts in played for part in parts if part.started_at is not None]
        rest = self._rest(played[heard]) if heard < whole else b""
        return Spoken(min(starts, default=None), tuple(sentences[heard:]), rest)

    async def resume(self, spoken: Spoken, *, interrupted: bool = False) -> Spoken:
        """Go on where Gege was cut off."""
        return await self.speak(spoken.left, interrupted=interrupted, first=spoken.rest)

    def _rest(self, parts: list[Playback]) -> bytes:
        """What has not left of a sentence, and a little before; nothing when the line does not count."""
        if not any(part.sent for part in parts):
            return b""
        sound = b"".join(part.pcm for part in parts)
        sent = sum(len(part.pcm) if part.complete else part.sent for part in parts)
        return sound[max(0, sent - int(_BACK_S * self._line.rate) * 2) :]

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
