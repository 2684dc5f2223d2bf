"""What a line carries besides its caller (made by a script): no voice; voices, quiet, loud, in noise and over music, are heard."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.bench import line_sounds as made
from bot.bench.line_sounds import NO_CALLER, RATE, Sound
from bot.lines.tones import beep, looking, ringing
from bot.settings import Settings
from bot.speech.audio import read_audio
from bot.speech.level import loudness
from bot.voice.line_sound import Frame, LineSound

SHARED = Path(__file__).parents[3] / "shared" / "human_speech" / "flac"
#: dogs and coughs are too short to be judged by their sound: the recogniser hears nothing in them (bot/bench/line.py)
STEADY = ("hiss", "rain", "engine", "clicks", "busy tone", "ring-back", "fax", "music", "strings")


def heard(sound: Sound, noise: float = 8.0) -> tuple[list[Frame], LineSound]:
    """Through a telephone's band and A-law, with a line's hiss."""
    hiss = np.random.default_rng(1).standard_normal(len(sound)) * noise
    pcm, line = made.coded(made.in_band(sound) + hiss), LineSound(RATE)
    size = line.frame_bytes
    return [line.hear(pcm[at : at + size]) for at in range(0, len(pcm) - size + 1, size)], line


def seconds(frames: list[Frame], *verdicts: bool | None) -> float:
    return sum(one.speech and one.voice in verdicts for one in frames) * 0.02


def said(text: str = "我屋里停电了", voice: int = 1) -> Sound:
    return made.said(text, voice)


@pytest.mark.parametrize("name", STEADY)
def test_what_is_steady_rustles_or_stands_is_no_voice(name: str) -> None:
    frames, _ = heard(NO_CALLER[name](8.0))
    assert seconds(frames, True) < 1.0, "of eight seconds"
    assert seconds(frames[100:], True, None) < 1.8, "nor is it long taken for one"


@pytest.mark.parametrize("db", [-28, -15, 0, 16])
def test_a_caller_is_heard_however_quiet_or_loud_his_line_is(db: int) -> None:
    frames, _ = heard(np.concatenate([np.zeros(RATE), said() * 10 ** (db / 20), np.zeros(RATE)]))
    assert seconds(frames, False) == 0.0 and seconds(frames, True, None) > 0.8


@pytest.mark.parametrize("name", ["rain", "engine"])
def test_the_noise_of_the_line_is_measured_and_the_caller_stands_out_of_it(name: str) -> None:
    bed = NO_CALLER[name](6.0)
    frames, line = heard(made.mixed((0.0, bed), (3.0, said())))
    before, after = frames[100:150], frames[150:270]
    assert seconds(before, True, None) < 0.2 and seconds(after, True, None) > 0.8
    assert 300 < line.noise < 1200, "RMS of the noise"
    assert heard(np.zeros(RATE))[1].noise < 15


def test_a_voice_over_music_is_one_soon_after_it_begins() -> None:
    frames, _ = heard(made.mixed((0.0, made.music(8.0) * 0.3), (4.0, said()), (6.2, said())))
    assert seconds(frames[:200], True) < 0.3 and seconds(frames[200:], True) > 0.8


def test_a_vowel_and_a_word_of_one_syllable_are_a_voice() -> None:
    for text in ("对", "嗯", "是", "不对"):
        frames, _ = heard(np.concatenate([np.zeros(RATE), said(text), np.zeros(RATE)]))
        assert seconds(frames, True, None) >= 0.1 and seconds(frames, False) < 0.15, text


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/human_speech: people's recordings")
@pytest.mark.parametrize("noise_db", [30, 12])
def test_people_are_voices(noise_db: int) -> None:
    voice = judged = 0.0
    for file in sorted(SHARED.glob("*.flac"))[::6]:
        sound = made.as_loud(read_audio(file, RATE).samples.astype(np.float64))
        frames, _ = heard(sound, made.LOUD * 10 ** (-noise_db / 20))
        voice, judged = voice + seconds(frames, True, None), judged + seconds(frames, True, None, False)
    assert voice / judged > 0.97


def test_no_tone_is_louder_than_geges_voice() -> None:
    voice = Settings().prompts.loudness
    for tone in (beep, looking, ringing):
        samples = np.frombuffer(tone(RATE), "<i2").astype(np.int16)
        assert loudness(samples, RATE) <= voice - 3.0, tone.__name__
    assert loudness(np.frombuffer(looking(RATE), "<i2").astype(np.int16), RATE) <= voice - 10.0, "soft"
