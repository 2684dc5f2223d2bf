"""Sounds that are no words: the tone after which a message is spoken, "let me look", and somebody being rung.

None is louder than a voice that speaks at [studio] loudness (-20 dBFS): who holds the receiver to his ear has it in his ear."""

from __future__ import annotations

from functools import cache

import numpy as np

#: loudness while they sound, in dBFS (RMS)
_BEEP_DB, _LOOKING_DB, _RINGING_DB = -24.0, -32.0, -26.0


@cache
def beep(rate: int) -> bytes:
    """440 Hz, 0.4 s: speak now."""
    return _tone(rate, 440.0, 0.4, _BEEP_DB)


@cache
def looking(rate: int) -> bytes:
    """Two soft low knocks: Gege is there and looks something up."""
    knock = _tone(rate, 330.0, 0.06, _LOOKING_DB) + bytes(int(rate * 0.09) * 2)
    return knock + _tone(rate, 294.0, 0.06, _LOOKING_DB)


@cache
def ringing(rate: int) -> bytes:
    """China's ring-back: 450 Hz, 1 s on, 4 s off."""
    return _tone(rate, 450.0, 1.0, _RINGING_DB) + bytes(rate * 4 * 2)


def _tone(rate: int, hertz: float, seconds: float, level_db: float) -> bytes:
    time = np.arange(int(rate * seconds)) / rate
    # Faded in and out over 10 ms: an abrupt edge clicks.
    edge = np.minimum(1.0, np.minimum(time, seconds - time) / 0.01)
    peak = 10 ** (level_db / 20) * np.sqrt(2)
    return (np.sin(2 * np.pi * hertz * time) * edge * peak * 32767).astype("<i2").tobytes()
