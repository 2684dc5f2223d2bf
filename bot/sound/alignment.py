"""How well meant strings fit inside what was heard: the best alignment of each, many at once.

A meant character stands for one heard symbol, or is not heard (LOST); a heard symbol may stand for nothing (ADDED).
What lies before and behind the string costs nothing. Gains are nats against chance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.sound.channel import Channel, Matrix
from bot.sound.heard import Characters, Heard

#: a heard symbol between two meant ones that stands for nothing (nats)
ADDED = 1.2
#: a meant character that was not heard
LOST = 4.0
NEVER = np.float32(-1e6)

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Batch:
    """Strings of one length: `rows` (k,) which string each is, `characters` (k, length) rows in `Characters`."""

    rows: Rows
    characters: Rows


class Strings:
    """Strings that may be meant, by length; several may stand for one meaning (`of` (strings,) says which)."""

    def __init__(self, strings: Sequence[str], characters: Characters | None = None, of: Sequence[int] | None = None):
        self.strings = list(strings)
        self.characters = characters or Characters([one for text in self.strings for one in text])
        self.of: Rows = np.array(range(len(self.strings)) if of is None else of, np.intp)
        self.meanings = int(self.of.max()) + 1 if len(self.of) else 0
        by_length: dict[int, list[int]] = defaultdict(list)
        for row, text in enumerate(self.strings):
            by_length[len(text)].append(row)
        self.batches = [
            Batch(np.array(rows, np.intp), padded([self.strings[row] for row in rows], self.characters))
            for _, rows in sorted(by_length.items())
        ]


def free(n: int) -> Matrix:
    """The start of an alignment that may begin anywhere: (1, n + 1) zeros."""
    return np.zeros((1, n + 1), np.float32)


def forward(
    before: Matrix, strings: Rows, emissions: Matrix, added: Matrix | None = None, lost: Matrix | None = None
) -> Matrix:
    """`before` (k or 1, n + 1): best gain of what comes before and ends at each place → the same behind each string.

    `strings` (k, longest): rows of `emissions`, shorter ones padded with −1. `added` (n,): what each heard symbol costs
    that stands for nothing; `lost` (characters, 1): what each costs that was not heard; ADDED and LOST when not given.
    The result (k, n + 1) ends with the last character of the string, so nothing is added behind it."""
    k, longest = strings.shape
    n = emissions.shape[1]
    skipped = np.zeros(n + 1, np.float32)
    np.cumsum(np.full(n, ADDED, np.float32) if added is None else added, out=skipped[1:])
    gain: Matrix = np.repeat(before, k, 0) if before.shape[0] == 1 and k != 1 else before.astype(np.float32, copy=False)
    for step in range(longest):
        active = strings[:, step] >= 0
        every = bool(active.all())
        rows, characters = (gain, strings[:, step]) if every else (gain[active], strings[active, step])
        if step:
            rows = np.maximum.accumulate(rows + skipped, axis=1) - skipped
        heard = rows[:, :-1] + emissions[characters]
        rows = rows - (np.float32(LOST) if lost is None else lost[characters])
        np.maximum(rows[:, 1:], heard, out=rows[:, 1:])
        if every:
            gain = rows
        else:
            gain = gain.copy()
            gain[active] = rows
    return gain


def padded(strings: Sequence[str], characters: Characters, longest: int = 0) -> Rows:
    """Strings of several lengths as `forward` takes them: (k, longest) rows in `characters`."""
    width = max(longest, max(map(len, strings), default=0))
    rows = [[characters.index[one] for one in text] + [-1] * (width - len(text)) for text in strings]
    return np.array(rows, np.intp).reshape(len(strings), width)


def best(heard: Heard, strings: Strings, channel: Channel, added: Matrix | None = None) -> NDArray[np.float32]:
    """(meanings,) the best gain of each meaning anywhere in what was heard; 0 where nothing of it is."""
    found: NDArray[np.float32] = np.zeros(strings.meanings, np.float32)
    emissions = heard.emissions(strings.characters, channel)
    for batch in strings.batches:
        ends = forward(free(heard.n), batch.characters, emissions, added).max(1)
        np.maximum.at(found, strings.of[batch.rows], ends)
    return found


@dataclass(frozen=True)
class Stretch:
    """Where a string stands: symbols `start` to `end` (exclusive), its gain, and what stands for each character
    (`symbols`, −1 for a lost one)."""

    start: int
    end: int
    gain: float
    symbols: tuple[int, ...]


def where(heard: Heard, text: str, channel: Channel, begin: int = 0, end: int | None = None) -> Stretch:
    """Where one string fits best between two places. For read-back, masking, and for counting what was heard for what."""
    last = heard.n if end is None else end
    characters = Characters(text)
    emissions = heard.emissions(characters, channel)[:, begin:last]
    n, length = last - begin, len(text)
    rows = [emissions[characters.index[one]].tolist() for one in text]
    before = [0.0] * (n + 1)
    came: list[list[int]] = []  # 0 heard, 1 lost, 2 added before
    for step, row in enumerate(rows):
        now = [before[0] - LOST]
        way = [1]
        for place in range(1, n + 1):
            gain, how = before[place - 1] + row[place - 1], 0
            if before[place] - LOST > gain:
                gain, how = before[place] - LOST, 1
            if step + 1 < length and now[place - 1] - ADDED > gain:
                gain, how = now[place - 1] - ADDED, 2
            now.append(gain)
            way.append(how)
        before = now
        came.append(way)
    total = max(before)
    place = stop = before.index(total)
    step, symbols = length, [-1] * length
    while step:
        how = came[step - 1][place]
        if how != 1:
            place -= 1
        if how == 0:
            symbols[step - 1] = begin + place
        if how != 2:
            step -= 1
    told = [one for one in symbols if one >= 0]
    return Stretch(begin + place, begin + stop, total, tuple(symbols)) if told else Stretch(begin, begin, 0.0, ())
