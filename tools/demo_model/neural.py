"""Speech by neural voices for the acoustic net: Kokoro says domain sentences and sentences about anything, in many timbres.

A voice of Kokoro is how it sounds (one half of its style) and how it moves (the other). The Mandarin voices move; how they sound
is taken from any of Kokoro's 54 voices or a mixture of two: so eight voices become hundreds of speakers. Two Mandarin voices are
left out as a whole, for judging.

Workers (child processes) write one part each: `samples` (int16, 8 kHz), `lengths` (utterances), `segments` (rows of utterance,
phone's number, first and last sample; silence is what lies between) and `texts` (JSON: words as toned syllables)."""

import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import soxr

from bot.speech.chongyang import written_here
from bot.speech.kokoro import MOST, RATE, Kokoro, Style, Timed, voices, written

from . import children
from .chongyang import STRENGTHS, said_here
from .corpus import write_texts
from .features import SAMPLE_RATE
from .phones import drawn_syllables, phone_table, phones, readings
from .texts import Sentence, Splitter

HELD_OUT = ("zf_xiaoni", "zm_yunyang")
"""Neither their sound nor their movement is trained on."""
_PART = 60
"""Utterances of one part."""
_GENERAL_SHARE, _SYLLABLES_SHARE = 0.45, 0.08
"""Of sentences: words about anything, syllables at random."""
_ACCENT_SHARE, _CHONGYANG_SHARE = 0.12, 0.1
"""Of utterances: Mandarin's syllables as an accent makes them, and Chongyang's own sounds (learnt as the nearest phones)."""
_TIMBRE_ROWS = 16
_MEAN_SECONDS = 3.3
_QUIET = 0.02
"""Of the loudest sample: below it is silence."""


@cache
def timbres() -> dict[str, np.ndarray]:
    """How each of Kokoro's voices sounds: (16, 128), for sentences of 0, 16, 32 … symbols."""
    with np.load(Path(__file__).parent / "data" / "timbres.npz") as file:
        return {name: file[name].astype(np.float32) for name in file.files if name not in HELD_OUT}


def drawn_style(kokoro: Kokoro, draw: random.Random) -> Style:
    """A speaker that nobody has met: the movement of one Mandarin voice or between two, the sound of one voice or between two."""
    moving = [voice for voice in voices() if voice not in HELD_OUT]
    first, second = draw.choice(moving), draw.choice(moving)
    share = draw.choice((0.0, draw.random()))
    style = (1 - share) * kokoro.styles[first] + share * kokoro.styles[second]
    names = sorted(timbres())
    # Mandarin's own voices are the most natural ones: a third of the speakers sound like one of them.
    some = [name for name in names if name.startswith("z")] if draw.random() < 0.33 else names
    share = draw.choice((0.0, draw.random()))
    sound = (1 - share) * timbres()[draw.choice(some)] + share * timbres()[draw.choice(names)]
    style = style.copy()
    style[:, :128] = np.repeat(sound, _TIMBRE_ROWS, axis=0)[: len(style)]
    return style


class GeneralSentences:
    """Words in a row, drawn by their frequency: no sense, but every sound next to every other."""

    def __init__(self, splitter: Splitter, most: int = 30_000) -> None:
        frequency = splitter.general_frequencies(splitter.common_words(most))
        self._words = list(frequency)
        # Flatter than in print: rare sounds have to be learnt too.
        self._weights = [frequency[word] ** 0.6 for word in self._words]

    def drawn(self, draw: random.Random) -> Sentence:
        return tuple(draw.choices(self._words, self._weights, k=draw.randint(3, 7)))


def _texts(sentences: list[Sentence], general: GeneralSentences, draw: random.Random) -> Iterator[list[list[str]]]:
    """What is said in one breath: one to three sentences, their words as toned syllables, a mark as a word of its own. (The
    voice makes a second of silence around whatever it says: long breaths are cheaper.)"""
    while True:
        words: list[list[str]] = []
        for _ in range(draw.choice((1, 2, 2, 3))):
            more = _sentence(sentences, general, draw)
            if words and sum(map(len, words)) + sum(map(len, more)) > MOST // 7:
                break
            words += [[draw.choice((",", "."))], *more] if words else more
        if 1 <= sum(map(len, words)) <= MOST // 7:
            yield words


def _sentence(sentences: list[Sentence], general: GeneralSentences, draw: random.Random) -> list[list[str]]:
    kind = draw.random()
    if kind < _SYLLABLES_SHARE:
        words = [drawn_syllables(draw, draw.randint(1, 3)) for _ in range(4)]
    else:
        sentence = general.drawn(draw) if kind < _SYLLABLES_SHARE + _GENERAL_SHARE else draw.choice(sentences)
        words = [list(draw.choice(readings(word))) for word in sentence]
    if len(words) > 3 and draw.random() < 0.3:
        words.insert(draw.randint(1, len(words) - 1), [","])
    return words


def segments(spoken: tuple[Timed, ...], sound: np.ndarray) -> list[tuple[int, int, int]]:
    """(phone's number in the table, first, last sample at 8 kHz); the silence at a syllable's end is left out."""
    quiet = _QUIET * np.abs(sound).max()
    names = {name: number for number, name in enumerate(phone_table().names)}
    found = []
    for one in spoken:
        begin, middle, end = (round(at * SAMPLE_RATE) for at in (one.begin, one.middle, one.end))
        loud = np.flatnonzero(np.abs(sound[middle:end]) > quiet)
        end = min(end, middle + int(loud[-1]) + SAMPLE_RATE // 100) if len(loud) else end
        parts = phones(one.syllable)
        edges = (begin, middle, end) if len(parts) == 2 else (begin, end)
        found += [(names[phone], first, last) for phone, first, last in zip(parts, edges, edges[1:], strict=False)]
    return found


def work(texts: Path, out: Path, *, seed: int, utterances: int = _PART) -> None:
    """One worker's part."""
    draw = random.Random(seed)
    kokoro = Kokoro()
    sentences = [tuple(sentence) for sentence in json.loads(texts.read_text(encoding="utf-8"))]
    said = _texts(sentences, GeneralSentences(Splitter()), draw)
    samples: list[np.ndarray] = []
    rows: list[tuple[int, int, int, int]] = []
    texts_said: list[list[list[str]]] = []
    while len(samples) < utterances:
        mandarin = words = next(said)
        way = draw.random()
        if way < _ACCENT_SHARE + _CHONGYANG_SHARE:
            strength = draw.choice(STRENGTHS) if way < _ACCENT_SHARE else STRENGTHS[-1]
            words = [
                [said_here(syllable, strength) if syllable[0].isalpha() else syllable for syllable in word]
                for word in words
            ]
        here = _ACCENT_SHARE <= way < _ACCENT_SHARE + _CHONGYANG_SHARE
        spoken = kokoro.speak(
            [*(mandarin if here else words), ["."]],
            drawn_style(kokoro, draw),
            draw.uniform(0.8, 1.35),
            written_here if here else written,
        )
        learnt = [syllable for word in words for syllable in word if syllable[0].isalpha()]
        sound = soxr.resample(spoken.samples, RATE, SAMPLE_RATE)
        if not np.isfinite(sound).all() or np.abs(sound).max() < 0.01:
            continue
        timed = tuple(replace(one, syllable=name) for one, name in zip(spoken.syllables, learnt, strict=True))
        own = segments(timed, sound)
        # The silence before and after is drawn when the line is.
        first, last = max(0, own[0][1] - SAMPLE_RATE // 20), own[-1][2] + SAMPLE_RATE // 20
        rows += [(len(samples), phone, begin - first, end - first) for phone, begin, end in own]
        samples.append(np.round(sound[first:last] / np.abs(sound).max() * 28000).astype(np.int16))
        texts_said.append(words)
    lengths = np.array([len(one) for one in samples], np.int32)
    part = out.with_suffix(".part.npz")
    np.savez(
        part,
        samples=np.concatenate(samples),
        lengths=lengths,
        segments=np.array(rows, np.int32),
        texts=json.dumps(texts_said),
    )
    part.replace(out)


def speak_corpus(
    sentences: Counter[Sentence],
    folder: Path,
    *,
    hours: float,
    seed: int = 1,
    workers: int = 2,
    progress: Callable[[str], object] = print,
) -> list[Path]:
    """About `hours` of speech in `folder`; parts that are there already are kept, so a build that was stopped goes on."""
    texts = write_texts(sentences, folder, seed)
    wanted = [
        folder / f"spoken-{number:04d}.npz"
        for number in range(1, max(1, round(hours * 3600 / _MEAN_SECONDS / _PART)) + 1)
    ]
    waiting = [out for out in wanted if not out.is_file()]
    progress(f"neural speech: {len(wanted) - len(waiting)} of {len(wanted)} parts are there")
    there = len(wanted) - len(waiting)
    jobs = [(str(texts), str(out), out.stem[-4:]) for out in waiting]
    children.run(
        __spec__.name,
        jobs,
        workers,
        failures=3,
        told=lambda done: progress(f"neural speech: {there + done} of {len(wanted)} parts"),
    )
    return wanted


if __name__ == "__main__":
    work(Path(sys.argv[1]), Path(sys.argv[2]), seed=int(sys.argv[3]) + 7_000_000)
