"""Phrase lists help with short answers, and nothing that is not on the list is lost for it."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np
import pytest

from bot.settings import PROJECT
from bot.speech.models import DEMO, look_at
from bot.speech.phrases import in_words_of, known_questions, phrases_by_question
from bot.speech.port import HeardSpeech, Likely
from bot.speech.recognise import VoskRecogniser, preferred
from tools.demo_model.graph import build_graph
from tools.demo_model.speaker import speak_demo
from tools.demo_model.synthesis import HELD_OUT_VOICES

# A real recogniser on real sound.
pytestmark = pytest.mark.slow

LISTS = {"confirmed": ("对", "不对", "要得"), "proof": tuple("零一二三四五六七八九"), "community": ("龙泉山庄",)}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes phrase lists, and whose language model has never seen digits or answers."""
    folder = tmp_path_factory.mktemp("models") / "parted"
    said = ["停电了", "我家停电了", "冒烟了", "闸刀冒烟了", "电线掉在路上了", "我姓王"] * 3
    build_graph(DEMO, said, ["要得", "不对", "龙泉山庄"], folder, phrases=True)
    return folder


@pytest.fixture(scope="module")
def recogniser(model: Path) -> VoskRecogniser:
    return VoskRecogniser(model, phrases=LISTS)


async def heard(recogniser: VoskRecogniser, said: str, question: str = "", voice: int = 1) -> HeardSpeech:
    session = recogniser.begin(8000, Likely(question))
    pcm = np.asarray(speak_demo(said, HELD_OUT_VOICES[voice]), "<i2").tobytes()
    for at in range(0, len(pcm), 1600):
        await session.feed(pcm[at : at + 1600])
    return await session.finish()


async def test_digits_that_the_language_model_does_not_expect_are_heard_when_they_are_asked_for(
    recogniser: VoskRecogniser,
) -> None:
    right = {"": 0, "proof": 0}
    for number, said in enumerate(("三七二五", "九零四一", "六六八二", "一五零七", "二八三九", "七四一六")):
        for question in right:
            right[question] += (await heard(recogniser, said, question, number)).text == said
    assert right["proof"] >= 4 and right["proof"] >= right[""], right


async def test_what_is_not_on_the_list_is_understood_as_ever(recogniser: VoskRecogniser) -> None:
    for said in ("闸刀冒烟了", "我家停电了", "电线掉在路上了"):
        for question in ("proof", "confirmed", "community"):
            assert (await heard(recogniser, said, question)).text == said, question


async def test_a_model_with_one_whole_graph_does_what_it_always_did(model: Path) -> None:
    assert look_at(model).takes_phrases and not look_at(DEMO).takes_phrases
    usual = VoskRecogniser(DEMO, phrases=LISTS)
    assert usual.phrases == {}
    assert await heard(usual, "我家停电了", "proof") == await heard(usual, "我家停电了")
    await usual.close()


def test_words_that_a_model_does_not_know_are_told_and_left_out(model: Path, caplog: pytest.LogCaptureFixture) -> None:
    lists = {**LISTS, "confirmed": ("对", "囍囍"), "empty": ("囍囍",)}
    with caplog.at_level(logging.WARNING):
        made = VoskRecogniser(model, phrases=lists)
    assert "囍囍" in caplog.text and set(made.phrases) == {"confirmed", "proof", "community"}
    assert "囍" not in made.phrases["confirmed"].grammar


def test_phrases_are_put_in_the_words_of_the_model() -> None:
    vocabulary = {"不", "不对", "对", "龙泉", "山庄"}
    found, lost = in_words_of({"q": ("不对", "龙泉山庄", "没有")}, vocabulary.__contains__)
    assert found["q"].grammar == '["不对", "龙泉 山庄", "[unk]"]' and lost == ("没有",)
    assert found["q"].holds("不对不对") and not found["q"].holds("不对停电") and not found["q"].holds("")


def test_the_phrase_comes_first_only_where_the_free_reading_is_no_answer_and_danger_stays() -> None:
    (answers,) = in_words_of({"q": ("对", "没有")}, lambda word: True)[0].values()
    free = HeardSpeech("队", ("对了", "推"), 0.5, 1.0)
    taken = preferred(free, " 对", answers)
    assert (taken.text, taken.alternatives, taken.unknown_share) == ("对", ("队", "对了", "推"), 0.0)
    assert preferred(HeardSpeech("没有"), " 对", answers).text == "没有", "a free answer of the list wins"
    for nothing in ("", " ", " [unk]", " 对 [unk]"):
        assert preferred(free, nothing, answers) is free
    danger = preferred(HeardSpeech("没有有火", ("冒火",)), " 没有", answers)
    assert danger.text == "没有" and danger.alternatives == ("没有有火", "冒火")


def test_every_question_that_gege_asks_is_known() -> None:
    """Those of the flows, of the actions, and the parts of a place."""
    asked = {"community", "street", "number", "building", "unit", "room", "group", "outside", "place", "own_home"}
    asked |= {"householder", "danger", "over", "again", "rating", "light", "same_outage"}
    for file in (PROJECT / "actions").glob("*.py"):
        asked |= set(re.findall(r"""\.asks\("(\w+)"\)""", file.read_text("utf-8")))
    for file in (PROJECT / "nlu" / "flows").glob("*.yml"):
        asked |= set(re.findall(r"ask: (\w+)", file.read_text("utf-8"))) - {"where"}
    assert not asked - known_questions()


def test_every_question_has_a_list_and_the_sites_communities_are_in_it() -> None:
    lists = phrases_by_question(["桃溪社区", "石壁塘社区"])
    assert set(lists["community"]) == {"桃溪", "桃溪社区", "石壁塘", "石壁塘社区"}
    assert "幺" in lists["proof"] and "冇" in lists["confirmed"] and "community" not in phrases_by_question()
