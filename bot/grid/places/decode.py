"""What was heard against every address of a county: log-likelihood ratios, in nats against chance.

community? name number-parts, each optional, fillers free. Names first, for all places at once; numbers once for all
places, backwards; then level by level for the best places only (CHANNEL.md's count: about 10 ms for 57,600)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.grid.places.said import any_number, sayings, unknown_number
from bot.grid.places.tree import Ids, Place, Places
from bot.grid.places.words import core, grammar
from bot.sound.alignment import ADDED, LOST, NEVER
from bot.sound.channel import CHANCE, Channel, Matrix
from bot.sound.heard import Characters, Heard

#: a part of an address that was not said, and 附1 behind a number that is a house itself (nats)
UNSAID, UNSAID_SUB = 2.0, 7.0
#: that somebody says another community than the registry has
OTHER_COMMUNITY = 10.0
#: fillers between two parts cost no more than this, however long, and each numeral among them
JUMP, JUMPED = 6.0, 3.0
#: a numeral that stands for nothing
NUMERAL = 10.0
#: a number that goes on where the registry's ends: 206号附1 for 206号
GOES_ON = 18.0
#: gains of neighbouring syllables are not independent: they tell less than their sum (fitted on calibration seeds)
TEMPERATURE = 1.0
#: what each numeral of a house that the registry does not have is worth less: it may be any
_EACH = TEMPERATURE * float(np.log(12))
#: what a community must tell, each character of its own name (nats)
NAMED_COMMUNITY = 5.0
#: what a name must tell at least, each of its characters (nats)
NAMED = 1.5
#: what a community must tell, each character of its own name (nats)
NAMED_COMMUNITY = 5.0
#: share of what a name tells when it is heard well, for its houses to be certain
CLEAR = 0.4
#: what a name must tell at least, each of its characters (nats)
NAMED = 1.2
#: the very character of a name is rarer than its sound, by so much more than bot.sound.heard counts (nats)
WRITTEN = 1.5
#: 是 is so common that it tells little for 十 (nats)
COMMON = 2.5
#: a number does not go on behind its mark (nats)
CLOSED = 12.0
#: another number than the registry's would have been heard as it
KNOWN = 8.0
#: places that are looked at number by number, and how far behind the best name (nats)
PLACES, BEHIND = 10, 12.0
#: numbers of one level that are followed further
FOLLOWED = 24
_CLOSING = frozenset("号栋幢座室组")
_GOES_ON = frozenset("附之杠-")

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
        #: the strings of each part that others may follow: rows of characters in its kind's trie, padded with −1, and costs
        self._strings: dict[int, tuple[NDArray[np.intp], Scores]] = {}

    def decode(self, heard: Heard, channel: Channel) -> list[Found]:
        """The best places, each with the scores of all its households; [] when nothing was heard."""
        if not heard.n or not self.places.places:
            return []
        one = _Sentence(heard, channel)
        starts = self._communities(one)
        names = one.emissions("names", self.places.names.characters)
        behind = self.places.names.backward(names, one.added, one.zero)
        start = starts[self.places.of_community]
        rough = (start + behind).max(1)
        ranked = np.argsort(-rough, kind="stable")[:PLACES].tolist()
        order = [at for at in ranked if rough[at] >= rough[ranked[0]] - BEHIND]
        after, alone = self._after_names(one, order, starts)
        return [self._place(one, at, after[row], alone[row]) for row, at in enumerate(order)]

    def community(self, heard: Heard, channel: Channel) -> str | None:
        """The community that was named, whatever else was; None when none was."""
        if not heard.n or not self.places.communities:
            return None
        one = _Sentence(heard, channel)
        trie = self.places.community_names
        gains = trie.backward(one.emissions("communities", trie.characters), one.added, one.zero).max(1)
        best = int(gains.argmax())
        name = self.places.communities[best]
        return (
            name
            if gains[best] >= NAMED_COMMUNITY * len(core(name, grammar().file.community_suffixes) or name)
            else None
        )

    # -- names ------------------------------------------------------------------------------------
    def _communities(self, one: _Sentence) -> Matrix:
        """(communities, n + 1): what was heard before a place's name, for the places of each community."""
        trie = self.places.community_names
        emissions = one.emissions("communities", trie.characters)
        said = np.stack(
            [
                _forward_all(one, self.places.community_said[name], trie.characters, emissions, trie.lost)
                for name in self.places.communities
            ]
        )
        said = np.maximum.accumulate(said, axis=1)
        other = said.max(0) - np.float32(OTHER_COMMUNITY)
        return np.maximum(np.maximum(said, other[None]), 0.0).astype(np.float32)

    def _after_names(self, one: _Sentence, order: list[int], starts: Matrix) -> tuple[Matrix, list[float]]:
        """What was heard up to each name (places, n + 1), and what each name tells alone."""
        trie = self.places.names
        emissions = one.emissions("names", trie.characters)
        rows, names = [], []
        for at in order:
            place = self.places.places[at]
            said = [(0, text, cost) for text, cost in self.places.names_of(place)]
            start = starts[place.community]
            behind = _forward_all(one, said, trie.characters, emissions, trie.lost, start[None])
            shortest = min(len(text) for _, text, _ in said)
            # A number alone names no place, however well it fits.
            alone = _forward_all(one, said, trie.characters, emissions, trie.lost) if start.any() else behind
            behind[alone < NAMED * shortest] = NEVER
            rows.append(behind)
            names.append(float(alone.max()))
        return np.stack(rows), names

    # -- numbers ----------------------------------------------------------------------------------
    def _place(self, one: _Sentence, at: int, after: Scores, name: float) -> Found:
        place = self.places.places[at]
        end = float((after + one.ending).max())
        scores = np.full(len(place.rows), end - UNSAID, np.float32)
        levels = place.levels
        if levels:
            scores[: int(levels[0].low.min())] = end
        else:
            scores[:] = end
        aligned = [one.skip(after)]
        followed = [_Node(-1, 0, 0.0)]
        unknown = float((aligned[0] + one.unknown).max())
        number = float((aligned[0] + one.number).max())
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
            for free, chosen in ((True, inner), (False, ~inner)):
                if chosen.any():
                    values = self._values(one, level.part[children[chosen]], free)
                    gains[chosen] = (stack[rows[chosen]] + values).max(1) - off[chosen]
            self._raise(scores, level.low[children[~inner]], level.high[children[~inner]], gains[~inner])
            if last:
                break
            followed, aligned = self._follow(one, place, depth, children, inner, gains, stack, followed, parent, scores)
            for node in followed:
                unknown = max(unknown, float((aligned[node.row] + one.unknown_part).max()) - node.off)
                number = max(number, float((aligned[node.row] + one.number).max()) - node.off)
        most = CHANCE * len(place.name or self.places.communities[place.community])
        return Found(place, scores, unknown, number, end - UNSAID, name, most)

    def _follow(
        self,
        one: _Sentence,
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
                skipped = one.skip(behind[number])
                nodes.append(_Node(child, len(aligned), off))
                aligned.append(skipped)
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

    def _values(self, one: _Sentence, parts: Ids, free: bool) -> Matrix:
        """(k, n + 1) gain of each part that starts at a place; `free`: others may follow it."""
        kinds = self.places.kind_of[parts]
        found = np.empty((len(parts), one.heard.n + 1), np.float32)
        for kind in set(kinds.tolist()):
            chosen = kinds == kind
            found[chosen] = one.values(self.places, kind, free)[self.places.place_in_kind[parts[chosen]]]
        return found

    def _forward(self, one: _Sentence, parts: Ids, before: Matrix) -> Matrix:
        """(k, n + 1): alignments behind each part, from the alignments before it."""
        found = np.full_like(before, NEVER)
        kinds = self.places.kind_of[parts]
        for kind in set(kinds.tolist()):
            spots = np.flatnonzero(kinds == kind)
            emissions = one.emissions(kind, self.places.values[kind][1].characters)
            texts, costs = zip(*(self._written(int(parts[spot]), kind) for spot in spots), strict=True)
            rows = np.repeat(spots, [len(one_of) for one_of in costs])
            lost = self.places.values[kind][1].lost
            ends = _forward_padded(one, np.concatenate(texts), emissions, before[rows], lost)
            ends -= np.concatenate(costs)[:, None]
            starts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
            found[spots] = np.maximum.reduceat(ends, starts, axis=0)
        return found

    def _written(self, part: int, kind: int) -> tuple[NDArray[np.intp], Scores]:
        known = self._strings.get(part)
        if known is None:
            index = self.places.values[kind][1].characters.index
            said = sayings(self.places.parts[part])
            width = self.places.values[kind][1].longest
            rows = np.array([[index[one] for one in text] + [-1] * (width - len(text)) for text, _ in said], np.intp)
            known = self._strings[part] = rows, np.array([cost for _, cost in said], np.float32)
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


_MARKS = Characters("号栋组室附")


class _Sentence:
    """What is computed once for a sentence."""

    def __init__(self, heard: Heard, channel: Channel) -> None:
        self.heard, self.channel = heard, channel
        fillers = grammar().file.fillers
        self.added = np.array(
            [
                NUMERAL if heard.numeral[at] or _goes_on(heard, at) else min(fillers.get(one, ADDED), ADDED)
                for at, one in enumerate(heard.symbols)
            ],
            np.float32,
        )
        self._common = np.array([one in fillers and one.isalpha() for one in heard.symbols], bool)
        self.zero = np.zeros(heard.n + 1, np.float32)
        follows = np.array([_goes_on(heard, at) for at in range(heard.n)], bool)
        self.ending = self.zero.copy()
        closed = (heard.numeral | follows) & ~heard.pause[:-1]
        for at in np.flatnonzero(follows[1:]).tolist():
            closed[at] |= heard.symbols[at] == "号"  # 206号甲 is not 206 either
        self.ending[:-1][closed] = -GOES_ON
        self._skipped = np.zeros(heard.n + 1, np.float32)
        np.cumsum(self.added, out=self._skipped[1:])
        self._numerals = np.zeros(heard.n + 1, np.float32)
        np.cumsum(JUMPED * heard.numeral, out=self._numerals[1:])
        self._emissions: dict[object, Matrix] = {}
        self._values: dict[tuple[int, bool], Matrix] = {}
        numerals = self.emissions("numerals", any_number())
        marks = self.emissions("marks", _MARKS)
        #: (n + 1,) the best number that starts at each place, whichever it is; and what it is worth as one out of all
        clear = np.where(heard.numeral, numerals, NEVER).astype(np.float32)
        closed = np.array([one in _CLOSING for one in heard.symbols], bool) & ~np.append(follows[1:], False)
        within = np.where(closed, np.float32(CLOSED), self.added)  # a number ends with its mark
        self.number = unknown_number(numerals, marks, follows, within, self.ending, 0.0)
        #: the same of a part behind another, of which nothing is guessed from words: it is a number or it is none
        self.unknown_part = unknown_number(clear, marks, follows, self.added, self.ending, _EACH)
        self.unknown = unknown_number(numerals, marks, follows, within, self.ending, _EACH)

    def emissions(self, key: object, characters: Characters) -> Matrix:
        if key not in self._emissions:
            found = self.heard.emissions(characters, self.channel)
            same = characters.codes[:, None] == self.heard.codes[None]
            found += np.where(same, np.float32(WRITTEN), np.float32(-COMMON) * self._common)
            self._emissions[key] = found
        return self._emissions[key]

    def values(self, places: Places, kind: int, free: bool) -> Matrix:
        if (kind, free) not in self._values:
            trie = places.values[kind][1]
            self._values[kind, free] = trie.backward(
                self.emissions(kind, trie.characters), self.added, self.zero if free else self.ending
            )
        return self._values[kind, free]

    def skip(self, aligned: Scores) -> Scores:
        """An alignment with what may stand for nothing behind it."""
        near = np.maximum.accumulate(aligned + self._skipped) - self._skipped
        far = np.maximum.accumulate(aligned + self._numerals) - self._numerals
        return np.maximum(near, far - np.float32(JUMP))


def _goes_on(heard: Heard, at: int) -> bool:
    """Whether a house number goes on here with a mark: 附1, 之2, -1, 甲."""
    one = heard.symbols[at]
    if one in "甲乙丙丁":
        beside = heard.symbols[max(at - 1, 0)] + heard.symbols[at + 1 : at + 2]
        return any(symbol.isdigit() or symbol in "号零一二三四五六七八九十百幺两" for symbol in beside if symbol != one)
    return one in _GOES_ON and at + 1 < heard.n and bool(heard.numeral[at + 1] or heard.symbols[at + 1] in "甲乙丙丁")


def _forward_all(
    one: _Sentence,
    said: list[tuple[int, str, float]],
    characters: Characters,
    emissions: Matrix,
    lost: Matrix,
    before: Matrix | None = None,
) -> Scores:
    """(n + 1,) the best of several strings, each from the same start."""
    width = max(len(text) for _, text, _ in said)
    index = characters.index
    padded = np.array([[index[c] for c in text] + [-1] * (width - len(text)) for _, text, _ in said], np.intp)
    costs = np.array([cost for _, _, cost in said], np.float32)[:, None]
    start = np.zeros((1, one.heard.n + 1), np.float32) if before is None else before
    return np.asarray((_forward_padded(one, padded, emissions, np.repeat(start, len(said), 0), lost) - costs).max(0))


def _forward_padded(
    one: _Sentence, padded: NDArray[np.intp], emissions: Matrix, before: Matrix, lost: Matrix | None = None
) -> Matrix:
    """As bot.sound.alignment.forward, for strings of several lengths padded with −1."""
    gain = before
    skipped = one._skipped
    for step in range(padded.shape[1]):
        active = padded[:, step] >= 0
        every = bool(active.all())
        rows = gain if every else gain[active]
        if step:
            rows = np.maximum.accumulate(rows + skipped, axis=1) - skipped
        heard = rows[:, :-1] + emissions[padded[active, step]]
        rows = rows - (np.float32(LOST) if lost is None else lost[padded[active, step]])
        np.maximum(rows[:, 1:], heard, out=rows[:, 1:])
        if every:
            gain = rows
        else:
            gain = gain.copy()
            gain[active] = rows
    return gain
