"""Sound that can be read back off any line: sentences spoken as tones which carry their number.

A voice that says it, an ear that hears it, and players at the far ends all work on the sound itself; what a line loses is
lost to them. It passes for a voice (bot/voice/line_sound.py): a low voice that glides, with three whistles above it that
waver. Which three, is a sign; any 20 ms tell it, wherever they are cut and also after G.711."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bot.lines.incoming import FRAME_S
from bot.speech.port import NOTHING_LIKELY, HeardSpeech, Likely, RecogniserFailed

Spectrum = NDArray[np.float64]

#: the voice: a fundamental with overtones, that glides and swells like syllables
_FUNDAMENTAL, _OVERTONES, _SWELL_HZ = 150, 6, 4
_GLIDE_HZ, _GLIDES_HZ = 4.7, 1.4
#: the whistles above it, how far each wavers and how often in a second: what stands still is no voice
_TONES = tuple(range(1100, 3400, 200))
_WAVER_HZ, _WAVERS_HZ = 60, 9
_SIGNS = tuple(itertools.combinations(range(len(_TONES)), 3))
#: a sentence is two signs taking turns, one of each half
_HALF = len(_SIGNS) // 2
_SIGN_FRAMES = 5
_LOUDNESS = 2600.0
#: quieter than this (RMS) is silence
_SILENT = 120.0
#: the weakest of a sign's tones has so many times the power of the strongest of the others, and the three this share of all
_CLEAR, _SHARE = 2.5, 0.25
_OF_SIGN = {sign: number for number, sign in enumerate(_SIGNS)}


@dataclass
class Codebook:
    """Which number stands for which sentence; one for all who speak with each other."""

    sentences: list[str] = field(default_factory=list)
    #: frames of 20 ms that a sentence had when it was spoken last
    lengths: dict[str, int] = field(default_factory=dict)
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, sentence: str) -> int:
        """Its number; a new one for a new sentence. Raises ValueError when there are too many (12,100)."""
        if sentence not in self._numbers:
            if len(self.sentences) >= _HALF * _HALF:
                raise ValueError("more sentences than the code has numbers")
            self._numbers[sentence] = len(self.sentences)
            self.sentences.append(sentence)
        return self._numbers[sentence]

    def speak(self, sentence: str, seconds: float, rate: int = 8000) -> bytes:
        """The sentence as int16 little-endian mono, in whole frames of 20 ms."""
        number = self.number(sentence)
        frames = self.lengths[sentence] = max(2 * _SIGN_FRAMES, round(seconds / FRAME_S))
        time = np.arange(int(frames * FRAME_S * rate)) / rate
        phase = _FUNDAMENTAL * time + _GLIDE_HZ / _GLIDES_HZ * np.sin(2 * np.pi * _GLIDES_HZ * time)
        wave = sum(np.sin(2 * np.pi * n * phase) / n for n in range(1, _OVERTONES + 1))
        pair = (_SIGNS[number % _HALF], _SIGNS[_HALF + number // _HALF])
        signs = [sum(_whistle(_TONES[tone], time) for tone in sign) for sign in pair]
        first = (time / FRAME_S).astype(int) // _SIGN_FRAMES % 2 == 0
        wave = wave + 0.7 * np.where(first, signs[0], signs[1])
        swell = 0.6 + 0.4 * np.sin(2 * np.pi * _SWELL_HZ * time)
        return (np.asarray(wave) * swell * _LOUDNESS).clip(-32000, 32000).astype("<i2").tobytes()


def _whistle(hertz: int, time: Spectrum) -> Spectrum:
    waver = _WAVER_HZ / _WAVERS_HZ * np.sin(2 * np.pi * _WAVERS_HZ * time + hertz)
    return np.asarray(np.sin(2 * np.pi * hertz * time + waver))


class Reader:
    """Reads coded sentences frame by frame."""

    def __init__(self, book: Codebook, rate: int = 8000) -> None:
        """`rate`: Hz of the frames."""
        self._book, self._size = book, int(rate * FRAME_S)
        steps = np.arange(self._size) / rate
        # Three points of each whistle's range.
        points = [tone + aside for tone in _TONES for aside in (-50, 0, 50)]
        # Two small tables of real numbers: a large one of complex ones starts threads, for 20 microseconds' work.
        angles = 2 * np.pi * np.outer(points, steps)
        self._cosines, self._sines = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
        self._half: int | None = None
        self._known, self._silent = "", 0

    def read(self, frame: bytes) -> tuple[bool, str | None]:
        """(sound, sentence) of one 20 ms frame: the sentence is empty while only one of its signs was heard, and None of
        silence, of tones, and of what is no code."""
        samples = np.frombuffer(frame, "<i2").astype(np.float32)
        energy = float(np.dot(samples, samples))
        if energy < _SILENT * _SILENT * max(1, len(samples)):
            # A packet that was lost ends no sentence; a pause does.
            self._silent += 1
            if self._silent > 2 * _SIGN_FRAMES:
                self._half = None
            return False, None
        self._silent = 0
        if len(samples) != self._size:
            return True, None
        cosines, sines = self._cosines @ samples, self._sines @ samples
        tones = (cosines * cosines + sines * sines).reshape(len(_TONES), 3).sum(axis=1).tolist()
        *three, fourth = sorted(range(len(_TONES)), key=tones.__getitem__, reverse=True)[:4]
        if 2 * sum(tones[each] for each in three) < _SHARE * energy * self._size:
            return True, None
        if tones[three[2]] < _CLEAR * tones[fourth]:
            return True, ""  # one sign goes over into the other
        one, two, last = sorted(three)
        return True, self._sentence(_OF_SIGN[one, two, last])

    def _sentence(self, sign: int) -> str:
        half, self._half = self._half, sign
        if half is None or (half < _HALF) == (sign < _HALF):
            self._known = self._known if half == sign else ""
            return self._known
        number = min(half, sign) + _HALF * (max(half, sign) - _HALF)
        self._known = self._book.sentences[number] if number < len(self._book.sentences) else ""
        return self._known


class CodedVoice:
    """Gege's voice on the port of voices (bot/speech/speak.py): brief, and readable at the far end."""

    def __init__(self, book: Codebook, character_s: float = 0.05, slowly: Mapping[str, float] | None = None) -> None:
        """`character_s`: how long a character takes; `slowly`: how long those take that begin with this."""
        self._book, self._character_s, self._slowly = book, character_s, dict(slowly or {})
        self._made: dict[tuple[str, int], bytes] = {}

    async def start(self) -> None:
        """Nothing has to be fetched."""

    async def say(self, text: str, rate: int = 8000) -> bytes:
        """The sentence, as `GegeVoice.say`."""
        if (text, rate) not in self._made:
            takes = next((each for begins, each in self._slowly.items() if text.startswith(begins)), self._character_s)
            seconds = 0.3 + takes * len(text)
            self._made[text, rate] = await asyncio.to_thread(self._book.speak, text, seconds, rate)
        return self._made[text, rate]

    async def stream(self, text: str, rate: int = 8000) -> AsyncIterator[bytes]:
        """The same in one piece."""
        yield await self.say(text, rate)

    async def close(self) -> None:
        """Nothing is held."""


#: an ear breaks on it, as recognisers do
BREAKS = "(这一句听坏了)"


class CodedEar:
    """A recogniser that understands coded sentences, those of which enough has come through."""

    def __init__(self, book: Codebook) -> None:
        self._book = book

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> _Hearing:
        """One utterance; `likely` helps nothing here."""
        return _Hearing(self._book, sample_rate)

    async def close(self) -> None:
        """Nothing is held."""


class _Hearing:
    #: frames of a sentence without which nobody understands it
    _LEAST = 8

    def __init__(self, book: Codebook, rate: int) -> None:
        self._reader, self._size, self._rate = Reader(book, rate), int(rate * FRAME_S) * 2, rate
        self._rest, self._bytes = b"", 0
        self._frames: Counter[str] = Counter()

    async def feed(self, pcm: bytes) -> str:
        self._rest += pcm
        self._bytes += len(pcm)
        while len(self._rest) >= self._size:
            frame, self._rest = self._rest[: self._size], self._rest[self._size :]
            _, sentence = self._reader.read(frame)
            if sentence:
                self._frames[sentence] += 1
        return "".join(each for each, count in self._frames.items() if count >= self._LEAST)

    async def finish(self) -> HeardSpeech:
        text = await self.feed(b"")
        if BREAKS in text:
            raise RecogniserFailed("this ear breaks on that sentence")
        return HeardSpeech(text, (), 0.0, self._bytes / 2 / self._rate, "coded")
