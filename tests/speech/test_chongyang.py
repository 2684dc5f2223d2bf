"""Chongyang's sounds: what is recorded is said as it was recorded, and whatever is said Kokoro can write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.foundation.words import WordsBroken, load
from bot.speech import chongyang
from bot.speech.chongyang import said_so, words_here, written_here
from bot.speech.kokoro import Kokoro, _alphabet, _symbols
from tools.demo_model.chongyang_set import sentences
from tools.demo_model.phones import syllables

TABLE = Path(chongyang.__file__).with_name("chongyang_sounds.yml")


def readings(text: str) -> str:
    """IPA without tones."""
    said = [syllable for word in words_here(text) for syllable in word]
    return " ".join((one[1:] if one[0] == "/" else said_so(one))[:-1] for one in said if one[0] not in ",.!?")


def test_every_syllable_of_mandarin_has_a_sound_here_that_kokoro_knows() -> None:
    for syllable in syllables():
        for tone in "12345":
            initial, final = written_here(syllable + tone)
            assert set(initial + final) <= set(_alphabet().symbols), syllable


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("停电", "din diɛ"), ("灯", "tiɛ"), ("电线", "diɛ ɕiɛ"), ("火", "xʊ"), ("水", "fi"), ("闸", "tsɔ"), ("黄", "uɑŋ"),
        ("我冇得钱", "ŋʊ mɑu tiɛ ʑiɛ"), ("帽", "mɑu"), ("去归", "ʑiɛ kui"), ("快", "ua"), ("开", "xa"), ("花", "fɔ"),
        ("来了", "na nɤ"), ("三楼", "sa niʊ"), ("力", "di"),
    ],
)  # fmt: skip
def test_words_sound_as_they_are_recorded(text: str, sounds: str) -> None:
    assert readings(text) == sounds


def test_marks_and_numbers_stay_and_each_character_has_its_reading() -> None:
    assert words_here("有什么事？") == [["you3"], ["shen2", "/mʊ3"], ["shi4"], ["?"]]
    assert len(readings("206号的电话是13907150024。").split()) == 20
    symbols, places = _symbols(words_here("有什么事？"), written_here)
    assert len(places) == 4 and symbols[-1] == "?"


def test_what_is_no_syllable_is_named() -> None:
    for wrong in ("xyz1", "/qqq1", "/na9"):
        with pytest.raises(ValueError, match=wrong.strip("/")):
            written_here(wrong)


def test_a_table_with_a_sound_that_nobody_can_write_is_refused_and_the_line_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "sounds.yml"
    wrong.write_text(TABLE.read_text("utf-8").replace("  ai: {else: a}", "  ai: {else: aj}"), "utf-8")
    with pytest.raises(WordsBroken, match="ai: .*aj"):
        load(chongyang._Tables, wrong)


@pytest.mark.slow
def test_kokoro_says_it() -> None:
    kokoro = Kokoro()
    words = words_here("我屋里冇得电。")
    here = kokoro.speak(words, "zf_xiaoxiao", written=written_here)
    assert [one.syllable for one in here.syllables] == [syllable for word in words[:-1] for syllable in word]
    assert np.abs(here.samples).max() > 0.05 and 0.8 < here.syllables[-1].end < 4


def test_the_set_asks_for_every_intent_in_turn_and_for_places() -> None:
    some = sentences(40)
    assert len({one.text for one in some}) == 40 and len({one.intent for one in some}) >= 18
    assert sum(bool(one.place) for one in some) >= 8 and all(one.place in one.text for one in some)
