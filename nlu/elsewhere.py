"""Whether a sentence is about anything that Gege knows at all.

The intents are learned from sentences about power. Whoever has only ever heard of power hears power in everything: a word that
happens to stand in a few sentences about danger is then evidence of danger, whatever stands around it. So a second, small
regression tells speech about anything else from all of ours, and what it takes for such is out of scope. It stands apart from
the intents, because learned as one of them it cost them two sentences in a hundred (docs/decisions/0036-speech-about-anything-else.md).

It learns from invented sentences of many kinds (data/elsewhere.yml) and from words in a row, drawn by how often the language has
them: they make no sense, and say of every common word that alone it is no evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers import classifier
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_NAME_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, hstack

from bot.foundation.words import load
from nlu.acts import ACT
from nlu.answers import open_question
from nlu.augmentation import SIMULATED
from nlu.component import Component, Learner
from nlu.ngrams import UNKNOWN
from nlu.regression import fitted
from nlu.rows import Numbers, Scales, counts_of

#: in a message's data: it is about anything else, and has no intent
ELSEWHERE = "elsewhere"
#: entities that are an answer by themselves
_NAMED = ("householder",)
OUT_OF_SCOPE = "out_of_scope"
_SENTENCES = Path(__file__).resolve().parent / "data" / "elsewhere.yml"


@dataclass(frozen=True)
class _Sentences:
    """elsewhere.yml."""

    sentences: tuple[str, ...]


@lru_cache(maxsize=1)
def _counted(most: int) -> tuple[list[str], NDArray[np.float64]]:
    """The `most` commonest Chinese words of jieba's dictionary, the commonest first, and how often each was counted."""
    import jieba  # to train with: a call has no use for it

    counts: dict[str, int] = {}
    with jieba.get_dict_file() as file:
        for line in file:
            word, count, *_ = line.decode("utf-8").split(" ")
            if all("\u4e00" <= character <= "\u9fff" for character in word):
                counts[word] = int(count)
    words = sorted(counts, key=lambda word: (-counts[word], word))[:most]
    return words, np.array([counts[word] for word in words], float)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SpeechElsewhere(Component):
    """Adds sentences about anything else to what is trained on, marked ELSEWHERE and without an intent: those of
    elsewhere.yml and `drawn` ones of `length` (least, most) of the `words` commonest words; `flatter` below 1 draws rare words
    more often than print has them. The same at every training (`seed`). Does nothing to what is to be understood."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"drawn": 4000, "words": 40_000, "length": [2, 9], "flatter": 0.75, "seed": 20261128}

    def process(self, messages: list[Message]) -> list[Message]:
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        words, counts = _counted(self._config["words"])
        shares = counts ** self._config["flatter"]
        dice, (least, most) = np.random.default_rng(self._config["seed"]), self._config["length"]
        lengths = dice.integers(least, most + 1, self._config["drawn"])
        drawn = np.split(dice.choice(len(words), lengths.sum(), p=shares / shares.sum()), np.cumsum(lengths)[:-1])
        said = [*load(_Sentences, _SENTENCES).sentences, *("".join(words[one] for one in some) for some in drawn)]
        # Marked as simulated: no vocabulary is learned from them, and that most of their words are not in it tells them.
        added = [Message(data={TEXT: text, ELSEWHERE: True, SIMULATED: 1}) for text in dict.fromkeys(said) if text]
        return training_data.merge(TrainingData(training_examples=added))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class ElsewhereClassifier(Learner, classifier.IntentClassifier):
    """How likely a sentence is about anything else; that share of every intent's confidence goes to `out_of_scope`.

    `weight`: how many times such a sentence counts against one of ours; below 1, for a report that is taken for none is
    lost, and the other way round somebody is asked once more. `copies`, `inverse_regularisation`, `steps`: as in ActClassifier."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"weight": 0.1, "places": [], "copies": 3, "inverse_regularisation": 30.0, "steps": 60}

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        super().__init__(config, model_storage, resource)
        self._scales = Scales(np.zeros(0, np.float32))
        #: (features + shares that are unknown,) weights, and the bias: log odds of being about anything else
        self._weights: Numbers = np.zeros(0, np.float32)
        self._bias = 0.0

    def train(self, training_data: TrainingData) -> Resource:
        most = self._config["copies"]
        told = [
            one
            for one in training_data.training_examples
            if one.get(TEXT) and (one.get(ELSEWHERE) or one.get(INTENT)) and (one.get(SIMULATED) or 0) <= most
        ]
        counted = [counts_of(one) for one in told]
        self._scales = Scales.learned(told, counted)
        rows = hstack([self._scales.rows(counted), csr_matrix([_unknown(one) for one in told])], format="csr")
        truth = np.array([int(bool(one.get(ELSEWHERE))) for one in told])
        weights, biases = fitted(rows, truth, 2, self._config["inverse_regularisation"], self._config["steps"])
        self._weights, self._bias = weights[:, 1] - weights[:, 0], float(biases[1] - biases[0])
        self.keep({"weights": self._weights, "bias": np.array(self._bias), "rarity": self._scales.rarity})
        return self._resource

    def restore(self, kept: Mapping[str, Any]) -> None:
        self._scales, self._weights, self._bias = Scales(kept["rarity"]), kept["weights"], float(kept["bias"])

    def odds(self, message: Message) -> float:
        """Logarithm of the odds that a sentence is about anything else, before its weight."""
        counted, width = counts_of(message), len(self._scales.rarity)
        known = float(self._scales.weighed(counted) @ self._weights[counted.columns])
        return known + float(np.dot(_unknown(message), self._weights[width:])) + self._bias

    def process(self, messages: list[Message], tracker: DialogueStateTracker) -> list[Message]:
        """What stands in the ranking, the act and the intent, in the light of it. Where a place was asked for, nothing: the
        name of a place is unknown to any training."""
        if open_question(tracker) in self._config["places"]:
            return messages
        for message in messages:
            ranking = message.get("intent_ranking")
            if not ranking or not message.get(UNKNOWN) or _names(message):
                continue
            ours = 1 / (1 + self._config["weight"] * float(np.exp(min(self.odds(message), 50.0))))
            shares = {one[INTENT_NAME_KEY]: ours * one[PREDICTED_CONFIDENCE_KEY] for one in ranking}
            within = shares.get(OUT_OF_SCOPE, 0.0)
            shares[OUT_OF_SCOPE] = within + 1 - ours
            order = sorted(shares, key=lambda name: -shares[name])
            found = [{"name": name, "confidence": shares[name]} for name in order][: len(ranking)]
            message.set("intent_ranking", found, add_to_output=True)
            message.set(INTENT, found[0], add_to_output=True)
            act = message.get(ACT)
            if order[0] == OUT_OF_SCOPE and 1 - ours > within:
                # None of the things beside power that Gege has an answer to.
                act = {"name": OUT_OF_SCOPE, "confidence": shares[OUT_OF_SCOPE]}
            elif act:
                act = {**act, "confidence": ours * act["confidence"]}
            message.set(ACT, act, add_to_output=True)
        return messages


def _names(message: Message) -> bool:
    """Whether most of it is somebody's name: an answer, whatever else is unknown of it."""
    named = sum(len(str(one.get("value") or "")) for one in message.get(ENTITIES) or () if one.get("entity") in _NAMED)
    return 2 * named >= len(str(message.get(TEXT) or ""))


def _unknown(message: Message) -> list[float]:
    return list(message.get(UNKNOWN) or ())
