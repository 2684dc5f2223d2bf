"""Sparse features of what a sentence speaks of: classes of words (data/concepts.yml), in order and together.

空开, 断路器 and 漏保 are one thing to whoever decides what a caller wants; what was learned of one holds for the others.
A class right after 没有 or 不是 is its own feature, so that 没有冒烟 does not look like 冒烟."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.training_data.message import Message

from bot.foundation.errors import Refused
from bot.foundation.words import load
from nlu.characters import TOKEN
from nlu.ngrams import NgramFeaturizer
from nlu.sound import folded_syllable

CONCEPTS = Path(__file__).resolve().parent / "data" / "concepts.yml"
NEGATION = "negation"


class ConceptsRefused(Refused):
    """The classes cannot be used; the message names the word and the reason."""


@dataclass(frozen=True)
class _ConceptsFile:
    concepts: dict[str, tuple[str, ...]]


class Concepts:
    """Words and the class of each; words of two and more characters also by accent-folded sound."""

    def __init__(self, classes: Mapping[str, Sequence[str]]) -> None:
        self._words: dict[str, str] = {}
        self._sounds: dict[tuple[str, ...], str] = {}
        for name, words in classes.items():
            if not words:
                raise ConceptsRefused(f"concepts.yml: {name} has no words")
            for word in words:
                if self._words.setdefault(word, name) != name:
                    raise ConceptsRefused(f"concepts.yml: {word} is both {self._words[word]} and {name}")
                if len(word) > 1:
                    self._sounds.setdefault(_sounds(word), name)
        self._longest = max(map(len, self._words), default=0)

    def find(self, text: str, by_sound: bool = True) -> list[str]:
        """The classes in a sentence, in order; `no:fire` where a negation stands right before."""
        text = "".join(TOKEN.findall(text))
        sounds, found, at, negated = _sounds(text), [], 0, False
        while at < len(text):
            for length in range(min(self._longest, len(text) - at), 0, -1):
                name = self._words.get(text[at : at + length])
                if name is None and by_sound and length > 1:
                    name = self._sounds.get(sounds[at : at + length])
                if name is None:
                    continue
                at += length
                if name == NEGATION:
                    negated = True
                else:
                    found.append(f"no:{name}" if negated else name)
                    negated = False
                break
            else:
                at, negated = at + 1, False
        return found


def _sounds(text: str) -> tuple[str, ...]:
    return tuple(folded_syllable(character) for character in text)


@lru_cache(maxsize=1)
def concepts() -> Concepts:
    """Gege's classes."""
    return Concepts(load(_ConceptsFile, CONCEPTS).concepts)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class ConceptFeaturizer(NgramFeaturizer):
    """n-grams of classes, and pairs of classes wherever they stand."""

    @staticmethod
    def required_packages() -> list[str]:
        return ["pypinyin"]

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        return f"{super().fingerprint_addon(config)} {hashlib.sha256(CONCEPTS.read_bytes()).hexdigest()}"

    def units(self, message: Message) -> list[str]:
        return concepts().find(self.wording(message))

    def _ngrams(self, units: list[str]) -> Iterator[str]:
        yield from super()._ngrams(units)
        classes = sorted(set(units))
        for number, one in enumerate(classes):
            for other in classes[number + 1 :]:
                yield f"{one} & {other}"
