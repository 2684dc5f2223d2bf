"""A meant string is found wherever it stands in what was heard, however it is written, and its place is told."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.sound.alignment import NEVER, Strings, best, forward, free, where
from bot.sound.channel import CHANCE, prior
from bot.sound.heard import ANOTHER_NUMERAL, SAME, Characters, Heard, plain

CHANNEL = prior()
STREET = "沿河路"
#: characters of all kinds, and what a hostile page sends
ODD = st.text(
    st.sampled_from("沿河路白泉街二两〇○零一幺十百廿卅甲号栋座AaBbOo019 ０９Ａ,。、-—#·\n\t🙂é龘䶮𫍯𠮷\u200d\ufeff"),
    max_size=60,
)
SPOKEN = st.text(st.sampled_from("沿河路白泉街桃溪社区停电了没有单元栋号张王李东门口那里"), min_size=1, max_size=8)


def gain(heard: str, meant: str) -> float:
    return float(best(Heard(heard), Strings([meant]), CHANNEL)[0])


@settings(max_examples=60, deadline=None)
@given(SPOKEN, SPOKEN, SPOKEN)
def test_a_string_that_stands_there_is_found_wherever(before: str, meant: str, behind: str) -> None:
    text = before + meant + behind
    alone, within = gain(meant, meant), gain(text, meant)
    assert within >= alone - 1e-4 > 3 * len(meant)
    place = where(Heard(text), meant, CHANNEL)
    assert place.gain == pytest.approx(within, abs=1e-3)


@settings(max_examples=150, deadline=None)
@given(ODD, st.lists(st.text(st.sampled_from("沿河路白泉街二〇零十甲号A1-𫍯é 🙂"), max_size=6), max_size=6))
@example("", ["沿河路"])
@example("🙂", [""])
@example("12", [])
def test_whatever_was_heard_where_agrees_with_best_and_nothing_raises(text: str, strings: list[str]) -> None:
    heard = Heard(text)
    found = best(heard, Strings(strings), CHANNEL)
    assert found.shape == (len(strings),) and np.isfinite(found).all() and (found >= 0).all()
    for one, total in zip(strings, found, strict=True):
        assert total <= len(one) * (CHANCE + SAME) + 1e-3
        place = where(heard, one, CHANNEL)
        assert max(place.gain, 0.0) == pytest.approx(float(total), abs=1e-3)
        assert 0 <= place.start <= place.end <= heard.n
        told = [symbol for symbol in place.symbols if symbol >= 0]
        assert told == sorted(set(told)) and all(place.start <= symbol < place.end for symbol in told)


def test_where_tells_the_symbols_of_each_character() -> None:
    heard = Heard("我住 沿盒,路二零六号")
    place = where(heard, STREET, CHANNEL)
    assert heard.symbols[place.start : place.end] == "沿盒路"
    assert [heard.symbols[one] for one in place.symbols] == list("沿盒路")
    assert heard.text[heard.at[place.start] : heard.at[place.end - 1] + 1] == "沿盒,路"
    lost = where(Heard("沿路"), STREET, CHANNEL)
    assert [one >= 0 for one in lost.symbols] == [True, False, True]
    later = where(Heard("沿河路到沿河路"), STREET, CHANNEL, begin=3)
    assert (later.start, later.end) == (4, 7)
    before = where(Heard("沿河路到沿河路"), STREET, CHANNEL, end=4)
    assert (before.start, before.end) == (0, 3)


@settings(max_examples=40, deadline=None)
@given(ODD, ODD)
def test_more_that_was_heard_takes_nothing_away(text: str, more: str) -> None:
    # A space keeps O and 0 of the two apart.
    assert gain(f"{text} {more}", STREET) >= gain(text, STREET) - 1e-4


@settings(max_examples=40, deadline=None)
@given(ODD, st.lists(SPOKEN, min_size=1, max_size=8))
def test_strings_do_not_depend_on_each_other(text: str, strings: list[str]) -> None:
    heard = Heard(text)
    together = best(heard, Strings(strings), CHANNEL)
    for one, total in zip(strings, together, strict=True):
        assert gain(text, one) == pytest.approx(float(total), abs=1e-4)
    meanings = best(heard, Strings(strings, of=[0] * len(strings)), CHANNEL)
    assert meanings.shape == (1,) and meanings[0] == pytest.approx(float(together.max()), abs=1e-4)


@pytest.mark.parametrize(
    ("heard", "meant", "other"),
    [
        ("言和录", "沿河路", "白泉街"),
        ("沿盒绿", "沿河路", "沿江路"),
        ("尚区", "单曲", "白泉"),  # 单 is shan as well as dan
        ("银杭", "银行", "银杏"),
        ("崇阳", "重阳", "朝阳"),
        ("盐", "䶮", "洪"),
        ("县", "𫍯", "红"),
        ("二零六", "二〇六", "二一六"),
        ("二〇六", "二零六", "二七六"),
        ("2O6", "二零六", "二一六"),
        ("2０6", "206", "216"),
        ("贰零陆", "206", "207"),
        ("幺两零", "一二〇", "一二一"),
        ("𠮷祥", "𠮷祥", "如意"),  # of no known sound: the very same
        ("A座", "A座", "B座"),
        ("a座", "A座", "B座"),
        ("诶座", "A座", "D座"),
        ("206—1", "206-1", "206-2"),
        ("卅六", "三十六", "四十六"),
    ],
)  # fmt: skip
def test_what_sounds_or_reads_the_same_is_nearer(heard: str, meant: str, other: str) -> None:
    assert gain(heard, meant) > gain(heard, other) + 1


def test_a_digit_is_no_other_digit() -> None:
    for one in "0123456789":
        gains = {other: gain(one, other) for other in "0123456789"}
        assert max(gains, key=gains.__getitem__) == one
        assert all(value == 0 for other, value in gains.items() if other != one)


@pytest.mark.parametrize(
    ("text", "is_plain"),
    [
        ("２Ｏ６—１", "206-1"), ("二O六", "二0六"), ("贰佰零陆", "二百零六"), ("卅六号", "三十六号"), ("俩", "两"), ("二○六", "二零六"),
        ("", ""), ("DOOR", "DOOR"), ("A~B", "A-B"), ("①", "1"), ("㈠", "(一)"),
    ],
)  # fmt: skip
def test_a_text_is_written_one_way(text: str, is_plain: str) -> None:
    assert plain(text) == is_plain
    assert plain(is_plain) == is_plain


@settings(max_examples=150, deadline=None)
@given(ODD)
def test_symbols_stand_where_they_say(text: str) -> None:
    heard = Heard(text)
    assert heard.n == len(heard.symbols) == len(heard.at) == len(heard.digit) == len(heard.numeral)
    assert heard.pause.shape == (heard.n + 1,)
    assert "".join(heard.text[place] for place in heard.at) == heard.symbols
    for symbol, digit in zip(heard.symbols, heard.digit, strict=True):
        assert (digit >= 0) == (symbol in "0123456789")


def test_pauses_are_told() -> None:
    assert list(Heard("沿河,路 了").pause) == [False, False, True, True, False]
    assert list(Heard(",沿").pause) == [True, False]
    assert list(Heard("").pause) == [False]


@pytest.mark.parametrize("text", ["沿河路" * 2000, "1" * 5000, "🙂" * 5000, "é" * 5000, " " * 5000])
def test_five_thousand_characters_are_read_in_no_time(text: str) -> None:
    strings = Strings(["沿河路", "白泉街二百零六号", "停电了"] * 50)
    best(Heard(text), strings, CHANNEL)
    began = time.process_time()
    heard = Heard(text[:-1])
    found = best(heard, strings, CHANNEL)
    assert time.process_time() - began < 0.3
    assert heard.n <= 300 and np.isfinite(found).all()


def test_nothing_is_never_enough() -> None:
    strings = Strings(["沿河路", "白泉街"])
    batch = strings.batches[0]
    impossible = np.full((1, 4), NEVER, np.float32)
    ends = forward(impossible, batch.characters, Heard("沿河路").emissions(strings.characters, CHANNEL))
    assert (ends < NEVER / 2).all()
    assert free(3).shape == (1, 4)
    assert best(Heard("沿河路"), Strings([]), CHANNEL).shape == (0,)


def test_what_was_skipped_may_cost_less() -> None:
    text = "沿那个那个河路"
    heard = Heard(text)
    strings = Strings([STREET])
    cheap = np.array([1.2 if one in STREET else 0.05 for one in heard.symbols], np.float32)
    assert best(heard, strings, CHANNEL, cheap)[0] > best(heard, strings, CHANNEL)[0] + 1


def test_emissions_are_bounded_and_shaped() -> None:
    heard = Heard("沿河路2A-")
    meant = Characters("沿河2两A-甲é")
    found = heard.emissions(meant, CHANNEL)
    assert found.shape == (8, 6)
    assert found.min() >= ANOTHER_NUMERAL - 1e-4 and found.max() <= CHANCE + SAME + 1e-4
    assert meant.index["两"] == 3 and list(meant.digits) == [-1, -1, 2, 2, -1, -1, -1, -1]
