"""A slow engine whose sounds are tones, and which can be late, wrong or gone."""

from __future__ import annotations

import asyncio

import numpy as np

from bot.speech.audio import Sound
from bot.speech.engine import Sentence, VoiceFailed

RATE = 24000
#: of one syllable (s)
SYLLABLE_S = 0.2


class Tones:
    """An Engine: a tone for each sentence, between two silences."""

    quick = False

    def __init__(self, name: str = "tones", pitch: float = 220.0) -> None:
        self.name, self._pitch = name, pitch
        self.asked: list[str] = []
        self.closed = False
        self.late_s = 0.0
        self.gone = False
        #: seconds of sound for each syllable; 0: nothing, and a wrong engine may say far too much
        self.syllable_s = SYLLABLE_S
        self.loud = 0.5

    async def start(self) -> None:
        if self.gone:
            raise VoiceFailed("nobody is there")

    async def speak(self, sentence: Sentence) -> Sound:
        self.asked.append(sentence.text)
        await asyncio.sleep(self.late_s)
        await self.start()
        seconds = self.syllable_s * len(sentence.pinyin.split())
        wave = np.sin(2 * np.pi * self._pitch * np.arange(int(seconds * RATE)) / RATE) * self.loud
        return Sound((np.pad(wave, RATE // 5) * 32767).astype(np.int16) if seconds else np.zeros(0, np.int16), RATE)

    async def close(self) -> None:
        self.closed = True
