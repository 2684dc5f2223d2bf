"""Soft phrases: how well each key phrase of the training sentences can be heard in a sentence, through the channel.

A phrase counts by its gain (bot/sound/channel.py), not by whether its characters stand there, so that 令冒得店 is still
almost 冇得电. The key phrases are the syllables, one to four, that tell most about the intent."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pypinyin import lazy_pinyin
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.sparse_featurizer.sparse_featurizer import SparseFeaturizer
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import coo_matrix

from bot.sound.channel import CHANCE, digest, prior
from bot.sound.numbers import plain
from bot.sound.syllables import READINGS, is_chinese, readings, syllable
from nlu.augmentation import SIMULATED
from nlu.clauses import PART_OF, START
from nlu.component import SentenceFeaturizer

_PHRASES = "phrases.npz"
_DIGITS = "零一二三四五六七八九"
#: of a sentence, so many characters are listened to
_LONGEST = 300

Syllables = NDArray[np.int64]
Phrase = tuple[int, ...]
#: for the phrases of each length: their columns, the length, and (phrases × places) nats from each place on
Windows = list[tuple[NDArray[np.int64], int, NDArray[np.float32]]]


@lru_cache(maxsize=4_000)
def meant(text: str) -> Phrase:
    """The syllables of a sentence as it was meant, each character read as its neighbours ask for."""
    said = "".join(_DIGITS[int(one)] if one.isascii() and one.isdigit() else one for one in plain(text))
    said = "".join(one for one in said if is_chinese(one))
    found = (syllable(one) for one in lazy_pinyin(said, errors="ignore"))
    return tuple(one for one in found if one is not None)


@lru_cache(maxsize=30_000)
def _sounds(character: str) -> Phrase:
    if character.isascii() and character.isdigit():
        character = _DIGITS[int(character)]
    found = readings(character)
    return (found + found[:1] * READINGS)[:READINGS]


def heard(text: str) -> Syllables:
    """(n, READINGS) the syllables that each character of a sentence may stand for."""
    found = [sounds for one in plain(text)[:_LONGEST] if (sounds := _sounds(one))]
    return np.array(found, np.int64).reshape(len(found), READINGS)


def key_phrases(sentences: Sequence[tuple[str, str]], most: int, longest: int, least: Sequence[int]) -> list[Phrase]:
    """The `most` phrases of 1 to `longest` syllables that tell most about the intents of (text, intent) pairs, the most
    telling first; a phrase of n syllables was said in `least[n - 1]` sentences at least."""
    said: Counter[Phrase] = Counter()
    together: dict[Phrase, Counter[str]] = defaultdict(Counter)
    for text, intent in sentences:
        for phrase in dict.fromkeys(_phrases(meant(text), longest)):
            said[phrase] += 1
            together[phrase][intent] += 1
    intents = Counter(intent for _, intent in sentences)

    def information(phrase: Phrase) -> float:
        share = len(sentences) / said[phrase]
        return sum(count * np.log(count * share / intents[one]) for one, count in together[phrase].items())

    often = [phrase for phrase, count in said.items() if count >= least[len(phrase) - 1]]
    return sorted(often, key=information, reverse=True)[:most]


def _phrases(sounds: Phrase, longest: int) -> Iterator[Phrase]:
    for length in range(1, longest + 1):
        for start in range(len(sounds) - length + 1):
            yield sounds[start : start + length]


class Listener:
    """Hears phrases in sentences. `floor`: nats a syllable below which a phrase was not heard; `same`: what the very same
    syllable tells beyond the channel (nats)."""

    def __init__(self, phrases: Sequence[Phrase], floor: float, same: float) -> None:
        known = sorted({one for phrase in phrases for one in phrase})
        place = {number: row for row, number in enumerate(known)}
        self._known = np.array(known, np.int64)
        #: (syllables of the phrases × all syllables) nats
        self._gain = prior().gain[self._known]
        self._gain[np.arange(len(known)), self._known] += np.float32(same)
        self._floor = np.float32(floor)
        by_length: dict[int, list[int]] = defaultdict(list)
        for column, phrase in enumerate(phrases):
            by_length[len(phrase)].append(column)
        #: columns (k,) and syllables (length, k) of the phrases of each length
        self._batches = [
            (np.array(columns), np.array([[place[one] for one in phrases[column]] for column in columns]).T)
            for columns in by_length.values()
        ]
        #: a row has a column at least, though there were too few sentences to choose a phrase from
        self.width = max(len(phrases), 1)

    def windows(self, sounds: Syllables) -> Windows:
        """What a sentence sounds like at each place; `sounds` (n, READINGS), as `heard` gives them."""
        found: Windows = []
        if not len(sounds):
            return found
        at_each = self._gain[:, sounds].max(axis=2)
        for columns, syllables in self._batches:
            length, starts = len(syllables), len(sounds) - len(syllables) + 1
            if starts < 1:
                continue
            total = at_each[syllables[0], :starts]
            for step in range(1, length):
                total = total + at_each[syllables[step], step : step + starts]
            found.append((columns, length, total))
        return found

    def gains_within(self, windows: Windows, begin: int, end: int) -> NDArray[np.float32]:
        """(phrases,) how well each is heard between two places: 0 not at all, about √length without a doubt."""
        found: NDArray[np.float32] = np.zeros(self.width, np.float32)
        for columns, length, total in windows:
            if end - begin < length:
                continue
            each = total[:, begin : end - length + 1].max(axis=1) / np.float32(length)
            heard = np.clip((each - self._floor) / (np.float32(CHANCE) - self._floor), 0, 1.2)
            found[columns] = heard * np.float32(length**0.5)
        return found

    def gains(self, sounds: Syllables) -> NDArray[np.float32]:
        """(phrases,) how well each is heard anywhere in a sentence."""
        return self.gains_within(self.windows(sounds), 0, len(sounds))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SoftPhrases(SentenceFeaturizer):
    """Sentence features (1 × phrases): the gain of each key phrase, squared as the classifier takes counts."""

    @staticmethod
    def required_packages() -> list[str]:
        return ["pypinyin"]

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            **SparseFeaturizer.get_default_config(),
            "phrases": 1500,
            "longest": 4,
            "least": [4, 4, 3, 3],
            "floor": 1.5,
            "same": 0.8,
        }

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        if not 1 <= config["longest"] <= len(config["least"]):
            raise ValueError("SoftPhrases: least names a count for each length from 1 to longest")

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        return digest()

    def __init__(
        self,
        config: dict[str, Any],
        name: str,
        model_storage: ModelStorage,
        resource: Resource,
        phrases: Sequence[Phrase] = (),
    ) -> None:
        super().__init__(config, name, model_storage, resource)
        self._listener = Listener(phrases, config["floor"], config["same"])

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> SoftPhrases:
        with model_storage.read_from(resource) as folder, np.load(folder / _PHRASES, allow_pickle=False) as kept:
            ends = np.cumsum(kept["lengths"])[:-1]
            phrases = [tuple(one.tolist()) for one in np.split(kept["syllables"], ends) if len(one)]
        return cls(config, execution_context.node_name, model_storage, resource, phrases)

    def train(self, training_data: TrainingData) -> Resource:
        config = self._config
        written = [
            (message.get(TEXT), message.get(INTENT))
            for message in training_data.intent_examples
            if not message.get(SIMULATED)
        ]
        phrases = key_phrases(written, config["phrases"], config["longest"], config["least"])
        self._listener = Listener(phrases, config["floor"], config["same"])
        with self._model_storage.write_to(self._resource) as folder:
            np.savez_compressed(
                folder / _PHRASES,
                lengths=np.array([len(phrase) for phrase in phrases], np.int16),
                syllables=np.array([one for phrase in phrases for one in phrase], np.int16),
            )
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Clauses follow the sentence that they are of, and were heard when it was."""
        sentence, sounds = None, heard("")
        windows: Windows = []
        for message in messages:
            if not (text := message.get(TEXT)):
                continue
            own = heard(text)
            begin = _begin(message, sentence, sounds, own)
            if begin is None:
                sentence, sounds, windows, begin = message, own, self._listener.windows(own), 0
            gains = self._listener.gains_within(windows, begin, begin + len(own))
            columns = np.flatnonzero(gains)
            values = gains[columns].astype(float) ** 2
            features = coo_matrix((values, (np.zeros_like(columns), columns)), shape=(1, self._listener.width))
            self.add_features_to_message(None, features, TEXT, message)
        return messages


def _begin(clause: Message, sentence: Message | None, sounds: Syllables, own: Syllables) -> int | None:
    """Where among the sounds of a sentence those of its clause begin; None when it is no clause of that sentence."""
    if sentence is None or clause.get(PART_OF) is not sentence:
        return None
    begin = len(heard(sentence.get(TEXT)[: clause.get(START)]))
    return begin if np.array_equal(sounds[begin : begin + len(own)], own) else None
