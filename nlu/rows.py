"""A sentence's features as one row of numbers: what a linear classifier sees of it.

Residents say the same thing in three characters or in seventy. Raw counts make a long story look certain and a
short cry look doubtful, so what each featurizer says of a sentence has unit length before it is weighed."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from scipy.sparse import csr_matrix

Numbers = NDArray[np.float32]


class Counts(NamedTuple):
    """What was counted in one sentence over all featurizers: columns, counts, and which featurizer each is of."""

    columns: NDArray[np.int32]
    counts: Numbers
    parts: NDArray[np.int32]


def _parts(message: Message) -> list[Features]:
    """The sentence features of a message, in the order of the featurizers."""
    return [
        part
        for part in message.features
        if part.is_sparse() and part.attribute == TEXT and part.type == FEATURE_TYPE_SENTENCE
    ]


def counts_of(message: Message) -> Counts:
    """What the featurizers counted in a sentence; empty where nothing that they know was said."""
    columns, counts, parts, offset = [], [], [], 0
    for number, part in enumerate(_parts(message)):
        found = part.features if part.features.format == "coo" else part.features.tocoo()
        columns.append(found.col + offset)
        counts.append(found.data)
        parts.append(np.full(len(found.col), number, np.int32))
        offset += found.shape[1]
    if not columns:
        return Counts(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int32))
    return Counts(np.concatenate(columns), np.concatenate(counts).astype(np.float32), np.concatenate(parts))


class Scales:
    """How much each feature weighs: what every sentence has tells little (`rarity`, one number a column)."""

    def __init__(self, rarity: Numbers) -> None:
        self.rarity = rarity

    @classmethod
    def learned(cls, messages: list[Message], counted: list[Counts]) -> Self:
        """From sentences and what was counted in them."""
        width = sum(part.features.shape[1] for part in _parts(messages[0]))
        seen = np.bincount(np.concatenate([one.columns for one in counted]), minlength=width)
        return cls((np.log((1 + len(counted)) / (1 + seen)) + 1).astype(np.float32))

    def weighed(self, one: Counts) -> Numbers:
        """What the features of a sentence weigh; those of each featurizer together of length 1."""
        weighed = one.counts**0.5 * self.rarity[one.columns]
        if not len(one.parts):
            return weighed
        lengths = np.sqrt(np.bincount(one.parts, weighed * weighed)).astype(np.float32)
        lengths[lengths == 0] = 1
        return np.asarray(weighed / lengths[one.parts])

    def rows(self, counted: list[Counts]) -> csr_matrix:
        """(sentences × features)."""
        weighed = np.concatenate([self.weighed(one) for one in counted])
        ends = np.cumsum([0, *(len(one.columns) for one in counted)])
        columns = np.concatenate([one.columns for one in counted])
        return csr_matrix((weighed, columns, ends), shape=(len(counted), len(self.rarity)))
