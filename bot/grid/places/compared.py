"""A sentence as the decoder uses it: what is computed once, whatever place is compared with it."""

from __future__ import annotations

import numpy as np

from bot.grid.places.said import any_number, unknown_number
from bot.grid.places.tree import Places
from bot.grid.places.words import grammar
from bot.sound.alignment import ADDED, NEVER
from bot.sound.channel import Channel, Matrix
from bot.sound.heard import Characters, Heard

#: fillers between two parts cost no more than this, however long, and each numeral among them
JUMP, JUMPED = 6.0, 3.0
#: a numeral that stands for nothing
NUMERAL = 10.0
#: a number that goes on where the registry's ends: 206号附1 for 206号
GOES_ON = 18.0
#: what gains tell is divided by this (chosen of 0.9 to 1.6 by development and calibration seeds)
TEMPERATURE = 1.0
#: what each numeral of a house that the registry does not have is worth less: it may be any
_EACH = TEMPERATURE * float(np.log(12))
#: the very character of a name is rarer than its sound, by so much more than bot.sound.heard counts (nats)
WRITTEN = 1.5
#: 是 is so common that it tells little for 十 (nats)
COMMON = 2.5
#: a number does not go on behind its mark (nats)
CLOSED = 12.0
_CLOSING = frozenset("号栋幢座室组")
_GOES_ON = frozenset("附之杠-")

_MARKS = Characters("号栋组室附")


class Sentence:
    """One thing that was heard, n symbols; all gains and costs in nats."""

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

    def skip(self, aligned: Matrix) -> Matrix:
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
