"""Intent classifier: logistic regression on what each featurizer says, all of them of equal weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers import classifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.component import Learner
from nlu.regression import fitted
from nlu.rows import Numbers, Scales, counts_of


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(Learner, classifier.IntentClassifier):
    """`inverse_regularisation` is scikit-learn's C; features: (messages × vocabulary), each featurizer's of length 1."""

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
        super().__init__(config, model_storage, resource)
        self._scales: Scales | None = None
        #: (vocabulary × intents) weights, (intents,) biases and names
        self._weights: tuple[Numbers, Numbers, list[str]] | None = None

    def train(self, training_data: TrainingData) -> Resource:
        messages = [one for one in training_data.intent_examples if one.get(INTENT) and one.get(TEXT)]
        if not messages:
            return self._resource
        names = sorted({message.get(INTENT) for message in messages})
        column = {name: number for number, name in enumerate(names)}
        truth = np.array([column[message.get(INTENT)] for message in messages])
        counted = [counts_of(message) for message in messages]
        self._scales, config = Scales.learned(messages, counted), self._config
        rows = self._scales.rows(counted)
        weights = fitted(rows, truth, len(names), config["inverse_regularisation"], config["steps"])
        self._weights = *weights, names
        self._persist()
        return self._resource

    def _known(self) -> tuple[Numbers, Numbers, list[str]]:
        assert self._weights is not None, "not trained"
        return self._weights

    def _weighing(self) -> Scales:
        assert self._scales is not None, "not trained"
        return self._scales

    def intents(self) -> list[str]:
        """The names of what `scores` gives, in order."""
        return self._known()[2]

    def scores(self, message: Message) -> NDArray[np.float64]:
        """Logarithms of what each intent is worth, before costs and temperature."""
        weights, biases, _ = self._known()
        counted = counts_of(message)
        if not len(counted.columns):
            # Nothing that is known was said: then nothing is likelier than anything else.
            return np.zeros(len(biases))
        scored = self._weighing().weighed(counted) @ weights[counted.columns] + biases
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

    def _persist(self) -> None:
        """Weights as plain arrays; no code runs when they are read."""
        weights, biases, names = self._known()
        rarity = self._weighing().rarity
        self.keep({"weights": weights, "biases": biases, "rarity": rarity, "intents": np.asarray(names, dtype=np.str_)})

    def restore(self, kept: Mapping[str, Any]) -> None:
        self._scales = Scales(kept["rarity"])
        self._weights = kept["weights"], kept["biases"], kept["intents"].tolist()
