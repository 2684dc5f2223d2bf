"""A telephone line and a room, simulated: reverberation, equaliser, 300-3400 Hz band, noise, level, mu-
law."""

import random

import numpy as np
from scipy.signal import butter, firwin2, lfilter, sosfilt

from .features import SAMPLE_RATE

_HUM = 50
"""Hz, China's mains."""


def _coloured_noise(generator: np.random.Generator, count: int) -> np.ndarray:
    spectrum = np.fft.rfft(generator.standard_normal(count))
    frequency = np.arange(len(spectrum)) + 1.0
    noise = np.fft.irfft(spectrum / frequency ** generator.uniform(0, 1.2), count)
    return np.asarray(noise / (noise.std() + 1e-9))


class Line:
    """Degrades speech; every call of `degrade` draws another room, line and noise (5 to 35 dB below the
    speech).

    Babble is taken from the speech that went through before, so it is deterministic for one seed and one
    order.
    """

    def __init__(self, seed: int, *, clean_share: float = 0.15) -> None:
        """`clean_share`: part of the utterances that get no noise (they may still get a room and a band)."""
        self._random = random.Random(seed)
        self._generator = np.random.default_rng(seed)
        self._clean_share = clean_share
        self._babble: list[np.ndarray] = []

    def degrade(self, samples: np.ndarray) -> np.ndarray:
        """8 kHz samples of any scale -> the same number of float samples in int16 scale."""
        draw = self._random
        x = samples / (np.abs(samples).max() + 1)
        if draw.random() < 0.5:
            x = self._room(x)
        if draw.random() < 0.8:
            gains = 10 ** (self._generator.uniform(-9, 9, 7) / 20)
            taps = firwin2(65, np.linspace(0, 1, 7), gains)
            x = lfilter(taps, 1, np.concatenate((x, np.zeros(32))))[32:]
        if draw.random() < 0.6:
            band = [draw.uniform(150, 350), draw.uniform(3000, 3700)]
            x = sosfilt(butter(2, band, "band", fs=SAMPLE_RATE, output="sos"), x)
        x = x / (np.abs(x).max() + 1e-9)
        if draw.random() >= self._clean_share:
            x = x + self._noise(len(x)) * np.sqrt((x**2).mean()) * 10 ** (-draw.uniform(5, 35) / 20)
        self._babble = [*self._babble[-39:], x[: SAMPLE_RATE * 3].copy()]
        x = x / (np.abs(x).max() + 1e-9) * 10 ** (-draw.uniform(0, 26) / 20)
        if draw.random() < 0.3:
            x = self._mu_law(x)
        return np.asarray(np.round(x * 32000))

    def _room(self, x: np.ndarray) -> np.ndarray:
        """A tail of decaying noise, 50 to 350 ms."""
        count = int(self._random.uniform(0.05, 0.35) * SAMPLE_RATE)
        decay = np.exp(-np.arange(count) / (count / 6.9))
        response = self._generator.standard_normal(count) * decay * self._random.uniform(0.02, 0.25)
        response[0] = 1
        return np.convolve(x, response)[: len(x)]

    def _noise(self, count: int) -> np.ndarray:
        noise = _coloured_noise(self._generator, count)
        kind = self._random.random()
        if kind < 0.22 and self._babble:
            babble = self._random.choice(self._babble)
            return np.asarray(np.resize(babble, count) / (babble.std() + 1e-9))
        if kind > 0.88:
            harmonic = _HUM * self._random.choice([1, 2, 3])
            return np.asarray(noise * 0.5 + np.sin(2 * np.pi * harmonic * np.arange(count) / SAMPLE_RATE))
        return noise

    @staticmethod
    def _mu_law(x: np.ndarray) -> np.ndarray:
        """To 8 bits and back (ITU-T G.711's curve)."""
        compressed = np.sign(x) * np.round(np.log1p(255 * np.abs(x)) / np.log(256) * 127) / 127
        return np.asarray(np.sign(compressed) * (256 ** np.abs(compressed) - 1) / 255)
