"""The finer act: which of the things that one intent covers was meant, low voltage or a planned outage, water or a scam.

The examples say it as Rasa's retrieval intents do (`report_outage/low_voltage`): the intent classifier learns the
intent before the stroke from all of them, this one tells the acts of an intent apart. Examples without a finer key are
the plain act, which has the intent's name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers import classifier
from rasa.shared.nlu.constants import (
    INTENT,
    INTENT_NAME_KEY,
    INTENT_RESPONSE_KEY,
    PREDICTED_CONFIDENCE_KEY,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.augmentation import SIMULATED
from nlu.component import Learner
from nlu.regression import fitted
from nlu.rows import Numbers, Scales, counts_of

#: what was found, in a message's output: {"name", "confidence"}
ACT = "act"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class ActClassifier(Learner, classifier.IntentClassifier):
    """One small logistic regression for each intent that has finer acts, on the same features as the intent.

    `copies`: of the simulated ones of each sentence so many teach (all of them cost time and tell little more);
    `inverse_regularisation`, `steps`: as in IntentClassifier."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"copies": 2, "inverse_regularisation": 60.0, "steps": 40}

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        super().__init__(config, model_storage, resource)
        self._scales = Scales(np.zeros(0, np.float32))
        #: (features × acts) weights and (acts,) biases; an intent's acts stand together
        self._weights: Numbers = np.zeros((0, 0), np.float32)
        self._biases: Numbers = np.zeros(0, np.float32)
        self._acts: list[str] = []
        self._place: dict[str, slice] = {}

    def _take(self, acts: list[str]) -> None:
        """`acts` in the order of the columns."""
        columns: dict[str, list[int]] = defaultdict(list)
        for column, act in enumerate(acts):
            columns[act.partition("/")[0]].append(column)
        self._acts, self._place = acts, {intent: slice(some[0], some[-1] + 1) for intent, some in columns.items()}

    def train(self, training_data: TrainingData) -> Resource:
        most = self._config["copies"]
        told: dict[str, list[Message]] = defaultdict(list)
        for message in training_data.intent_examples:
            if message.get(TEXT) and (message.get(SIMULATED) or 0) <= most:
                told[message.get(INTENT)].append(message)
        several = {
            intent: some for intent, some in sorted(told.items()) if any(one.get(INTENT_RESPONSE_KEY) for one in some)
        }
        acts: list[str] = []
        if several:
            counted = {intent: [counts_of(one) for one in some] for intent, some in several.items()}
            everything = [one for some in several.values() for one in some]
            self._scales = Scales.learned(everything, [one for some in counted.values() for one in some])
            found = []
            for intent, some in several.items():
                names = sorted({one.get_full_intent() for one in some})
                truth = np.array([names.index(one.get_full_intent()) for one in some])
                rows = self._scales.rows(counted[intent])
                known = np.unique(rows.indices)
                weights, biases = fitted(
                    rows[:, known],
                    truth,
                    len(names),
                    self._config["inverse_regularisation"],
                    self._config["steps"],
                )
                spread = np.zeros((rows.shape[1], len(names)), np.float32)
                spread[known] = weights
                found.append((spread, biases))
                acts += names
            self._weights = np.concatenate([weights for weights, _ in found], axis=1)
            self._biases = np.concatenate([biases for _, biases in found])
        self._take(acts)
        self.keep(
            {
                "weights": self._weights,
                "biases": self._biases,
                "rarity": self._scales.rarity,
                "acts": np.asarray(acts, np.str_),
            }
        )
        return self._resource

    def restore(self, kept: Mapping[str, Any]) -> None:
        self._scales = Scales(kept["rarity"])
        self._weights, self._biases = kept["weights"], kept["biases"]
        self._take(kept["acts"].tolist())

    def shares(self, message: Message, intent: str) -> dict[str, float]:
        """How likely each act of an intent is, if it is that intent; they sum to 1."""
        place = self._place.get(intent)
        if place is None:
            return {intent: 1.0}
        counted = counts_of(message)
        scores = self._scales.weighed(counted) @ self._weights[counted.columns, place] + self._biases[place]
        likely = np.exp(scores - scores.max())
        return dict(zip(self._acts[place], (likely / likely.sum()).tolist(), strict=True))

    def process(self, messages: list[Message]) -> list[Message]:
        """The likeliest act of the likeliest intent; its confidence is that of both."""
        for message in messages:
            intent = message.get(INTENT) or {}
            name = intent.get(INTENT_NAME_KEY)
            if not name:
                continue
            shares = self.shares(message, name)
            act = max(shares, key=lambda one: shares[one])
            confidence = shares[act] * float(intent.get(PREDICTED_CONFIDENCE_KEY) or 0.0)
            message.set(ACT, {"name": act, "confidence": confidence}, add_to_output=True)
        return messages
