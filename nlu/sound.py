"""Sparse features of how a sentence sounds: n-grams of accent-folded pinyin syllables.

Accented Mandarin merges zh/z, ch/c, sh/s, n/l, hu/f, in/ing and en/eng (counted from the
public table MCPDict), and recognisers write homophones; both leave these features unchanged."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
from pypinyin import lazy_pinyin
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.featurizers.sparse_featurizer.sparse_featurizer import SparseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("l", "n"), ("r", "n"))


@lru_cache(maxsize=30_000)
def folded_syllable(token: str) -> str:
    """The accent-folded, toneless pinyin of one token; digit runs become `#` times their length (at most 11).

    `folded_syllable("省") == folded_syllable("森")`."""
    if token.isdigit():
        return "#" * min(len(token), 11)
    syllable = lazy_pinyin(token, errors="default")[0]
    for accented, plain in _INITIALS:
        if syllable.startswith(accented):
            syllable = plain + syllable[len(accented) :]
            break
    syllable = re.sub(r"^hu(?=.)", "f", syllable) if syllable != "hu" else "fu"
    return re.sub(r"(?<=[ie])ng$", "n", syllable)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SoundFeaturizer(SparseFeaturizer, GraphComponent):
    """Sentence features (1 × vocabulary, counts) and token features (tokens × vocabulary, one-hot)."""

    @classmethod
    def required_components(cls) -> list[type]:
        return [Tokenizer]

    @staticmethod
    def required_packages() -> list[str]:
        return ["pypinyin"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {**SparseFeaturizer.get_default_config(), "max_ngram": 3, "min_count": 2}

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        if config["max_ngram"] < 1:
            raise ValueError("SoundFeaturizer: max_ngram must be at least 1")

    def __init__(
        self,
        config: dict[str, Any],
        name: str,
        model_storage: ModelStorage,
        resource: Resource,
        vocabulary: dict[str, int] | None = None,
    ) -> None:
        super().__init__(name, config)
        self._model_storage = model_storage
        self._resource = resource
        self._vocabulary = vocabulary or {}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SoundFeaturizer:
        return cls(config, execution_context.node_name, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SoundFeaturizer:
        with model_storage.read_from(resource) as folder:
            vocabulary = json.loads(Path(folder, "sounds.json").read_text("utf-8"))
        return cls(config, execution_context.node_name, model_storage, resource, vocabulary)

    def _syllables(self, message: Message) -> list[str]:
        return [folded_syllable(token.text) for token in message.get(TOKENS_NAMES[TEXT]) or []]

    def _ngrams(self, syllables: list[str]) -> Iterator[str]:
        padded = ["^", *syllables, "$"]
        for length in range(1, self._config["max_ngram"] + 1):
            for start in range(len(padded) - length + 1):
                yield " ".join(padded[start : start + length])

    def train(self, training_data: TrainingData) -> Resource:
        counts = Counter(
            ngram
            for message in training_data.training_examples
            if message.get(TEXT)
            for ngram in set(self._ngrams(self._syllables(message)))
        )
        # What was said once tells nothing about others, and makes the vocabulary five times as large.
        often = [ngram for ngram, count in counts.items() if count >= self._config["min_count"]]
        vocabulary = {ngram: index for index, ngram in enumerate(often)}
        self._vocabulary = vocabulary
        with self._model_storage.write_to(self._resource) as folder:
            Path(folder, "sounds.json").write_text(json.dumps(vocabulary, ensure_ascii=False), "utf-8")
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            syllables = self._syllables(message) if message.get(TEXT) else []
            if not syllables:
                continue
            known = self._vocabulary
            rows = [row for row, syllable in enumerate(syllables) if syllable in known]
            columns = [known[syllables[row]] for row in rows]
            sequence = scipy.sparse.coo_matrix(
                (np.ones(len(rows)), (rows, columns)), shape=(len(syllables), len(known))
            )
            grams = [known[ngram] for ngram in self._ngrams(syllables) if ngram in known]
            sentence = scipy.sparse.coo_matrix(
                (np.ones(len(grams)), ([0] * len(grams), grams)), shape=(1, len(known))
            )
            sentence.sum_duplicates()
            self.add_features_to_message(sequence, sentence, TEXT, message)
        return messages
