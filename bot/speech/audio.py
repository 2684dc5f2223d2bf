"""Sound in, sound out: files and what was sent to mono int16 samples, resampling, WAV bytes."""

from __future__ import annotations

import io
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from bot.foundation.errors import Refused
from bot.speech import decoder

Samples = npt.NDArray[np.int16]


class AudioRefused(Refused):
    """This is no sound that can be listened to; the message says why, in plain words."""


@dataclass(frozen=True)
class Sound:
    """Mono int16 samples and their rate in Hz."""

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def read_sent(data: bytes, rate: int | None = None, *, longest_s: float = 600.0) -> Sound:
    """What somebody sent: WAV, OGG/Opus or AMR, two channels and 48 kHz at most; a child that can do nothing else decodes
    it (bot/speech/decoder.py). Blocks.

    `rate` resamples (Hz), None keeps the file's own. Raises AudioRefused for an empty file, for another format, for
    something that is no sound or is broken, and for more than `longest_s` seconds."""
    if not data:
        raise AudioRefused("the audio is empty (0 bytes)")
    try:
        samples, own = decoder.decode(data, longest_s)
    except decoder.TooLong as problem:
        raise AudioRefused(f"the audio is too long ({problem})") from problem
    except decoder.NotDecoded as problem:
        raise AudioRefused(f"the audio cannot be read ({problem})") from problem
    return _at_rate(samples, own, rate)


def read_audio(file: Path | str, rate: int | None = None, *, longest_s: float = 600.0) -> Sound:
    """A file of the site's own or of its operator's: WAV, OGG, FLAC, MP3…; several channels are mixed.

    What strangers sent is read by `read_sent`. `rate` resamples (Hz), None keeps the file's own. Raises AudioRefused for
    an empty file, for something that is no sound or is broken, and for more than `longest_s` seconds."""
    data = _bytes_of(file)
    if not data:
        raise AudioRefused("the audio is empty (0 bytes)")
    if data.startswith(decoder.AMR_MAGIC):
        return read_sent(data, rate, longest_s=longest_s)
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as sound:
            own = int(sound.samplerate)
            limit = int(longest_s * own)
            if 0 < limit < sound.frames < _UNKNOWN_LENGTH:
                raise AudioRefused(f"the audio is too long ({sound.frames / own:.0f} s, at most {longest_s:.0f} s)")
            wide = sound.read(limit + 1, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, ValueError) as problem:
        raise AudioRefused(f"the audio cannot be read ({_reason(problem)})") from problem
    if len(wide) > limit:
        raise AudioRefused(f"the audio is too long (more than {longest_s:.0f} s)")
    mono = np.nan_to_num(wide.mean(axis=1), nan=0.0, posinf=1.0, neginf=-1.0)
    return _at_rate((np.clip(mono, -1.0, 32767 / 32768) * 32768).astype(np.int16), own, rate)


def _at_rate(samples: Samples, own: int, rate: int | None) -> Sound:
    if len(samples) == 0:
        raise AudioRefused("the audio holds no sound (0 samples)")
    if rate is None or rate == own:
        return Sound(samples, own)
    return Sound(resample(samples, own, rate), rate)


# libsndfile reports this many frames when a stream does not say its length.
_UNKNOWN_LENGTH = 1 << 60


def _bytes_of(file: Path | str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as problem:
        raise AudioRefused(f"{file}: {problem.strerror or problem}") from problem


def _reason(problem: Exception) -> str:
    text = getattr(problem, "error_string", "") or str(problem)
    return str(text).strip().rstrip(".") or "unknown format"


def resample(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """Resample mono int16 samples; both rates in Hz."""
    if from_rate == to_rate or len(samples) == 0:
        return samples
    return np.asarray(soxr.resample(samples, from_rate, to_rate), dtype=np.int16)


def wav_bytes(samples: Samples, rate: int) -> bytes:
    """A complete mono 16-bit WAV file."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
    return out.getvalue()


def write_wav(path: Path, samples: Samples, rate: int) -> None:
    """Write a mono 16-bit WAV file; the folder comes into being."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wav_bytes(samples, rate))
