"""Somebody says one part of a place anew: that part is put right, the others stay as they were said."""

from __future__ import annotations

import pytest

from bot.grid.corrected import corrected


@pytest.mark.parametrize(
    ("place", "said", "meant"),
    [
        ("茶花路315号", "对,不过是三百一十八号", "茶花路318号"),
        ("茶花路315号", "不是315是318", "茶花路318号"),
        ("茶花路315号", "三百一十五不对,是三百一十八", "茶花路318号"),
        ("茶花路315号", "318", "茶花路318号"),
        ("茶花路315号", "不是茶花路,是柏树路", "柏树路315号"),
        ("锦绣苑4栋2单元601", "不是,是三单元", "锦绣苑4栋3单元601"),
        ("锦绣苑4栋2单元601", "五栋", "锦绣苑5栋2单元601"),
        ("锦绣苑4栋2单元601", "三单元602室", "锦绣苑4栋3单元602"),
        ("锦绣苑4栋2单元601", "不是601,是602", "锦绣苑4栋2单元602"),
        ("白羊村三组12号", "是四组", "白羊村4组12号"),
    ],
)
def test_the_part_that_was_said_anew_is_put_right(place: str, said: str, meant: str) -> None:
    assert corrected(place, said) == meant


@pytest.mark.parametrize(
    "said",
    [
        "",
        "对",
        "麻烦快点",
        "停电三个小时了",
        "有三户停了",
        "我在二楼",
        "打13807151122",
        "程家湾",
        "茶花路315号",
        "315号",
    ],
)
def test_what_puts_nothing_right_changes_nothing(said: str) -> None:
    assert corrected("茶花路315号", said) is None
