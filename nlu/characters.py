"""Tokens and features of a sentence's characters: one token for each Chinese character, digit run or Latin word.

Residents' sentences arrive from a recogniser without reliable word boundaries; characters survive wrong
words better than a word segmenter does (docs/decisions/0002-characters-and-sounds.md)."""

from __future__ import annotations

import re
from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

from nlu.ngrams import NgramFeaturizer

TOKEN = re.compile(r"[0-9]+|[A-Za-z]+|\S")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class CharacterTokenizer(Tokenizer):
    """Splits text into characters, digit runs and Latin words."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            "token_pattern": None,
            "prefix_separator_symbol": None,
        }

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        return [Token(match.group(), match.start()) for match in TOKEN.finditer(message.get(attribute))]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class CharacterFeaturizer(NgramFeaturizer):
    """n-grams of the characters of the standard wording, digits one by one."""

    def units(self, message: Message) -> list[str]:
        return [character for character in self.wording(message).lower() if not character.isspace()]
