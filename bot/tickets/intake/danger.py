"""Danger in a sentence, found by its words alone: for when Rasa or the database is busy, broken or away."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.widths import plain
from bot.foundation.words import load

#: of what was said, so many characters are looked at
_LOOKED_AT = 400
#: whoever is hit by current comes first
SHOCK = "shock"
#: stands for the name of a place
_SOMEWHERE = "那里"
#: in the words of danger.yml: what must not stand beside them, and how far apart they may be
_BESIDE = re.compile(r"\(\?<?!(?:\[[^\]]*\]|[^()\[\]])*\)")
_APART = re.compile(r"\{0,(\d+)\}")
#: no name of a place is longer, in characters
_LONGEST_NAME = 30


@dataclass(frozen=True)
class _Table:
    kinds: dict[str, re.Pattern[str]]
    electric: re.Pattern[str]
    down: re.Pattern[str]
    not_so: re.Pattern[str]
    denied: re.Pattern[str]
    between: re.Pattern[str]
    anywhere: re.Pattern[str]
    shortest: int


@dataclass(frozen=True)
class _Words:
    """danger.yml."""

    kinds: dict[str, str]
    electric: str
    down: str
    not_so: str
    denied: str
    between_clauses: str
    shortest: int


@cache
def _table() -> _Table:
    data = load(_Words, Path(__file__).with_name("danger.yml"))
    return _Table(
        {kind: re.compile(words) for kind, words in data.kinds.items()},
        re.compile(data.electric),
        re.compile(data.down),
        re.compile(data.not_so),
        re.compile(data.denied),
        re.compile(data.between_clauses),
        re.compile("|".join(_anywhere(words) for words in (*data.kinds.values(), data.down))),
        data.shortest,
    )


def _anywhere(words: str) -> str:
    """The same words, whatever stands beside them, and further apart by the name of a place."""
    further = _APART.sub(lambda gap: f"{{0,{int(gap[1]) + _LONGEST_NAME}}}", _BESIDE.sub("", words))
    return further.replace("[^,，。]", ".").replace("|$", "|")


def may_speak_of_danger(text: str) -> bool:
    """Whether `danger_in` finds danger, or may find it once the name of some place is left out. A no is certain, and takes
    some microseconds: most sentences need not be searched for places."""
    return _table().anywhere.search(_clean(text)) is not None


def speaks_of_electricity(text: str) -> bool:
    """Whether a sentence names anything electric at all (电, 插座, 闸刀; not 电话, 电视)."""
    return _table().electric.search(_clean(text)) is not None


def _clean(text: str) -> str:
    return "".join(plain(text[:_LOOKED_AT]).split())


def danger_in(text: str, place: str = "") -> str | None:
    """The kind of danger that a sentence speaks of (danger.yml: shock, car, fire, …); None when it speaks of none.

    `place`: the name of a place within it, which tells nothing of danger (泉水巷 is no water). Neither certain nor
    complete, Rasa decides when it can; takes well below a millisecond."""
    table = _table()
    clean = _clean(text)
    if place:
        clean = clean.replace("".join(plain(place).split()), _SOMEWHERE)
    if sum("\u4e00" <= c <= "\u9fff" for c in clean) < table.shortest:
        return None
    if table.electric.search(clean) and any(
        not table.not_so.search(clean[: found.start()]) for found in table.down.finditer(clean)
    ):
        return SHOCK
    clauses = table.between.split(clean)
    for kind, words in table.kinds.items():
        for clause in clauses:
            if any(_so(table, clause, found) for found in words.finditer(clause)):
                return kind
    return None


def _so(table: _Table, clause: str, found: re.Match[str]) -> bool:
    return not table.not_so.search(clause[: found.start()]) and not table.denied.search(found.group())
