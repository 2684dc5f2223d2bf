"""One utterance through an ear, fed as a call feeds it."""

from __future__ import annotations

import time

from bot.speech.audio import Samples
from bot.speech.port import HeardSpeech, Likely, Recogniser

#: sound is fed in pieces of this length (s)
_PIECE_S = 0.1


async def listened(
    recogniser: Recogniser, samples: Samples, rate: int, likely: Likely | None = None
) -> tuple[HeardSpeech, float]:
    """One utterance fed as a call feeds it: what was heard, and how long after the last sound (s). Raises RecogniserFailed."""
    session = recogniser.begin(rate, likely or Likely())
    step = int(rate * _PIECE_S)
    over = time.perf_counter()
    for start in range(0, len(samples), step):
        over = time.perf_counter()
        await session.feed(samples[start : start + step].astype("<i2").tobytes())
    return await session.finish(), time.perf_counter() - over
