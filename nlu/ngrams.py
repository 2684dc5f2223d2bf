"""Sparse sentence features: n-grams of a sentence's units (characters, sounds)."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from rasa.engine.graph import ExecutionContext
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.sparse_featurizer.sparse_featurizer import SparseFeaturizer
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import lexicon
from nlu.augmentation import SIMULATED
from nlu.component import SentenceFeaturizer

_VOCABULARY = "ngrams.json"
#: in a message's data: of the n-grams of each length about that share was never said in training, featurizer by featurizer
UNKNOWN = "unknown"


class NgramFeaturizer(SentenceFeaturizer):
    """Sentence features (1 × vocabulary, counts). Rasa's CountVectorsFeaturizer does the same for characters through
    scikit-learn, at three times the cost for one short sentence (docs/benchmarks.md)."""

    @abstractmethod
    def units(self, message: Message) -> list[str]:
        """What the n-grams are made of, in order."""

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        return lexicon.digest()

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {**SparseFeaturizer.get_default_config(), "max_ngram": 3, "min_count": 2, "lexicon": True}

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        if config["max_ngram"] < 1:
            raise ValueError(f"{cls.__name__}: max_ngram must be at least 1")

    def __init__(
        self,
        config: dict[str, Any],
        name: str,
        model_storage: ModelStorage,
        resource: Resource,
        vocabulary: dict[str, int] | None = None,
    ) -> None:
        super().__init__(config, name, model_storage, resource)
        self._vocabulary = vocabulary or {}

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> NgramFeaturizer:
        with model_storage.read_from(resource) as folder:
            vocabulary = json.loads(Path(folder, _VOCABULARY).read_text("utf-8"))
        return cls(config, execution_context.node_name, model_storage, resource, vocabulary)

    def wording(self, message: Message) -> str:
        """What was said, in the standard language; as it was said where `lexicon` is off (to measure what it adds)."""
        text: str = message.get(TEXT)
        return lexicon.standard(text) if self._config["lexicon"] else text

    def _ngrams(self, units: list[str]) -> Iterator[str]:
        # Every sentence begins and ends: alone that tells nothing, and would be all there is of one without a known word.
        yield from units
        padded = ["^", *units, "$"]
        for length in range(2, self._config["max_ngram"] + 1):
            for start in range(len(padded) - length + 1):
                yield " ".join(padded[start : start + length])

    def train(self, training_data: TrainingData) -> Resource:
        counts = Counter(
            ngram
            for message in training_data.training_examples
            # What somebody wrote: what draws make of it says nothing of the language.
            if message.get(TEXT) and not message.get(SIMULATED)
            # Not a set: its order changes from process to process, and the order of the columns changes the weights.
            for ngram in dict.fromkeys(self._ngrams(self.units(message)))
        )
        # What was said once tells nothing about others, and makes the vocabulary five times as large.
        often = [ngram for ngram, count in counts.items() if count >= self._config["min_count"]]
        self._vocabulary = {ngram: index for index, ngram in enumerate(often)}
        with self._model_storage.write_to(self._resource) as folder:
            Path(folder, _VOCABULARY).write_text(json.dumps(self._vocabulary, ensure_ascii=False), "utf-8")
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        known, longest = self._vocabulary, self._config["max_ngram"]
        for message in messages:
            units = self.units(message) if message.get(TEXT) else []
            if not units:
                continue
            grams, unknown = Counter[int](), [0] * longest
            for ngram in self._ngrams(units):
                column = known.get(ngram)
                if column is None:
                    unknown[ngram.count(" ")] += 1
                else:
                    grams[column] += 1
            shares = [count / max(len(units) + 2 - order, 1) for order, count in enumerate(unknown)]
            message.set(UNKNOWN, [*(message.get(UNKNOWN) or ()), *shares])
            columns = np.fromiter(grams, np.int32, len(grams))
            counts = np.fromiter(grams.values(), float, len(grams))
            sentence = scipy.sparse.coo_matrix((counts, (np.zeros_like(columns), columns)), shape=(1, len(known)))
            # Whole sentences only: names and places are found by characters (nlu.entities).
            self.add_features_to_message(None, sentence, TEXT, message)
        return messages
