"""What a channel takes for what: its strongest confusions, and what a site's corrections moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bot.sound.channel import Channel, Counted, Counts
from bot.sound.syllables import FINALS, INITIALS

Part = Literal["initial", "final"]
#: probability that has to come or go before it is said to have moved
_MOVED = 0.02


@dataclass(frozen=True)
class Confusion:
    """`heard` for `meant`: its probability in the prior and now, and how often it was counted ("" is no initial)."""

    part: Part
    meant: str
    heard: str
    prior: float
    now: float
    count: float


def confusions(now: Channel, prior: Channel, counts: Counts) -> list[Confusion]:
    """All that is heard for something else, the likeliest first."""
    return sorted((one for one in _all(now, prior, counts) if one.meant != one.heard), key=lambda one: -one.now)


def moved(now: Channel, prior: Channel, counts: Counts) -> list[Confusion]:
    """What the counts moved, what sounds are kept among it; the furthest first."""
    found = [one for one in _all(now, prior, counts) if abs(one.now - one.prior) >= _MOVED]
    return sorted(found, key=lambda one: -abs(one.now - one.prior))


def _all(now: Channel, prior: Channel, counts: Counts) -> Iterator[Confusion]:
    yield from _of("initial", INITIALS, now.initials, prior.initials, counts.initials)
    yield from _of("final", FINALS, now.finals, prior.finals, counts.finals)


def _of(part: Part, names: tuple[str, ...], now: Counted, prior: Counted, counts: Counted) -> Iterator[Confusion]:
    for row, meant in enumerate(names):
        for column, heard in enumerate(names):
            before, after, seen = (float(table[row, column]) for table in (prior, now, counts))
            yield Confusion(part, meant, heard, before, after, seen)
