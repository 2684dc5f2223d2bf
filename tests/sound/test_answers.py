"""An answer is read in the light of the question that was asked, typed or as a recogniser wrote it."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sound.answers.amounts import Count, count, money
from bot.sound.answers.choices import choice
from bot.sound.answers.digits import spelled
from bot.sound.answers.grammar import expanded
from bot.sound.answers.names import Name, person
from bot.sound.answers.yes_no import questions, spelled_signs, yes_no
from bot.sound.channel import prior
from bot.sound.syllables import readings

#: what a decision asks of an answer
SURE = 0.6
YES, NO, UNKNOWN = "yes", "no", "unknown"


def read(question: str, text: str, *alternatives: str) -> str | None:
    found = yes_no(question, text, alternatives)
    return found.value if found and found.probability >= SURE else None


@pytest.mark.parametrize(
    "text",
    ["冇错", "没得错", "是的嘞", "就是的", "对头", "要得", "错不了", "没毛病", "👍", "👍🏽", "✅", "ok", "OK", "1", "嗯嗯", "嗯",
     "不错", "对的师傅", "是哒是哒", "冇讲错", "对,是那里", "毛错", "队头", "药得"],
)  # fmt: skip
def test_a_yes_is_a_yes_however_it_is_said(text: str) -> None:
    assert read("confirmed", text) == YES


@pytest.mark.parametrize(
    "text", ["不对", "不是不是", "错了", "搞错了", "冇对", "嗯,不是", "❌", "不是的,你听错了", "no", "莫"]
)
def test_a_no_is_a_no(text: str) -> None:
    assert read("confirmed", text) == NO


@pytest.mark.parametrize(
    "text",
    [
        "我是不是欠费了",
        "是不是停电了",
        "沿河路208号",
        "好久才来",
        "电费好多钱",
        "莫急",
        "石头路十号",
        "对面停了",
        "四号",
        "",
        "😀",
        "?",
    ],
)
def test_what_answers_nothing_is_no_answer(text: str) -> None:
    assert read("confirmed", text) is None


@pytest.mark.parametrize(
    ("question", "text", "meant"),
    [
        ("neighbours", "有电", YES),
        ("neighbours", "他们都有电咧", YES),
        ("neighbours", "就我一家没电", YES),
        ("neighbours", "隔壁也没电", NO),
        ("neighbours", "都黑了", NO),
        ("neighbours", "没亮", NO),
        ("neighbours", "隔壁有电没有", None),
        ("neighbours", "隔壁没人住", UNKNOWN),
        ("neighbours", "独门独户的", UNKNOWN),
        ("smell", "有点", YES),
        ("smell", "闻到了", YES),
        ("smell", "没冒烟也没味", NO),
        ("smell", "么味都冇得", NO),
        ("smell", "一烧水就跳闸", None),
        ("smell", "没有电", None),
        ("reset_done", "推不上", NO),
        ("reset_done", "推上去了", YES),
        ("reset_done", "推上去又跳了", NO),
        ("reset_done", "我不敢推", UNKNOWN),
        ("reset_done", "够不着", UNKNOWN),
        ("own_home", "冇错", YES),
        ("own_home", "我帮隔壁打的", NO),
        ("own_home", "这是我舅舅家的号码", NO),
        ("own_home", "是我屋里的号码", YES),
        ("own_home", "搬家了", NO),
        ("own_home", "我是不是欠费了", None),
        ("own_home", "不是,是我姆妈家", NO),
        ("same_outage", "我家也是", YES),
        ("same_outage", "就我家没电", NO),
        ("oxygen", "没得人用", NO),
        ("oxygen", "屋里有台呼吸机", YES),
        ("oxygen", "我爸用呼吸机", YES),
        ("light", "来电了", YES),
        ("light", "还没亮", NO),
        ("light", "几时来电", None),
        ("not_fixed", "又停了", YES),
        ("cancel", "不用来了", YES),
    ],
)
def test_the_same_words_answer_different_questions_differently(question: str, text: str, meant: str | None) -> None:
    assert read(question, text) == meant


def test_a_yes_with_a_correction_tells_both() -> None:
    found = yes_no("confirmed", "对,不过是208号")
    assert found and (found.value, found.rest) == (YES, "不过是208号")
    found = yes_no("confirmed", "弄错了,是沿河路208号")
    assert found and (found.value, found.rest) == (NO, "是沿河路208号")
    assert found.text[slice(*found.stretches[0])] == "弄错了"


def test_the_last_word_counts_and_a_hm_does_not() -> None:
    assert read("smell", "没有,哦有的有的") == YES
    assert read("smell", "嗯,没有") == NO


def test_the_other_readings_of_the_recogniser_are_heard() -> None:
    assert read("neighbours", "没有电", "有电") == NO, "the first reading counts most"
    assert read("neighbours", "没有电", "有电", "都有电") is None, "and what contradicts itself is asked again"
    assert read("confirmed", "推头", "对头", "对的") == YES


def test_answers_survive_the_channel() -> None:
    """Two thirds of the syllables of clear answers drawn from the prior: most are understood, hardly any is turned round."""
    dice, channel = np.random.default_rng(20261128), prior()
    written = {syllable: one for one in map(chr, range(0x9FA5, 0x4E00, -1)) for syllable in readings(one)[:1]}
    said = [("confirmed", "是的是的", YES), ("confirmed", "不是不是", NO), ("neighbours", "隔壁也没电", NO), ("smell", "闻不到味", NO),
            ("neighbours", "他们有电", YES), ("confirmed", "冇讲错", YES), ("reset_done", "推不上去", NO)]  # fmt: skip
    right = wrong = 0
    for question, text, meant in said * 20:
        syllables = np.array([readings(one)[0] for one in text])
        drawn = channel.drawn(syllables, dice)
        changed = dice.random(len(text)) < 2 / 3
        heard = "".join(written.get(int(s), c) if c_ else c for c, s, c_ in zip(text, drawn, changed, strict=True))
        found = read(question, heard)
        right += found == meant
        wrong += found not in (meant, None)
    assert right >= 0.75 * 140 and wrong <= 0.06 * 140, (right, wrong)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(sorted(questions())), st.text(max_size=200), st.lists(st.text(max_size=20), max_size=6))
def test_whatever_is_said_an_answer_comes_back_with_its_place(question: str, text: str, others: list[str]) -> None:
    found = yes_no(question, text, others)
    if found:
        assert 0 < found.probability <= 1 and all(0 <= s < e <= len(found.text) for s, e in found.stretches)


def test_a_template_stands_for_all_its_phrases() -> None:
    assert list(expanded("(也)<not>电", {"not": ["没", "冇"]})) == ["没电", "冇电", "也没电", "也冇电"]


def test_a_sign_is_the_word_that_it_stands_for() -> None:
    assert spelled_signs("👍🏻") == "对," and spelled_signs("桃溪路") == "桃溪路"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("两三户", Count(2, 3, "户")),
        ("大概五六家吧", Count(5, 6, "家")),
        ("十几户", Count(11, 19, "户")),
        ("2-3家", Count(2, 3, "家")),
        ("好几家", Count(3, 20, "家")),
        ("没几家", Count(1, 3, "家")),
        ("就我一家", Count(1, 1)),
        ("整栋都停了", Count(10, None)),
        ("一个都没得", Count(0, 0)),
        ("3", Count(3, 3)),
        ("沿河路3号", None),
        ("不晓得", None),
    ],
)
def test_how_many_is_a_count_or_a_range(text: str, meant: Count | None) -> None:
    found = count(text)
    assert (found and found.value) == meant


@pytest.mark.parametrize(
    ("text", "yuan"),
    [("八十六块两角", "86.2"), ("一千八", "1800"), ("百八十", "180"), ("两百三", "230"), ("三块五", "3.5"), ("三块零五分", "3.05"),
     ("半块", "0.5"), ("五毛", "0.5"), ("欠了一百八十块钱", "180"), ("86.20元", "86.20"), ("没得钱", None)],
)  # fmt: skip
def test_money_is_yuan_however_it_is_said(text: str, yuan: str | None) -> None:
    found = money(text)
    assert (found and found.value) == (Decimal(yuan) if yuan else None)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("第一个", "0"), ("后头那个", "1"), ("凤凰社区", "0"), ("封黄社区", "0"), ("是桃溪社区的", "1"), ("2", "1"), ("都不是", "none"),
     ("不晓得", "unknown"), ("今天天气好", None)],
)  # fmt: skip
def test_one_of_two_is_chosen_by_name_by_place_or_not_at_all(text: str, meant: str | None) -> None:
    found = choice(text, ["凤凰社区", "桃溪社区"])
    assert (found and found.value) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("王建国", Name("王", "建国")),
        ("户主是王建国啊", Name("王", "建国")),
        ("我老公叫刘先海", Name("刘", "先海")),
        ("孔翠燕的名字", Name("孔", "翠燕")),
        ("户主姓欧阳", Name("欧阳", "")),
        ("诸葛亮平", Name("诸葛", "亮平")),
        ("阿依古丽·买买提", Name("", "阿依古丽·买买提")),
        ("叫买买提", Name("", "买买提")),
        ("不晓得", None),
        ("桃花路3号", None),
    ],
)
def test_a_name_is_what_is_left_of_an_answer(text: str, meant: Name | None) -> None:
    found = person(text)
    assert (found and found.value) == meant


MOBILE, LANDLINE = "13807151122", "07153392233"


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("138-0715-1122", "phone", MOBILE),
        ("幺三八零七幺五幺幺二二", "phone", MOBILE),
        ("8613807151122", "phone", MOBILE),
        ("+86 138 0715 1122", "phone", MOBILE),
        ("013807151122", "phone", MOBILE),
        ("\uff11\uff13\uff18\uff10\uff17\uff11\uff15\uff11\uff11\uff12\uff12", "phone", MOBILE),
        ("0715-3392233", "phone", LANDLINE),
        ("+867153392233", "phone", LANDLINE),
        ("tel:+86-715-339-2233", "phone", LANDLINE),
        ("sip:13807151122;user=phone@ims.example", "phone", MOBILE),
        ("零七幺五 三三九二二三三", "phone", LANDLINE),
        ("幺三八四个零幺幺二二", "phone", "13800001122"),
        ("幺三八铃七幺武幺幺二二", "phone", MOBILE),
        ("要三八零七幺五幺幺二二", "phone", MOBILE),
        ("户号四二零七三三五九幺二", "household_no", "4207335912"),
        ("户号是5512", "household_no", "5512"),
        ("gd二六幺幺二八零零零五", "ticket_no", "GD2611280005"),
    ],
)
def test_a_spelled_number_is_found_in_every_form(text: str, kind: str, number: str) -> None:
    for before, behind in (("", ""), ("嗯,", ",你记一下")):
        [found] = spelled(before + text + behind)
        assert (found.kind, found.value) == (kind, number)
        assert (before + text + behind)[found.start : found.end] in text


def test_two_numbers_are_two_and_what_is_counted_is_none() -> None:
    assert [one.value for one in spelled(f"打{MOBILE},户号4207335912")] == [MOBILE, "4207335912"]
    assert not spelled("欠了一百八,三单元有两户") and not [
        one for one in spelled("沿河路206号") if one.kind != "digits"
    ]
