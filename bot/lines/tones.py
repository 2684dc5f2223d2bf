"""Sounds that are no words: the tone after which a message is spoken, "let me look", and somebody being rung."""

from __future__ import annotations

from functools import cache

import numpy as np


@cache
def beep(rate: int) -> bytes:
    """440 Hz, 0.4 s: speak now."""
    return _tone(rate, 440.0, 0.4, 0.25)


@cache
def looking(rate: int) -> bytes:
    """Two soft low knocks: Gege is there and looks something up."""
    knock = _tone(rate, 330.0, 0.06, 0.08) + bytes(int(rate * 0.09) * 2)
    return knock + _tone(rate, 294.0, 0.06, 0.08)


@cache
def ringing(rate: int) -> bytes:
    """China's ring-back: 450 Hz, 1 s on, 4 s off."""
    return _tone(rate, 450.0, 1.0, 0.15) + bytes(rate * 4 * 2)


def _tone(rate: int, hertz: float, seconds: float, share: float) -> bytes:
    time = np.arange(int(rate * seconds)) / rate
    # Faded in and out over 10 ms: an abrupt edge clicks.
    edge = np.minimum(1.0, np.minimum(time, seconds - time) / 0.01)
    return (np.sin(2 * np.pi * hertz * time) * edge * share * 32767).astype("<i2").tobytes()
