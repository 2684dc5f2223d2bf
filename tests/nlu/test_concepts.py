"""Classes of words: what is one thing to the county is one feature, negated or not, written or misheard."""

from __future__ import annotations

import pytest

from nlu.concepts import Concepts, ConceptsRefused, concepts
from nlu.lexicon import standard


@pytest.mark.parametrize("word", ["空开", "断路器", "漏保", "闸刀", "保险丝"])
def test_every_kind_of_breaker_is_a_breaker(word: str) -> None:
    assert concepts().find(f"{word}坏了") == ["breaker"]


def test_smoke_that_is_not_there_is_not_smoke() -> None:
    assert concepts().find("没有冒烟") == ["no:fire"]
    assert concepts().find("冒烟") == ["fire"]
    assert concepts().find(standard("冇冒烟")) == ["no:fire"]


def test_what_is_not_meant_and_what_is_meant_are_told_apart() -> None:
    assert concepts().find("不是停电,是空开烧了")[:2] == ["no:outage", "breaker"]


def test_a_homophone_is_the_same_class_and_one_character_is_not_guessed() -> None:
    assert concepts().find("店线断了") == concepts().find("电线断了") == ["line", "fallen"]
    assert concepts().find("查") == []  # sounds like 插, and no class is a guess at one syllable


def test_an_empty_class_and_a_word_of_two_classes_are_refused() -> None:
    with pytest.raises(ConceptsRefused, match="fire has no words"):
        Concepts({"fire": []})
    with pytest.raises(ConceptsRefused, match="漏电 is both shock and breaker"):
        Concepts({"shock": ["漏电"], "breaker": ["漏电"]})
