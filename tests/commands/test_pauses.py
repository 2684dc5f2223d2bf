"""A call that was played faster than life is heard without its long pauses, and without losing a sound."""

import io

import numpy as np
import soundfile

from bot.commands.pauses import shortened

RATE = 8000


def _call(*parts: tuple[float, float, float]) -> tuple[bytes, np.ndarray]:
    """A WAV file of (seconds, loudness of the resident, of Gege), and its samples."""
    draw = np.random.default_rng(1)
    sides = [draw.standard_normal((int(seconds * RATE), 2)) * (one, other) for seconds, one, other in parts]
    samples = np.concatenate(sides).astype(np.int16)
    held = io.BytesIO()
    soundfile.write(held, samples, RATE, format="WAV")
    return held.getvalue(), samples


def test_pauses_are_cut_to_a_second_and_speech_on_either_side_stays_whole() -> None:
    sound, samples = _call((2, 0, 3000), (9, 20, 20), (1, 3000, 0), (0.6, 0, 0), (2, 0, 3000), (5, 0, 0))
    heard, rate = soundfile.read(io.BytesIO(shortened(sound)), dtype="int16")
    assert rate == RATE and len(heard) / RATE == 2 + 1 + 1 + 0.6 + 2 + 1
    spoken = np.abs(samples).max(axis=1) > 200
    assert (np.abs(heard).max(axis=1) > 200).sum() == spoken.sum()
    assert np.array_equal(heard[: 2 * RATE], samples[: 2 * RATE])


def test_what_has_no_long_pause_stays_as_it_is() -> None:
    sound, samples = _call((1, 3000, 0), (0.9, 0, 0), (1, 0, 3000))
    heard, _ = soundfile.read(io.BytesIO(shortened(sound)), dtype="int16")
    assert np.array_equal(heard, samples)
