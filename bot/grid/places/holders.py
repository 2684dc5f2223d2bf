"""Householders' names as evidence: which of the households that are left has the name that was said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bot.grid.county import County
from bot.grid.places.belief import Belief
from bot.grid.places.compared import TEMPERATURE
from bot.grid.places.tree import Ids, Places
from bot.grid.places.words import grammar
from bot.sound.alignment import Strings, best
from bot.sound.channel import CHANCE, Channel
from bot.sound.heard import Heard
from bot.sound.numbers import plain

#: share of what a name tells when it is heard well, for its houses to be certain
CLEAR = 0.4
#: households whose names are compared
_COMPARED = 400
#: share of a name's gain below which the name is another's
_ANOTHER = 0.5
#: a name said with the community alone must fit so well (share of its full gain)
_ALONE = 0.8


def spoken(text: str) -> str:
    """The householder's name, or the surname alone, that a sentence gives; "" when it gives none."""
    words = grammar()
    text = plain(text)
    if found := words.holder.search(text):
        return words.holder_tail.sub("", found["name"])
    if found := words.surname.search(text):
        return found["surname"][:1]
    return ""


class Holders:
    """The names of a county's householders."""

    def __init__(self, county: County) -> None:
        self._county = county
        #: the names of a community's householders, as far as they were asked for; gone with the county
        self._of: dict[str, tuple[dict[str, list[int]], list[str], Strings]] = {}

    def weigh(
        self, belief: Belief, name: str, community: str | None, places: Places, channel: Channel
    ) -> tuple[Belief, bool]:
        """The belief with the name that was said, and whether it is another's than the likeliest household's."""
        heard = Heard(name)
        if not heard.n:
            return belief, False
        if belief.named < 0.5 or (community and len(name) > 1 and not self._street(belief)):
            alone = self._alone(heard, community, places, channel, len(name))
            if alone is not None:
                return alone, False
        if not len(belief.weights) or belief.named < 0.5:
            return belief, False
        order = np.argsort(-belief.weights)[:_COMPARED]
        names = [plain(self._county.holders[row]) for row in belief.rows[order].tolist()]
        asked = [one[:1] if len(name) == 1 else one for one in names]
        kinds = list(dict.fromkeys(asked))
        number = {one: at for at, one in enumerate(kinds)}
        gains = best(heard, Strings(kinds), channel) - np.abs(np.array([len(one) for one in kinds]) - heard.n).astype(
            np.float32
        )
        told = np.maximum(gains[[number[one] for one in asked]], 0.0) / TEMPERATURE
        # Of a house that the registry does not have, and of one too unlikely to be compared, the name tells nothing.
        weights = belief.weights * np.exp(-told.max())
        weights[order] = belief.weights[order] * np.exp(told - told.max())
        unknown = {at: weight * float(np.exp(-told.max())) for at, weight in belief.unknown.items()}
        communities = {at: weight * float(np.exp(-told.max())) for at, weight in belief.communities.items()}
        scale = belief.named / max(float(weights.sum()) + sum(unknown.values()) + sum(communities.values()), 1e-300)
        weights *= scale
        unknown = {at: weight * scale for at, weight in unknown.items()}
        communities = {at: weight * scale for at, weight in communities.items()}
        top = int(weights.argmax())
        holder = plain(self._county.holders[int(belief.rows[top])])
        said = holder[:1] if len(name) == 1 else holder
        gain = float(gains[number[said]]) if said in number else 0.0
        return replace(
            belief, weights=weights, unknown=unknown, communities=communities
        ), gain < _ANOTHER * CHANCE * len(said)

    def _street(self, belief: Belief) -> bool:
        """Whether a street was heard well, and not the community alone."""
        return (
            bool(len(belief.weights))
            and belief.heard.get(int(belief.places[int(belief.weights.argmax())]), 0.0) >= CLEAR
        )

    def _alone(
        self, heard: Heard, community: str | None, places: Places, channel: Channel, length: int
    ) -> Belief | None:
        """The households of this name in the community that was said, where no street was."""
        if length < 2 or community not in places.communities:
            return None
        if community not in self._of:
            self._of[community] = self._names_in(places.rows_in[places.communities.index(community)])
        rows, names, strings = self._of[community]
        gains = best(heard, strings, channel)
        full = CHANCE * np.array([len(one) for one in names])
        fits = np.flatnonzero((gains >= _ALONE * full) & (np.abs(np.array([len(one) for one in names]) - length) < 2))
        found = [row for at in fits for row in rows[names[at]]]
        if not found:
            return None
        told = np.repeat(gains[fits], [len(rows[names[at]]) for at in fits]) / TEMPERATURE
        weights = np.exp(told - told.max())
        rows_found = np.array(found, np.int32)
        of = places.place_of[rows_found]
        return Belief(rows_found, weights / weights.sum() * 0.999, of, heard={int(at): 1.0 for at in of}, nowhere=0.001)

    def _names_in(self, community: Ids) -> tuple[dict[str, list[int]], list[str], Strings]:
        rows: dict[str, list[int]] = {}
        for row in community.tolist():
            rows.setdefault(plain(self._county.holders[row]), []).append(row)
        names = list(rows)
        return rows, names, Strings(names)
