"""Whom a complaint is about: told from the words, so that nobody handles a complaint about themselves."""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from bot.database import UTCDateTime
from bot.foundation.words import load
from bot.grid.models import Role, Staff
from bot.tickets.models import Kind, Ticket
from bot.tickets.owed import paging
from bot.tickets.owed.paging import COMPLAINED_OF, EVERYWHERE, Roster

DATA = Path(__file__).with_name("complaints.yml")
#: a chat is one conversation for ever; what was said so long ago is another case
ONE_CASE = dt.timedelta(hours=12)
# Prepared once: it runs for every report.
_BEFORE = select(Ticket.facts).where(
    Ticket.session == bindparam("session"), Ticket.opened_at > bindparam("since", type_=UTCDateTime())
)
#: a complaint may stand in what became a call-back, or was not understood
_MAY_COMPLAIN = (Kind.complaint, *paging.UNHEARD)


@dataclass(frozen=True)
class _Words:
    """complaints.yml."""

    cues: tuple[str, ...]
    person: tuple[str, ...]
    conduct: tuple[str, ...]
    money: str
    bill: str
    titles: tuple[str, ...]
    roles: dict[str, str]
    clauses: str


@dataclass(frozen=True)
class _Table:
    cue: re.Pattern[str]
    meant: re.Pattern[str]
    money: re.Pattern[str]
    bill: re.Pattern[str]
    titles: tuple[str, ...]
    roles: dict[str, re.Pattern[str]]
    clauses: re.Pattern[str]


@functools.cache
def _table() -> _Table:
    words = load(_Words, DATA)
    return _Table(
        cue=re.compile("|".join(words.cues)),
        meant=re.compile("|".join((*words.person, *words.conduct))),
        money=re.compile(words.money),
        bill=re.compile(words.bill),
        titles=words.titles,
        roles={role: re.compile(called) for role, called in words.roles.items()},
        clauses=re.compile(words.clauses),
    )


def complained_of(session: Session, said: str, people: Roster) -> list[str]:
    """The staff numbers of those whom a complaint is about: who is named, else whoever the words mean on this grid.

    One manager stands for all of the grid's, and for whoever stands in: words that could mean the manager count, for a
    stranger who reads a complaint loses nothing, and the person complained of must not have it."""
    own = people.managers + [one for one in people.grid.get(Role.manager, []) if one not in people.managers]
    others = [one for role, those in people.grid.items() if role != Role.manager for one in those]
    named = [one.staff_no for one in others if _named(one, said)]
    named += [one.staff_no for one in _of_the_county(session) if one.name in said or (not own and _named(one, said))]
    if any(_named(one, said) for one in own):
        named += [one.staff_no for one in own]
    if not named:
        named = [
            one.staff_no
            for role, called in _table().roles.items()
            if called.search(said)
            for one in people.grid.get(role, [])
        ]
    if not named and _means_somebody(said):
        named = [one.staff_no for one in own]
    return list(dict.fromkeys(named))


def complained_in(session: Session, kind: str, said: str, facts: Mapping[str, Any], people: Roster) -> list[str]:
    """Whom a ticket must be kept from: as its conversation found out, and as its own words say."""
    known = list(facts.get(COMPLAINED_OF) or ())
    complains = kind == Kind.complaint or (kind in _MAY_COMPLAIN and _table().cue.search(said))
    return list(dict.fromkeys([*known, *(complained_of(session, said, people) if complains else ())]))


def complained_of_before(session: Session, name: str, at: dt.datetime) -> list[str]:
    """Whom the same conversation has complained of in the last hours: in this call and for this case they have no part."""
    found = session.scalars(_BEFORE, {"session": name, "since": at - ONE_CASE}) if name else ()
    return list(dict.fromkeys(no for facts in found for no in facts.get(COMPLAINED_OF, ())))


def owner_but(people: Roster, kind: str, about: Iterable[str]) -> Staff | None:
    """Whose a ticket is when some of the people are complained of: of a complaint the duty desk's, of what has to be
    mended whoever else mends it."""
    left = people.without(list(about))
    return next(iter(left.desk), None) if kind in _MAY_COMPLAIN else left.owner_for(kind)


def _means_somebody(said: str) -> bool:
    table = _table()
    if table.meant.search(said):
        return True
    return any(table.money.search(one) and not table.bill.search(one) for one in table.clauses.split(said))


def _named(person: Staff, said: str) -> bool:
    names = (person.name, *(title.format(surname=person.name[:1]) for title in _table().titles))
    return any(name in said for name in names)


def _of_the_county(session: Session) -> Iterable[Staff]:
    """Everybody of a grid. Whoever is called by the whole name is meant wherever the call comes from; where the grid is not
    known, 卢师傅 may be any of that surname. (The station's people have names of rooms.)"""
    return session.scalars(select(Staff).where(Staff.role.not_in(EVERYWHERE), func.length(Staff.name) > 1))
