"""A small grammar of phrases, decoded: which of them stand in an answer, where, and how sure that is.

Each clause of what was heard is explained by phrases, the best first, what lies between them by chance. A phrase must tell
more than it costs to assume one (nats, bot/sound/alignment.py); the longest that fits wins, so that 没有电 is not 有电, and
the words of a question (隔壁有电没有) are phrases too, which answer nothing."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.sound.alignment import Batch, Strings, forward, free, where
from bot.sound.channel import Channel, Matrix
from bot.sound.heard import Heard
from bot.sound.site import channel as site_channel

T = TypeVar("T")

#: what it costs to assume a phrase (nats)
PHRASE = 1.0
#: what each symbol of a clause costs that no phrase explains: an answer is said, not hidden in a story
UNSAID = 0.4
#: what a symbol within a phrase costs that is none of it: phrases are short, and nobody thinks in the middle of one
ADDED = 3.0
#: a phrase that tells less than this was not said (nats)
LEAST = 2.6
#: nor one whose characters tell less than this, on the mean: half a phrase is another one
MEAN = 3.5
#: what "this is no answer" is worth, against the sum of an answer's phrases (nats)
NO_ANSWER = 2.5
#: how much less each further reading of the recogniser counts
_NEXT_READING = 0.5
#: how much likelier a reading is that answers the question
_ANSWERS = 2.0
#: readings that are looked at, and symbols of one
_READINGS, _SYMBOLS = 4, 120
#: <not>电, (也)没电
_CLASS = re.compile(r"<(\w+)>|\(([^)]*)\)")


@dataclass(frozen=True)
class Mark:
    """A phrase of the grammar in what was heard: characters `start` to `end` of `Heard.text`, its net gain (nats)."""

    value: str
    phrase: str
    start: int
    end: int
    gain: float


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What was answered. `text` is the reading as `numbers.plain` writes it, `stretches` say where in it the answer stands
    (start, end), `rest` is what else was said: 对,不过是208号 is a yes, and 是208号."""

    value: T
    probability: float
    gain: float
    text: str
    stretches: tuple[tuple[int, int], ...] = field(default=())

    @property
    def rest(self) -> str:
        """The text without the answer."""
        return blanked(self.text, self.stretches).strip(_BLANK + " ")


_BLANK = ","


def blanked(text: str, stretches: Iterable[tuple[int, int]]) -> str:
    """The text with stretches of it replaced by commas, so that everything else keeps its place."""
    shown = list(text)
    for start, end in stretches:
        shown[start:end] = _BLANK * (end - start)
    return "".join(shown)


def expanded(template: str, classes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """`<not>电` with each word of the class, `(也)没电` with and without: all the phrases that a template stands for."""
    parts: list[Sequence[str]] = []
    last = 0
    for found in _CLASS.finditer(template):
        parts.append((template[last : found.start()],))
        parts.append(classes[found[1]] if found[1] else ("", found[2]))
        last = found.end()
    parts.append((template[last:],))
    yield from map("".join, itertools.product(*parts))


@dataclass(frozen=True)
class _Clause:
    """What stands between two pauses: the first symbol of it that says something, and whether that is the only one."""

    heard: Heard
    channel: Channel
    emissions: Matrix
    first: int
    alone: bool


class Grammar:
    """Phrases and what each means. `neutral` phrases are explained and mean nothing (嗯, 那个), `weak` ones count only where
    nothing else is said."""

    def __init__(self, phrases: Mapping[str, Iterable[str]], neutral: Iterable[str] = (), weak: Iterable[str] = ()):
        meant: dict[str, str] = {}
        for value, some in phrases.items():
            for one in some:
                meant.setdefault(one, value)
        self._neutral = tuple(sorted(neutral, key=len, reverse=True))
        self._weak = frozenset(weak)
        self.phrases = list(meant)
        self._values = [meant[one] for one in self.phrases]
        self._strings = Strings(self.phrases)

    def marks(self, heard: Heard, channel: Channel) -> list[Mark]:
        """The phrases in what was heard, in its order."""
        emissions = heard.emissions(self._strings.characters, channel)
        found: list[Mark] = []
        for begin, end in _clauses(heard):
            neutral = self._neutral_in(heard.symbols[begin:end])
            said = [place for place in range(begin, end) if place - begin not in neutral]
            clause = _Clause(heard, channel, emissions, said[0] if said else begin, len(said) <= 1)
            found += self._explained(clause, begin, end, UNSAID * len(said))
        return sorted(found, key=lambda mark: mark.start)

    def _neutral_in(self, symbols: str) -> set[int]:
        if not self._neutral:
            return set()
        words = re.finditer("|".join(map(re.escape, self._neutral)), symbols)
        return {place for word in words for place in range(*word.span())}

    def _explained(self, clause: _Clause, begin: int, end: int, unsaid: float) -> Iterator[Mark]:
        """The best phrase between two places of a clause, and those on both sides of it."""
        if end <= begin:
            return
        gains = self._gains(clause, begin, end)
        best = int(gains.argmax())
        net = float(gains[best]) - unsaid
        if net < LEAST:
            return
        phrase, heard = self.phrases[best], clause.heard
        alone = (clause.first, clause.first + 1) if len(phrase) == 1 else (begin, end)
        stretch = where(heard, phrase, clause.channel, *alone)
        if stretch.end <= stretch.start:
            return
        yield Mark(self._values[best], phrase, int(heard.at[stretch.start]), int(heard.at[stretch.end - 1]) + 1, net)
        # What is explained by one phrase is not held against the next.
        left = max(0.0, unsaid - UNSAID * len(phrase))
        yield from self._explained(clause, begin, stretch.start, left)
        yield from self._explained(clause, stretch.end, end, left)

    def _gains(self, clause: _Clause, begin: int, end: int) -> NDArray[np.float32]:
        """(phrases,) what each tells between two places, less what it costs to assume it; −inf for half a phrase."""
        gains = np.full(len(self.phrases), -np.inf, np.float32)
        emissions = clause.emissions[:, begin:end]
        near = emissions.max(1)
        for batch in self._strings.batches:
            length = batch.characters.shape[1]
            # Most phrases have nothing of themselves in a clause: that is seen without aligning them.
            likely = near[batch.characters].sum(1) >= MEAN * length
            if not likely.any():
                continue
            some = Batch(batch.rows[likely], batch.characters[likely])
            if length > 1:
                told = forward(free(end - begin), some.characters, emissions).max(1)
            elif begin <= clause.first < end:
                # 对 and 好 begin a clause; one that only sounds so is all of it: everything sounds like something.
                told = clause.emissions[some.characters[:, 0], clause.first]
                same = np.array([self.phrases[row] == clause.heard.symbols[clause.first] for row in some.rows])
                told = np.where(same | clause.alone, told, -np.inf)
            else:
                continue
            gains[some.rows] = np.where(told >= MEAN * length, told - PHRASE + UNSAID * length, -np.inf)
        return gains

    def read(
        self, readings: Sequence[str], values: Sequence[str], channel: Channel | None = None
    ) -> Answer[str] | None:
        """The value, one of `values`, that several readings of one answer mean; None when most likely none of them.

        Phrases of other values explain what was said and answer nothing."""
        channel = channel or site_channel()
        total, whole = dict.fromkeys(values, 0.0), 0.0
        best: tuple[float, str, Heard, list[Mark]] | None = None
        for at, reading in enumerate(readings[:_READINGS]):
            heard = Heard(reading, _SYMBOLS)
            marks = self.marks(heard, channel)
            scores = self._scores(marks, values)
            sure = np.exp(np.array([NO_ANSWER, *scores.values()]) - max(NO_ANSWER, *scores.values()))
            shares = sure[1:] / sure.sum()
            # A question was asked: a reading that answers it is the likelier one.
            weight = _NEXT_READING**at * (1 + _ANSWERS * float(shares.sum()))
            whole += weight
            for value, share in zip(scores, shares, strict=True):
                total[value] += weight * float(share)
            top = max(scores, key=lambda one: scores[one])
            if best is None or (best[1] != top and weight * float(shares.max()) > best[0]):
                best = (weight * float(shares.max()), top, heard, marks)
        total = {value: weight / whole for value, weight in total.items()} if whole else total
        value = max(total, key=lambda one: total[one], default="")
        if best is None or total[value] < 1 - sum(total.values()):
            return None
        _, _, heard, marks = best
        told = [mark for mark in marks if mark.value == value]
        return Answer(
            value,
            total[value],
            sum(mark.gain for mark in told),
            heard.text,
            tuple((mark.start, mark.end) for mark in told),
        )

    def _scores(self, marks: Sequence[Mark], values: Sequence[str]) -> dict[str, float]:
        strong = [mark for mark in marks if mark.phrase not in self._weak and mark.value in values]
        counted = strong or [mark for mark in marks if mark.value in values]
        scores = dict.fromkeys(values, -math.inf)
        for mark in counted:
            scores[mark.value] = max(0.0, scores[mark.value]) + mark.gain
        return scores


def _clauses(heard: Heard) -> Iterator[tuple[int, int]]:
    """Stretches of symbols without a pause within."""
    begin = 0
    for place in range(1, heard.n):
        if heard.pause[place]:
            yield begin, place
            begin = place
    if heard.n:
        yield begin, heard.n
