"""What the components of the pipeline need of Rasa's graph, once: how they are made, and where they keep what they learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.nlu.featurizers.sparse_featurizer.sparse_featurizer import SparseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

_WEIGHTS = "weights.npz"


class Component(GraphComponent):
    """One that learns nothing: its configuration is all there is of it."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {}

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = {**self.get_default_config(), **config}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Self:
        return cls(config)


class Learner(GraphComponent):
    """One that learns from the features of the training sentences, and keeps what it learned in `_resource`."""

    @classmethod
    def required_components(cls) -> list[type]:
        return [Featurizer]

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config, self._model_storage, self._resource = config, model_storage, resource

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Self:
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> Self:
        found = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder, np.load(folder / _WEIGHTS, allow_pickle=False) as kept:
            found.restore(kept)
        return found

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Take over what was learned, from arrays as `keep` wrote them."""
        raise NotImplementedError

    def keep(self, arrays: Mapping[str, Any]) -> None:
        """Write what was learned as plain arrays; no code runs when they are read."""
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(folder / _WEIGHTS, **arrays)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data


class SentenceFeaturizer(SparseFeaturizer, GraphComponent):
    """One that makes sparse features (1 × width) of a sentence's tokens, and keeps what it learned in `_resource`."""

    @classmethod
    def required_components(cls) -> list[type]:
        return [Tokenizer]

    def __init__(self, config: dict[str, Any], name: str, model_storage: ModelStorage, resource: Resource) -> None:
        super().__init__(name, config)
        self._model_storage, self._resource = model_storage, resource

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Self:
        return cls(config, execution_context.node_name, model_storage, resource)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        self.process(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Adds the features to each message that has a text."""
        raise NotImplementedError
