"""Kokoro's core: pinyin in its symbols, sound with the times of the syllables. The real model."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from bot.speech import kokoro
from bot.speech.kokoro import MOST, RATE, Kokoro, KokoroMissing, voices, written
from tools.demo_model.phones import syllables

SAID = [("wo3", "jia1"), ("ting2", "dian4"), ("le5",), (",",), ("lai2",), ("kan4",), ("yi2", "xia4"), (".",)]


def test_every_syllable_of_mandarin_can_be_written_for_it() -> None:
    for syllable in syllables():
        for tone in "12345":
            written(syllable + tone)
    assert written("jia1") == ("ʨ", "ja→") and written("zhi4") == ("ꭧ", "ɨ↘") and written("o1") == ("", "ɔ→")
    with pytest.raises(ValueError, match="xyz1"):
        written("xyz1")


def test_without_its_packages_the_voice_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not kokoro.installed()
    with pytest.raises(KokoroMissing, match="uv sync --extra voice"):
        kokoro._model()


def test_another_model_in_the_packages_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kokoro, "_SHA256", "0" * 64)
    with pytest.raises(KokoroMissing, match="another model"):
        kokoro._model()


@pytest.mark.slow
def test_it_says_the_words_and_tells_when_each_syllable_was_said() -> None:
    speaker = Kokoro()
    spoken = speaker.speak(SAID, voices()[0])
    names = [one.syllable for one in spoken.syllables]
    assert names == ["wo3", "jia1", "ting2", "dian4", "le5", "lai2", "kan4", "yi2", "xia4"]
    times = [at for one in spoken.syllables for at in (one.begin, one.middle, one.end)]
    assert times == sorted(times) and times[-1] <= len(spoken.samples) / RATE
    before = np.abs(spoken.samples[: int(spoken.syllables[0].begin * RATE * 0.5)])
    assert before.max() < 0.1 * np.abs(spoken.samples).max(), "the sentence begins where its first syllable does"
    slow = speaker.speak(SAID, voices()[0], speed=0.7)
    assert len(slow.samples) > 1.2 * len(spoken.samples)
    with pytest.raises(ValueError, match="no voice 'nobody'"):
        speaker.speak(SAID, "nobody")
    with pytest.raises(ValueError, match="symbols at once"):
        speaker.speak([("ting2", "dian4")] * MOST, voices()[0])
