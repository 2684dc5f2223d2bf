"""What is about anything but power is out of scope or asked about again, and is no danger; danger stays danger. With the model that
is in use, on sentences that stand in no training file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.dialogue.frozen import HAZARD, Parse, parse_with
from bot.dialogue.port import Understanding
from bot.settings import PROJECT
from nlu.elsewhere import ELSEWHERE, SpeechElsewhere

SAID: dict[str, list[str]] = yaml.safe_load((PROJECT / "tests" / "data" / "nlu" / "elsewhere.yml").read_text("utf-8"))


@pytest.fixture(scope="module")
def parse(dialogue_model: Path) -> Parse:
    from rasa.core.agent import Agent

    return parse_with(Agent.load(str(dialogue_model)))


def understood(parse: Parse, said: list[str]) -> list[Understanding]:
    async def every() -> list[Understanding]:
        return [await parse(text) for text in said]

    return asyncio.run(every())


def test_no_training_file_has_the_sentences_of_this_test() -> None:
    trained = "".join(file.read_text("utf-8") for file in (PROJECT / "nlu").rglob("*.yml"))
    assert not [text for text in (*SAID["elsewhere"], *SAID["danger"]) if text in trained]


def test_speech_about_anything_else_is_hardly_ever_danger(parse: Parse) -> None:
    acted = [one.text for one in understood(parse, SAID["elsewhere"]) if one.intent == HAZARD and not one.fallback]
    assert len(acted) <= len(SAID["elsewhere"]) // 20, acted


def test_speech_about_anything_else_is_not_ours_or_not_understood(parse: Parse) -> None:
    taken = [one for one in understood(parse, SAID["elsewhere"]) if one.intent != "out_of_scope" and not one.fallback]
    assert len(taken) <= len(SAID["elsewhere"]) // 5, [(one.text, one.intent) for one in taken]


def test_danger_told_in_other_words_than_those_of_training_stays_danger(parse: Parse) -> None:
    lost = [one.text for one in understood(parse, SAID["danger"]) if one.intent != HAZARD or one.fallback]
    assert not lost


def test_what_people_call_for_is_not_taken_for_anything_else(parse: Parse) -> None:
    lost = [one.text for one in understood(parse, SAID["ours"]) if one.intent == "out_of_scope" or one.fallback]
    assert not lost


def test_sentences_about_anything_else_are_the_same_at_every_training_and_teach_no_intent() -> None:
    config = {**SpeechElsewhere.get_default_config(), "drawn": 50}
    data = [
        SpeechElsewhere(config).process_training_data(
            TrainingData([Message(data={"text": "停电了", "intent": "report_outage"})])
        )
        for _ in range(2)
    ]
    texts = [[one.get("text") for one in some.training_examples if one.get(ELSEWHERE)] for some in data]
    assert texts[0] == texts[1] and len(texts[0]) > 450
    assert [one.get("text") for one in data[0].intent_examples] == ["停电了"]
