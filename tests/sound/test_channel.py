"""The channel is a table of probabilities whatever it learned, and its gains are bounded."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sound.channel import CHANCE, WORST, Channel, Counts, prior
from bot.sound.syllables import COUNT, FINALS, INITIALS, name, parts, readings, syllable

SOUNDS = st.tuples(st.integers(0, len(INITIALS) - 1), st.integers(0, len(INITIALS) - 1), st.floats(0, 1e6))


def counts(initials: list[tuple[int, int, float]], finals: list[tuple[int, int, float]] = ()) -> Counts:  # type: ignore[assignment]
    found = Counts.none()
    for table, seen in ((found.initials, initials), (found.finals, finals)):
        for meant, heard, times in seen:
            table[meant, heard] += times
    return found


def is_channel(one: Channel) -> None:
    for table, size in ((one.initials, len(INITIALS)), (one.finals, len(FINALS))):
        assert table.shape == (size, size)
        np.testing.assert_allclose(table.sum(1), 1)
        assert (table > 0).all()
    assert one.gain.shape == (COUNT, COUNT) and one.gain.dtype == np.float32
    assert one.gain.min() >= CHANCE - WORST - 1e-5 and one.gain.max() <= CHANCE


def test_the_prior_is_a_channel() -> None:
    is_channel(prior())
    assert prior() is prior("chongyang")


@settings(max_examples=25, deadline=None)
@given(st.lists(SOUNDS, max_size=30), st.lists(SOUNDS, max_size=30))
def test_a_channel_that_learned_is_one(
    initials: list[tuple[int, int, float]], finals: list[tuple[int, int, float]]
) -> None:
    is_channel(prior().learned(counts(initials, finals)))


def test_what_was_counted_grows_and_other_rows_stay() -> None:
    g, b = INITIALS.index("g"), INITIALS.index("b")
    told = prior().learned(counts([(g, b, 10)]))
    assert told.initials[g, b] > prior().initials[g, b] + 0.2
    assert prior().learned(counts([(g, b, 1e6)])).initials[g, b] < 0.35, "others call as well"
    others = [row for row in range(len(INITIALS)) if row != g]
    np.testing.assert_allclose(told.initials[others], prior().initials[others])
    np.testing.assert_allclose(told.finals, prior().finals)


def test_counts_add_up_in_any_order() -> None:
    one, other = counts([(0, 1, 2)]), counts([(0, 1, 3), (4, 4, 1)])
    np.testing.assert_array_equal(one.plus(other).initials, other.plus(one).initials)
    assert one.plus(other).initials[0, 1] == 5


def test_the_likeliest_to_be_heard_is_what_was_meant_for_most_syllables() -> None:
    """A channel that says otherwise turns every sentence into another."""
    common = {number for text in "沿河路停电了没有电白泉街桃溪社区二百零六号" for number in readings(text)[:1]}
    kept = [prior().gain[number].argmax() == number for number in sorted(common)]
    assert np.mean(kept) > 0.85


def test_draws_follow_the_table() -> None:
    meant = np.full(40_000, syllable("lan"))
    heard = prior().drawn(meant, np.random.default_rng(7))
    initial, final = parts(int(meant[0]))
    seen = np.bincount(heard // len(FINALS), minlength=len(INITIALS)) / len(heard)
    np.testing.assert_allclose(seen, prior().initials[initial], atol=0.01)
    seen = np.bincount(heard % len(FINALS), minlength=len(FINALS)) / len(heard)
    np.testing.assert_allclose(seen, prior().finals[final], atol=0.01)


def test_a_draw_is_always_a_syllable() -> None:
    every = np.arange(COUNT)
    for seed in range(20):
        heard = prior().drawn(every, np.random.default_rng(seed))
        assert heard.shape == every.shape and heard.min() >= 0 and heard.max() < COUNT
    assert prior().drawn(np.zeros(0, np.int64), np.random.default_rng(0)).shape == (0,)


@pytest.mark.parametrize(
    ("said", "initial", "final"),
    [
        ("liu", "l", "iou"), ("gui", "g", "uei"), ("lun", "l", "uen"), ("nü", "n", "ü"), ("nv", "n", "ü"), ("ju", "j", "ü"),
        ("quan", "q", "üan"), ("xue", "x", "üe"), ("jun", "j", "ün"), ("yu", "", "ü"), ("yuan", "", "üan"), ("yue", "", "üe"),
        ("yun", "", "ün"), ("yi", "", "i"), ("yin", "", "in"), ("you", "", "iou"), ("wu", "", "u"), ("wei", "", "uei"),
        ("wen", "", "uen"), ("weng", "", "ueng"), ("yong", "", "iong"), ("er", "", "er"), ("a", "", "a"), ("zhi", "zh", "i"),
        ("lüe", "l", "üe"), ("nve", "n", "üe"), ("bo", "b", "o"), ("duo", "d", "uo"), ("yan", "", "ian"), ("ye", "", "ie"),
        ("yo", "", "o"), ("ya", "", "ia"), ("yang", "", "iang"), ("wang", "", "uang"), ("yao", "", "iao"), ("ying", "", "ing"),
    ],
)  # fmt: skip
def test_pinyin_is_an_initial_and_a_final(said: str, initial: str, final: str) -> None:
    number = syllable(said)
    assert number is not None, said
    assert (INITIALS[parts(number)[0]], FINALS[parts(number)[1]]) == (initial, final)
    assert name(number) == initial + final


def test_every_syllable_of_mandarin_is_one() -> None:
    """All that pypinyin reads characters as, but for interjections that are no syllables."""
    from pypinyin import pinyin_dict  # type: ignore[attr-defined]
    from pypinyin.contrib.tone_convert import to_normal

    said = {to_normal(one) for text in pinyin_dict.pinyin_dict.values() for one in text.split(",")}
    none = {one for one in said if syllable(one) is None}
    assert none <= {"m", "n", "ng", "hm", "hng", "ê", "fiao", "zhei", "shong", "eng"} | set(), sorted(none)


@pytest.mark.parametrize(
    ("character", "said"),
    [
        ("行", {"xing", "hang"}), ("重", {"zhong", "chong"}), ("乐", {"le", "yue"}), ("单", {"dan", "shan"}),
        ("曾", {"ceng", "zeng"}), ("〇", {"ling"}), ("䶮", {"yan"}), ("𫍯", {"xian"}), ("A", {"ei"}), ("b", {"bi"}),
        ("圳", {"zhen"}), ("垸", {"yuan"}), ("塆", {"wan"}), ("畈", {"fan"}), ("𬒈", {"que"}), ("冇", {"mao"}),
    ],
)  # fmt: skip
def test_a_character_has_its_readings(character: str, said: set[str]) -> None:
    assert said <= {name(one).replace("iang", "yang") for one in readings(character)} | {
        one for one in said if syllable(one) in readings(character)
    }


@pytest.mark.parametrize("character", ["", " ", ",", "。", "1", "é", "あ", "한", "🙂", "—", "\u200d", "\ufeff", "\x00"])
def test_what_has_no_sound_has_none(character: str) -> None:
    assert readings(character) == ()
