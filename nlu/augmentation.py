"""Training on sentences as many speakers would be heard, beside the clean ones: draws from channels of many strengths.

One speaker alone would be learned by heart; what is learned of many holds for the next one."""

from __future__ import annotations

import copy
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.foundation.words import load
from bot.sound.channel import digest, prior, speaker
from bot.sound.draws import heard_as
from bot.sound.numbers import spoken
from nlu.component import Component

#: in a message's data: made here, not written by a person; the number of the copy, from 1
SIMULATED = "simulated"


_PLACES = Path(__file__).resolve().parent / "data" / "places.yml"


@dataclass(frozen=True)
class _Places:
    """places.yml."""

    cores: tuple[str, ...]
    streets: tuple[str, ...]
    compounds: tuple[str, ...]
    villages: tuple[str, ...]


@lru_cache(maxsize=1)
def _places() -> _Places:
    return load(_Places, _PLACES)


def some_place(dice: np.random.Generator) -> str:
    """A place as somebody says it: 桥头街六十二号, 白马小区3栋1单元402, 柳树湾."""
    words, figures = _places(), dice.random() < 0.5

    def number(highest: int) -> str:
        value = int(dice.integers(1, highest))
        return str(value) if figures else spoken(value)

    def one_of(names: tuple[str, ...]) -> str:
        return names[int(dice.integers(len(names)))]

    core, kind = one_of(words.cores), dice.random()
    if kind < 0.5:
        return core + one_of(words.streets) + (f"{number(900)}号" if dice.random() < 0.8 else "")
    if kind < 0.85:
        door = f"{number(20)}栋" + (f"{number(4)}单元{number(1200)}" if dice.random() < 0.6 else "")
        return core + one_of(words.compounds) + (door if dice.random() < 0.8 else "")
    return core + one_of(words.villages) + (f"{number(12)}组" if dice.random() < 0.5 else "")


def elsewhere(text: str, entities: list[dict[str, Any]], dice: np.random.Generator) -> tuple[str, list[dict[str, Any]]]:
    """A sentence with other places in the place of its own, and its entities as they stand there."""
    moved, kept, shift = text, [], 0
    for one in sorted(entities, key=lambda entity: int(entity["start"])):
        start, end = one["start"] + shift, one["end"] + shift
        if one["entity"] == "place":
            place = some_place(dice)
            moved = moved[:start] + place + moved[end:]
            shift += len(place) - (end - start)
            end = start + len(place)
        kept.append({**one, "start": start, "end": end, "value": moved[start:end]})
    return moved, kept


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class SimulatedSpeech(Component):
    """Comes first in the pipeline. `copies` of each sentence, each by a speaker and of a share of characters heard amiss
    that are drawn; `seed` makes them the same at every training, whatever other sentences there are. Says nothing at
    all when a sentence is to be understood."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "copies": 5,
            # copies that keep the places of the sentence; the others happen elsewhere
            "at_home": 3,
            "shares": [0.15, 0.3, 0.6, 1.0],
            # kept, merged, floor of the prior's tables, and whether it is dialect or accent alone
            "speakers": [[0.02, 0.02, 0.001, True], [0.15, 0.06, 0.003, True], [0.6, 0.25, 0.004, False]],
            "seed": 20261123,
        }

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        return digest()

    def process(self, messages: list[Message]) -> list[Message]:
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        if not self._config["copies"]:
            return training_data
        channels = [prior()]
        for kept, merged, floor, dialect in self._config["speakers"]:
            channels.append(speaker(kept, merged, floor) if dialect else speaker(kept, merged, floor, None))
        shares, made = self._config["shares"], {}
        for message in training_data.intent_examples:
            text, intent = message.get(TEXT), message.get(INTENT)
            dice = np.random.default_rng([self._config["seed"], zlib.crc32(text.encode())])
            for number in range(1, self._config["copies"] + 1):
                channel = channels[int(dice.integers(len(channels)))]
                meant, entities = text, message.get(ENTITIES) or []
                if number > self._config["at_home"]:
                    meant, entities = elsewhere(text, entities, dice)
                heard = heard_as(meant, channel, dice, shares[int(dice.integers(len(shares)))])
                for said in dict.fromkeys((meant, heard)):
                    if said == text:
                        continue
                    data = {TEXT: said, INTENT: intent, SIMULATED: number}
                    if act := message.get(INTENT_RESPONSE_KEY):
                        data[INTENT_RESPONSE_KEY] = act
                    if entities:
                        data[ENTITIES] = [
                            {**one, "value": said[one["start"] : one["end"]]} for one in copy.deepcopy(entities)
                        ]
                    made[said, intent] = Message(data=data)
        return TrainingData(
            training_examples=[*training_data.training_examples, *made.values()],
            entity_synonyms=training_data.entity_synonyms,
            regex_features=training_data.regex_features,
            lookup_tables=training_data.lookup_tables,
            responses=training_data.responses,
        )
