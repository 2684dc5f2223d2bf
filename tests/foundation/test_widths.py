"""Half and full width: both are seen, and the lint sees a class that has lost one."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest

from bot.foundation.widths import both, narrow
from bot.grid.address import street_of
from bot.learning.private import Private
from bot.sound.times import read_time
from bot.speech.in_order import in_order
from tools.lint.widths import main, wrong_in_python, wrong_in_sentences, wrong_in_yaml

COMMA, COLON, BANG = "\uff0c", "\uff1a", "\uff01"


def test_both_widths_of_a_mark_stand_in_the_class() -> None:
    assert both(",。") == f",{COMMA}。"
    assert re.fullmatch(f"[{both(',:!。')}]+", f",{COMMA}:{COLON}!{BANG}。")


def test_letters_and_digits_become_plain_and_keep_their_places() -> None:
    assert narrow(f"\uff11\uff13\uff21{COMMA}好") == f"13A{COMMA}好"


@pytest.mark.parametrize(
    "source",
    ['x = re.compile("[,,。]")', 'EDGES = ",。"', 'x = "[::]"', 'x = "[0-90-9零]{2}"', 'x = r"a[\\s,,。!!~、]"'],
)
def test_a_class_that_has_lost_its_twin_is_found(source: str) -> None:
    assert list(wrong_in_python(source))
    quoted = source.partition("= ")[2].removeprefix("re.compile(").rstrip(")")
    if "EDGES" not in source:
        assert list(wrong_in_yaml(f"a: {quoted}"))


@pytest.mark.parametrize(
    "source",
    [
        f'x = "[,{COMMA}。]"', 'x = f"[{both(\',。\')}]"', '"""[,,。] is what we mend."""', 'x = "您好,我是格格。"',
        r'x = r"[^;,\s>]+"', 'x = values[::2]',
    ],
)  # fmt: skip
def test_what_is_right_is_left_alone(source: str) -> None:
    assert not list(wrong_in_python(source))


@pytest.mark.parametrize("sentence", ["好,您慢走。", "编号{no}:好了", "对不对?", "(照片)", '讲"找人"。'])
def test_a_sentence_that_people_read_has_no_mark_of_half_width(sentence: str) -> None:
    assert list(wrong_in_sentences(f"a:\n- text: {sentence!r}\n"))
    wide = sentence.translate({ord(mark): chr(ord(mark) + 0xFEE0) for mark in ',:?()"'})
    assert not list(wrong_in_sentences(f"a:\n- text: {wide!r}\n- 15:30, {{no}}\n"))


def test_our_own_sources_have_none() -> None:
    assert main() == 0


@pytest.mark.parametrize("said", [f"今天下午{COMMA}三点{BANG}", "今天下午,三点!", f"今天15{COLON}00", "今天15:00"])
def test_a_time_is_understood_in_either_width(said: str) -> None:
    at = dt.datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert read_time(said, at).astimezone(at.tzinfo).hour == 15


def test_sentences_end_at_marks_of_either_width_in_a_recogniser_and_in_learning() -> None:
    assert in_order(f"停电了{BANG}") == in_order("停电了!") == "停电了"
    private, half = Private(["李月民"]), "李月民,屋里停电了,"
    assert private.strip(f"李月民{COMMA}屋里停电了{COMMA}") == private.strip(half) == "屋里停电了"


def test_an_address_of_full_width_digits_has_a_street() -> None:
    assert street_of("沿河路\uff12\uff10\uff16号") == street_of("沿河路206号") == "沿河路"
