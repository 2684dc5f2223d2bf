"""What speaks against a correction: refused, held for a second person, or taken."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.foundation.errors import Refused
from bot.foundation.widths import plain

HAZARD = "report_hazard"
#: characters of one utterance that staff may write down
LONGEST = 300
#: share of letters that must be Chinese
_CHINESE = 0.5
_HAN = re.compile(r"[㐀-鿿]")
_DAY = dt.timedelta(days=1)


class CorrectionRefused(Refused):
    """A correction cannot be taken; `reason` is a key of words.yml, the message is for a person."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Corrected:
    """A correction, as far as the rules look at it."""

    id: int
    heard: str
    #: intent that it was taken for; empty when it was taken for none
    was: str
    words: str
    #: what it should be; empty where nothing was said about it
    intent: str
    household_no: str
    by: str
    at: dt.datetime


def same_sentence(text: str) -> str:
    """What two ways of writing one sentence share."""
    return "".join(c for c in plain(text).lower() if c.isalnum())


def unusable(one: Corrected) -> str:
    """Why nothing can be made of it (a key of words.yml), "" when something can."""
    words_new = bool(one.words.strip()) and same_sentence(one.words) != same_sentence(one.heard)
    if not words_new and not relabels(one) and not one.household_no:
        return "empty"
    if len(one.words) > LONGEST:
        return "too_long"
    if one.words.strip():
        letters = [c for c in one.words if c.isalpha()]
        if not letters or sum(bool(_HAN.match(c)) for c in letters) < _CHINESE * len(letters):
            return "script"
    return ""


def doubt(one: Corrected, others: Iterable[Corrected], relabels_a_day: int) -> str:
    """Why a second person has to look at it (a key of words.yml), "" when nobody has to."""
    others = list(others)
    if one.was == HAZARD and one.intent and one.intent != HAZARD:
        return "hazard"
    if contradicting(one, others):
        return "contradiction"
    if (
        relabels(one)
        and len([o for o in others if relabels(o) and o.by == one.by and abs(o.at - one.at) < _DAY]) >= relabels_a_day
    ):
        return "many"
    return ""


def relabels(one: Corrected) -> bool:
    """Whether it changes the kind."""
    return bool(one.intent) and one.intent != one.was


def contradicting(one: Corrected, others: Iterable[Corrected]) -> list[Corrected]:
    """Those that say something else about the same sentence."""
    heard = same_sentence(one.heard)
    return [
        other
        for other in others
        if other.id != one.id
        and same_sentence(other.heard) == heard
        and (
            (one.intent and other.intent and one.intent != other.intent)
            or (one.words and other.words and same_sentence(one.words) != same_sentence(other.words))
        )
    ]


def held_out(count: int, share: float) -> int:
    """How many of `count` corrections, the last ones by time, are kept for the comparison: none of fewer than five."""
    return int(count * share) if count >= 5 else 0
