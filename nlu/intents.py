"""Intent classifier: Rasa's logistic regression on length-normalised features.

Residents say the same thing in three characters or in seventy. Raw counts make a long story look certain and a
short cry look doubtful, so every sentence's feature vector has unit length before it is weighed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.shared.nlu.constants import FEATURE_TYPE_SENTENCE, TEXT
from rasa.shared.nlu.training_data.features import Features
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.utils.tensorflow.constants import RANKING_LENGTH
from scipy.sparse import csr_matrix
from sklearn.exceptions import ConvergenceWarning

_WEIGHTS = "weights.npz"

Numbers = NDArray[np.float64]


def _parts(message: Message) -> list[Features]:
    """The sentence features of a message, in the order of the featurizers."""
    return [
        part
        for part in message.features
        if part.is_sparse() and part.attribute == TEXT and part.type == FEATURE_TYPE_SENTENCE
    ]


def _counts(message: Message) -> tuple[NDArray[np.int64], Numbers]:
    """(columns, counts) of one sentence over all featurizers."""
    columns, counts, offset = [], [], 0
    for part in _parts(message):
        found = part.features if part.features.format == "coo" else part.features.tocoo()
        columns.append(found.col + offset)
        counts.append(found.data)
        offset += found.shape[1]
    if not columns:
        return np.zeros(0, np.int64), np.zeros(0)
    return np.concatenate(columns), np.concatenate(counts).astype(float)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(LogisticRegressionClassifier):
    """`inverse_regularisation` is scikit-learn's C; features: (messages × vocabulary), each row of length 1."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            **LogisticRegressionClassifier.get_default_config(),
            # What a mistake costs, beside 1 for any other: danger that is taken for something else.
            "costs": {"report_hazard": 4.0},
            # Above 1 less sure of itself, below 1 surer: fitted on held-out folds (`gege bench thresholds`).
            "temperature": 1.0,
            "inverse_regularisation": 100.0,
            "max_iter": 60,
            "tol": 1e-2,
        }

    def __init__(self, config: dict[str, Any], name: str, model_storage: ModelStorage, resource: Resource) -> None:
        super().__init__(config, name, model_storage, resource)
        self.clf.set_params(C=self.config["inverse_regularisation"])
        #: (vocabulary,) how rare each feature is, once it is trained or loaded: what every sentence has tells little
        self._rarity: Numbers | None = None
        #: (vocabulary × intents) weights, biases, names, logarithms of costs: once the classifier is trained or loaded
        self._weights: tuple[Numbers, Numbers, list[str], Numbers] | None = None

    def train(self, training_data: TrainingData) -> Resource:
        self._rarity = None
        with warnings.catch_warnings():
            # sixty steps are enough: a hundred change no figure of the development set by a point
            warnings.simplefilter("ignore", ConvergenceWarning)
            return super().train(training_data)

    def _create_X(self, messages: list[Message]) -> csr_matrix:
        counted = [_counts(message) for message in messages]
        width = sum(part.features.shape[1] for part in _parts(messages[0]))
        if self._rarity is None:
            seen = np.bincount(np.concatenate([columns for columns, _ in counted]), minlength=width)
            self._rarity = np.log((1 + len(messages)) / (1 + seen)) + 1
        ends = np.cumsum([0, *(len(columns) for columns, _ in counted)])
        columns = np.concatenate([columns for columns, _ in counted])
        weighted = np.concatenate([self._weighted(*one) for one in counted])
        return csr_matrix((weighted, columns, ends), shape=(len(counted), width))

    def _weighted(self, columns: NDArray[np.int64], counts: Numbers) -> Numbers:
        """What the features of one sentence weigh; together of length 1."""
        assert self._rarity is not None
        weighted: Numbers = counts**0.5 * self._rarity[columns]
        length = np.sqrt(weighted @ weighted)
        return weighted / length if length else weighted

    def _known(self) -> tuple[Numbers, Numbers, list[str], Numbers]:
        if self._weights is None:
            names = self.clf.classes_.tolist()
            # The least expected cost: a likelihood times its cost is a logarithm more on its score.
            costs = np.log([self.config["costs"].get(intent, 1.0) for intent in names])
            self._weights = np.ascontiguousarray(self.clf.coef_.T), self.clf.intercept_, names, costs
        return self._weights

    def intents(self) -> list[str]:
        """The names of what `scores` gives, in order."""
        return self._known()[2]

    def scores(self, message: Message) -> Numbers:
        """Logarithms of what each intent is worth, before costs and temperature."""
        weights, biases, *_ = self._known()
        columns, counts = _counts(message)
        scored: Numbers = self._weighted(columns, counts) @ weights[columns] + biases
        return scored

    def process(self, messages: list[Message]) -> list[Message]:
        """The ranking of intents; by hand, because scikit-learn copies all weights for every sentence (2.5 of 2.7 ms)."""
        *_, names, costs = self._known()
        for message in messages:
            scores = (self.scores(message) + costs) / self.config["temperature"]
            likely = np.exp(scores - scores.max())
            likely /= likely.sum()
            order = np.argsort(-likely, kind="stable")
            ranking = [{"name": names[index], "confidence": float(likely[index])} for index in order]
            message.set("intent", ranking[0], add_to_output=True)
            length = self.config[RANKING_LENGTH]
            message.set("intent_ranking", ranking[:length] if length > 0 else ranking, add_to_output=True)
        return messages

    def persist(self) -> None:
        """Weights as plain arrays: Rasa's way (skops) takes six seconds to import and holds the same numbers."""
        assert self._rarity is not None
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(
                folder / _WEIGHTS,
                weights=self.clf.coef_,
                biases=self.clf.intercept_,
                rarity=self._rarity,
                intents=np.asarray(self.clf.classes_, dtype=np.str_),
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
        classifier = cls(config, execution_context.node_name, model_storage, resource)
        with model_storage.read_from(resource) as folder, np.load(folder / _WEIGHTS, allow_pickle=False) as kept:
            classifier.clf.coef_, classifier.clf.intercept_ = kept["weights"], kept["biases"]
            classifier._rarity = kept["rarity"]
            classifier.clf.classes_ = kept["intents"].astype(object)
            classifier.clf.n_features_in_ = classifier.clf.coef_.shape[1]
        return classifier
