"""What is spoken in one breath: parts that everybody hears stand alone, torn-off syllables do not."""

from __future__ import annotations

import numpy as np

from bot.speech.breaths import Breath, clauses, end_of, short, whole
from bot.speech.sentence_plan import Planner

PLANNER = Planner(
    ["我又告诉{manager}了,他的电话是{phone}。", "您讲的是{readback}。", "欠{months}个月,{amount}。", "到{date}。"],
    ["归程师傅", "停电了"],
)


def said(sentence: str) -> list[str | float]:
    parts = [(part, None) for part in PLANNER.plan(sentence)]
    return [
        one if isinstance(one, float) else one.text + "~" * one.goes_on
        for one in short(parts, end_of(sentence))
        if isinstance(one, float | Breath)
    ]


def test_what_everybody_hears_stands_alone_and_the_variable_is_one_breath() -> None:
    assert said("您讲的是沿河路206号，停电了。") == ["您讲的是~", "沿河路二百零六号~", 0.18, "停电了。"]
    for part in ("您讲的是", "他的电话是", "我又告诉"):
        assert PLANNER.everybodys(part)


def test_a_torn_off_syllable_goes_with_its_neighbour() -> None:
    assert said("我又告诉归程师傅了，他的电话是8000。") == ["我又告诉~", "归程师傅了~", 0.18, "他的电话是~", "八千。"]
    assert said("欠三个月，八块。") == ["欠三个月~", 0.18, "八块。"]
    assert said("到四月二号。") == ["到四月二号。"]


def test_a_telephone_number_keeps_the_pauses_between_its_groups() -> None:
    spoken = said("我又告诉归程师傅了，他的电话是13907150024。")
    assert spoken[4:] == ["幺三九~", 0.14, "零七幺五~", 0.14, "零零二四。"]


def test_a_quick_engine_says_what_lies_between_recordings_in_one_breath() -> None:
    parts = PLANNER.plan("我又告诉归程师傅了，他的电话是8000。")
    mine = np.ones(100, np.int16)
    pieces = whole([(part, mine if part.text == "归程师傅" else None) for part in parts])
    assert pieces[0] == Breath("我又告诉") and pieces[1] is mine and pieces[2:] == [Breath("了,他的电话是八千")]


def test_a_sentence_that_nobody_planned_is_cut_at_its_marks_alone() -> None:
    texts = [one.text for one in clauses("好,离掉下来的电线远一点,莫用手摸。") if isinstance(one, Breath)]
    assert texts == ["好,离掉下来的电线远一点,", "莫用手摸。"]
