"""A draw is what somebody could have heard: as long as what was said, and as wrong as the channel says."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sound.channel import Channel, prior
from bot.sound.draws import heard_as
from bot.sound.syllables import COUNT, is_chinese, readings

CLEAR = Channel.of(*(np.eye(len(table)) * 0.999 + 1e-6 for table in (prior().initials, prior().finals)))


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("沿河路白泉街206号A-,。🙂é龘䶮𫍯𠮷 冇"), max_size=30), st.integers(0, 9))
def test_a_draw_keeps_length_digits_and_marks(text: str, seed: int) -> None:
    heard = heard_as(text, prior(), np.random.default_rng(seed))
    assert len(heard) == len(text)
    for said, one in zip(text, heard, strict=True):
        assert one == said or readings(said)
        assert is_chinese(one) == is_chinese(said) or said == "A"
    assert heard == heard_as(text, prior(), np.random.default_rng(seed))


def test_what_is_heard_right_is_written_right() -> None:
    text = "我屋里在沿河路二百零六号,停电了"
    assert heard_as(text, CLEAR, np.random.default_rng(1)) == text


def test_a_draw_is_as_wrong_as_the_channel() -> None:
    text = "沿" * 20_000
    heard = heard_as(text, prior(), np.random.default_rng(2))
    (sound,) = readings("沿")[:1]
    initial, final = divmod(sound, 36)
    expected = prior().initials[initial, initial] * prior().finals[final, final]
    written = sum(sound in readings(one)[:1] for one in heard) / len(text)
    assert abs(written - expected) < 0.02


def test_every_sound_can_be_written() -> None:
    from bot.sound.draws import _written

    assert set(_written()) == set(range(COUNT)) and all(_written().values())
