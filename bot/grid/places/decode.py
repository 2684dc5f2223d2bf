"""What was heard against every address of a county: log-likelihood ratios, in nats against chance.

community? name number-parts, each optional, fillers free. Names first, for all places at once; numbers once for all
places, backwards; then level by level for the best places only (CHANNEL.md's count: about 10 ms for 57,600)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.grid.places.compared import Sentence
from bot.grid.places.said import Trie, Ways, sayings, ways_of
from bot.grid.places.tree import Ids, Place, Places
from bot.grid.places.words import core, grammar
from bot.sound.alignment import NEVER, forward, free
from bot.sound.channel import CHANCE, Matrix

#: a number was said from so much on, and what a house is worth less whose number it is not (nats)
SAID, OTHER_NUMBER = 10.0, 8.0
#: a part of an address that was not said, and 附1 behind a number that is a house itself (nats)
UNSAID, UNSAID_SUB = 2.0, 7.0
#: that somebody says another community than the registry has
OTHER_COMMUNITY = 10.0
#: what a community must tell, each character of its own name (nats)
NAMED_COMMUNITY = 5.0
#: what a name must tell at least, each of its characters (nats)
NAMED = 1.2
#: another number than the registry's would have been heard as it
KNOWN = 8.0
#: places that are looked at number by number, and how far behind the best name (nats)
PLACES, BEHIND = 10, 12.0
#: numbers of one level that are followed further
FOLLOWED = 24

Scores = NDArray[np.float32]


@dataclass(frozen=True)
class Found:
    """One place: `scores` (rows,) of its households; `unknown` of a house there with a number that the registry does not
    have, `number` the same were it worth as much as one that was expected, `bare` of one whose number was not said; `name`
    what the name alone tells, beside the most that it could."""

    place: Place
    scores: Scores
    unknown: float
    number: float
    bare: float
    name: float
    most: float


@dataclass
class _Node:
    """A node that is followed: its row in the level (−1 the place itself), the alignment behind it, what unsaid parts cost."""

    node: int
    row: int
    off: float


class Decoder:
    """Scores over one county's places; built once, read by many threads."""

    def __init__(self, places: Places) -> None:
        self.places = places
        #: of the parts that others may follow, as far as they were needed
        self._ways: dict[int, Ways] = {}

    def decode(self, one: Sentence) -> list[Found]:
        """The best places, each with the scores of all its households; [] when nothing was heard."""
        if not one.heard.n or not self.places.places:
            return []
        starts = self._communities(one)
        names = one.emissions("names", self.places.names.characters)
        behind = self.places.names.backward(names, one.added, one.zero)
        start = starts[self.places.of_community]
        rough = (start + behind).max(1)
        ranked = np.argsort(-rough, kind="stable")[:PLACES].tolist()
        order = [at for at in ranked if rough[at] >= rough[ranked[0]] - BEHIND]
        after, alone = self._after_names(one, order, starts)
        return [self._place(one, at, after[row], alone[row]) for row, at in enumerate(order)]

    def communities(self, one: Sentence) -> list[tuple[int, float]]:
        """The communities that were named, whatever else was, the best first: number in `Places.communities`, and what
        is heard when none of its streets is named, but a number may be, unless its own houses have some (nats)."""
        if not one.heard.n or not self.places.communities:
            return []
        trie = self.places.community_names
        emissions = one.emissions("communities", trie.characters)
        gains = trie.backward(emissions, one.added, one.zero).max(1)
        found = []
        for at in np.argsort(-gains, kind="stable").tolist():
            name = self.places.communities[at]
            if gains[at] < NAMED_COMMUNITY * len(core(name, grammar().file.community_suffixes) or name):
                continue
            told = float(gains[at]) - UNSAID
            if not self.places.numbered[at]:
                said = _behind(one, self.places.community_ways[at], trie, emissions)
                told = max(told, float((one.skip(said) + one.unknown).max()))
            found.append((at, told))
        return found

    # -- names ------------------------------------------------------------------------------------
    def _communities(self, one: Sentence) -> Matrix:
        """(communities, n + 1): what was heard before a place's name, for the places of each community."""
        trie = self.places.community_names
        emissions = one.emissions("communities", trie.characters)
        said = np.stack([_behind(one, ways, trie, emissions) for ways in self.places.community_ways])
        said = np.maximum.accumulate(said, axis=1)
        other = said.max(0) - np.float32(OTHER_COMMUNITY)
        return np.maximum(np.maximum(said, other[None]), 0.0).astype(np.float32)

    def _after_names(self, one: Sentence, order: list[int], starts: Matrix) -> tuple[Matrix, list[float]]:
        """What was heard up to each name (places, n + 1), and what each name tells alone."""
        trie = self.places.names
        emissions = one.emissions("names", trie.characters)
        rows, names = [], []
        for at in order:
            ways, start = self.places.name_ways[at], starts[self.places.of_community[at]]
            behind = _behind(one, ways, trie, emissions, start[None])
            # A number alone names no place, however well it fits.
            alone = _behind(one, ways, trie, emissions) if start.any() else behind
            behind[alone < NAMED * ways.shortest] = NEVER
            rows.append(behind)
            names.append(float(alone.max()))
        return np.stack(rows), names

    # -- numbers ----------------------------------------------------------------------------------
    def _place(self, one: Sentence, at: int, after: Scores, name: float) -> Found:
        place = self.places.places[at]
        end = float((after + one.ending).max())
        aligned = [one.skip(after)]
        followed = [_Node(-1, 0, 0.0)]
        unknown = float((aligned[0] + one.unknown).max())
        number = float((aligned[0] + one.number).max())
        # Where a number was said behind the name, a house without it is not the one that is meant.
        unsaid = UNSAID + (OTHER_NUMBER if number - end > SAID else 0.0)
        scores = np.full(len(place.rows), end - unsaid, np.float32)
        levels = place.levels
        scores[: int(levels[0].low.min()) if levels else None] = end
        for depth, level in enumerate(levels):
            last = depth + 1 == len(levels)
            of_parent = np.full(1 if depth == 0 else len(levels[depth - 1].part), -1, np.int32)
            for spot, node in enumerate(followed):
                of_parent[max(node.node, 0)] = spot
            children = np.flatnonzero(of_parent[level.parent] >= 0)
            if not len(children):
                break
            parent = of_parent[level.parent[children]]
            rows = np.array([node.row for node in followed])[parent]
            off = np.array([node.off for node in followed], np.float32)[parent]
            inner = np.zeros(len(children), bool) if last else np.isin(children, levels[depth + 1].parent)
            gains = np.full(len(children), NEVER, np.float32)
            stack = np.stack(aligned)
            for others, chosen in ((True, inner), (False, ~inner)):
                if chosen.any():
                    values = self._values(one, level.part[children[chosen]], others)
                    gains[chosen] = (stack[rows[chosen]] + values).max(1) - off[chosen]
            self._raise(scores, level.low[children[~inner]], level.high[children[~inner]], gains[~inner])
            if last:
                break
            least = NEVER
            if self.places.parts[int(levels[depth + 1].part[0])].kind == "sub":
                # 9号附1 is not behind 7号: of houses with others behind them, those alone that were heard as well as any
                heard = (stack[rows] + self._values(one, level.part[children], True)).max(1) - off
                least = heard.max() - np.float32(BEHIND / 2)
            followed, aligned = self._follow(
                one, place, depth, children, inner & (gains >= least), gains, stack, followed, parent, scores
            )
            for node in followed:
                unknown = max(unknown, float((aligned[node.row] + one.unknown_part).max()) - node.off)
                number = max(number, float((aligned[node.row] + one.number).max()) - node.off)
        most = CHANCE * len(place.name or self.places.communities[place.community])
        return Found(place, scores, unknown, number, end - UNSAID, name, most)

    def _follow(
        self,
        one: Sentence,
        place: Place,
        depth: int,
        children: NDArray[np.intp],
        inner: NDArray[np.bool_],
        gains: Scores,
        stack: Matrix,
        followed: list[_Node],
        parent: Ids,
        scores: Scores,
    ) -> tuple[list[_Node], list[Matrix]]:
        """The nodes that are looked into further: those that were heard best, and below the parents, as if unsaid."""
        level, deeper = place.levels[depth], place.levels[depth + 1]
        spots = np.flatnonzero(inner)
        best = spots[np.argsort(-gains[spots], kind="stable")[:FOLLOWED]]
        best = best[gains[best] >= gains[best[0]] - BEHIND] if len(best) else best
        nodes: list[_Node] = []
        aligned: list[Matrix] = []
        taken = set()
        kind = self.places.parts[int(deeper.part[0])].kind
        unsaid_below = UNSAID_SUB if kind == "sub" else UNSAID
        if len(best):
            row_of = np.array([node.row for node in followed])
            before = stack[row_of[parent[best]]]
            behind = self._forward(one, level.part[children[best]], before)
            ends = (behind + one.ending).max(1)
            below = deeper.low[np.searchsorted(deeper.parent, children[best])]
            for number, spot in enumerate(best):
                off = followed[parent[spot]].off
                child = int(children[spot])
                low, high = int(level.low[child]), int(level.high[child])
                end = float(ends[number]) - off
                np.maximum(scores[low:high], end - unsaid_below, out=scores[low:high])
                first = int(below[number])
                np.maximum(scores[low:first], end, out=scores[low:first])
                # Or it was not said, and what sounded like it is the part below.
                nodes.append(_Node(child, len(aligned), off))
                aligned.append(np.maximum(one.skip(behind[number]), before[number] - np.float32(unsaid_below)))
                taken.add(child)
        top = max((float(stack[node.row].max()) - node.off for node in followed), default=0.0)
        for number, node in enumerate(followed):
            if float(stack[node.row].max()) - node.off < top - BEHIND / 2:
                continue
            row = len(aligned)
            unsaid = [int(child) for child in children[(parent == number) & inner] if int(child) not in taken]
            if unsaid:
                aligned.append(stack[node.row])
                nodes += [_Node(child, row, node.off + unsaid_below) for child in unsaid]
        return nodes, aligned

    def _values(self, one: Sentence, parts: Ids, others: bool) -> Matrix:
        """(k, n + 1) gain of each part that starts at a place; `others` may follow it."""
        kinds = self.places.kind_of[parts]
        found = np.empty((len(parts), one.heard.n + 1), np.float32)
        for kind in set(kinds.tolist()):
            chosen = kinds == kind
            found[chosen] = one.values(self.places, kind, others)[self.places.place_in_kind[parts[chosen]]]
        return found

    def _forward(self, one: Sentence, parts: Ids, before: Matrix) -> Matrix:
        """(k, n + 1): alignments behind each part, from the alignments before it."""
        found = np.full_like(before, NEVER)
        kinds = self.places.kind_of[parts]
        for kind in set(kinds.tolist()):
            spots = np.flatnonzero(kinds == kind)
            trie = self.places.values[kind][1]
            ways = [self._ways_of(int(parts[spot]), trie) for spot in spots]
            rows = np.repeat(spots, [len(one_of.costs) for one_of in ways])
            strings = np.concatenate([one_of.rows for one_of in ways])
            emissions = one.emissions(kind, trie.characters)
            ends = forward(before[rows], strings, emissions, one.added, trie.lost)
            ends -= np.concatenate([one_of.costs for one_of in ways])
            starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
            found[spots] = np.maximum.reduceat(ends, starts, axis=0)
        return found

    def _ways_of(self, part: int, trie: Trie) -> Ways:
        known = self._ways.get(part)
        if known is None:
            known = self._ways[part] = ways_of(sayings(self.places.parts[part]), trie, trie.longest)
        return known

    @staticmethod
    def _raise(scores: Scores, low: Ids, high: Ids, gains: Scores) -> None:
        """Households below a node are at least as likely as the node."""
        if not len(low):
            return
        single = high - low == 1
        np.maximum.at(scores, low[single], gains[single])
        for begin, end, gain in zip(low[~single], high[~single], gains[~single], strict=True):
            np.maximum(scores[begin:end], gain, out=scores[begin:end])


def _behind(one: Sentence, ways: Ways, trie: Trie, emissions: Matrix, before: Matrix | None = None) -> Scores:
    """(n + 1,) the best of the ways to say a name, from one start; from anywhere when no start is given."""
    start = free(one.heard.n) if before is None else before
    return np.asarray((forward(start, ways.rows, emissions, one.added, trie.lost) - ways.costs).max(0))
