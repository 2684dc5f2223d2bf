"""Text to speech behind one port: the site's recordings first, then what was spoken before, then an engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

import numpy as np

from bot.speech import breaths
from bot.speech.audio import Samples, resample
from bot.speech.breaths import Breath
from bot.speech.engine import USUAL_RATE, Engine, Sentence, VoiceFailed
from bot.speech.espeak import EspeakProcess
from bot.speech.joining import Joint
from bot.speech.level import levelled, stretched, trimmed
from bot.speech.reading import sentences
from bot.speech.recorded import RecordedPrompts, prompt_name
from bot.speech.sentence_plan import Kind, Part, Planner
from bot.speech.sound_cache import RATE, SoundCache
from bot.speech.speakers import Speakers

__all__ = ["EspeakProcess", "GegeVoice", "RecordedPrompts", "Voice", "VoiceFailed", "prompt_name"]

_PAUSE_S = 0.3
#: to have the readings loaded
_ANYTHING = "1号"
_RECORDABLE = (Kind.fixed, Kind.phrase, Kind.number)


class Voice(Protocol):
    """Something that speaks."""

    async def start(self) -> None:
        """Warm up."""

    async def say(self, text: str, rate: int = 8000) -> bytes:
        """Text -> int16 little-endian mono samples at `rate` Hz. Raises VoiceFailed."""

    def stream(self, text: str, rate: int = 8000) -> AsyncIterator[bytes]:
        """The same piece by piece; the first comes as soon as it is made."""

    async def close(self) -> None:
        """End the child process."""


class GegeVoice:
    """Recordings of whole sentences, then sentences joined of recorded parts, then an engine: whole sentences by a quick
    one, joined of parts that are said to everybody by a slow one."""

    def __init__(
        self,
        home: Path,
        words_per_minute: int = USUAL_RATE,
        engine: Engine | None = None,
        *,
        understudy: Engine | None = None,
        patience_s: float = 2.5,
        planner: Callable[[], Planner] | None = None,
        loudness: float | None = None,
        speed: float = 1.0,
    ) -> None:
        """`home` is GEGE_HOME: recordings in `prompts/`, what is said to everybody kept in `cache/speech/`.

        `engine`: espeak-ng when there is none; `understudy` speaks while it is late (`patience_s`), wrong or gone. `planner`
        knows the sentences with variables; `loudness` (dBFS) and `speed` (1 = as recorded) are for all that is said, whoever says
        it: an engine that is given has its speed already."""
        self.speakers = Speakers(
            engine or EspeakProcess(round(words_per_minute * speed)), understudy, patience_s=patience_s
        )
        self.recorded = RecordedPrompts(home / "prompts")
        self.cache = SoundCache(home / "cache" / "speech")
        self._planner, self._loudness, self._speed = planner, loudness, speed

    @property
    def engine(self) -> Engine:
        """The one that the site chose."""
        return self.speakers.first

    async def start(self) -> None:
        await asyncio.to_thread(self._warm_up)
        await self.speakers.start()

    async def say(self, text: str, rate: int = 8000) -> bytes:
        return b"".join([part async for part in self._stream(text, rate, at_once=True)])

    def stream(self, text: str, rate: int = 8000) -> AsyncIterator[bytes]:
        return self._stream(text, rate)

    async def _stream(self, text: str, rate: int, *, at_once: bool = False) -> AsyncIterator[bytes]:
        cut = sentences(text)
        if len(cut) != 1:
            # Recordings are not kept in memory: one that is replaced is heard at once.
            whole = await asyncio.to_thread(self._recording, text, rate)
            if whole is not None:
                yield whole.astype("<i2").tobytes()
                return
        for sentence in cut:
            async for samples in self._sentence(sentence, rate, at_once):
                yield samples.astype("<i2").tobytes()

    async def close(self) -> None:
        await self.speakers.close()

    async def prepare(self, breath: Breath, engine: Engine) -> bool:
        """Have these words, as a slow engine says them, ready; `engine` speaks like the first one. What is said to everybody
        is kept on the disk, everything else in memory. False when they were ready. Raises VoiceFailed."""
        sentence = Sentence.of(breath.text, goes_on=breath.goes_on)
        if not sentence.pinyin or self.is_ready(breath):
            return False
        sound = await engine.speak(sentence)
        await self._keep(sentence, self.engine, _tidied(resample(sound.samples, sound.rate, RATE)))
        return True

    def is_ready(self, breath: Breath) -> bool:
        """Whether the engine need not be asked for these words."""
        sentence = Sentence.of(breath.text, goes_on=breath.goes_on)
        known = self.cache.remembered(sentence, self.engine) is not None
        return known or self.cache.file(sentence, self.engine).is_file()

    async def _sentence(self, sentence: str, rate: int, at_once: bool) -> AsyncIterator[Samples]:
        parts = await asyncio.to_thread(self._parts, sentence, rate)
        if not isinstance(parts, list):
            yield parts
            return
        pieces = await self._pieces(sentence, parts, at_once)
        if len(pieces) == 1 and isinstance(only := pieces[0], Breath):
            # It ends with a pause of its own.
            yield await self._spoken(only, rate)
            return
        joint = Joint(rate)
        public = not parts and await self._everybodys(sentence)
        for piece in [*pieces, _PAUSE_S]:
            sound = await self._spoken(piece, rate, public) if isinstance(piece, Breath) else piece
            if len(samples := joint.add(sound if isinstance(sound, float) else trimmed(sound, rate))):
                yield samples

    async def _pieces(
        self, sentence: str, parts: list[tuple[Part, Samples | None]], at_once: bool
    ) -> list[breaths.Piece]:
        """How this sentence is spoken now; `at_once`: nobody hears its beginning before its end is made."""
        quick = self.speakers.now.quick
        if any(samples is not None for _, samples in parts):
            return breaths.whole(parts) if quick else breaths.short(parts, breaths.end_of(sentence))
        if quick or await self._ready(Sentence.of(sentence), self.engine) is not None:
            return [Breath(sentence)]
        if parts:
            return breaths.short(parts, breaths.end_of(sentence))
        return [Breath(sentence)] if at_once else breaths.clauses(sentence)

    def _warm_up(self) -> None:
        """Readings and sentences are loaded when they are first needed, which takes seconds. Blocks."""
        self.cache.forget_others()
        Sentence.of(_ANYTHING)
        if self._planner is not None:
            self._planner()

    def _recording(self, text: str, rate: int) -> Samples | None:
        found = self.recorded.find(text)
        if found is None:
            return None
        samples = stretched(found.samples, found.rate, self._speed)
        if self._loudness is not None:
            samples = levelled(samples, found.rate, self._loudness)
        return resample(samples, found.rate, rate)

    def _parts(self, sentence: str, rate: int) -> Samples | list[tuple[Part, Samples | None]]:
        """Its recording; or its parts with what is recorded of them, none when it has no variables. Blocks."""
        recorded = self._recording(sentence, rate)
        if recorded is not None:
            return recorded
        parts = self._planner().plan(sentence) if self._planner is not None else ()
        return [(part, self._recording(part.text, rate) if part.kind in _RECORDABLE else None) for part in parts]

    async def _spoken(self, breath: Breath, rate: int, public: bool = False) -> Samples:
        """By an engine, now or before; `public`: it is a clause of what is said to everybody."""
        sentence = Sentence.of(breath.text, goes_on=breath.goes_on)
        for engine in (self.engine, self.speakers.now):
            ready = await self._ready(sentence, engine, public)
            if ready is not None:
                return resample(ready, RATE, rate)
        if not sentence.pinyin:
            return np.zeros(0, np.int16)
        sound, engine = await self.speakers.speak(sentence)
        made = await self._keep(sentence, engine, _tidied(resample(sound.samples, sound.rate, RATE)), public)
        return resample(made, RATE, rate)

    async def _ready(self, sentence: Sentence, engine: Engine, public: bool = False) -> Samples | None:
        """At the cache's rate, as loud as the site wishes it."""
        samples = self.cache.remembered(sentence, engine)
        if samples is None and (public or await self._everybodys(sentence.text)):
            kept = await self.cache.kept(sentence, engine)
            if kept is not None:
                samples = await self._remember(sentence, engine, kept)
        return samples

    async def _keep(self, sentence: Sentence, engine: Engine, samples: Samples, public: bool = False) -> Samples:
        """Only what is said to everybody goes to the disk: a balance, a name or a place that is read back leaves no file
        (memory holds the last of them). The disk has it as it was made, whatever loudness the site wishes later."""
        if public or await self._everybodys(sentence.text):
            await self.cache.keep(sentence, engine, samples)
        return await self._remember(sentence, engine, samples)

    async def _remember(self, sentence: Sentence, engine: Engine, samples: Samples) -> Samples:
        if self._loudness is not None:
            samples = await asyncio.to_thread(levelled, samples, RATE, self._loudness)
        self.cache.remember(sentence, engine, samples)
        return samples

    async def _everybodys(self, text: str) -> bool:
        return self._planner is not None and (await asyncio.to_thread(self._planner)).everybodys(text)


def _tidied(samples: Samples) -> Samples:
    """Cut the engine's silence at both ends and leave the same breath after every sentence."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 60)
    if len(loud) == 0:
        return samples
    edge = RATE // 50
    body = samples[max(0, loud[0] - edge) : loud[-1] + edge]
    return np.concatenate([body, np.zeros(int(_PAUSE_S * RATE), np.int16)])
