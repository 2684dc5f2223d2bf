"""What a manager recorded, judged and brought into shape: level, length, silence at both ends."""

from __future__ import annotations

import numpy as np

from bot.foundation.errors import Refused
from bot.speech.audio import AudioRefused, Samples, read_sent, resample
from bot.speech.level import faded, levelled, loudness, trimmed

#: recordings are kept at this rate (Hz): all that the browser phone carries, twice the telephone
RATE = 16000
_SHORTEST_S = 0.12
#: quieter than this (dBFS) is a closed microphone or somebody far away
_QUIET_DB = -46.0
#: a peak this near full scale was cut; this share of such samples is heard as a crackle
_CUT = 32700
_CUT_SHARE = 0.002


class TakeRefused(Refused):
    """The recording is of no use; `name` is the sentence of bot/web/studio.yml that says why."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def accept(data: bytes, wished_db: float, longest_s: float) -> Samples:
    """A recorded file -> mono samples at RATE, trimmed, at the wished loudness (dBFS). Raises TakeRefused."""
    try:
        own = read_sent(data, longest_s=longest_s + 30)
    except AudioRefused as refused:
        raise TakeRefused("long" if "too long" in str(refused) else "no_sound") from refused
    if np.mean(np.abs(own.samples.astype(np.int32)) >= _CUT) > _CUT_SHARE:
        raise TakeRefused("loud")
    wide = resample(own.samples, own.rate, RATE).astype(np.float64)
    # Cheap sound cards add a constant, which would be heard as a click at both ends.
    samples = np.clip(wide - wide.mean(), -32768, 32767).astype(np.int16)
    if loudness(samples, RATE) < _QUIET_DB:
        raise TakeRefused("quiet")
    samples = trimmed(samples, RATE)
    if len(samples) < _SHORTEST_S * RATE:
        raise TakeRefused("short")
    if len(samples) > longest_s * RATE:
        raise TakeRefused("long")
    return faded(levelled(samples, RATE, wished_db), RATE)
