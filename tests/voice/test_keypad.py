"""A key answers what was asked; 0 is a person and 9 is danger, whatever was asked."""

from __future__ import annotations

import pytest

from bot.sound.answers.asked import read_answer
from bot.voice.keypad import Keyed, Keypad

NUMBERS = ("place", "number", "building", "unit", "room", "group", "proof")
YES_NO = ("smell", "neighbours", "reset_done", "same_outage", "own_home", "confirmed", "danger", "over", "cancel",
          "oxygen", "not_fixed", "light")  # fmt: skip


def keyed(keys: str, question: str, own: dict[str, str] | None = None) -> list[Keyed]:
    """What comes of keys half a second apart, and the pause after them; a blank is a pause of its own."""
    pad, found = Keypad(own), []
    for key in f"{keys} ":
        found += [pad.press(key, question) if key != " " else None]
        found += [pad.passed(0.02) for _ in range(26 if key != " " else 101)]
    return [one for one in found if one is not None]


@pytest.mark.parametrize("question", ("", "what", "householder", *NUMBERS, *YES_NO))
def test_nought_is_a_person_and_star_is_again_at_once(question: str) -> None:
    pad = Keypad()
    assert pad.press("0", question) == Keyed("0", "转人工")
    assert pad.press("*", question) == Keyed("*", "再讲一遍")


@pytest.mark.parametrize("question", ("", "what", *YES_NO))
def test_nine_is_danger_at_once(question: str) -> None:
    assert Keypad().press("9", question) == Keyed("9", "这里有危险")


@pytest.mark.parametrize("question", NUMBERS)
def test_a_number_is_a_number_and_nine_alone_may_be_danger(question: str) -> None:
    assert keyed("206", question) == [Keyed("206", "206")]
    assert keyed("90", question) == [Keyed("90", "90")] and keyed("109#", question) == [Keyed("109", "109")]
    assert keyed("9", question) == [Keyed("9", "9", ("这里有危险",))], "Gege asks which of the two"
    assert keyed("9#", question) == [Keyed("9", "9")], "who ends it has meant a number"


@pytest.mark.parametrize("question", YES_NO)
def test_one_is_yes_and_two_is_no(question: str) -> None:
    assert [one.text for one in keyed("1", question) + keyed("2", question)] == ["对", "不对"]
    for digit, value in (("1", "yes"), ("2", "no"), ("１", "yes")):
        assert (read := read_answer(question, digit)) is not None and read.value == value, "and typed in a chat"


def test_an_option_has_a_key_where_it_was_offered() -> None:
    assert [one.text for one in keyed("1 2", "what")] == ["停电", "2"]
    assert [one.text for one in keyed("1 3", "rating")] == ["满意", "不满意"]
    assert keyed("1", "") == [Keyed("1", "1")], "nothing was offered: the dialogue asks"
    for typed in ("1", "１", "一", " 1 。", "1号"[:1]):
        assert (read := read_answer("what", typed)) is not None and read.instead == "停电"
    assert read_answer("", "一") is None and read_answer("", "1") is None


def test_a_typed_key_is_a_person_or_danger_but_for_a_number_that_was_asked_for() -> None:
    for question in ("", "what", "smell", "number"):
        assert (read := read_answer(question, "０")) is not None and read.instead == "转人工"
    assert (read := read_answer("smell", "9")) is not None and read.instead == "这里有危险"
    assert read_answer("number", "9") is None and read_answer("smell", "九") is None


def test_a_long_number_is_one_and_star_begins_it_anew() -> None:
    assert keyed("13971800123", "") == [Keyed("13971800123", "13971800123")]
    assert keyed("20*306#", "number") == [Keyed("306", "306")]
    assert len(keyed("7" * 50, "number")[0].digits) == 24


def test_a_key_that_bounces_is_one_answer() -> None:
    pad = Keypad()
    assert pad.press("1", "smell") is not None and pad.press("1", "smell") is None
    for _ in range(60):
        pad.passed(0.02)
    assert pad.press("1", "confirmed") == Keyed("1", "对")


def test_a_call_that_asks_a_question_of_its_own_has_keys_of_its_own() -> None:
    own = {"1": "亮了", "2": "没亮", "9": ""}
    assert [one.text for one in keyed("1 2 9 0", "", own)] == ["亮了", "没亮", "", "转人工"]
