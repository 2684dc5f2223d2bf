"""Recorded and spoken pieces become one sentence: short fades, small gaps, no click."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from bot.speech.audio import Samples
from bot.speech.level import faded

#: between two pieces that follow each other at once (s): as much as a speaker needs between two words
GAP_S = 0.035


def join(pieces: Iterable[Samples | float], rate: int) -> Samples:
    """Sounds (mono samples at `rate`) and pauses (s) in their order."""
    out: list[Samples] = []
    sounded = False
    for piece in pieces:
        if isinstance(piece, float):
            out.append(np.zeros(int(piece * rate), np.int16))
            sounded = False
            continue
        if len(piece) == 0:
            continue
        if sounded:
            out.append(np.zeros(int(GAP_S * rate), np.int16))
        out.append(faded(piece, rate))
        sounded = True
    return np.concatenate(out) if out else np.zeros(0, np.int16)
