"""Sparse features of how a sentence sounds: n-grams of accent-folded pinyin syllables.

Accented Mandarin merges zh/z, ch/c, sh/s, n/l, hu/f, in/ing and en/eng (counted from the
public table MCPDict), and recognisers write homophones; both leave these features unchanged."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pypinyin import lazy_pinyin
from pypinyin.contrib.tone_convert import to_finals, to_initials
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.training_data.message import Message

from bot.foundation.words import load
from nlu.characters import TOKEN
from nlu.ngrams import NgramFeaturizer

#: what full dialect makes one
CLASSES = Path(__file__).resolve().parent / "data" / "dialect_classes.yml"

_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("l", "n"), ("r", "n"))


@lru_cache(maxsize=30_000)
def folded_syllable(token: str) -> str:
    """The accent-folded, toneless pinyin of one token; digit runs become `#` times their length (at most 11).

    `folded_syllable("省") == folded_syllable("森")`."""
    if token.isdigit():
        return "#" * min(len(token), 11)
    syllable = lazy_pinyin(token, errors="default")[0]
    for accented, plain in _INITIALS:
        if syllable.startswith(accented):
            syllable = plain + syllable[len(accented) :]
            break
    syllable = re.sub(r"^hu(?=.)", "f", syllable) if syllable != "hu" else "fu"
    return re.sub(r"(?<=[ie])ng$", "n", syllable)


@dataclass(frozen=True)
class _Merged:
    """dialect_classes.yml: initial → initial, final → final."""

    initials: dict[str, str]
    finals: dict[str, str]


@lru_cache(maxsize=1)
def _merged() -> _Merged:
    return load(_Merged, CLASSES)


@lru_cache(maxsize=30_000)
def dialect_class(token: str) -> str:
    """The class of a token's sound that full dialect leaves, `dialect_class("停") == "t|en"`; what is no Chinese character
    stays, digits by length."""
    if not "\u3400" <= token <= "\u9fff":
        return folded_syllable(token)
    syllable = lazy_pinyin(token)[0]
    initial, final = to_initials(syllable, strict=False), to_finals(syllable, strict=False)
    return _merged().initials.get(initial, initial) + "|" + _merged().finals.get(final, final)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SoundFeaturizer(NgramFeaturizer):
    """n-grams of syllables as they sound."""

    @staticmethod
    def required_packages() -> list[str]:
        return ["pypinyin"]

    def units(self, message: Message) -> list[str]:
        return [folded_syllable(match) for match in TOKEN.findall(self.wording(message))]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class DialectFeaturizer(NgramFeaturizer):
    """n-grams of syllables in classes that full dialect merges (停 and 林 and 丁, 电 and 列)."""

    @staticmethod
    def required_packages() -> list[str]:
        return ["pypinyin"]

    def units(self, message: Message) -> list[str]:
        return [dialect_class(token) for token in TOKEN.findall(self.wording(message))]
