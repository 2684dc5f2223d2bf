"""What a meter's display and its lamps mean (meter_display.yml), in the words of domain.yml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.widths import plain
from bot.foundation.words import load


@dataclass(frozen=True)
class Shown:
    """One sign: a regular expression of what is said of it, the sentence that tells it, where that is known from."""

    shown: str
    means: str
    source: str


@cache
def signs() -> tuple[Shown, ...]:
    return load(tuple[Shown, ...], Path(__file__).with_name("meter_display.yml"))


def sentence_for(said: str) -> str | None:
    """The response that tells what somebody reads on the meter; None when nobody here knows."""
    text = plain(said)
    means = next((one.means for one in signs() if re.search(one.shown, text)), None)
    return f"utter_meter_display/{means}" if means else None
