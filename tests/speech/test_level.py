"""Loudness, speed, silence and joins: measured on sound whose truth is known."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
import soundfile

from bot.speech.audio import Samples, wav_bytes
from bot.speech.joining import join
from bot.speech.level import faded, levelled, loudness, stretched, trimmed
from bot.speech.studio_take import RATE, TakeRefused, accept
from tests.voice.doubles import speech


def tone(seconds: float, level: float = 0.2, hertz: float = 220.0, rate: int = RATE) -> Samples:
    time = np.arange(int(seconds * rate)) / rate
    return np.asarray(np.sin(2 * np.pi * hertz * time) * level * 32767, np.int16)


def quiet(seconds: float, noise: float = 0.0) -> Samples:
    dice = np.random.default_rng(1)
    return np.asarray(dice.normal(0, noise, int(seconds * RATE)), np.int16)


def voice(seconds: float, gain: float = 1.0) -> Samples:
    return np.asarray(np.frombuffer(speech(seconds, RATE), "<i2") * gain, np.int16)


def test_loudness_is_that_of_the_speech_and_not_of_its_pauses() -> None:
    alone = loudness(tone(1.0, 0.5), RATE)
    assert alone == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=0.1)
    paused = np.concatenate([quiet(2.0), tone(1.0, 0.5), quiet(3.0, 20)])
    assert loudness(paused, RATE) == pytest.approx(alone, abs=0.3)
    assert loudness(quiet(1.0), RATE) == -math.inf


@pytest.mark.parametrize("gain", [0.06, 0.1, 0.5, 1.0, 1.8])
def test_a_whisper_and_a_shout_become_equally_loud_without_being_cut(gain: float) -> None:
    out = levelled(voice(1.5, gain), RATE, -19.0)
    assert loudness(out, RATE) == pytest.approx(-19.0, abs=1.0)
    assert np.abs(out.astype(int)).max() < 32000
    assert np.array_equal(levelled(out, RATE, loudness(out, RATE)), out)


def test_silence_is_not_raised_to_a_roar() -> None:
    assert np.array_equal(levelled(quiet(1.0), RATE, -19.0), quiet(1.0))
    assert np.abs(levelled(quiet(1.0, 3), RATE, -19.0)).max() < 2000


def test_silence_and_a_rooms_noise_go_from_both_ends_and_the_speech_stays() -> None:
    for noise in (0.0, 40.0):
        padded = np.concatenate([quiet(1.0, noise), voice(1.0), quiet(2.0, noise)])
        out = trimmed(padded, RATE)
        assert 1.0 <= len(out) / RATE < 1.2
        assert np.corrcoef(out[int(0.03 * RATE) :][: RATE // 2], voice(1.0)[: RATE // 2])[0, 1] > 0.5


@pytest.mark.parametrize("speed", [0.7, 0.85, 1.25])
def test_slower_is_longer_at_the_same_pitch(speed: float) -> None:
    out = stretched(tone(2.0), RATE, speed)
    assert len(out) == pytest.approx(2.0 * RATE / speed, rel=0.02)
    middle = out[RATE // 4 : RATE // 4 + RATE // 2].astype(float)
    peak = np.argmax(np.abs(np.fft.rfft(middle * np.hanning(len(middle))))) * 2
    assert peak == pytest.approx(220, abs=4)
    assert np.abs(np.diff(out.astype(int))).max() < 1500, "it clicks"
    assert loudness(out, RATE) == pytest.approx(loudness(tone(2.0), RATE), abs=0.5)


def test_at_its_own_speed_not_a_sample_changes() -> None:
    assert np.array_equal(stretched(tone(1.0), RATE, 1.0), tone(1.0))


def test_joined_pieces_do_not_click() -> None:
    # Pieces that begin and end at full height, the worst that can be joined.
    step = np.full(RATE // 4, 12000, np.int16)
    out = join([step, -step, 0.2, step], RATE)
    assert np.abs(np.diff(out.astype(int))).max() < 200
    assert np.abs(np.diff(np.concatenate([step, -step]).astype(int))).max() == 24000
    assert abs(int(out[0])) < 200 and abs(int(out[-1])) < 200
    assert len(out) / RATE == pytest.approx(0.75 + 0.2 + 0.035, abs=0.01)
    assert len(join([], RATE)) == 0 and len(faded(step[:1], RATE)) == 1


def test_a_take_is_trimmed_and_levelled_whatever_microphone_and_format_it_came_from() -> None:
    stereo = np.stack([voice(1.0, 0.2), voice(1.0, 0.2)], axis=1)
    padded = np.concatenate([np.zeros((RATE, 2), np.int16), stereo, np.zeros((RATE, 2), np.int16)])
    opus = io.BytesIO()
    soundfile.write(opus, padded, 48000, format="OGG", subtype="OPUS")
    for data in (wav_bytes(padded[:, 0], RATE), opus.getvalue()):
        kept = accept(data, -19.0, 30.0)
        assert loudness(kept, RATE) == pytest.approx(-19.0, abs=1.0)
        assert len(kept) / RATE < 1.25 and abs(int(kept[0])) < 50


def test_a_constant_of_a_cheap_sound_card_is_taken_out() -> None:
    kept = accept(wav_bytes((voice(1.0, 0.3) + 3000).astype(np.int16), RATE), -19.0, 30.0)
    assert abs(float(kept.astype(float).mean())) < 100


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (quiet(2.0), "quiet"),
        (quiet(2.0, 30), "quiet"),
        (voice(1.0, 0.003), "quiet"),
        (np.clip(voice(1.0).astype(int) * 9, -32768, 32767).astype(np.int16), "loud"),
        (np.concatenate([quiet(1.0), tone(0.015, 0.4), quiet(1.0)]), "short"),
        (voice(7.0), "long"),
        (voice(40.0), "long"),
    ],
    ids=["silence", "hiss", "a whisper far away", "overdriven", "a click", "two sentences", "a speech"],
)
def test_what_is_of_no_use_is_refused_with_its_reason(sound: Samples, reason: str) -> None:
    with pytest.raises(TakeRefused) as refused:
        accept(wav_bytes(sound, RATE), -19.0, 5.0)
    assert refused.value.name == reason


@pytest.mark.parametrize("data", [b"", b"no sound", b"RIFF" + bytes(60)], ids=["nothing", "words", "a header"])
def test_what_is_no_sound_is_refused(data: bytes) -> None:
    with pytest.raises(TakeRefused) as refused:
        accept(data, -19.0, 5.0)
    assert refused.value.name == "no_sound"
