"""What a site's ear makes of its residents' speech, counted out of corrections: what was heard beside what was meant.

Expectation-maximisation. Every alignment of a pair counts with its probability (forward-backward), every reading of a
character with its own; the channel is re-estimated from the expected counts with the prior as pseudo-counts, until
nothing moves. Another word in the place of the one that was meant, and a pair whose sides have nothing to do with each
other, hardly count. Units: nats."""

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
from bot.sound.syllables import COUNT, FINALS, readings

#: what a name must tell before it is believed that it was said, where nobody wrote down that it was
DOUBT = 4.0
#: a symbol that stands in the place of a meant one and is another word (nats)
_ANOTHER = -2.5
#: so often at most two characters count as one another whose sounds tell less than this (nats) for one another: a sound
#: that is merged shows in many characters, another word in the same ones again and again
_OF_ONE_KIND, _FORESEEN = 2.0, 1.5
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
    compared = _compared(pairs)
    told: list[float] = []
    counts, channel = Counts.none(), start
    if not compared:
        return Estimate(counts, start, ())
    syllables = np.concatenate([one.syllables for one in compared])
    kinds = np.unique(np.concatenate([one.kinds for one in compared]), axis=0, return_inverse=True)[1].ravel()
    nearest = np.full(kinds.max() + 1, -np.inf)
    np.maximum.at(nearest, kinds, start.gain[syllables[:, 0], syllables[:, 1]])
    foreseen = nearest[kinds] >= _FORESEEN
    for _ in range(_ROUNDS):
        expected = [one.expected(channel) for one in compared]
        told.append(sum(total for _, total in expected))
        share = np.concatenate([each for each, _ in expected])
        often = np.bincount(kinds, share)[kinds]
        share *= np.where(foreseen, 1.0, np.minimum(1.0, _OF_ONE_KIND / np.maximum(often, 1e-9)))
        found = _counts(syllables, share)
        moved = max(np.abs(found.initials - counts.initials).max(), np.abs(found.finals - counts.finals).max())
        counts, channel = found, start.learned(found, weight, share=1.0)
        if moved < _SETTLED:
            break
    return Estimate(counts, start.learned(counts, weight), tuple(told))


def evidence(pairs: Sequence[Pair], channel: Channel) -> float:
    """What these pairs tell under a channel, summed over all their alignments (nats)."""
    return sum(one.expected(channel)[1] for one in _compared(pairs))


def _compared(pairs: Sequence[Pair]) -> list[_Compared]:
    return [one for one in map(_Compared.of, pairs) if one is not None]


def _counts(syllables: NDArray[np.intp], share: Counted) -> Counts:
    counts = Counts.none()
    both = np.bincount(syllables[:, 0] * COUNT + syllables[:, 1], share, COUNT * COUNT)
    for pair in np.flatnonzero(both):
        (meant_initial, meant_final), (heard_initial, heard_final) = (
            divmod(one, len(FINALS)) for one in divmod(int(pair), COUNT)
        )
        counts.initials[meant_initial, heard_initial] += both[pair]
        counts.finals[meant_final, heard_final] += both[pair]
    return counts


@dataclass(frozen=True)
class _Compared:
    """A pair, ready: `fixed` (meant, heard) gain of what stands for another reason than its sound; `syllables` (p, 2)
    meant and heard syllable of every pairing of readings; `cell` (p, 2) at which meant and heard symbol it stands, and
    `kinds` (p, 2) which characters these are; `part` (p,) what it is of all that the two symbols tell."""

    fixed: Counted
    syllables: NDArray[np.intp]
    cell: NDArray[np.intp]
    kinds: NDArray[np.intp]
    part: Counted
    doubt: float

    @classmethod
    def of(cls, pair: Pair) -> _Compared | None:
        """None where one side has no sound."""
        heard, meant = Heard(pair.heard), Heard(pair.meant)
        fixed = np.full((meant.n, heard.n), _ANOTHER)
        rows: list[tuple[int, ...]] = []
        parts: list[float] = []
        for i, said in enumerate(meant.symbols):
            own = _sounds(said)
            for j, symbol in enumerate(heard.symbols):
                if _same_for_sure(said, symbol, bool(own)):
                    fixed[i, j] = CHANCE
                # A digit that was written tells a number, no sound.
                others = () if symbol.isdigit() else _sounds(symbol)
                rows += [(one, other, i, j, ord(said), ord(symbol)) for one in own for other in others]
                part = SAME * (said == symbol) - np.log(len(own) * len(others) or 1)
                parts += [part] * (len(own) * len(others))
        if not rows:
            return None
        table = np.array(rows, np.intp)
        return cls(fixed, table[:, :2], table[:, 2:4], table[:, 4:], np.array(parts), pair.doubt)

    def expected(self, channel: Channel) -> tuple[Counted, float]:
        """How often each pairing is expected to stand for the other (p,), and what the pair tells (nats, at least 0:
        it may tell nothing)."""
        pairing = channel.gain[self.syllables[:, 0], self.syllables[:, 1]] + self.part
        emissions = self.fixed.copy()
        i, j = self.cell.T
        np.logaddexp.at(emissions, (i, j), pairing)
        matched, total = _matched(emissions)
        total -= self.doubt
        told = float(np.logaddexp(total, 0.0))
        return np.exp(total - told) * matched[i, j] * np.exp(pairing - emissions[i, j]), told


def _same_for_sure(said: str, symbol: str, sounds: bool) -> bool:
    if said == symbol:
        return not sounds
    return _value(said) is not None and _value(said) == _value(symbol)


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
