"""The port of the voices: a written sentence and its sounds go in, sound comes out, whichever engine is behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bot.foundation.errors import Broken
from bot.speech.audio import Sound
from bot.speech.reading import pinyin

#: `[speech] rate` (words a minute) at which an engine that counts otherwise speaks as it was made to
USUAL_RATE = 150


class VoiceFailed(Broken):
    """No sound could be made of this text."""


@dataclass(frozen=True)
class Sentence:
    """What an engine is given; each takes what it understands."""

    #: as it is written
    text: str
    #: toned syllables with pauses, as reading.py makes them; empty: there is nothing to say
    pinyin: str

    @classmethod
    def of(cls, text: str, *, goes_on: bool = False) -> Sentence:
        """`goes_on`: more follows in the same breath, so the voice must not fall as at an end."""
        syllables = pinyin(text)
        if goes_on and syllables and syllables[-1] not in ",.!?":
            return cls(text + "，", syllables + ",")
        return cls(text, syllables)


class Engine(Protocol):
    """Something that speaks single sentences."""

    @property
    def name(self) -> str:
        """Engine, voice and rate: sounds of the same name fit together, and are kept under it."""

    @property
    def quick(self) -> bool:
        """A whole sentence is made before anybody notices; otherwise it is spoken part by part."""

    async def start(self) -> None:
        """Be ready for the first sentence. Raises VoiceFailed."""

    async def speak(self, sentence: Sentence) -> Sound:
        """The whole sentence, at the engine's own rate (Hz). Raises VoiceFailed."""

    async def close(self) -> None:
        """Let go of processes and connections."""
