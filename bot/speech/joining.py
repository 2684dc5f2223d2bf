"""Recorded and spoken pieces become one sentence: short fades, small gaps, no click."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bot.speech.audio import Samples
from bot.speech.level import faded

#: between two pieces that follow each other at once (s): as much as a speaker needs between two words
GAP_S = 0.035


class Joint:
    """A sentence under way: what is added to it comes back ready to be heard behind the rest."""

    def __init__(self, rate: int) -> None:
        self._rate, self._sounded = rate, False

    def add(self, piece: Samples | float) -> Samples:
        """A sound (mono samples at the rate), or a pause (s)."""
        if isinstance(piece, float):
            self._sounded = False
            return np.zeros(int(piece * self._rate), np.int16)
        if len(piece) == 0:
            return piece
        gap = np.zeros(int(GAP_S * self._rate) if self._sounded else 0, np.int16)
        self._sounded = True
        return np.concatenate([gap, faded(piece, self._rate)])


def join(pieces: Iterable[Samples | float], rate: int) -> Samples:
    """Sounds and pauses in their order, all at once."""
    joint = Joint(rate)
    return np.concatenate([np.zeros(0, np.int16), *(joint.add(piece) for piece in pieces)])
