"""Text to speech behind one port: the site's recordings first, else espeak-ng in a child process."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import secrets
import struct
import subprocess
import sys
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from bot.foundation.errors import Broken
from bot.speech.audio import AudioRefused, Samples, Sound, read_audio, resample, write_wav
from bot.speech.joining import join
from bot.speech.level import levelled, stretched, trimmed
from bot.speech.reading import pinyin, sentences
from bot.speech.recorded import RecordedPrompts, prompt_name
from bot.speech.sentence_plan import Kind, Part, Planner

__all__ = ["EspeakProcess", "GegeVoice", "RecordedPrompts", "Voice", "VoiceFailed", "prompt_name"]

log = logging.getLogger(__name__)
T = TypeVar("T")

#: cached at this rate (Hz): good enough for the browser, half of it for the telephone
_CACHE_RATE = 16000
_PAUSE_S = 0.3
_TIMEOUT_S = 10.0
_IN_MEMORY = 128
_ON_DISK = 2000
#: begins the names of files that hold what is said to everybody; no other file stays in the cache
_EVERYBODYS = "all-"
_PITCH = 45
_BROKEN = "espeak-ng does not run: reinstall the package espeakng-loader; see `gege doctor`"


class VoiceFailed(Broken):
    """No sound could be made of this text."""


class Voice(Protocol):
    """Something that speaks."""

    async def start(self) -> None:
        """Warm up."""

    async def say(self, text: str, rate: int = 8000) -> bytes:
        """Text -> int16 little-endian mono samples at `rate` Hz. Raises VoiceFailed."""

    def stream(self, text: str, rate: int = 8000) -> AsyncIterator[bytes]:
        """The same sentence by sentence; the first comes as soon as it is made."""

    async def close(self) -> None:
        """End the child process."""


class EspeakProcess:
    """espeak-ng in a process of its own; started when first needed, started again when it dies.

    A thread talks to it, not asyncio: asyncio's subprocesses need a child watcher, which is gone as soon as
    Sanic (Rasa) has set uvloop's policy."""

    def __init__(self, words_per_minute: int = 150) -> None:
        self.words_per_minute = words_per_minute
        self.starts = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._rate = 0
        # One thread: requests wait for each other; an answer that nobody waits for any more is still read.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="espeak")

    async def start(self) -> None:
        """Start it now, so that the first sentence need not wait for it. Raises VoiceFailed."""
        await self._in_thread(self._started)

    async def speak(self, syllables: str) -> Sound:
        """Toned pinyin -> sound at the engine's rate. Tries twice; raises VoiceFailed."""
        wish = {"pinyin": syllables, "rate": self.words_per_minute, "pitch": _PITCH}
        return await self._in_thread(lambda: self._ask_twice(json.dumps(wish).encode() + b"\n"))

    async def close(self) -> None:
        self._kill()
        await asyncio.to_thread(self._thread.shutdown)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            waiting = asyncio.get_running_loop().run_in_executor(self._thread, work)
            return await asyncio.wait_for(waiting, _TIMEOUT_S)
        except (TimeoutError, OSError, RuntimeError, struct.error) as problem:
            self._kill()
            raise VoiceFailed(_BROKEN) from problem

    def _ask_twice(self, wish: bytes) -> Sound:
        try:
            return self._ask(wish)
        except (OSError, struct.error):
            log.warning("espeak-ng stopped; starting it again")
            self._kill()
            return self._ask(wish)

    def _ask(self, wish: bytes) -> Sound:
        process = self._started()
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(wish)
        process.stdin.flush()
        (count,) = struct.unpack("<I", process.stdout.read(4))
        data = process.stdout.read(count * 2)
        if len(data) != count * 2:
            raise BrokenPipeError("espeak-ng stopped in mid-sentence")
        return Sound(np.frombuffer(data, dtype="<i2").astype(np.int16), self._rate)

    def _started(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is None:
            self.starts += 1
            # By path, not by name: the child needs nothing of Gege's packages and starts faster so.
            child = [sys.executable, str(Path(__file__).with_name("espeak_child.py"))]
            process = subprocess.Popen(child, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self._process = process
            assert process.stdout is not None
            (self._rate,) = struct.unpack("<I", process.stdout.read(4))
        return process

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError, ValueError):
                if pipe is not None:
                    pipe.close()


class GegeVoice:
    """Recordings of whole sentences, then sentences joined of recorded parts, then espeak-ng."""

    def __init__(
        self,
        home: Path,
        words_per_minute: int = 150,
        engine: EspeakProcess | None = None,
        *,
        planner: Callable[[], Planner] | None = None,
        loudness: float | None = None,
        speed: float = 1.0,
    ) -> None:
        """`home` is GEGE_HOME: recordings in `prompts/`, what is said to everybody kept in `cache/speech/`.

        `planner` knows the sentences with variables; `loudness` (dBFS) and `speed` (1 = as recorded) are for all
        that is said, whoever says it."""
        self.engine = engine or EspeakProcess(round(words_per_minute * speed))
        self.recorded = RecordedPrompts(home / "prompts")
        self._cache = home / "cache" / "speech"
        self._planner, self._loudness, self._speed = planner, loudness, speed
        self._memory: OrderedDict[tuple[str, int], Samples] = OrderedDict()

    async def start(self) -> None:
        await asyncio.to_thread(_forget_others, self._cache)
        await self.engine.start()

    async def say(self, text: str, rate: int = 8000) -> bytes:
        return b"".join([part async for part in self.stream(text, rate)])

    async def stream(self, text: str, rate: int = 8000) -> AsyncIterator[bytes]:
        # Recordings are not kept in memory: one that is replaced is heard at once.
        whole = await asyncio.to_thread(self._recording, text, rate)
        if whole is not None:
            yield whole.astype("<i2").tobytes()
            return
        for sentence in sentences(text):
            yield (await self._sentence(sentence, rate)).astype("<i2").tobytes()

    async def close(self) -> None:
        await self.engine.close()

    async def _sentence(self, sentence: str, rate: int) -> Samples:
        recorded = await asyncio.to_thread(self._recording, sentence, rate)
        if recorded is not None:
            return recorded
        parts = await asyncio.to_thread(self._recorded_parts, sentence, rate)
        return await self._machine(sentence, rate) if parts is None else await self._joined(parts, rate)

    async def _machine(self, text: str, rate: int) -> Samples:
        key = (text, rate)
        if key in self._memory:
            self._memory.move_to_end(key)
            return self._memory[key]
        made = await self._synthesised(text)
        if self._loudness is not None:
            made = await asyncio.to_thread(levelled, made, _CACHE_RATE, self._loudness)
        samples = self._memory[key] = resample(made, _CACHE_RATE, rate)
        if len(self._memory) > _IN_MEMORY:
            self._memory.popitem(last=False)
        return samples

    def _recording(self, text: str, rate: int) -> Samples | None:
        found = self.recorded.find(text)
        if found is None:
            return None
        samples = stretched(found.samples, found.rate, self._speed)
        if self._loudness is not None:
            samples = levelled(samples, found.rate, self._loudness)
        return resample(samples, found.rate, rate)

    def _recorded_parts(self, sentence: str, rate: int) -> list[tuple[Part, Samples | None]] | None:
        """The sentence's parts with what is recorded of them; None when the machine says all of it."""
        if self._planner is None:
            return None
        parts = self._planner().plan(sentence)
        can_be = (Kind.fixed, Kind.phrase, Kind.number)
        found = [(part, self._recording(part.text, rate) if part.kind in can_be else None) for part in parts]
        return found if any(samples is not None for _, samples in found) else None

    async def _joined(self, parts: list[tuple[Part, Samples | None]], rate: int) -> Samples:
        pieces: list[Samples | float] = []
        missing = ""
        for part, samples in [*parts, (Part("", Kind.pause), None)]:
            if samples is None and part.text and (missing or part.kind is not Kind.pause):
                # What follows each other unrecorded is said in one breath.
                missing += part.text
                continue
            if missing:
                pieces.append(trimmed(await self._machine(missing, rate), rate))
                missing = ""
            if samples is not None:
                pieces.append(trimmed(samples, rate))
            elif part.text:
                pieces.append(part.seconds)
        return join([*pieces, _PAUSE_S], rate)

    async def _synthesised(self, sentence: str) -> Samples:
        """One sentence at the cache's rate. Only what is said to everybody is kept on the disk: a balance, a name or a
        place that is read back leaves no file (memory holds the last of them)."""
        syllables = pinyin(sentence)
        name = hashlib.sha256(f"{syllables}|{self.engine.words_per_minute}|{_PITCH}".encode()).hexdigest()[:24]
        public = self._planner is not None and (await asyncio.to_thread(self._planner)).everybodys(sentence)
        file = self._cache / f"{_EVERYBODYS}{name}.wav"
        kept = await asyncio.to_thread(_cached, file) if public else None
        if kept is not None:
            return kept
        if not syllables:
            return np.zeros(0, np.int16)
        sound = await self.engine.speak(syllables)
        samples = _with_pause(resample(sound.samples, sound.rate, _CACHE_RATE))
        if public:
            await asyncio.to_thread(_keep, file, samples)
        return samples


def _with_pause(samples: Samples) -> Samples:
    """Cut the engine's silence at both ends and leave the same breath after every sentence."""
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > 60)
    if len(loud) == 0:
        return samples
    edge = _CACHE_RATE // 50
    body = samples[max(0, loud[0] - edge) : loud[-1] + edge]
    return np.concatenate([body, np.zeros(int(_PAUSE_S * _CACHE_RATE), np.int16)])


def _forget_others(folder: Path) -> None:
    """Earlier versions kept every sentence here, with names and balances."""
    for file in folder.glob("*.wav"):
        if not file.name.startswith(_EVERYBODYS):
            file.unlink(missing_ok=True)


def _cached(file: Path) -> Samples | None:
    if not file.is_file():
        return None
    try:
        sound = read_audio(file, _CACHE_RATE)
    except AudioRefused:
        return None
    with contextlib.suppress(OSError):
        os.utime(file)
    return sound.samples


def _keep(file: Path, samples: Samples) -> None:
    """Write to the cache; the least recently used files go. A full disk costs speed, not the sentence."""
    try:
        # Two calls may make the same sentence at the same time.
        part = file.with_suffix(f".{secrets.token_hex(4)}.part")
        write_wav(part, samples, _CACHE_RATE)
        part.replace(file)
        files = list(file.parent.glob("*.wav"))
        if len(files) > _ON_DISK:
            files.sort(key=lambda each: each.stat().st_mtime)
            for old in files[: _ON_DISK // 10]:
                old.unlink(missing_ok=True)
    except OSError as problem:
        log.warning("the speech cache cannot be written: %s", problem)
