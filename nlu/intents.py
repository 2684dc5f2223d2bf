"""Intent classifier: Rasa's logistic regression on length-normalised features.

Residents say the same thing in three characters or in seventy. Raw counts make a long story look certain and a
short cry look doubtful, so every sentence's feature vector has unit length before it is weighed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.logistic_regression_classifier import LogisticRegressionClassifier
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, vstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import normalize

_WEIGHTS = "weights.npz"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(LogisticRegressionClassifier):
    """`inverse_regularisation` is scikit-learn's C; features: (messages × vocabulary), each row of length 1."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            **LogisticRegressionClassifier.get_default_config(),
            "inverse_regularisation": 100.0,
            "max_iter": 100,
            "tol": 1e-2,
        }

    def __init__(
        self, config: dict[str, Any], name: str, model_storage: ModelStorage, resource: Resource
    ) -> None:
        super().__init__(config, name, model_storage, resource)
        self.clf.set_params(C=self.config["inverse_regularisation"])

    def train(self, training_data: TrainingData) -> Resource:
        with warnings.catch_warnings():
            # a hundred steps are enough: more change no decision on the development set
            warnings.simplefilter("ignore", ConvergenceWarning)
            return super().train(training_data)

    def _create_X(self, messages: list[Message]) -> csr_matrix:
        rows = []
        for message in messages:
            _, sentence = message.get_sparse_features(attribute=TEXT)
            rows.append(csr_matrix(sentence.features))
        counts = vstack(rows).astype(float).tocsr()
        counts.data **= 0.5
        return normalize(counts)

    def persist(self) -> None:
        """Weights as plain arrays: Rasa's way (skops) takes six seconds to import and holds the same numbers."""
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(
                folder / _WEIGHTS,
                weights=self.clf.coef_,
                biases=self.clf.intercept_,
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
            classifier.clf.classes_ = kept["intents"].astype(object)
            classifier.clf.n_features_in_ = classifier.clf.coef_.shape[1]
        return classifier
