"""espeak-ng in a process of its own: robotic, always there, and done before anybody notices."""

from __future__ import annotations

import sys
from pathlib import Path

from bot.speech.audio import Sound
from bot.speech.engine import USUAL_RATE, Sentence
from bot.speech.speaking_child import SpeakingChild

_PITCH = 45
_BROKEN = "espeak-ng does not run: reinstall the package espeakng-loader; see `gege doctor`"


class EspeakProcess:
    """An Engine. Takes the pinyin."""

    quick = True

    def __init__(self, words_per_minute: int = USUAL_RATE) -> None:
        self.words_per_minute = words_per_minute
        self.name = f"espeak-ng {words_per_minute} {_PITCH}"
        # By path, not by name: the child needs nothing of Gege's packages and starts faster so.
        file = str(Path(__file__).with_name("espeak_child.py"))
        self.child = SpeakingChild("espeak-ng", lambda: [sys.executable, file], _BROKEN)

    @property
    def starts(self) -> int:
        """How often the child was started."""
        return self.child.starts

    async def start(self) -> None:
        await self.child.start()

    async def speak(self, sentence: Sentence) -> Sound:
        """Tries twice; raises VoiceFailed."""
        return await self.child.sound_of({"pinyin": sentence.pinyin, "rate": self.words_per_minute, "pitch": _PITCH})

    async def close(self) -> None:
        await self.child.close()
