"""Forced alignment: which frame of a recording belongs to which state of what was said, by the present net.

The states of the words stand in a row, silence between any two of them may be there or not, a word with several
readings may have been said in any of them; Viterbi finds the best way through (Rabiner 1989)."""

import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .cmvn import normalised
from .features import mfcc
from .kaldi_reader import read_net
from .net import layers_of, scores
from .phones import SILENCE, drawn_syllables, phone_table, phones, readings
from .texts import Splitter

Readings = Sequence[Sequence[str]]
"""The ways to say a word, each a row of toned syllables."""
_DECOYS = 7
_LATIN = re.compile("[A-Za-z]")
_NEVER = np.float32(-1e30)


@dataclass(frozen=True)
class Aligned:
    """`labels`: the pdf of each frame of 10 ms; `score`: log likelihood a frame; `fits`: better than wrong words would."""

    features: np.ndarray
    labels: np.ndarray
    score: float
    fits: bool


class Scorer:
    """What a net thinks of each frame."""

    def __init__(self, net: Mapping[str, np.ndarray]) -> None:
        self._mean, self._layers = net["mean"], layers_of(net)
        self._priors = np.log(np.maximum(net["priors"], 1e-8)).astype(np.float32)

    def likelihood(self, features: np.ndarray) -> np.ndarray:
        """(frames, 32) features → (frames, pdfs) scaled log likelihoods, one for every frame of 10 ms."""
        x = scores(self._layers, normalised(features, self._mean))
        x = x - x.max(axis=1, keepdims=True)
        return np.asarray(x - np.log(np.exp(x).sum(axis=1, keepdims=True)) - self._priors, np.float32)


class Aligner:
    """Aligns with a net and, where a word has other readings than its characters', a lexicon."""

    def __init__(self, net: Mapping[str, np.ndarray], lexicon: Mapping[str, Readings] | None = None) -> None:
        self._scorer = Scorer(net)
        self._splitter = Splitter()
        self._lexicon = lexicon or {}

    @classmethod
    def of(cls, model_dir: Path) -> "Aligner":
        """With those of a model of this project. Raises NotOurs for another one."""
        return cls(read_net(model_dir), _lexicon(model_dir / "graph" / "lexicon.tsv"))

    def align(self, samples: np.ndarray, text: str) -> Aligned | None:
        """8 kHz samples in int16 scale and the plain text; None when a word has no reading (Latin letters have
        none), or there is less sound than the words need."""
        if _LATIN.search(text):
            return None
        words = [found for word in self._splitter.split(text) if (found := self._readings(word))]
        if not words or len(words) < len(self._splitter.split(text)):
            return None
        features = mfcc(samples)
        likelihood = self._scorer.likelihood(features)
        best = best_path(likelihood, words)
        if best is None:
            return None
        draw = random.Random(text)
        scores = [best_path(likelihood, decoy) for decoy in self._decoys(words, draw)]
        fits = all(other is None or best[0] > other[0] for other in scores)
        return Aligned(features, best[1], best[0] / len(features), fits)

    def _readings(self, word: str) -> Readings:
        if word in self._lexicon:
            return self._lexicon[word]
        try:
            return readings(word)
        except ValueError:
            return ()

    def _decoys(self, words: Sequence[Readings], draw: random.Random) -> Iterable[list[Readings]]:
        """Other words of the same lengths: what is said has to fit better than any of them."""
        for _ in range(_DECOYS):
            yield [[drawn_syllables(draw, len(word[0]))] for word in words]


def _lexicon(file: Path) -> Mapping[str, Readings]:
    found = {}
    for line in file.read_text("utf-8").splitlines():
        word, *several = line.split("\t")
        found[word] = tuple(tuple(one.split()) for one in several)
    return found


def best_path(likelihood: np.ndarray, words: Sequence[Readings]) -> tuple[float, np.ndarray] | None:
    """The best way through the words' states: (log likelihood, the pdf of each frame); None when there is no way."""
    pdfs, before, last = _states(words)
    count, frames = len(pdfs), len(likelihood)
    widest = max(len(one) for one in before)
    # Each row: from where a state is reached, itself first; what is lacking points to a place nobody comes from.
    origin = np.full((count, widest + 1), count)
    for state, origins in enumerate(before):
        origin[state, 0] = state
        origin[state, 1 : 1 + len(origins)] = [count if one < 0 else one for one in origins]
    begins = np.array([-1 in origins for origins in before])
    emitted = likelihood[:, pdfs]
    best = np.full(count + 1, _NEVER, np.float32)
    best[:count][begins] = emitted[0][begins]
    came = np.zeros((frames, count), np.int16)
    rows = np.arange(count)
    for frame in range(1, frames):
        reached = best[origin]
        choice = reached.argmax(axis=1)
        came[frame] = choice
        best[:count] = reached[rows, choice] + emitted[frame]
    end = max(last, key=lambda state: best[state])
    if best[end] <= _NEVER / 2:
        return None
    way = np.empty(frames, np.int64)
    state = end
    for frame in range(frames - 1, -1, -1):
        way[frame] = state
        state = int(origin[state, came[frame, state]]) if frame else state
    return float(best[end]), np.asarray(pdfs)[way]


def _states(words: Sequence[Readings]) -> tuple[list[int], list[list[int]], list[int]]:
    """The pdf of each state, the states before it (-1: the beginning), and the states at which it may end."""
    table = phone_table()
    pdfs: list[int] = []
    before: list[list[int]] = []

    def state(pdf: int, origins: list[int]) -> int:
        pdfs.append(pdf)
        before.append(origins)
        return len(pdfs) - 1

    def silence(origins: list[int]) -> list[int]:
        return [*origins, state(table.pdfs[SILENCE][0], list(origins))]

    at = silence([-1])
    for word in words:
        ends = []
        for reading in word:
            here = at
            for phone in (phone for syllable in reading for phone in phones(syllable)):
                for pdf in table.pdfs[phone]:
                    here = [state(pdf, list(here))]
            ends += here
        at = silence(ends)
    return pdfs, before, at
