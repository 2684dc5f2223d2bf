"""Sentences that were spoken: the last of them in memory, what is said to everybody in GEGE_HOME as well."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import secrets
from collections import OrderedDict
from pathlib import Path

from bot.speech.audio import AudioRefused, Samples, read_audio, write_wav
from bot.speech.engine import Engine, Sentence

log = logging.getLogger(__name__)

#: sounds are kept at this rate (Hz): good enough for the browser, half of it for the telephone
RATE = 16000
_IN_MEMORY = 256
_ON_DISK = 4000
#: begins the names of files that hold what is said to everybody; no other file stays in the cache
_EVERYBODYS = "all-"


class SoundCache:
    """By what is said (pinyin) and who says it (the engine's name)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._memory: OrderedDict[tuple[str, str], Samples] = OrderedDict()

    def remembered(self, sentence: Sentence, engine: Engine) -> Samples | None:
        """From memory alone."""
        key = (engine.name, sentence.pinyin)
        if key in self._memory:
            self._memory.move_to_end(key)
        return self._memory.get(key)

    def remember(self, sentence: Sentence, engine: Engine, samples: Samples) -> None:
        """Until others are spoken."""
        self._memory[engine.name, sentence.pinyin] = samples
        while len(self._memory) > _IN_MEMORY:
            self._memory.popitem(last=False)

    def file(self, sentence: Sentence, engine: Engine) -> Path:
        """Where a sentence that is said to everybody lies, or would."""
        name = hashlib.sha256(f"{sentence.pinyin}|{engine.name}".encode()).hexdigest()[:24]
        return self._folder / f"{_EVERYBODYS}{name}.wav"

    async def kept(self, sentence: Sentence, engine: Engine) -> Samples | None:
        """From the disk."""
        return await asyncio.to_thread(_read, self.file(sentence, engine))

    async def keep(self, sentence: Sentence, engine: Engine, samples: Samples) -> None:
        """On the disk: only what is said to everybody."""
        await asyncio.to_thread(_write, self.file(sentence, engine), samples)

    def forget_others(self) -> None:
        """Earlier versions kept every sentence here, with names and balances. Blocks."""
        for file in self._folder.glob("*.wav"):
            if not file.name.startswith(_EVERYBODYS):
                file.unlink(missing_ok=True)


def _read(file: Path) -> Samples | None:
    if not file.is_file():
        return None
    try:
        sound = read_audio(file, RATE)
    except AudioRefused:
        return None
    with contextlib.suppress(OSError):
        os.utime(file)
    return sound.samples


def _write(file: Path, samples: Samples) -> None:
    """The least recently used files go. A full disk costs speed, not the sentence."""
    try:
        # Two calls may make the same sentence at the same time.
        part = file.with_suffix(f".{secrets.token_hex(4)}.part")
        write_wav(part, samples, RATE)
        part.replace(file)
        files = list(file.parent.glob("*.wav"))
        if len(files) > _ON_DISK:
            files.sort(key=lambda each: each.stat().st_mtime)
            for old in files[: _ON_DISK // 10]:
                old.unlink(missing_ok=True)
    except OSError as problem:
        log.warning("the speech cache cannot be written: %s", problem)
