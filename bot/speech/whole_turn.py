"""What is decoded when a turn is over: its sound is kept, brought to the models' rate, and cut where a model takes less at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import soxr
from numpy.typing import NDArray

from bot.speech.port import RecogniserFailed

#: of the sound that these models hear (Hz)
RATE = 16_000
#: longer sound than this (s) is no turn
LONGEST_S = 120.0
#: a long turn is cut at its quietest moment of so much
_QUIET_S = 0.1


class WholeTurn:
    """One turn's int16 sound at the line's rate."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._sound = bytearray()

    def feed(self, pcm: bytes) -> None:
        """Raises RecogniserFailed for what is too long to be a turn."""
        if len(self._sound) > LONGEST_S * self._rate * 2:
            raise RecogniserFailed(f"a turn of more than {LONGEST_S:.0f} s")
        self._sound += pcm

    @property
    def seconds(self) -> float:
        """Its length so far."""
        return len(self._sound) // 2 / self._rate

    def samples(self) -> NDArray[np.float32]:
        """All of it at RATE, -1 to 1. Blocks while it is resampled."""
        sound = np.frombuffer(bytes(self._sound[: len(self._sound) // 2 * 2]), "<i2").astype(np.float32) / 32768
        if self._rate == RATE or not len(sound):
            return sound
        return np.asarray(soxr.resample(sound, self._rate, RATE), np.float32)


def in_parts(sound: NDArray[np.float32], longest_s: float, within_s: float) -> list[NDArray[np.float32]]:
    """Sound at RATE in parts that a model hears at once, each cut where it is quietest in the last `within_s` of what fits."""
    longest, step = int(longest_s * RATE), int(_QUIET_S * RATE)
    cuts = [0]
    while len(sound) - cuts[-1] > longest:
        start = cuts[-1] + longest - int(within_s * RATE)
        last = sound[start : cuts[-1] + longest]
        energy = np.square(last[: len(last) // step * step]).reshape(-1, step).sum(axis=1)
        cuts.append(start + int(energy.argmin()) * step + step // 2)
    return [sound[begin:stop] for begin, stop in pairwise([*cuts, len(sound)])]
