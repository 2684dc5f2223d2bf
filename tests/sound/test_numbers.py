"""A number is understood whichever way it is said, and said as people say it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from bot.sound import numbers


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("三百五十六", 356),
        ("三五六", 356),
        ("3百56", 356),
        ("幺零六", 106),
        ("百零六", 106),
        ("两百零六", 206),
        ("2百06", 206),
        ("２O６", 206),
        ("二○六", 206),
        ("贰零陆", 206),
        ("两百三", 230),
        ("百八十", 180),
        ("一千八", 1800),
        ("千二", 1200),
        ("3千500", 3500),
        ("卅六", 36),
        ("廿六", 26),
        ("十二零三", 1203),
        ("十", 10),
        ("一万二", 12_000),
        ("十二万零五十", 120_050),
        ("零", 0),
        ("零七", 7),
    ],
)
def test_a_number_is_the_same_whichever_way_it_is_said(said: str, number: int) -> None:
    assert numbers.value(said) == number


@pytest.mark.parametrize(
    "said", ["四八三十七", "百", "千", "万", "二百零", "一百七八", "十三十", "百花", "", "，", "两百千"]
)
def test_what_is_no_number_is_none(said: str) -> None:
    assert numbers.value(said) is None


def test_every_reading_of_a_number_is_that_number() -> None:
    wrong = [
        (number, one)
        for number in range(10_000)
        for one in numbers.readings(number)
        if one != "幺" and numbers.value(one) != number
    ]
    assert not wrong
    assert numbers.readings(206) == ("二百零六", "两百零六", "二零六")
    assert {"一百八十", "一百八", "百八十", "幺八零"} <= set(numbers.readings(180))
    assert all(numbers.value(numbers.spoken(number)) == number for number in range(0, 99_999_999, 99_991))


@pytest.mark.parametrize(
    ("said", "amount"),
    [
        ("半", "0.5"),
        ("三点五", "3.5"),
        ("零点五五八", "0.558"),
        ("两百三", "230"),
        ("3.50", "3.50"),
        ("一半", None),
        ("", None),
    ],
)
def test_amounts_have_halves_and_decimals(said: str, amount: str | None) -> None:
    assert numbers.quantity(said) == (Decimal(amount) if amount else None)


@pytest.mark.parametrize(
    ("said", "spelled"),
    [
        ("幺三九 零", "1390"),
        ("一三九三个零", "139000"),
        ("零七一五-三三八", "0715338"),
        ("户号四二幺幺", "4211"),
        ("１３８", "138"),
    ],
)
def test_a_spelled_number_keeps_its_zeros(said: str, spelled: str) -> None:
    assert numbers.digits(said) == spelled


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("沿河路三百五十六号", "沿河路356号"),
        ("幺三九", "139"),
        ("零六号", "06号"),
        ("十字街十二号", "十字街12号"),
        ("百花路百八十号", "百花路180号"),
        ("万寿路找陆师傅", "万寿路找陆师傅"),
        ("一下就没电", "一下就没电"),
        ("二十", "20"),
        # something was lost or doubled: no number is made of it
        ("四八三十七号", "四八三十七号"),
        ("三百一九号", "三百一九号"),
    ],
)
def test_numbers_of_a_text_become_digits_and_words_stay(spoken: str, written: str) -> None:
    assert numbers.in_digits(spoken) == written


def test_numbers_are_read_as_people_say_them() -> None:
    assert [numbers.spoken(one) for one in (206, 12, 110, 10_005, 1_020_000, -3)] == [
        "二百零六", "十二", "一百一十", "一万零五", "一百零二万", "负三",
    ]  # fmt: skip
    assert numbers.spelled("139-0") == "幺三九-零"
    assert [numbers.money(Decimal(one)) for one in ("86.20", "1716", "0.558", "2", "-3.05", "0")] == [
        "八十六块两角", "一千七百一十六块", "五角五分八", "两块", "负三块零五分", "零块",
    ]  # fmt: skip
    assert numbers.date(dt.date(2026, 4, 20)) == "四月二十号"
