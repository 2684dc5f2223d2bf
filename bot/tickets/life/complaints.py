"""Complaints about a resident's own manager: told from the words, so that nobody handles a complaint about themselves."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bot.foundation.words import load
from bot.grid.models import Staff
from bot.tickets.owed.paging import Roster

DATA = Path(__file__).with_name("complaints.yml")


@dataclass(frozen=True)
class _Words:
    """complaints.yml."""

    person: tuple[str, ...]
    conduct: tuple[str, ...]
    titles: tuple[str, ...]


@functools.cache
def _words() -> _Words:
    return load(_Words, DATA)


def complained_of(said: str, people: Roster) -> list[str]:
    """The staff numbers of the grid's managers (and whoever stands in), when the words are about the manager.

    Words that could mean the manager count: a stranger who reads a complaint loses nothing, the person
    complained of must not have it."""
    own = people.managers + [one for one in people.grid.get("manager", []) if one not in people.managers]
    words = _words()
    meant = any(word in said for word in words.person + words.conduct)
    if own and (meant or any(name in said for name in _names(own))):
        return [one.staff_no for one in own]
    return []


def _names(people: Iterable[Staff]) -> Iterable[str]:
    for person in people:
        yield person.name
        for title in _words().titles:
            yield title.format(surname=person.name[:1])
