"""The intent of a sentence: sure of what it knows, unsure of what it never saw, the same after it was stored."""

from __future__ import annotations

from pathlib import Path

import pytest
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.bench.folds import pipeline_of, understander

SAID = {
    "report_outage": ["屋里停电了", "停电了", "家里没电了", "全村停电", "没电了", "又停电了"],
    "report_breaker_fault": ["跳闸了", "漏保跳了", "闸推不上", "空开跳了", "又跳闸了", "漏保推不上"],
}


def messages() -> list[Message]:
    return [Message(data={TEXT: text, INTENT: intent}) for intent, texts in SAID.items() for text in texts]


@pytest.fixture(scope="module")
def scores():
    with understander(pipeline_of(), messages()) as understand:
        yield understand


def test_a_sentence_that_is_heard_amiss_keeps_its_intent(scores) -> None:
    names, found = scores(["五里林店了", "楼宝条了"])
    assert [names[row.argmax()] for row in found] == ["report_outage", "report_breaker_fault"]


@pytest.mark.parametrize("text", ["🙈", "", "☎☎☎"])
def test_of_a_sentence_without_a_known_word_nothing_is_thought(scores, text: str) -> None:
    names, found = scores([text])
    assert found[0].max() == found[0].min() == 0


def test_what_was_trained_twice_is_the_same(scores, tmp_path: Path) -> None:
    with understander(pipeline_of(), messages()) as again:
        assert (again(["五里林店了"])[1] == scores(["五里林店了"])[1]).all()
