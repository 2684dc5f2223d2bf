"""The belief about where a caller is: a posterior over households, over houses that the registry does not have, and over
"no place at all", from what was heard and who calls."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bot.grid.places.decode import TEMPERATURE, Decoder, Found
from bot.grid.places.sentence import Reading
from bot.sound.channel import Channel
from bot.sound.heard import Heard

#: that a house of a street is not in the registry
UNKNOWN = 0.003
#: before anything was heard: that no place of the county is named
NOWHERE = 0.3
#: that who calls from a known number means the own home; the rest lies half on its own street, half anywhere
OWN_HOME = 0.3
#: that the grid of the dialled number is meant
DIALLED = 0.5
#: share of the first reading of a recogniser against each later one
LATER = 0.45
#: what is worth when a place outside the county is told as an address, and when it is only named (nats)
OUTSIDE_SURE, OUTSIDE = 30.0, 8.0
#: the number stood before the name (nats)
TURNED = 1.0

Weights = NDArray[np.float64]


@dataclass
class Belief:
    """`rows` (k,) households that were looked at and `weights` (k,) their probabilities; `unknown` the probability of a
    house that the registry does not have, by place (number in `Places.places`); `nowhere` and `outside` the rest. All
    together 1. `named`: the probability that some place of the county was named."""

    rows: NDArray[np.int32]
    weights: Weights
    places: NDArray[np.int32]
    unknown: dict[int, float] = field(default_factory=dict)
    nowhere: float = 1.0
    outside: float = 0.0

    @property
    def named(self) -> float:
        return float(self.weights.sum()) + sum(self.unknown.values())


@dataclass(frozen=True)
class Evidence:
    """What is known beside the words: households of the caller, the dialled grid, a community and householders' scores."""

    own: Collection[int] = ()
    grid: NDArray[np.bool_] | None = None
    community: NDArray[np.bool_] | None = None


def nothing() -> Belief:
    """Nothing was said about a place."""
    empty = np.zeros(0, np.int32)
    return Belief(empty, np.zeros(0), empty)


def believe(
    decoder: Decoder,
    spoken: Sequence[tuple[Reading, float]],
    channel: Channel,
    size: int,
    evidence: Evidence,
) -> Belief:
    """The posterior of everything that may be meant, over readings and their weights. `size`: households of the county."""
    index = {id(place): at for at, place in enumerate(decoder.places.places)}
    logs: dict[int, tuple[NDArray[np.int32], Weights]] = {}
    unknown: dict[int, float] = {}
    nowhere, outside = -np.inf, -np.inf
    for reading, weight in spoken:
        share = float(np.log(weight * reading.weight))
        nowhere = np.logaddexp(nowhere, share + np.log(NOWHERE))
        if reading.outside:
            worth = OUTSIDE_SURE if reading.outside_sure else OUTSIDE
            outside = np.logaddexp(outside, share + worth / TEMPERATURE + np.log(NOWHERE))
        for found in _decoded(decoder, reading.text, channel):
            at = index[id(found.place)]
            prior = _prior(found, size, evidence)
            new = share + found.scores / TEMPERATURE + prior
            house = share + found.unknown / TEMPERATURE + float(np.logaddexp.reduce(prior)) + float(np.log(UNKNOWN))
            if at in logs:
                logs[at] = found.place.rows, np.logaddexp(logs[at][1], new)
                unknown[at] = float(np.logaddexp(unknown[at], house))
            else:
                logs[at], unknown[at] = (found.place.rows, new), house
    if not logs:
        belief = nothing()
        if outside > -np.inf:
            belief.outside, belief.nowhere = 1.0, 0.0
        return belief
    every = np.concatenate([log for _, log in logs.values()])
    total = np.logaddexp.reduce([np.logaddexp.reduce(every), *unknown.values(), nowhere, outside])
    return Belief(
        rows=np.concatenate([rows for rows, _ in logs.values()]),
        weights=np.exp(every - total),
        places=np.concatenate([np.full(len(rows), at, np.int32) for at, (rows, _) in logs.items()]),
        unknown={at: float(np.exp(log - total)) for at, log in unknown.items()},
        nowhere=float(np.exp(nowhere - total)),
        outside=float(np.exp(outside - total)),
    )


def _decoded(decoder: Decoder, text: str, channel: Channel) -> list[Found]:
    """The places of a text; where a number stands before the name (六栋凤凰城), also with the two turned round."""
    heard = Heard(text)
    found = decoder.decode(heard, channel)
    turned = _turned(heard, found, channel)
    if turned is None:
        return found
    best = {id(one.place): one for one in found}
    for one in decoder.decode(Heard(turned), channel):
        scores, unknown = one.scores - np.float32(TURNED), one.unknown - TURNED
        known = best.get(id(one.place))
        if known is not None:
            scores, unknown = np.maximum(known.scores, scores), max(known.unknown, unknown)
        best[id(one.place)] = Found(one.place, scores, unknown, one.name)
    return list(best.values())


def _turned(heard: Heard, found: list[Found], channel: Channel) -> str | None:
    from bot.sound.alignment import where

    if not found or not heard.numeral.any():
        return None
    top = max(found, key=lambda one: one.name)
    if not top.place.name:
        return None
    spot = where(heard, top.place.name, channel)
    if spot.start == 0 or not heard.numeral[: spot.start].any() or heard.numeral[spot.end :].any():
        return None
    cut = int(heard.at[spot.start])
    return heard.text[cut:] + "," + heard.text[:cut]


def _prior(found: Found, size: int, evidence: Evidence) -> Weights:
    """(rows,) log-probability of each household before anything was heard."""
    rows = found.place.rows
    prior = np.full(len(rows), (1 - NOWHERE) / max(size, 1))
    if evidence.grid is not None:
        inside = evidence.grid[rows]
        share = max(float(evidence.grid.mean()), 1e-6)
        prior = prior * (1 - DIALLED) + inside * prior * DIALLED / share
    if evidence.own:
        own = np.isin(rows, np.fromiter(evidence.own, np.int32))
        street = own.any()
        spread = (1 - OWN_HOME) * (0.5 * prior + (0.5 * (1 - NOWHERE) / len(rows) if street else 0.0))
        prior = spread + own * OWN_HOME * (1 - NOWHERE) / len(evidence.own)
    if evidence.community is not None:
        inside = evidence.community[rows]
        prior = prior * np.where(inside, 1.0, 0.002)
    return np.log(prior)
