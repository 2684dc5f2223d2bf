"""Sentences with variables fall into parts that somebody can record."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.speech.reading import plain, spoken
from bot.speech.sentence_plan import Kind, Part, Planner, fixed_parts

TEMPLATES = [
    "记下了,归{manager}管。", "他的电话是{phone}。", "您讲的是{readback}。对不对?", "到{date},欠{months}个月,{amount}。",
    "归{manager}管,他的电话是{phone}。", "您慢走。",
]  # fmt: skip
PLANNER = Planner(TEMPLATES, ["归师傅", "桃溪社区", "桃溪", "停电了", "三八路"])


def words(sentence: str) -> list[str]:
    return [part.text for part in PLANNER.plan(sentence) if part.kind is not Kind.pause]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("记下了,归归师傅管。", ["记下了,归", "归师傅", "管"]),
        ("他的电话是13907150024。", ["他的电话是", *"幺三九零七幺五零零二四"]),
        ("他的电话是0715-3390000。", ["他的电话是", *"零七幺五三三九零零零零"]),
        ("到四月二十号,欠3个月,86.20元。", ["到", *"四月二十号", "欠", "三", "个月", *"八十六块两角"]),
        ("归王师傅管,他的电话是119。", ["归", "王师傅", "管,他的电话是", *"幺幺九"]),
    ],
)
def test_numbers_names_and_the_words_between_them_are_parts(sentence: str, expected: list[str]) -> None:
    assert words(sentence) == expected


def test_a_readback_is_joined_of_community_number_and_matter() -> None:
    planner = Planner(["您讲的是{readback}。"], ["桃溪社区", "桃溪", "停电了"])
    parts = planner.plan("您讲的是桃溪社区沿河路206号,停电了。")
    assert [(part.text, part.kind.name) for part in parts] == [
        ("您讲的是", "fixed"), ("桃溪社区", "phrase"), ("沿河路", "other"), ("二", "number"), ("百", "number"),
        ("零", "number"), ("六", "number"), ("号", "number"), (",", "pause"), ("停电了", "phrase"),
    ]  # fmt: skip


@pytest.mark.parametrize("road", ["十字街", "三八路", "五里牌", "一样"])
def test_a_numeral_inside_a_word_is_no_number(road: str) -> None:
    parts = Planner(["您讲的是{readback}。"], ["三八路"]).plan(f"您讲的是{road}。")
    assert [part.kind for part in parts] == [Kind.fixed, Kind.phrase if road == "三八路" else Kind.other]


def test_the_template_with_the_most_words_of_its_own_is_taken() -> None:
    planner = Planner(["{who}的电话是{phone}。", "他的电话是{phone}。", "{a}是{b}。"])
    assert planner.plan("他的电话是110。")[0] == Part("他的电话是", Kind.fixed)


def test_what_is_no_sentence_of_the_repertoire_has_no_parts() -> None:
    assert PLANNER.plan("今天天气好。") == () and PLANNER.plan("") == () and PLANNER.plan("您慢走。") == ()


def test_template_and_values_give_the_same_parts_as_the_finished_sentence() -> None:
    template, values = "到{date},欠{months}个月,{amount}。", {"date": "四月二十号", "months": "3", "amount": "86.20元"}
    assert PLANNER.fill(template, values) == PLANNER.plan(template.format(**values))


def test_what_is_recorded_of_a_template_are_the_words_between_its_variables() -> None:
    assert fixed_parts("归{manager}管,他的电话是{phone}。") == ["归", "管,他的电话是"]
    assert fixed_parts("{a},{b}。") == []


VALUES = st.text(alphabet="沿河路桃溪社区归师傅一二三十百零六号栋,、 0123456789-.元abé😀{}", min_size=1, max_size=30)


@given(st.sampled_from([each for each in TEMPLATES if "{" in each and "?" not in each]), VALUES, VALUES, VALUES)
def test_no_word_of_a_sentence_is_lost_or_added(template: str, one: str, two: str, three: str) -> None:
    values = iter((one, two, three))
    sentence = "".join(next(values) if n % 2 else piece for n, piece in enumerate(_split(template)))
    parts = PLANNER.plan(sentence)
    bare = str.maketrans("", "", " ,、:;.。!?\"'“”‘’()…—\n")
    if parts:
        assert "".join(part.text for part in parts).translate(bare) == spoken(plain(sentence)).translate(bare)


def _split(template: str) -> list[str]:
    import re

    return re.split(r"\{(\w+)\}", template)
