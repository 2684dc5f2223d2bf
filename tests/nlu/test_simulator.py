"""Simulated speech keeps places where they were, comes out the same again, and grows stranger with its strength."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.augmentation import SIMULATED, SimulatedSpeech
from nlu.simulator import Characters, Source, Words, distort
from nlu.sound import dialect_class, folded_syllable

SENTENCE = "我屋里停电了,沿河路二百零六号,隔壁变压器在冒烟"


@pytest.fixture(scope="module", params=["characters", "words"])
def source(request: pytest.FixtureRequest) -> Source:
    return Characters() if request.param == "characters" else Words()


@given(text=st.text(max_size=80), strength=st.floats(0, 1), seed=st.integers())
def test_the_length_stays_so_that_places_stay_marked(text: str, strength: float, seed: int, source: Source) -> None:
    assert len(distort(text, strength, random.Random(seed), source)) == len(text)


def test_a_seed_makes_the_same_sentence_again(source: Source) -> None:
    assert distort(SENTENCE, 1, random.Random(5), source) == distort(SENTENCE, 1, random.Random(5), source)


def test_strength_nought_changes_nothing_and_more_changes_more(source: Source) -> None:
    def changed(strength: float) -> int:
        heard = [distort(SENTENCE, strength, random.Random(seed), source) for seed in range(50)]
        return sum(a != b for text in heard for a, b in zip(text, SENTENCE, strict=True))

    assert changed(0) == 0
    assert changed(0.3) < changed(0.6) < changed(1.0)


def test_digits_and_letters_are_left_alone(source: Source) -> None:
    heard = distort("GD2611230001 在 206 号", 1.0, random.Random(1), source)
    assert heard.startswith("GD2611230001 ") and " 206 " in heard


@pytest.mark.slow
def test_the_two_sources_write_differently() -> None:
    characters, words = Characters(), Words()
    one = [distort(SENTENCE, 1, random.Random(seed), characters) for seed in range(20)]
    other = [distort(SENTENCE, 1, random.Random(seed), words) for seed in range(20)]
    assert not set(one) & set(other)


def test_simulated_sentences_join_the_clean_ones_with_their_places() -> None:
    place = {"entity": "place", "value": "沿河路", "start": 2, "end": 5}
    clean = Message(data={TEXT: "我在沿河路停电了好几个钟头", INTENT: "report_outage", ENTITIES: [place]})
    component = SimulatedSpeech({**SimulatedSpeech.get_default_config(), "copies": 3, "strengths": [1.0]})
    examples = component.process_training_data(TrainingData([clean])).training_examples
    assert examples[0] is clean
    simulated = [message for message in examples if message.get(SIMULATED)]
    assert simulated and all(message.get(INTENT) == "report_outage" for message in simulated)
    for message in simulated:
        (found,) = message.get(ENTITIES)
        assert found["value"] == message.get(TEXT)[2:5]


def test_a_sentence_to_be_understood_is_not_touched() -> None:
    message = Message(data={TEXT: SENTENCE})
    assert SimulatedSpeech({}).process([message]) == [message] and message.get(TEXT) == SENTENCE


@pytest.mark.parametrize(("one", "other"), [("省", "森"), ("你", "里"), ("黄", "房"), ("停", "停")])
def test_an_accent_makes_no_difference(one: str, other: str) -> None:
    assert folded_syllable(one) == folded_syllable(other)


@pytest.mark.parametrize(("one", "other"), [("停", "丁"), ("电", "铁"), ("黄", "房"), ("线", "写")])
def test_full_dialect_makes_no_difference_in_the_second_tier(one: str, other: str) -> None:
    assert dialect_class(one) == dialect_class(other)


def test_a_class_is_the_same_in_every_process() -> None:
    assert dialect_class("停") == "t|en" and dialect_class("12") == "##"
