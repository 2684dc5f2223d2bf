"""Intent classifier: logistic regression on what each featurizer says, all of them of equal weight.

Residents say the same thing in three characters or in seventy. Raw counts make a long story look certain and a
short cry look doubtful, so what each featurizer says of a sentence has unit length before it is weighed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers import classifier
from rasa.nlu.featurizers.featurizer import Featurizer
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, INTENT, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix

from nlu.regression import fitted

_WEIGHTS = "weights.npz"

Numbers = NDArray[np.float32]


def _parts(message: Message) -> list[Features]:
    """The sentence features of a message, in the order of the featurizers."""
    return [
        part
        for part in message.features
        if part.is_sparse() and part.attribute == TEXT and part.type == FEATURE_TYPE_SENTENCE
    ]


def _counts(message: Message) -> tuple[NDArray[np.int32], Numbers, NDArray[np.int32]]:
    """(columns, counts, which featurizer) of one sentence over all featurizers."""
    columns, counts, parts, offset = [], [], [], 0
    for number, part in enumerate(_parts(message)):
        found = part.features if part.features.format == "coo" else part.features.tocoo()
        columns.append(found.col + offset)
        counts.append(found.data)
        parts.append(np.full(len(found.col), number, np.int32))
        offset += found.shape[1]
    if not columns:
        return np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int32)
    return np.concatenate(columns), np.concatenate(counts).astype(np.float32), np.concatenate(parts)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(GraphComponent, classifier.IntentClassifier):
    """`inverse_regularisation` is scikit-learn's C; features: (messages × vocabulary), each featurizer's of length 1."""

    @classmethod
    def required_components(cls) -> list[type]:
        return [Featurizer]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            # What a mistake costs, beside 1 for any other: danger that is taken for something else.
            "costs": {"report_hazard": 6.0},
            # Above 1 less sure of itself, below 1 surer: fitted on held-out folds (`gege bench thresholds`).
            "temperature": 1.0,
            "inverse_regularisation": 60.0,
            "steps": 60,
            "ranking_length": 10,
        }

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config, self._model_storage, self._resource = config, model_storage, resource
        #: (vocabulary,) how rare each feature is, once it is trained or loaded: what every sentence has tells little
        self._rarity: Numbers | None = None
        #: (vocabulary × intents) weights, (intents,) biases and names
        self._weights: tuple[Numbers, Numbers, list[str]] | None = None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentClassifier:
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        messages = [one for one in training_data.intent_examples if one.get(INTENT) and one.get(TEXT)]
        if not messages:
            return self._resource
        names = sorted({message.get(INTENT) for message in messages})
        column = {name: number for number, name in enumerate(names)}
        truth = np.array([column[message.get(INTENT)] for message in messages])
        rows = self._rows(messages)
        config = self._config
        weights = fitted(rows, truth, len(names), config["inverse_regularisation"], config["steps"])
        self._weights = *weights, names
        self._persist()
        return self._resource

    def _rows(self, messages: list[Message]) -> csr_matrix:
        counted = [_counts(message) for message in messages]
        width = sum(part.features.shape[1] for part in _parts(messages[0]))
        columns = np.concatenate([one for one, *_ in counted])
        seen = np.bincount(columns, minlength=width)
        self._rarity = (np.log((1 + len(messages)) / (1 + seen)) + 1).astype(np.float32)
        weighted = np.concatenate([self._weighted(*one) for one in counted])
        ends = np.cumsum([0, *(len(one) for one, *_ in counted)])
        return csr_matrix((weighted, columns, ends), shape=(len(counted), width))

    def _weighted(self, columns: NDArray[np.int32], counts: Numbers, parts: NDArray[np.int32]) -> Numbers:
        """What the features of one sentence weigh; those of each featurizer together of length 1."""
        assert self._rarity is not None
        weighted = counts**0.5 * self._rarity[columns]
        lengths = np.sqrt(np.bincount(parts, weighted * weighted)).astype(np.float32)
        lengths[lengths == 0] = 1
        return np.asarray(weighted / lengths[parts]) if len(parts) else weighted

    def _known(self) -> tuple[Numbers, Numbers, list[str]]:
        assert self._weights is not None, "not trained"
        return self._weights

    def intents(self) -> list[str]:
        """The names of what `scores` gives, in order."""
        return self._known()[2]

    def scores(self, message: Message) -> NDArray[np.float64]:
        """Logarithms of what each intent is worth, before costs and temperature."""
        weights, biases, _ = self._known()
        columns, counts, parts = _counts(message)
        if not len(columns):
            # Nothing that is known was said: then nothing is likelier than anything else.
            return np.zeros(len(biases))
        scored = self._weighted(columns, counts, parts) @ weights[columns] + biases
        return np.asarray(scored, float)

    def process(self, messages: list[Message]) -> list[Message]:
        """The ranking of intents, the least expected cost first: a likelihood times its cost."""
        names = self.intents()
        costs = np.log([self._config["costs"].get(intent, 1.0) for intent in names])
        for message in messages:
            scores = (self.scores(message) + costs) / self._config["temperature"]
            likely = np.exp(scores - scores.max())
            likely /= likely.sum()
            order = np.argsort(-likely, kind="stable")
            ranking = [{"name": names[index], "confidence": float(likely[index])} for index in order]
            message.set("intent", ranking[0], add_to_output=True)
            length = self._config["ranking_length"]
            message.set("intent_ranking", ranking[:length] if length > 0 else ranking, add_to_output=True)
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def _persist(self) -> None:
        """Weights as plain arrays; no code runs when they are read."""
        weights, biases, names = self._known()
        assert self._rarity is not None
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(
                folder / _WEIGHTS,
                weights=weights,
                biases=biases,
                rarity=self._rarity,
                intents=np.asarray(names, dtype=np.str_),
            )

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> IntentClassifier:
        found = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder, np.load(folder / _WEIGHTS, allow_pickle=False) as kept:
            found._rarity = kept["rarity"]
            found._weights = kept["weights"], kept["biases"], kept["intents"].tolist()
        return found
