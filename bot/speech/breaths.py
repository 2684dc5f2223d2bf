"""What of a sentence is spoken in one breath: all of it by a quick engine, short parts by a slow one, round recordings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from bot.foundation.widths import both
from bot.speech.audio import Samples
from bot.speech.sentence_plan import Kind, Part

_CLAUSE = re.compile(rf"[^{both(',、:;')}]+[{both(',、:;')}]*")
_ENDS = both("。.!?")
#: words of the sentence itself, and names, are spoken alone: so they can be made beforehand. Shorter ones (characters, at
#: the beginning and behind something) sound torn off and go with their neighbour
_ALONE = (Kind.fixed, Kind.phrase)
_SHORTEST, _SHORTEST_BEHIND = 2, 3
#: a clause shorter than this (characters) is spoken with the next
_SHORT_CLAUSE = 4


@dataclass(frozen=True)
class Breath:
    """Words that an engine is given at once."""

    text: str
    #: more of the same sentence follows
    goes_on: bool = False


#: a recording (samples), something to be spoken, or a pause (s)
Piece = Samples | Breath | float


def whole(parts: Sequence[tuple[Part, Samples | None]]) -> list[Piece]:
    """Recordings in their places, and what lies between them in one breath each."""
    pieces: list[Piece] = []
    missing = ""
    for part, samples in [*parts, (Part("", Kind.pause), None)]:
        if samples is None and part.text and (missing or part.kind is not Kind.pause):
            missing += part.text
            continue
        if missing:
            pieces.append(Breath(missing))
            missing = ""
        if samples is not None:
            pieces.append(samples)
        elif part.text:
            pieces.append(part.seconds)
    return pieces


def short(parts: Sequence[tuple[Part, Samples | None]], end: str = "") -> list[Piece]:
    """The same with pauses kept, and each part of the sentence for itself; `end` is the mark that it ends with."""
    pieces: list[Piece] = []
    cut = [each for part, samples in parts for each in _cut(part, samples)]
    for bare, run in groupby(cut, lambda each: each[1] is None and each[0].kind is not Kind.pause):
        if bare:
            pieces.extend(Breath(text, True) for text in _groups([part for part, _ in run]))
        else:
            pieces.extend(part.seconds if samples is None else samples for part, samples in run)
    if pieces and isinstance(last := pieces[-1], Breath):
        pieces[-1] = Breath(last.text + end)
    return pieces


def clauses(sentence: str) -> list[Piece]:
    """A sentence that nobody has planned, clause by clause."""
    found: list[str] = []
    for clause in _CLAUSE.findall(sentence):
        if found and len(found[-1]) < _SHORT_CLAUSE:
            found[-1] += clause
        else:
            found.append(clause)
    return [Breath(text, number + 1 < len(found)) for number, text in enumerate(found)]


def end_of(sentence: str) -> str:
    """The mark that a sentence ends with; empty when it has none."""
    bare = sentence.rstrip(both("”』」)'\"") + " ")
    return bare[-1:] if bare[-1:] in _ENDS else ""


def _cut(part: Part, samples: Samples | None) -> Iterator[tuple[Part, Samples | None]]:
    """The words of the sentence at the marks between them: what follows a name may be no more than a particle."""
    if samples is not None or part.kind is not Kind.fixed:
        yield part, samples
        return
    for clause in _CLAUSE.findall(part.text):
        words = clause.rstrip(both(",、:;"))
        yield Part(words, Kind.fixed), None
        if words != clause:
            yield Part(clause[len(words) :], Kind.pause), None


def _groups(parts: Sequence[Part]) -> Iterator[str]:
    text, closed = "", False
    for part in parts:
        least = _SHORTEST_BEHIND if text and part.kind is Kind.fixed else _SHORTEST
        alone = part.kind in _ALONE and len(part.text) >= least
        torn = part.kind in _ALONE and not alone
        if text and len(text) >= _SHORTEST and (alone or (closed and not torn)):
            yield text
            text = ""
        # What follows a name or fixed words begins anew, unless it is too short to stand alone.
        closed = alone or (closed and torn)
        text += part.text
    if text:
        yield text
