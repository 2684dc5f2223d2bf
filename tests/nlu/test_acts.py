"""The finer act of a sentence: learned from examples with a stroke in their name, the intent from all of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa.shared.nlu.constants import INTENT, INTENT_RESPONSE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.bench.acts import HELD_OUT, held_out_acts
from bot.bench.folds import training_messages
from bot.settings import PROJECT
from nlu.augmentation import SIMULATED, SimulatedSpeech


@pytest.fixture(scope="module")
def parse(dialogue_model: Path) -> Any:
    from rasa.core.agent import Agent

    agent = Agent.load(str(dialogue_model))
    return lambda text: asyncio.run(agent.parse_message(text))


def test_the_intent_is_before_the_stroke_and_the_act_is_all_of_it() -> None:
    some = [one for one in training_messages() if one.get(INTENT_RESPONSE_KEY)]
    assert len(some) > 1_000
    assert all(one.get(INTENT) == one.get(INTENT_RESPONSE_KEY).partition("/")[0] for one in some)


def test_no_act_is_of_an_intent_that_is_not_pinned() -> None:
    pinned = {
        next(iter(one)) if isinstance(one, dict) else one
        for one in yaml.safe_load((PROJECT / "domain.yml").read_text("utf-8"))["intents"]
    }
    assert {one.get(INTENT) for one in training_messages()} <= pinned


def test_what_is_simulated_keeps_its_act() -> None:
    made = SimulatedSpeech(SimulatedSpeech.get_default_config()).process_training_data(
        TrainingData([Message({TEXT: "自来水停了", INTENT: "out_of_scope", INTENT_RESPONSE_KEY: "out_of_scope/water"})])
    )
    copies = [one for one in made.training_examples if one.get(SIMULATED)]
    assert copies and all(one.get_full_intent() == "out_of_scope/water" for one in copies)


def test_every_act_has_examples_enough_and_sentences_to_measure_it() -> None:
    counted: dict[str, int] = {}
    for one in training_messages():
        counted[one.get_full_intent()] = counted.get(one.get_full_intent(), 0) + 1
    assert min(counted.values()) >= 20, sorted(counted.items(), key=lambda pair: pair[1])[:5]
    assert set(counted) == set(held_out_acts())


def test_no_sentence_that_measures_is_one_that_teaches() -> None:
    def bare(text: str) -> str:
        return "".join(one for one in text if one.isalnum())

    taught = {bare(one.get(TEXT)) for one in training_messages()}
    assert not [text for some in held_out_acts().values() for text in some if bare(text) in taught], HELD_OUT


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("灯泡昏得像油灯", "report_outage/low_voltage"),
        ("灯泡一闪一闪的", "report_outage/flicker"),
        ("明日停电检修是几点", "report_outage/planned"),
        ("家里断电了", "report_outage"),
        ("我要开张电费发票", "ask_arrears/invoice"),
        ("自来水停了", "out_of_scope/water"),
        ("有人打电话叫我转账交电费", "out_of_scope/scam"),
        ("你先等下我去看看", "inform/wait"),
        ("要投诉你们的网格员", "complain/manager"),
    ],
)
def test_a_sentence_is_known_by_its_act(parse: Any, text: str, act: str) -> None:
    found = parse(text)
    assert found["act"]["name"] == act and 0 < found["act"]["confidence"] <= found["intent"]["confidence"] + 1e-9


def test_the_act_is_of_the_intent_that_was_found(parse: Any) -> None:
    for text in ("喂", "呜啦呜啦", "电", "😀"):
        found = parse(text)
        best = next(one["name"] for one in found["intent_ranking"] if one["name"] != "nlu_fallback")
        assert found["act"]["name"].partition("/")[0] == best
