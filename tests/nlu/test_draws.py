"""Training hears many speakers: draws keep places where they were and are the same at every training."""

from __future__ import annotations

import pytest
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from nlu.augmentation import SIMULATED, SimulatedSpeech
from nlu.sound import dialect_class, folded_syllable

SENTENCE = "我屋里停电了,沿河路二百零六号,隔壁变压器在冒烟"


def speech(copies: int = 3) -> SimulatedSpeech:
    return SimulatedSpeech({**SimulatedSpeech.get_default_config(), "copies": copies, "shares": [1.0]})


def test_what_was_drawn_joins_what_was_written_with_its_places() -> None:
    place = {"entity": "place", "value": "沿河路", "start": 2, "end": 5}
    clean = Message(data={TEXT: "我在沿河路停电了好几个钟头", INTENT: "report_outage", ENTITIES: [place]})
    examples = speech().process_training_data(TrainingData([clean])).training_examples
    assert examples[0] is clean
    simulated = [message for message in examples if message.get(SIMULATED)]
    assert simulated and all(message.get(INTENT) == "report_outage" for message in simulated)
    for message in simulated:
        (found,) = message.get(ENTITIES)
        assert found["value"] == message.get(TEXT)[2:5]


def test_a_sentence_to_be_understood_is_not_touched() -> None:
    message = Message(data={TEXT: SENTENCE})
    assert SimulatedSpeech({}).process([message]) == [message] and message.get(TEXT) == SENTENCE


def test_a_sentence_is_drawn_alike_whatever_others_there_are() -> None:
    def drawn(*texts: str) -> list[str]:
        data = TrainingData([Message(data={TEXT: text, INTENT: "report_outage"}) for text in texts])
        found = speech(5).process_training_data(data).training_examples
        return [message.get(TEXT) for message in found if message.get(SIMULATED)]

    alone = drawn(SENTENCE)
    assert len(set(alone)) == 5 and set(alone) < set(drawn("电线掉下来了", SENTENCE, "我要交电费"))


@pytest.mark.parametrize(("one", "other"), [("省", "森"), ("你", "里"), ("黄", "房"), ("停", "停")])
def test_an_accent_makes_no_difference(one: str, other: str) -> None:
    assert folded_syllable(one) == folded_syllable(other)


@pytest.mark.parametrize(("one", "other"), [("停", "丁"), ("电", "铁"), ("黄", "房"), ("线", "写")])
def test_full_dialect_makes_no_difference_in_the_second_tier(one: str, other: str) -> None:
    assert dialect_class(one) == dialect_class(other)


def test_a_class_is_the_same_in_every_process() -> None:
    assert dialect_class("停") == "t|en" and dialect_class("12") == "##"
