"""Training on sentences as a recogniser would write them for Chongyang speech, beside the clean ones."""

from __future__ import annotations

import copy
import random
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu import simulator

#: in a message's data: made here, not written by a person
SIMULATED = "simulated"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SimulatedSpeech(GraphComponent):
    """Comes first in the pipeline. `copies` of each sentence, of strengths that take turns; `seed` makes them the same
    at every training. Says nothing at all when a sentence is to be understood."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"copies": 1, "strengths": [0.3, 0.6, 1.0], "seed": 20261123}

    def __init__(self, config: dict[str, Any]) -> None:
        self._config = config

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SimulatedSpeech:
        return cls(config)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        return simulator.digest()

    def process(self, messages: list[Message]) -> list[Message]:
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        if not self._config["copies"]:
            return training_data
        dice, source = random.Random(self._config["seed"]), simulator.Characters()
        strengths = self._config["strengths"]
        made: dict[tuple[str, str], Message] = {}
        for number, message in enumerate(training_data.intent_examples):
            text, intent = message.get(TEXT), message.get(INTENT)
            for again in range(self._config["copies"]):
                heard = simulator.distort(text, strengths[(number + again) % len(strengths)], dice, source)
                if heard == text:
                    continue
                data = {TEXT: heard, INTENT: intent, SIMULATED: True}
                if entities := message.get(ENTITIES):
                    data[ENTITIES] = [
                        {**one, "value": heard[one["start"] : one["end"]]} for one in copy.deepcopy(entities)
                    ]
                made[heard, intent] = Message(data=data)
        return TrainingData(
            training_examples=[*training_data.training_examples, *made.values()],
            entity_synonyms=training_data.entity_synonyms,
            regex_features=training_data.regex_features,
            lookup_tables=training_data.lookup_tables,
            responses=training_data.responses,
        )
