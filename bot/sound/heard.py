"""What was heard, one symbol after the other, and how well each character that may have been meant fits each of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.sound.channel import CHANCE, WORST, Channel, Matrix
from bot.sound.numbers import NUMERALS, plain
from bot.sound.syllables import READINGS, is_chinese, readings

#: what the very same character tells beyond its sound (nats)
SAME = 1.0
#: a digit that was written is hardly ever another one
_DIGIT = CHANCE - 0.1
_OTHER = CHANCE - WORST
#: nor is a numeral that was heard as one, when the other does not sound like it; when it does, it is less likely
ANOTHER_NUMERAL = _OTHER - 6.0
_CLEAR = np.float32(4.0)

_MARKS = frozenset("-#·")
_UNITS = frozenset("十百千万")


class Heard:
    """One reading of what was said. `text` is plain (above); `symbols` are the characters of it that carry meaning,
    `at` (n,) where each stands in `text`; punctuation and spaces are none, but tell where a pause is (`pause` (n + 1,))."""

    def __init__(self, text: str, longest: int = 300) -> None:
        self.text = plain(text)[:longest]
        at, pause = [], [False]
        for place, one in enumerate(self.text):
            if is_chinese(one) or one.isascii() and one.isdigit() or one in _MARKS or self._letter(place):
                at.append(place)
                pause.append(False)
            else:
                pause[-1] = True
        self.at = np.array(at, np.int32)
        self.symbols = "".join(self.text[place] for place in at)
        self.pause = np.array(pause)
        self.n = len(self.symbols)
        #: (n,) the digit at each place, −1 where there is none
        self.digit = np.array([int(one) if one.isascii() and one.isdigit() else -1 for one in self.symbols], np.int8)
        #: (n,) whether a symbol is a digit or a numeral as it stands
        self.numeral = np.array([one.isdigit() or one in NUMERALS or one in _UNITS for one in self.symbols], bool)
        self._value = np.array([NUMERALS.get(one, -1) for one in self.symbols], np.int8)
        self.codes = np.array([ord(one) for one in self.symbols.lower()], np.int32)
        said = [readings(one) or (-1,) for one in self.symbols]
        padded = [(one + one[:1] * READINGS)[:READINGS] for one in said]
        self._readings = np.array(padded, np.int32).reshape(self.n, READINGS)

    def _letter(self, place: int) -> bool:
        """Whether a letter stands alone, as letters are said; words of another script say nothing."""
        one, near = self.text[place], self.text[max(place - 1, 0) : place] + self.text[place + 1 : place + 2]
        return one.isascii() and one.isalpha() and not any(other.isalpha() and not is_chinese(other) for other in near)

    def emissions(self, meant: Characters, channel: Channel) -> Matrix:
        """(characters, n) gain in nats of each character that may be meant at each place."""
        if not self.n or not len(meant.codes):
            return np.zeros((len(meant.codes), self.n), np.float32)
        heard = channel.gain[meant.syllables[:, None, None], self._readings[None]].max(2)
        heard[:, self._readings[:, 0] < 0] = _OTHER
        found: Matrix = np.full((len(meant.codes), self.n), _OTHER, np.float32)
        for column in range(meant.readings.shape[1]):
            known = meant.readings[:, column] >= 0
            found[known] = np.maximum(found[known], heard[meant.readings[known, column]])
        digits = self.digit >= 0
        if digits.any():
            same = meant.digits[:, None] == self.digit[None, digits]
            found[:, digits] = np.where(same, _DIGIT, ANOTHER_NUMERAL)
        spoken = self.numeral & ~digits
        if spoken.any():  # 幺 and 一, 两 and 二 are one number, whatever they sound like
            same = (meant.digits[:, None] == self._value[None, spoken]) & (meant.digits[:, None] >= 0)
            at = found[:, spoken]
            doubtful = np.where(at < 0, np.float32(ANOTHER_NUMERAL), at - _CLEAR)
            unlike = meant.numeral[:, None] & (meant.codes[:, None] != self.codes[None, spoken])
            found[:, spoken] = np.where(same, np.maximum(at, np.float32(_DIGIT)), np.where(unlike, doubtful, at))
        found += SAME * (meant.codes[:, None] == self.codes[None])
        exact = meant.readings[:, :1] < 0  # marks and letters without a sound: the very same or nothing
        return np.where(exact & (meant.codes[:, None] == self.codes[None]), np.float32(CHANCE), found)


class Characters:
    """Characters that may be meant, ready to be compared: made once for a set of names or phrases.

    `index` gives each its row. `codes` (c,), `digits` (c,) −1 for no numeral, `readings` (c, READINGS) row in `syllables`."""

    def __init__(self, characters: Sequence[str]) -> None:
        wanted = list(dict.fromkeys(characters))
        self.index = {one: row for row, one in enumerate(wanted)}
        self.codes = np.array([ord(one.lower()) for one in wanted], np.int32)
        self.digits = np.array(
            [int(one) if one.isascii() and one.isdigit() else NUMERALS.get(one, -1) for one in wanted], np.int8
        )
        #: (c,) whether a character is a numeral
        self.numeral = (self.digits >= 0) | np.array([one in _UNITS for one in wanted], bool)
        said = [readings(one) for one in wanted]
        syllables = sorted({number for one in said for number in one})
        place = {number: row for row, number in enumerate(syllables)}
        self.syllables: NDArray[np.int32] = np.array(syllables, np.int32)
        rows = [([place[number] for number in one] + [-1] * READINGS)[:READINGS] for one in said]
        self.readings: NDArray[np.int32] = np.array(rows, np.int32).reshape(len(wanted), READINGS)
