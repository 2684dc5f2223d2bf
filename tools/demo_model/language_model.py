"""A word n-gram model with absolute discounting, interpolated, as histories that a graph can be built
from."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .texts import Sentence

START, END = "<s>", "</s>"
History = tuple[str, ...]
DISCOUNT = 0.75
"""What every n-gram gives away, in occurrences."""
UNSEEN = 0.05
"""Probability of the words that no sentence has, shared with all others."""


@dataclass
class Ngrams:
    """Probabilities of the words after each history; a word that is not there is looked up after the
    history without its first word, at the price of `backoff`."""

    order: int
    probabilities: dict[History, dict[str, float]] = field(default_factory=dict)
    backoff: dict[History, float] = field(default_factory=dict)

    def probability(self, history: History, word: str) -> float:
        """P(word | history); `history` may be longer than the model's order."""
        history = self.known(history)
        price = 1.0
        while word not in self.probabilities[history]:
            if not history:
                return 0.0
            price *= self.backoff[history]
            history = self.known(history[1:])
        return price * self.probabilities[history][word]

    def known(self, history: History) -> History:
        """The longest end of `history` that the model has a distribution for."""
        history = history[-(self.order - 1) :] if self.order > 1 else ()
        while history not in self.probabilities:
            history = history[1:]
        return history


def train_ngrams(
    sentences: Mapping[Sentence, float],
    vocabulary: Iterable[str],
    *,
    order: int = 2,
    discount: float = DISCOUNT,
    unseen: float = UNSEEN,
    prior: Mapping[str, float] | None = None,
    smallest: Mapping[int, int] | None = None,
) -> Ngrams:
    """An n-gram model of weighted sentences.

    A weight says how often a sentence is said, but it is one piece of evidence: an n-gram of n different
    sentences gives away the part discount / n of its weight. `prior`: frequencies of words in general, for
    the part `unseen` (the same for all words if missing). `smallest`: per order, the occurrences below which
    an n-gram is left out, to keep the graph small.
    """
    words = [*vocabulary, END]
    known = set(words)
    weights: dict[History, Counter[str]] = defaultdict(Counter)
    occurrences: dict[History, Counter[str]] = defaultdict(Counter)
    for sentence, weight in sentences.items():
        padded = (START, *sentence, END)
        for index in range(1, len(padded)):
            if padded[index] not in known:
                continue
            for length in range(min(order, index + 1)):
                history = padded[index - length : index]
                weights[history][padded[index]] += weight
                occurrences[history][padded[index]] += 1
    model = Ngrams(order)
    general = {word: 1.0 + (prior or {}).get(word, 0.0) for word in words}
    every, whole = sum(general.values()), sum(weights[()].values())
    model.probabilities[()] = {
        word: (1 - unseen) * weights[()][word] / whole + unseen * general[word] / every for word in words
    }
    for history in sorted((h for h in weights if h), key=len):
        if not all(word in known or word == START for word in history):
            continue
        least = (smallest or {}).get(len(history) + 1, 1)
        counts = occurrences[history]
        kept = {word: weight for word, weight in weights[history].items() if counts[word] >= least}
        if not kept:
            continue
        whole = sum(weights[history].values())
        shares = {word: weight * (1 - discount / counts[word]) / whole for word, weight in kept.items()}
        model.backoff[history] = mass = 1 - sum(shares.values())
        shorter = history[1:]
        model.probabilities[history] = {
            word: share + mass * model.probability(shorter, word) for word, share in shares.items()
        }
    return model
