"""What any ear says comes in one form, and what is in that form already is left alone."""

from __future__ import annotations

import re

import pytest

from bot.sound.answers.digits import spelled
from bot.sound.numbers import in_digits
from bot.speech.in_order import heard_in_order, in_order, unknown_share
from bot.speech.models import DEMO
from bot.speech.port import HeardSpeech

COMMA, STOP, BANG, ASKS = "\uff0c", "\u3002", "\uff01", "\uff1f"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("<|zh|><|NEUTRAL|><|Speech|><|woitn|>停电了", "停电了"),
        ("<|0.00|>停电了<|2.30|>", "停电了"),
        ("[unk] 我 家 [unk] 停电 wifi gege 了", "我家停电wifi gege了"),
        ("<unk>停电</s>", "停电"),
        ("我家停电了 [Music]", "我家停电了"),
        (f"停电了{ASKS}", "停电了"),
        (f"快来人{BANG}{BANG}", "快来人"),
        (f"我家停电了{COMMA}灯也不亮{STOP}", "我家停电了灯也不亮"),
        ("我家停电了,灯也不亮.", "我家停电了灯也不亮"),
        ("“停电”、《电费》…🎼😊", "停电电费"),
        ("我家停電了，燈也不亮，漏電保護器推不上去", "我家停电了灯也不亮漏电保护器推不上去"),
        ("ＷｉＦｉ不行", "WiFi不行"),
        ("Wi-Fi ok, gege!", "WiFi ok gege"),
        ("\u2581he llo\u2581world", "he llo world"),
        ("hel@@ lo 你@@ 好", "hello你好"),
        ("", ""),
        ("…", ""),
    ],
)
def test_tags_marks_spaces_and_widths_go(written: str, said: str) -> None:
    assert in_order(written) == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("220伏", "二百二十伏"),
        ("220V", "二百二十伏"),
        ("１０ｋＶ的线", "十千伏的线"),
        ("100 kWh", "一百度"),
        ("42℃", "四十二度"),
        ("3.5度", "三点五度"),
        ("50%", "百分之五十"),
        ("1,200块", "一千二百块"),
        ("86.20元", "八十六块两角"),
        ("下午3:30", "下午三点三十分"),
        ("11月28日", "十一月二十八日"),
        ("2026年", "二零二六年"),
        ("2个人", "两个人"),
        ("第2个", "第二个"),
        ("沿河路206号2栋1单元502室", "沿河路二百零六号二栋一单元五零二室"),
        ("-5度", "负五度"),
        ("1 3 9 0", "幺三九零"),
        ("No.3", "No三"),
        ("1、3、9", "幺三九"),
        ("1,3,9,0", "幺三九零"),
        ("早上08:30", "早上八点三十分"),
        ("2026-01-05", "二零二六年一月五号"),
        ("0.5米", "零点五米"),
    ],
)
def test_digits_become_what_was_said(written: str, said: str) -> None:
    assert in_order(written) == said


@pytest.mark.parametrize("written", ["13907245566", "139 0724 5566", "139-0724-5566", "1 3 9 0 7 2 4 5 5 6 6"])
def test_a_telephone_number_is_the_same_number_however_an_ear_writes_it(written: str) -> None:
    text = in_order(f"我的电话是{written}")
    assert not re.search(r"[0-9]", text)
    assert [one.value for one in spelled(text)] == ["13907245566"]


def test_a_landline_keeps_its_area_code() -> None:
    for written in ("(0715)3388123", "0715-3388123", "0715 3388123", "07153388123"):
        assert [one.value for one in spelled(in_order(f"电话{written}"))] == ["07153388123"], written


def test_a_house_number_is_the_same_number_afterwards() -> None:
    for number in range(1, 10_000):
        assert in_digits(in_order(f"{number}号")) == f"{number}号", number


@pytest.mark.parametrize("said", ["著火了", "着火了", "電線著火了"])
def test_a_fire_is_a_fire_in_either_writing(said: str) -> None:
    assert in_order(said).endswith("着火了")


@pytest.mark.parametrize("said", ["著名的", "箇里冇得电", "是我嗰", "下晝来", "打雷打坏了漏保", "么样申请", "于家湾"])
def test_chongyang_s_own_characters_and_simplified_ones_stay(said: str) -> None:
    assert in_order(said) == said


def test_every_word_of_the_demo_model_comes_out_as_it_was() -> None:
    words = [line.split()[0] for line in (DEMO / "graph" / "words.txt").read_text("utf-8").splitlines()]
    spoken = [word for word in words if not re.search(r"[<>#\[\]]", word)]
    assert len(spoken) > 1_000
    assert [word for word in spoken if in_order(word) != word] == []


def test_readings_that_have_become_the_same_are_one() -> None:
    heard = heard_in_order(HeardSpeech(f"停電了{STOP}", ("停电了", f"听电了{BANG}", "<unk>"), confidence=0.5))
    assert (heard.text, heard.alternatives, heard.confidence) == ("停电了", ("听电了",), 0.5)


def test_what_is_marked_as_unknown_is_counted() -> None:
    assert unknown_share("<unk>家停电") == 0.25
    assert unknown_share("我家停电") == 0.0
    assert unknown_share("[unk]") == 1.0
