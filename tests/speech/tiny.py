"""Tiny models of every form, made once a run, and the sound that they know: a low tone, then a high one."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bot.speech.models import SpeechModel, look_at


def made(name: str, folder: Path) -> SpeechModel:
    """The tiny model of a form, in a folder of its own."""
    from tools.tiny_models.forms import make

    place = folder / name.replace(" ", "-")
    return look_at(place if place.is_dir() else make(name, place))


def tones(rate: int = 16000, *, loud: float = 0.27) -> bytes:
    """Half a second each of nothing, 400 Hz, nothing, 1500 Hz, nothing; int16."""
    time = np.arange(rate // 2) / rate
    quiet = np.zeros(rate // 2)
    parts = [quiet, np.sin(2 * np.pi * 400 * time), quiet, np.sin(2 * np.pi * 1500 * time), quiet]
    return (np.concatenate(parts) * loud * 32767).astype("<i2").tobytes()
