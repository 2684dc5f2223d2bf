"""One call as it was heard and answered, ready to be drawn: both voices, jumped to by turn, with what each turn may have
been."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bot.recordings.keys import KeyRefused
from bot.recordings.room import RecordingMissing, look_into
from bot.settings import Settings
from bot.speech.audio import Samples
from bot.voice.call_log import CallRecord
from bot.web.pages import Pages

#: of the drawing, in its own units: a column a unit, each voice on its own half
_COLUMNS, _HEIGHT = 720, 120
#: int16 of a voice that fills its half; quieter calls are drawn as they are
_LOUD = 16_000
_STEPS = ("end_of_speech", "recognise", "dialogue", "first_audio")
#: above this share of unknown words, or when Gege asked again, a turn may have been something else
_UNSURE = 0.2

_pages = Pages("calls.yml")


@dataclass(frozen=True)
class Waveform:
    """Both voices of a recording, drawn; `seconds` is its length."""

    seconds: float
    caller: str
    gege: str


def call_view(settings: Settings, call: CallRecord) -> dict[str, Any]:
    """What the template `_call.html` needs of one call. Blocks."""
    wave = waveform(settings, call)
    return {
        "call": call,
        "wave": wave,
        "turns": [_turn(number, turn, wave) for number, turn in enumerate(call.turns, start=1)],
        "columns": _COLUMNS,
        "height": _HEIGHT,
        "middle": _HEIGHT // 2,
        "call_words": _pages.words,
    }


def waveform(settings: Settings, call: CallRecord) -> Waveform | None:
    """Both voices; None when there is no recording (any more). Blocks."""
    if not call.recording:
        return None
    try:
        opened = look_into(settings, call.recording)
    except (RecordingMissing, KeyRefused):
        return None
    samples = np.frombuffer(opened.pcm, "<i2").reshape(-1, opened.channels)
    if opened.channels != 2 or not len(samples):
        return None
    return Waveform(
        len(samples) / opened.rate, _outline(samples[:, 0], _HEIGHT // 2, up=True),
        _outline(samples[:, 1], _HEIGHT // 2, up=False),
    )  # fmt: skip


def _outline(samples: Samples, base: int, *, up: bool) -> str:
    """The points of one voice's outline: the loudest sample of each column, away from the middle line."""
    edges = np.linspace(0, len(samples), min(_COLUMNS, len(samples)) + 1).astype(int)[:-1]
    peaks = np.maximum.reduceat(np.abs(samples.astype(np.int32)), edges)
    heights = np.minimum(peaks / _LOUD, 1.0) * (base - 4)
    step = _COLUMNS / len(edges)
    tops = [
        f"{column * step:.1f},{base - height if up else base + height:.1f}" for column, height in enumerate(heights)
    ]
    return " ".join([f"0,{base}", *tops, f"{_COLUMNS},{base}"])


def _turn(number: int, turn: dict[str, Any], wave: Waveform | None) -> dict[str, Any]:
    """One turn as the page shows it; `x`, `width`: where the caller spoke, None when that was not noted."""
    seconds = turn["seconds"]
    shown: dict[str, Any] = {
        "number": number,
        "heard": turn["heard"] or _pages.words["nothing"],
        "key": turn["key"],
        "intent": turn["intent"],
        "said": turn["said"],
        "perhaps": _perhaps(turn),
        "times": [(_pages.words["steps"][step], f"{seconds[step]:.2f}") for step in _STEPS if step in seconds],
        "begins": None,
        "x": None,
        "width": 0.0,
    }
    if wave is not None and "at" in seconds:
        ended = seconds["at"] - seconds.get("end_of_speech", 0.0)
        began = max(0.0, ended - seconds.get("speech", 0.0))
        scale = _COLUMNS / wave.seconds
        shown["begins"], shown["x"] = round(began, 2), round(began * scale, 1)
        shown["width"] = round(max((ended - began) * scale, 2.0), 1)
    return shown


def _perhaps(turn: dict[str, Any]) -> list[str]:
    """What else it may have been, where it is unsure what was said."""
    unsure = turn.get("fallback") or turn.get("unknown_share", 0.0) > _UNSURE
    return [other for other in turn.get("alternatives", ())[:3] if other != turn["heard"]] if unsure else []
