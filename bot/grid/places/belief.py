"""The belief about where a caller is: a posterior over households, over houses that the registry does not have, and over
"no place at all", from what was heard and who calls."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from bot.grid.places.compared import TEMPERATURE, Sentence
from bot.grid.places.decode import KNOWN, Decoder, Found
from bot.grid.places.sentence import Reading
from bot.grid.places.tree import Ids
from bot.sound.alignment import where
from bot.sound.channel import Channel
from bot.sound.heard import Heard

#: that a house is not in the registry: of a place whose numbers are all there, and of one where nearly all are missing
UNKNOWN, UNKNOWN_SPARSE = 0.03, 0.5
#: before anything was heard: that no place of the county is named
NOWHERE = 0.3
#: an ordinary sentence sounds like some house or other, the more houses there are: what a place must tell (nats)
ORDINARY = 9.0
#: that who calls from a known number means the own home; the rest lies half on its own street, half anywhere
OWN_HOME = 0.3
#: that the grid of the dialled number is meant
DIALLED = 0.5
#: share of the first reading of a recogniser against each later one
LATER = 0.45
#: readings that must agree
_LEADING = 2
#: what is worth when a place outside the county is told as an address, and when it is only named (nats)
OUTSIDE_SURE, OUTSIDE = 30.0, 8.0
#: the number stood before the name (nats)
TURNED = 1.0

Weights = NDArray[np.float64]


@dataclass
class Belief:
    """`rows` (k,) households that were looked at and `weights` (k,) their probabilities; `unknown` the probability of a
    house that the registry does not have, by place (number in `Places.places`); `communities` that of a community of
    which no place was named (number in `Places.communities`); `nowhere` and `outside` the rest. All together 1. `named`:
    the probability that some place of the county was named."""

    rows: NDArray[np.int32]
    weights: Weights
    places: NDArray[np.int32]
    unknown: dict[int, float] = field(default_factory=dict)
    communities: dict[int, float] = field(default_factory=dict)
    #: how well the name of each place was heard: the share of the most that it could tell
    heard: Mapping[int, float] = field(default_factory=dict)
    nowhere: float = 1.0
    outside: float = 0.0

    @property
    def named(self) -> float:
        return float(self.weights.sum()) + sum(self.unknown.values()) + sum(self.communities.values())


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
    """The posterior over readings with their weights: what each of them says, as far as it names a place at all. Of a
    recogniser's alternatives the first two that name one count; the later are too often nonsense. `size`: households."""
    mixed: list[tuple[float, Belief]] = []
    weights: set[float] = set()
    for reading, weight in spoken:
        if weight not in weights and len(weights) == _LEADING:
            break
        one = _believed(decoder, reading, channel, size, evidence)
        mixed.append((weight * reading.weight, one))
        if one.named + one.outside >= 0.5:
            weights.add(weight)
    clear = [(weight, one) for weight, one in mixed if one.named + one.outside >= 0.5] or mixed
    telling = [(weight * (one.named + one.outside), one) for weight, one in clear]
    total = sum(weight for weight, _ in telling)
    if total <= 0:
        return nothing()
    nowhere = float(np.prod([one.nowhere for _, one in mixed]))
    return _mixed([(weight / total, one) for weight, one in telling], nowhere)


def _mixed(shares: list[tuple[float, Belief]], nowhere: float) -> Belief:
    """Several beliefs as one; `nowhere` is the probability that none of them is about a place."""
    shares = [
        (share * (1 - nowhere) / max(one.named + one.outside, 1e-12), one) for share, one in shares if share > 1e-9
    ]
    if len(shares) == 1:
        [(share, one)] = shares
        return replace(
            one,
            weights=one.weights * share,
            unknown=_together([(share, one.unknown)]),
            communities=_together([(share, one.communities)]),
            nowhere=nowhere,
            outside=one.outside * share,
        )
    rows = np.concatenate([one.rows for _, one in shares])
    weights = np.concatenate([one.weights * share for share, one in shares])
    places = np.concatenate([one.places for _, one in shares])
    together, first, back = np.unique(rows, return_index=True, return_inverse=True)
    return Belief(
        together,
        np.bincount(back, weights, len(together)).astype(float),
        places[first],
        _together([(share, one.unknown) for share, one in shares]),
        _together([(share, one.communities) for share, one in shares]),
        {at: share for _, one in shares for at, share in one.heard.items()},
        nowhere,
        sum(one.outside * share for share, one in shares),
    )


def _together(shares: list[tuple[float, dict[int, float]]]) -> dict[int, float]:
    found: dict[int, float] = {}
    for share, weights in shares:
        for at, weight in weights.items():
            found[at] = found.get(at, 0.0) + weight * share
    return found


def _believed(decoder: Decoder, reading: Reading, channel: Channel, size: int, evidence: Evidence) -> Belief:
    """The posterior of one reading."""
    nowhere, outside = float(np.log(NOWHERE)) + ORDINARY, -np.inf
    if reading.outside:
        outside = nowhere + (OUTSIDE_SURE if reading.outside_sure else OUTSIDE) / TEMPERATURE
    rows: list[NDArray[np.int32]] = []
    places: list[NDArray[np.int32]] = []
    logs: list[Weights] = []
    unknown: dict[int, float] = {}
    heard: dict[int, float] = {}
    sentence = Sentence(Heard(reading.text), channel)
    named = decoder.communities(sentence)
    decoded = _decoded(decoder, sentence, named)
    numbered: dict[str, float] = {}
    for found in decoded:  # the same street may go on in the next community
        numerals = found.number > found.name  # some were heard as such
        best = float(found.scores.max()) - found.number if numerals else -np.inf
        numbered[found.place.name] = max(numbered.get(found.place.name, -np.inf), best)
    for found in decoded:
        at = found.place.number
        heard[at] = found.name / found.most
        prior = _prior(found.place.rows, size, evidence)
        rows.append(found.place.rows)
        places.append(np.full(len(found.place.rows), at, np.int32))
        logs.append(found.scores / TEMPERATURE + prior)
        # A number that the registry has is no unknown one.
        house = found.unknown - (KNOWN if numbered[found.place.name] >= -1.0 else 0.0)
        unknown[at] = max(house, found.bare) / TEMPERATURE + float(np.logaddexp.reduce(prior)) + _unknown(found)
    if not rows:
        belief = nothing()
        if reading.outside:
            belief.outside, belief.nowhere = 1.0, 0.0
        return belief
    communities = {
        at: gain / TEMPERATURE + float(np.logaddexp.reduce(_prior(decoder.places.rows_in[at], size, evidence)))
        for at, gain in named
    }
    every = np.logaddexp.reduce(np.concatenate(logs))
    total = np.logaddexp.reduce([every, *unknown.values(), *communities.values(), nowhere, outside])
    return Belief(
        np.concatenate(rows),
        np.exp(np.concatenate(logs) - total),
        np.concatenate(places),
        {at: float(np.exp(log - total)) for at, log in unknown.items()},
        {at: float(np.exp(log - total)) for at, log in communities.items()},
        heard,
        float(np.exp(nowhere - total)),
        float(np.exp(outside - total)),
    )


def _unknown(found: Found) -> float:
    return float(np.log(UNKNOWN_SPARSE + (UNKNOWN - UNKNOWN_SPARSE) * found.place.filled))


def _decoded(decoder: Decoder, sentence: Sentence, named: list[tuple[int, float]]) -> list[Found]:
    """The places of a sentence; where a number stands before the name (六栋凤凰城) or the community behind it, also with
    the two turned round. `named`: the communities that were named."""
    found = decoder.decode(sentence)
    best = {one.place.number: one for one in found}
    community = decoder.places.communities[named[0][0]] if named else ""
    for turned in (_number_behind(sentence, found), _community_before(sentence, found, community)):
        if not turned:
            continue
        for one in decoder.decode(Sentence(Heard(turned), sentence.channel)):
            scores, unknown = one.scores - np.float32(TURNED), one.unknown - TURNED
            known = best.get(one.place.number)
            if known is not None:
                scores, unknown = np.maximum(known.scores, scores), max(known.unknown, unknown)
            best[one.place.number] = replace(one, scores=scores, unknown=unknown)
    return list(best.values())


def _name(found: list[Found]) -> str:
    """The name that was heard best; "" for a community itself."""
    return max(found, key=lambda one: one.name).place.name if found else ""


def _number_behind(sentence: Sentence, found: list[Found]) -> str:
    """The text with the numbers that stand before the name put behind it; "" when none do."""
    heard, name = sentence.heard, _name(found)
    if not name or not heard.numeral.any():
        return ""
    spot = where(heard, name, sentence.channel)
    if spot.start == 0 or not heard.numeral[: spot.start].any() or heard.numeral[spot.end :].any():
        return ""
    cut = int(heard.at[spot.start])
    return heard.text[cut:] + "," + heard.text[:cut]


def _community_before(sentence: Sentence, found: list[Found], community: str) -> str:
    """The text with the community that stands behind the name put before it; "" when it stands there."""
    heard, name = sentence.heard, _name(found)
    if not name or not community:
        return ""
    spot = where(heard, community, sentence.channel)
    if spot.end == spot.start or where(heard, name, sentence.channel).end > spot.start:
        return ""
    begin, end = int(heard.at[spot.start]), int(heard.at[spot.end - 1]) + 1
    return heard.text[begin:end] + "," + heard.text[:begin] + "," + heard.text[end:]


def _prior(rows: Ids, size: int, evidence: Evidence) -> Weights:
    """(rows,) log-probability of each household before anything was heard."""
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
