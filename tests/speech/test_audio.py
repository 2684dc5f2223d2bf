"""Any sound file becomes mono samples; what is no sound is refused with a plain reason."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bot.speech.audio import AudioRefused, read_audio, read_sent, resample, wav_bytes


def tone(seconds: float, rate: int, channels: int = 1) -> np.ndarray:
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)
    return np.stack([wave] * channels, axis=1)


def encoded(samples: np.ndarray, rate: int, format: str, subtype: str) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format=format, subtype=subtype)
    return out.getvalue()


@pytest.mark.parametrize(
    ("format", "subtype", "rate"),
    [("WAV", "PCM_16", 44100), ("WAV", "FLOAT", 44100), ("WAV", "PCM_24", 48000), ("WAV", "PCM_U8", 8000),
     ("WAV", "ULAW", 8000), ("OGG", "OPUS", 48000), ("OGG", "VORBIS", 44100), ("FLAC", "PCM_16", 22050)],
)  # fmt: skip
def test_stereo_of_any_rate_and_format_is_mixed_and_resampled(
    tmp_path: Path, format: str, subtype: str, rate: int
) -> None:
    path = tmp_path / "sound"
    path.write_bytes(encoded(tone(1.0, rate, channels=2), rate, format, subtype))
    sound = read_audio(path, 8000)
    assert sound.rate == 8000 and sound.samples.dtype == np.int16 and sound.samples.ndim == 1
    assert sound.seconds == pytest.approx(1.0, abs=0.05)
    assert np.abs(sound.samples[1000:7000]).max() == pytest.approx(16384, rel=0.1)


def test_a_file_is_read_at_its_own_rate_when_none_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "声音.wav"
    path.write_bytes(wav_bytes(np.arange(1000, dtype=np.int16), 11025))
    sound = read_audio(path)
    assert sound.rate == 11025 and (sound.samples == np.arange(1000)).all()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"this is no sound at all, only words", "cannot be read"),
        (b"\x00" * 5000, "cannot be read"),
        (b"RIFF" + struct.pack("<I", 4) + b"WAVE", "cannot be read"),
        (wav_bytes(np.zeros(0, np.int16), 8000), "no sound"),
        (encoded(tone(1.0, 48000), 48000, "OGG", "OPUS")[:60], "cannot be read"),
        (b"OggS" + bytes(range(256)) * 20, "cannot be read"),
    ],
    ids=["0 bytes", "words", "zeros", "wav without data", "wav without samples", "cut OGG", "broken OGG"],
)
def test_what_is_no_sound_is_refused_with_a_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "sound").write_bytes(data)
    for read in (lambda: read_audio(tmp_path / "sound"), lambda: read_sent(data)):
        with pytest.raises(AudioRefused, match=reason):
            read()


def test_an_ogg_that_breaks_in_the_middle_gives_what_is_there_or_is_refused() -> None:
    data = bytearray(encoded(tone(4.0, 48000), 48000, "OGG", "OPUS"))
    data[len(data) // 2 : len(data) // 2 + 400] = b"\xff" * 400
    try:
        assert read_sent(bytes(data), 8000).seconds < 4.5
    except AudioRefused as refused:
        assert str(refused)


def test_a_missing_file_and_an_endless_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioRefused, match="No such file"):
        read_audio(tmp_path / "none.wav")
    with pytest.raises(AudioRefused, match="too long"):
        read_sent(wav_bytes(np.zeros(8000 * 11, np.int16), 8000), longest_s=10)


def test_not_a_number_in_a_float_file_becomes_silence() -> None:
    samples = np.full(800, np.nan, dtype=np.float32)
    assert not read_sent(encoded(samples, 8000, "WAV", "FLOAT")).samples.any()


def test_resampling_keeps_the_length() -> None:
    assert len(resample(np.zeros(8000, np.int16), 8000, 16000)) == 16000
    assert len(resample(np.zeros(0, np.int16), 8000, 16000)) == 0
