"""The county's places as a tree: community, street or compound, and the numbers behind them, level by level."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.grid.address import Address, Part
from bot.grid.places.said import Trie, sayings, ways_of
from bot.grid.places.words import core, grammar
from bot.sound.numbers import plain

Ids = NDArray[np.int32]
#: a name said without its kind: 桃溪 for 桃溪小区 (nats)
_CORE = 1.0


@dataclass(frozen=True)
class Level:
    """The nodes of one depth in a place. Each node covers the place's rows `low` to `high`; `part` is its number in
    `Places.parts`, `parent` its row in the level above (0 at the first)."""

    parent: Ids
    part: Ids
    low: Ids
    high: Ids


class Place:
    """One street, compound, bay or community with the households in it, sorted by their numbers.

    `rows` are rows of the county; those whose address ends at the name come first."""

    def __init__(
        self, number: int, name: str, community: int, rows: list[int], paths: list[tuple[int, ...]], filled: float
    ) -> None:
        self.number = number
        order = sorted(range(len(rows)), key=lambda at: paths[at])
        self.name, self.community = name, community
        #: how many of the numbers up to the highest there are
        self.filled = filled
        self.rows: Ids = np.array([rows[at] for at in order], np.int32)
        self._paths = [paths[at] for at in order]
        #: from the first number to the last
        self.levels = self._levels()

    def _levels(self) -> tuple[Level, ...]:
        depth = max((len(path) for path in self._paths), default=0)
        levels: list[Level] = []
        owner = [0] * len(self._paths)
        for level in range(depth):
            parent: list[int] = []
            part: list[int] = []
            low: list[int] = []
            high: list[int] = []
            nodes: dict[tuple[int, int], int] = {}
            for at, path in enumerate(self._paths):
                if len(path) <= level:
                    owner[at] = -1
                    continue
                key = (owner[at], path[level])
                node = nodes.get(key)
                if node is None:
                    node = nodes[key] = len(parent)
                    parent.append(owner[at])
                    part.append(path[level])
                    low.append(at)
                    high.append(at + 1)
                high[node] = at + 1
                owner[at] = node
            levels.append(Level(*(np.array(one, np.int32) for one in (parent, part, low, high))))
        return tuple(levels)

    def path(self, at: int) -> tuple[int, ...]:
        """The parts (numbers in `Places.parts`) of the household at a position of `rows`."""
        return self._paths[at]


class Places:
    """Every place of a county, and the tries of what may be said of it."""

    def __init__(
        self, communities: Sequence[str], addresses: Sequence[Address], said: Mapping[str, str] | None = None
    ) -> None:
        self.communities = sorted(set(communities))
        number_of = {name: at for at, name in enumerate(self.communities)}
        self.parts: list[Part] = []
        part_of: dict[Part, int] = {}
        grouped: dict[tuple[int, str], tuple[list[int], list[tuple[int, ...]]]] = defaultdict(lambda: ([], []))
        for row, (community, address) in enumerate(zip(communities, addresses, strict=True)):
            path = []
            for part in address.parts:
                at = part_of.get(part)
                if at is None:
                    at = part_of[part] = len(self.parts)
                    self.parts.append(part)
                path.append(at)
            rows, paths = grouped[number_of[community], address.name]
            rows.append(row)
            paths.append(tuple(path))
        together: dict[str, list[tuple[int, ...]]] = defaultdict(list)
        for (_, name), (_, paths) in grouped.items():
            together[name] += paths
        filled = {name: self._filled(paths) for name, paths in together.items()}
        self.places = [
            Place(number, name, community, rows, paths, filled[name] if name else self._filled(paths))
            for number, ((community, name), (rows, paths)) in enumerate(grouped.items())
        ]
        #: (households,) the place of each, and where in the place's `rows` it stands
        self.place_of: Ids = np.zeros(len(addresses), np.int32)
        self.position: Ids = np.zeros(len(addresses), np.int32)
        for at, place in enumerate(self.places):
            self.place_of[place.rows] = at
            self.position[place.rows] = np.arange(len(place.rows))
        self.of_community: Ids = np.array([one.community for one in self.places], np.int32)
        #: (communities,) whether houses stand in the community itself, in no street
        self.numbered = np.isin(
            np.arange(len(self.communities)), [one.community for one in self.places if not one.name]
        )
        #: the households of each community
        self.rows_in: list[Ids] = [
            np.flatnonzero(self.of_community[self.place_of] == at).astype(np.int32)
            for at in range(len(self.communities))
        ]
        self.kind_of: Ids = np.array([grammar().kinds.index(part.kind) for part in self.parts], np.int32)
        self._aliases: dict[str, list[str]] = defaultdict(list)
        for alias, means in (said or {}).items():
            self._aliases[means].append(alias)
        named = [self.names_of(one) for one in self.places]
        self.names = Trie(named)
        called = [self._names(name) for name in self.communities]
        self.community_names = Trie(called)
        #: the same one by one, for alignments that go on behind them: of each place, and of each community
        self.name_ways = [ways_of(one, self.names) for one in named]
        self.community_ways = [ways_of(one, self.community_names) for one in called]
        #: the values of each kind, together: kind → (numbers in `parts`, trie)
        self.values: dict[int, tuple[Ids, Trie]] = {}
        for kind in sorted(set(self.kind_of.tolist())):
            ids = np.flatnonzero(self.kind_of == kind).astype(np.int32)
            self.values[kind] = (ids, Trie([sayings(self.parts[at]) for at in ids], numbers=True))
        #: (parts,) the row of each part in the trie of its kind
        self.place_in_kind: Ids = np.zeros(len(self.parts), np.int32)
        for ids, _ in self.values.values():
            self.place_in_kind[ids] = np.arange(len(ids))

    def _filled(self, paths: list[tuple[int, ...]]) -> float:
        values = {int(self.parts[path[0]].value) for path in paths if path and self.parts[path[0]].value.isdigit()}
        highest = max(values, default=0)
        return min(1.0, len(values) / highest) if highest else 1.0

    def _names(self, name: str) -> list[tuple[str, float]]:
        """How a name is said: whole, without its kind, as people call it."""
        ways = {plain(name): 0.0}
        if short := core(name, grammar().file.name_suffixes + grammar().file.community_suffixes):
            ways.setdefault(short, _CORE)
        for alias in self._aliases.get(name, ()):
            ways.setdefault(plain(alias), 0.0)
        return [(way, cost) for way, cost in ways.items() if way]

    def ways_of_community(self, community: int) -> list[str]:
        """How a community is called: whole, without its kind, as people call it."""
        return [way for way, _ in self._names(self.communities[community])]

    def names_of(self, place: Place) -> list[tuple[str, float]]:
        """How a place's name is said, with costs."""
        return self._names(place.name or self.communities[place.community])
