"""How the parts of an address are said: strings and what each costs, tries of them, scored for all places at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bot.grid.address import Part
from bot.grid.places.words import grammar
from bot.sound.alignment import LOST, NEVER, padded
from bot.sound.channel import Matrix
from bot.sound.heard import Characters
from bot.sound.numbers import SIGNS, readings

Rows = NDArray[np.intp]
#: nobody reads 17 as 幺七: a numeral was lost there (nats)
_ODD = 11.0
#: a numeral that was not heard: every number has neighbours that differ by one
LOST_NUMERAL = 11.0
#: what the mark tells behind which a number goes on (附, 甲), of a house that is not known (nats)
MORE = 3.0
#: numerals of a house number at most
_NUMERALS_MOST = 9
_NUMERALS = SIGNS | frozenset("0123456789")


@lru_cache(maxsize=100_000)
def _values(value: str) -> tuple[tuple[str, float], ...]:
    """The ways to say a value, and what each costs."""
    if not value.isdigit():
        return ((value, 0.0),)
    number = int(value)
    ways = {}
    for way in readings(number):
        one_by_one = len(way) == len(value) and 10 <= number <= 99
        ways[way] = _ODD if one_by_one and "十" not in way else 0.0
    ways[value] = 0.0  # as digits
    return tuple(ways.items())


@lru_cache(maxsize=100_000)
def sayings(part: Part) -> tuple[tuple[str, float], ...]:
    """Every way to say one part, with its cost in nats: 206 → 二零六号, 二百零六, 两百零六号 …"""
    patterns = grammar().parts[part.kind].said
    if part.kind == "sub" and part.value.isdigit():
        patterns = tuple(one for one in patterns if one != "{v}")  # 206号四 is no 206附4
    return tuple((pattern.format(v=way), cost) for pattern in patterns for way, cost in _values(part.value))


@dataclass(frozen=True)
class Ways:
    """The ways to say one thing, ready to be aligned: `rows` (k, longest) of a trie's characters, padded with −1, `costs`
    (k, 1) in nats, characters of the `shortest`."""

    rows: Rows
    costs: Matrix
    shortest: int


def ways_of(strings: Sequence[tuple[str, float]], trie: Trie, longest: int = 0) -> Ways:
    """Strings and their costs, of those that a trie was built of; at least `longest` columns."""
    texts = [text for text, _ in strings]
    costs = np.array([[cost] for _, cost in strings], np.float32)
    return Ways(padded(texts, trie.characters, longest), costs, min(map(len, texts)))


class Trie:
    """Strings that share beginnings, aligned together: `backward` gives for every meaning the best gain of a string of it
    that starts at each place, whatever follows. Built once for the values of a county."""

    def __init__(self, meanings: Sequence[Sequence[tuple[str, float]]], numbers: bool = False) -> None:
        # Reversed: an alignment that runs from the end of a sentence to its beginning.
        nodes: dict[tuple[int, str], int] = {}
        parents, characters, depths = [-1], [""], [0]
        ends: list[tuple[int, int, float]] = []
        for meaning, strings in enumerate(meanings):
            for text, cost in strings:
                node = 0
                for one in reversed(text):
                    key = (node, one)
                    if key not in nodes:
                        nodes[key] = len(parents)
                        parents.append(node)
                        characters.append(one)
                        depths.append(depths[node] + 1)
                    node = nodes[key]
                ends.append((meaning, node, cost))
        self.meanings = len(meanings)
        self.longest = max(depths)
        self.characters = Characters([one for one in characters if one])
        #: (characters, 1) what each costs that was not heard
        self.lost = np.array(
            [[LOST_NUMERAL if numbers and one in _NUMERALS else LOST] for one in self.characters.index], np.float32
        )
        depth = np.array(depths, np.int32)
        index = np.array([self.characters.index.get(one, 0) for one in characters], np.intp)
        parent = np.array(parents, np.intp)
        order = np.argsort(depth, kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        #: level by level: (rows of the parents in the level before, characters)
        self._levels: list[tuple[Rows, Rows]] = []
        begin = 1
        before = 0
        for level in range(1, int(depth.max()) + 1 if len(depth) > 1 else 1):
            of = order[depth[order] == level]
            self._levels.append((place[parent[of]] - before, index[of]))
            before, begin = begin, begin + len(of)
        ends.sort()
        self._end_nodes = place[np.array([node for _, node, _ in ends], np.intp)]
        self._costs = np.array([cost for _, _, cost in ends], np.float32)[:, None]
        of_meaning = np.array([meaning for meaning, _, _ in ends], np.intp)
        self._starts = np.searchsorted(of_meaning, np.arange(self.meanings))

    def backward(self, emissions: Matrix, added: Matrix, after: Matrix) -> Matrix:
        """(meanings, n + 1): best gain of each meaning that starts at a place. `after` (n + 1,): what ending at a place
        is worth; `added` (n,) what a symbol inside costs that stands for nothing."""
        n = emissions.shape[1]
        flipped = np.ascontiguousarray(emissions[:, ::-1])
        skipped = np.zeros(n + 1, np.float32)
        np.cumsum(added[::-1], out=skipped[1:])
        rows = np.ascontiguousarray(after[::-1][None], np.float32)
        found = [rows]
        for depth, (parents, characters) in enumerate(self._levels):
            if depth:
                rows = rows + skipped
                np.maximum.accumulate(rows, axis=1, out=rows)
                rows -= skipped
            before = rows[parents]
            rows = before - self.lost[characters]
            heard = before[:, :-1]
            heard += flipped[characters]
            np.maximum(rows[:, 1:], heard, out=rows[:, 1:])
            found.append(rows)
        every = np.concatenate(found) if len(found) > 1 else found[0]
        best = np.maximum.reduceat(every[self._end_nodes] - self._costs, self._starts, axis=0)
        return np.asarray(best[:, ::-1])


@lru_cache(maxsize=4)
def any_number() -> Characters:
    """The characters that numbers are said with."""
    return Characters("零一二三四五六七八九十百千万幺两")


def unknown_number(
    numerals: Matrix, marks: Matrix, goes_on: NDArray[np.bool_], added: Matrix, after: Matrix, each: float
) -> Matrix:
    """(n + 1,) best gain of some number that starts at each place: `numerals` (13, n), `marks` (m, n) emissions, `goes_on`
    (n,) where a number goes on without a numeral (附, 甲, -).

    Each numeral is one of ten or so, which is what it is worth less than one that was expected (`each`, nats)."""
    n = numerals.shape[1]
    one = np.maximum(numerals.max(0) - np.float32(each), np.where(goes_on, np.float32(MORE), NEVER)).tolist()
    mark = marks.max(0)
    ending = np.maximum(after, np.concatenate([mark + after[1:], [NEVER]])).tolist()
    best = [float(NEVER)] * (n + 1)
    inside = [float(NEVER)] * (_NUMERALS_MOST + 1)  # of one numeral, two …
    for place in range(n - 1, -1, -1):
        skipped, numeral = float(added[place]), one[place]
        for count in range(_NUMERALS_MOST, 1, -1):
            inside[count] = max(numeral + inside[count - 1], inside[count] - skipped)
        inside[1] = max(numeral + ending[place + 1], inside[1] - skipped)
        best[place] = max(inside[1] - 2 * each, inside[2] - each, *inside[3:])
    return np.array(best, np.float32)
