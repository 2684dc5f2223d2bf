"""A county's telephone line, simulated: its band, its 8 kHz, its A-law and a little noise. For measuring, always the same."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfilt

from bot.lines.sip import g711
from bot.speech.audio import Samples, resample

RATE = 8000
_BAND_HZ = (300, 3400)
#: the noise lies so far (dB) below the speech
_NOISE_DB = 30.0
#: peak of what is sent, of full scale
_PEAK = 0.6


def over_the_line(samples: Samples, rate: int, seed: int = 0) -> Samples:
    """Mono int16 samples at `rate` Hz → what comes out at the other end, int16 at RATE; `seed` draws the noise."""
    band = butter(4, _BAND_HZ, "bandpass", fs=RATE, output="sos")
    sound = sosfilt(band, resample(samples, rate, RATE).astype(np.float64))
    sound *= _PEAK / max(1.0, float(np.abs(sound).max()))
    noise = np.random.default_rng(seed).standard_normal(len(sound))
    sound += noise * np.sqrt(np.mean(sound**2)) * 10 ** (-_NOISE_DB / 20)
    sent = (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()
    return np.frombuffer(g711.decode(g711.encode(sent, g711.PCMA), g711.PCMA), "<i2").astype(np.int16)
