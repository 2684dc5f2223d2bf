"""Numbers and letters are read aloud as people say them."""

from __future__ import annotations

import pytest

from bot.speech.reading import number, pinyin, sentences, spoken


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("沿河路206号", "沿河路二百零六号"),
        ("电话13971800123", "电话幺三九、七幺八零、零幺二三"),
        ("打119或者120", "打幺幺九或者幺二零"),
        ("119号", "一百一十九号"),
        ("0715-3390000", "零七幺五、三三九、零零零零"),
        ("欠86.20元", "欠八十六块两角"),
        ("余额-3.05元", "余额负三块零五分"),
        ("2块", "两块"),
        ("¥12", "十二块"),
        ("2个月", "两个月"),
        ("2号楼", "二号楼"),
        ("8:10停的", "八点十分停的"),
        ("2:00", "两点整"),
        ("12:05", "十二点零五分"),
        ("2026-04-20", "二零二六年四月二十号"),
        ("2026年", "二零二六年"),
        ("100%", "百分之一百"),
        ("0.558元", "零点五五八元"),
        ("10005户", "一万零五户"),
        ("6栋1单元1205室", "六栋一单元幺二零五室"),
        ("GD2611230007", "GD二六幺幺、二三零零、零七"),
        # one door, however it is written; a telephone number is longer
        ("柏树路118-2号", "柏树路一百一十八杠二号"),
        ("3-2-604", "三杠二杠六零四"),
        ("400-700-9000", "四零零、七零零、九零零零"),
        ("+8613971800123", "幺三九、七幺八零、零幺二三"),
        # counts, and what is only counted through
        ("第2户", "第二户"),
        ("第120次", "第一百二十次"),
        ("等120分钟", "等一百二十分钟"),
        ("2分钟", "两分钟"),
        ("下午2点", "下午两点"),
        ("10000伏", "一万伏"),
        ("1,250元", "一千二百五十块"),
        # from, to
        ("15~25分钟", "十五到二十五分钟"),
        ("2～3个小时", "两到三个小时"),
        ("2-4天", "两到四天"),
        ("9:30-11:00", "九点三十分到十一点整"),
        ("9点-11点", "九点到十一点"),
        ("5%-8%", "百分之五到百分之八"),
        ("-5℃", "负五度"),
        ("", ""),
    ],
)
def test_a_written_number_is_said_as_people_say_it(written: str, said: str) -> None:
    assert spoken(written) == said


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("0", "零"),
        ("10", "十"),
        ("11", "十一"),
        ("101", "一百零一"),
        ("110", "一百一十"),
        ("1010", "一千零一十"),
        ("10000", "一万"),
        ("10010", "一万零一十"),
        ("12345678901", "一二三四五六七八九零一"),
        ("-1.5", "负一点五"),
        ("57600", "五万七千六百"),
        ("500000", "五十万"),
    ],
)
def test_numbers(value: str, words: str) -> None:
    assert number(value) == words


def test_every_syllable_has_a_tone_and_punctuation_a_pause() -> None:
    assert pinyin("您好,停电了。A栋") == "nin2 hao3, ting2 dian4 le5. ei1 dong4"
    assert pinyin("着火了!冇错。") == "zhao2 huo3 le5! mao3 cuo4."
    assert pinyin("😀 ~ ※") == ""


def test_sentences_are_cut_at_their_ends() -> None:
    assert sentences("您还在吗?不急,慢慢讲。") == ["您还在吗?", "不急,慢慢讲。"]
    assert sentences("好!!真的?") == ["好!!", "真的?"]
    assert sentences("。") == ["。"] and sentences("") == []
