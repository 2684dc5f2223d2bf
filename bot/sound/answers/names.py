"""A person's name in an answer: 户主是王建国啊 → 王建国, 姓程 → 程, compound surnames and names of other peoples too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.words import load
from bot.sound.answers.grammar import Answer

#: a name with a surname that many have; one behind 叫 whatever it is; a surname alone
_KNOWN, _SAID, _ALONE = 0.9, 0.8, 0.7
#: characters of a given name, and of one that is written with a point
_GIVEN, _JOINED = 3, 16


@dataclass(frozen=True)
class Name:
    """`surname` and `given`; a name of another people has no surname here, a surname alone no given name."""

    surname: str
    given: str

    @property
    def whole(self) -> str:
        """As it is written."""
        return self.surname + self.given


@dataclass(frozen=True)
class _File:
    """names.yml."""

    lead: str
    tail: str
    named: str
    surname: str
    compound: tuple[str, ...]
    single: str
    joined: str


@cache
def _file() -> _File:
    return load(_File, Path(__file__).with_name("names.yml"))


def bare(text: str) -> str:
    """What is left of an answer without what stands before and behind a name: 户主是王建国啊 → 王建国."""
    said = text.strip().strip("".join(_EDGES))
    return re.sub(_file().tail, "", re.sub(_file().lead, "", said))


_EDGES = tuple(" ,.!?;:\uff0c\u3002\uff01\uff1f\uff1b\uff1a\u3001")


def split(name: str) -> Name | None:
    """Surname and given name of a whole name or of a surname alone; None for what is no name."""
    file = _file()
    if re.search(file.joined, name):
        parts = re.split(file.joined, name)
        fits = all(re.fullmatch("[\u3400-\u9fff]+", part) for part in parts) and len(name) <= _JOINED
        return Name("", name) if fits else None
    if not re.fullmatch("[\u3400-\u9fff\U00020000-\U0003ffff]+", name):
        return None
    surname = next((one for one in file.compound if name.startswith(one)), name[:1] if name[:1] in file.single else "")
    given = name[len(surname) :]
    return Name(surname, given) if surname and len(given) <= _GIVEN else None


def person(text: str, alternatives: Sequence[str] = ()) -> Answer[Name] | None:
    """The name that an answer is; None when it is none. Whether anybody here has it does not matter.

    The first reading that is a name counts: recognisers write names in many ways, and whoever compares them does so by
    sound."""
    for reading in (text, *alternatives):
        name = bare(reading)
        if found := split(name):
            start = reading.find(name)
            sure = _KNOWN if found.given else _ALONE
            return Answer(found, sure, 0.0, reading, ((start, start + len(name)),))
        for pattern in (_file().named, _file().surname):
            if match := re.search(pattern, reading):
                told = split(match["name"]) or Name("", match["name"])
                return Answer(told, _SAID, 0.0, reading, (match.span("name"),))
    return None
