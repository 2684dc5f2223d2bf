"""The busy tone (450 Hz, 350 ms on, 350 ms off): the far end of an analogue line has gone. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BLOCK = 400  # 50 ms at 8 kHz
#: lengths (blocks) that on and off may have: 350 ms, give or take
_SHORTEST, _LONGEST = 5, 9
#: whole tones with their pauses, before we believe it
_CYCLES = 4


class BusyTone:
    """Hears the caller's sound; `heard` becomes True and stays so."""

    def __init__(self) -> None:
        self.heard = False
        self._rest = b""
        self._on, self._run, self._good = False, 0, 0
        phase = 2 * np.pi * 450 * np.arange(_BLOCK) / 8000
        self._wave = np.exp(-1j * phase)

    def listen(self, pcm: bytes) -> bool:
        """Whether the tone has been heard by now."""
        data = self._rest + pcm
        whole = len(data) // (2 * _BLOCK) * 2 * _BLOCK
        self._rest = data[whole:]
        for start in range(0, whole, 2 * _BLOCK):
            self._block(np.frombuffer(data, "<i2", _BLOCK, start).astype(np.float64))
        return self.heard

    def _block(self, samples: NDArray[np.float64]) -> None:
        energy = float(np.dot(samples, samples))
        tone = 2 * abs(np.dot(samples, self._wave)) ** 2 / _BLOCK
        loud = energy > _BLOCK * 200.0**2
        on = loud and tone > 0.8 * energy
        # An edge may lie anywhere in a block: half a tone counts as either, never as speech.
        if loud and not on and tone < 0.3 * energy:
            self._on, self._run, self._good = False, 0, 0
            return
        if on == self._on:
            self._run += 1
            if self._run > _LONGEST:
                self._good = 0
            return
        fits = _SHORTEST <= self._run <= _LONGEST
        self._good = self._good + 1 if fits else 0
        self._on, self._run = on, 1
        self.heard = self.heard or self._good >= 2 * _CYCLES
