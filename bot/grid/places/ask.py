"""What to ask: the part of the address whose answer removes most of what is uncertain, never a part below an open one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np

from bot.grid.places.belief import Belief
from bot.grid.places.tree import Places
from bot.grid.places.words import grammar

#: a part is settled when this much of the belief agrees on it
SETTLED = 0.95
#: households that are looked at
_LOOKED_AT = 600
#: how a part of an address is asked for
ASKED = {"group": "group", "building": "building", "unit": "unit", "room": "room", "number": "number", "sub": "number"}


@dataclass(frozen=True)
class Spot:
    """One household of the belief: its place (number in `Places.places`), its parts, its weight."""

    row: int
    place: int
    path: tuple[int, ...]
    weight: float


def spots(belief: Belief, places: Places, most: int = _LOOKED_AT) -> list[Spot]:
    """The likeliest households, best first."""
    weights = belief.weights
    if not len(weights):
        return []
    order = np.argpartition(-weights, most - 1)[:most] if len(weights) > most else np.arange(len(weights))
    order = order[np.lexsort((belief.rows[order], -weights[order]))]
    found = []
    for at in order.tolist():
        row = int(belief.rows[at])
        place = int(places.place_of[row])
        path = places.places[place].path(int(places.position[row]))
        found.append(Spot(row, place, path, float(weights[at])))
    return found


def _entropy(weights: Iterable[float]) -> float:
    mass = np.array([one for one in weights if one > 0])
    mass = mass / mass.sum()
    return float(-(mass * np.log(mass)).sum())


def what_to_ask(belief: Belief, places: Places) -> str | None:
    """community, street, group, building, unit, number, room or householder; None when no place was named."""
    if belief.named < 0.5:
        return None
    by_place: dict[int, float] = defaultdict(float)
    for at in dict.fromkeys(belief.places.tolist()):
        by_place[at] += float(belief.weights[belief.places == at].sum()) + belief.unknown.get(at, 0.0)
    if (part := _community_alone(belief, by_place, places)) is not None:
        return part
    if (part := _place_part(by_place, places)) is not None:
        return part
    top = max(by_place, key=lambda at: by_place[at])
    place = places.places[top]
    weights = np.zeros(len(place.rows))
    block = belief.places == top
    weights[places.position[belief.rows[block]]] = belief.weights[block]
    known = float(weights.sum())
    settled = np.ones(len(weights), bool)
    for depth, level in enumerate(place.levels):
        inside = [
            (float(weights[low:high][settled[low:high]].sum()), int(part), int(low), int(high))
            for part, low, high in zip(level.part, level.low, level.high, strict=True)
        ]
        best = max(inside, default=(0.0, 0, 0, 0))
        # Of a house that the registry does not have nothing but its number is open.
        last = depth + 1 == len(place.levels)
        total = known + (belief.unknown.get(top, 0.0) if last else 0.0)
        ended = float(weights[settled].sum()) - sum(one[0] for one in inside)
        if depth and ended > SETTLED * total:
            break
        if best[0] < SETTLED * total:
            return ASKED[places.parts[best[1]].kind]
        settled &= (np.arange(len(weights)) >= best[2]) & (np.arange(len(weights)) < best[3])
    return "householder"


def _community_alone(belief: Belief, by_place: dict[int, float], places: Places) -> str | None:
    """community, street or group where the likeliest is that a community was named and nothing in it."""
    if sum(belief.communities.values()) <= max(by_place.values(), default=0.0):
        return None
    of: dict[int, float] = defaultdict(float, belief.communities)
    for at, weight in by_place.items():
        of[places.places[at].community] += weight
    top = max(of, key=lambda at: of[at])
    if of[top] < SETTLED * sum(of.values()):
        return "community"
    return "group" if grammar().village.search(places.communities[top]) else "street"


def _place_part(by_place: dict[int, float], places: Places) -> str | None:
    """community or street where several places are open; the one whose answer tells more."""
    total = sum(by_place.values())
    if max(by_place.values()) >= SETTLED * total:
        return None
    gains: dict[str, float] = {}
    before = _entropy(by_place.values())
    for part in ("community", "street"):
        groups: dict[Hashable, list[float]] = defaultdict(list)
        for at, weight in by_place.items():
            one = places.places[at]
            groups[one.community if part == "community" else one.name].append(weight)
        after = sum(sum(group) / total * _entropy(group) for group in groups.values() if sum(group) > 0)
        gains[part] = before - after
    return max(gains, key=lambda part: gains[part])
