"""What a site's ear makes of its residents' speech, counted out of corrections: what was heard beside what was meant.

Expectation-maximisation. Every alignment of a pair counts with its probability (forward-backward), every reading of a
character with its own; the channel is re-estimated from the expected counts with the prior as pseudo-counts, until
nothing moves. A pair whose two sides have nothing to do with each other hardly counts. Units: nats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.sound.alignment import ADDED, LOST
from bot.sound.channel import CHANCE, PRIOR, Channel, Counted, Counts
from bot.sound.heard import SAME, Heard
from bot.sound.numbers import NUMERALS
from bot.sound.syllables import FINALS, readings

#: what a name must tell before it is believed that it was said, where nobody wrote down that it was
DOUBT = 4.0
_ROUNDS = 25
#: expected counts that change less than this have settled
_SETTLED = 0.02
_NUMERALS = "零一二三四五六七八九"


class Pair(NamedTuple):
    """`heard` was written where `meant` was said. `doubt`: nats that speak against its having been said at all."""

    heard: str
    meant: str
    doubt: float = 0.0


@dataclass(frozen=True)
class Estimate:
    """The expected counts, the channel that they make of the prior, and what the pairs told in each round (nats)."""

    counts: Counts
    channel: Channel
    rounds: tuple[float, ...]


def estimate(pairs: Sequence[Pair], start: Channel, weight: float = PRIOR) -> Estimate:
    """The counts of these pairs, with `start` as the prior (`weight` pseudo-counts a sound)."""
    told: list[float] = []
    compared = [one for one in (_Compared.of(pair) for pair in pairs) if one is not None]
    counts, channel = Counts.none(), start
    for _ in range(_ROUNDS if compared else 0):
        found, total = Counts.none(), 0.0
        for one in compared:
            total += one.count(channel, found)
        told.append(total)
        moved = max(np.abs(found.initials - counts.initials).max(), np.abs(found.finals - counts.finals).max())
        counts, channel = found, start.learned(found, weight)
        if moved < _SETTLED:
            break
    return Estimate(counts, channel, tuple(told))


def evidence(pairs: Sequence[Pair], channel: Channel) -> float:
    """What these pairs tell under a channel, summed over all their alignments (nats)."""
    found = (_Compared.of(pair) for pair in pairs)
    return sum(one.count(channel, Counts.none()) for one in found if one is not None)


@dataclass(frozen=True)
class _Compared:
    """A pair, ready: `fixed` (meant, heard) gain of what is the same for another reason than its sound, −inf elsewhere;
    `syllables` (p, 2) meant and heard syllable of every pairing of readings; `cell` (p, 2) at which meant and heard
    symbol it stands; `share` (p,) its part of what the two symbols tell."""

    fixed: Counted
    syllables: NDArray[np.intp]
    cell: NDArray[np.intp]
    share: NDArray[np.float64]
    doubt: float

    @classmethod
    def of(cls, pair: Pair) -> _Compared | None:
        """None where one side has no sound."""
        heard, meant = Heard(pair.heard), Heard(pair.meant)
        fixed = np.full((meant.n, heard.n), -np.inf)
        rows: list[tuple[int, int, int, int, float]] = []
        for i, said in enumerate(meant.symbols):
            own = _sounds(said)
            for j, symbol in enumerate(heard.symbols):
                if (said == symbol and not own) or (
                    said != symbol and _value(said) is not None and _value(said) == _value(symbol)
                ):
                    fixed[i, j] = CHANCE
                # A digit that was written tells a number, no sound.
                others = () if symbol.isdigit() else _sounds(symbol)
                share = SAME * (said == symbol) - np.log(len(own) * len(others) or 1)
                rows += [(one, other, i, j, share) for one in own for other in others]
        if not rows:
            return None
        table = np.array([row[:4] for row in rows], np.intp)
        shares = np.array([row[4] for row in rows])
        return cls(fixed, table[:, :2], table[:, 2:], shares, pair.doubt)

    def count(self, channel: Channel, counts: Counts) -> float:
        """Add the expected counts to `counts`; → what the pair tells (nats, at least 0: it may tell nothing)."""
        pairing = channel.gain[self.syllables[:, 0], self.syllables[:, 1]] + self.share
        emissions = self.fixed.copy()
        i, j = self.cell.T
        np.logaddexp.at(emissions, (i, j), pairing)
        matched, total = _matched(emissions)
        total -= self.doubt
        believed = np.exp(total - np.logaddexp(total, 0.0))
        expected = believed * matched[i, j] * np.exp(pairing - emissions[i, j])
        (meant_initial, meant_final), (heard_initial, heard_final) = (
            np.divmod(self.syllables[:, side], len(FINALS)) for side in (0, 1)
        )
        np.add.at(counts.initials, (meant_initial, heard_initial), expected)
        np.add.at(counts.finals, (meant_final, heard_final), expected)
        return float(np.logaddexp(total, 0.0))


def _value(symbol: str) -> int | None:
    return int(symbol) if symbol.isdigit() else NUMERALS.get(symbol)


def _sounds(symbol: str) -> tuple[int, ...]:
    return readings(_NUMERALS[int(symbol)] if symbol.isdigit() else symbol)


def _matched(emissions: Counted) -> tuple[Counted, float]:
    """(meant, heard) probability that each stands for each, over all alignments; and log of their sum. What lies before
    and behind the meant string costs nothing, as in bot/sound/alignment.py."""
    length, n = emissions.shape
    skipped = np.arange(n + 1) * ADDED
    into = np.zeros((length, n + 1))  # before each character, with what was added there
    reached = np.zeros(n + 1)
    for step in range(length):
        if step:
            reached = np.logaddexp.accumulate(reached + skipped) - skipped
        into[step] = reached
        heard = into[step][:-1] + emissions[step]
        reached = into[step] - LOST
        reached[1:] = np.logaddexp(reached[1:], heard)
    total = float(np.logaddexp.reduce(reached))
    matched = np.zeros((length, n))
    left = np.zeros(n + 1)  # behind each character
    for step in reversed(range(length)):
        matched[step] = np.exp(into[step][:-1] + emissions[step] + left[1:] - total)
        before = left - LOST
        before[:-1] = np.logaddexp(before[:-1], emissions[step] + left[1:])
        left = np.logaddexp.accumulate((before - skipped)[::-1])[::-1] + skipped if step else before
    return matched, total
