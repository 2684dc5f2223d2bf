"""What becomes known after the report: the ticket takes what it lacked, and whoever must know is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.tickets import reading
from bot.tickets.due import timers
from bot.tickets.intake.kept import fit
from bot.tickets.life import moving, opening
from bot.tickets.life.complaints import complained_in, owner_but
from bot.tickets.life.handling import Handling
from bot.tickets.life.states import OPEN
from bot.tickets.models import State, Ticket
from bot.tickets.outages import grouping
from bot.tickets.owed import paging


@dataclass(frozen=True)
class Added:
    """What was added; empty is what was not."""

    note: str
    place: str
    householder: str
    household_no: str | None
    grid_no: str | None
    facts: Mapping[str, Any]
    urgent: bool


def add(it: Handling, known: Added) -> None:
    """The history keeps all of it; the ticket takes what it lacked, new facts, and urgency. A house that is known now
    names the grid, whatever was supposed before (the caller's own, the dialled one): the ticket moves."""
    session, ticket, at = it.session, it.ticket, it.at
    named = {
        "place": known.place,
        "householder": known.householder,
        "household_no": known.household_no,
        "grid_no": known.grid_no,
        "facts": known.facts,
    }
    added = {name: value for name, value in named.items() if value}
    opening.note(session, ticket, "added", it.by, at, known.note, added)
    ticket.householder = ticket.householder or fit(known.householder, 80)
    ticket.facts = {**ticket.facts, **opening.plain(known.facts)}
    ticket.changed_at = at
    became_urgent = known.urgent and not ticket.urgent
    ticket.urgent = ticket.urgent or known.urgent
    gridless = ticket.grid_no is None
    household_no, grid_no = opening.situate(session, known.household_no, known.grid_no)
    if _elsewhere(ticket, household_no, grid_no):
        moving.correct_place(it, moving.Place(known.place, household_no, grid_no), "")
        return
    ticket.place = ticket.place or fit(known.place, 300)
    ticket.household_no = ticket.household_no or household_no
    ticket.grid_no = ticket.grid_no or grid_no
    grouping.found_later(session, ticket, at, it.rules)
    if ticket.state in OPEN:
        _tell(it, gridless and ticket.grid_no is not None, became_urgent, known.note)


def _elsewhere(ticket: Ticket, household_no: str | None, grid_no: str | None) -> bool:
    """Whether what is known now lies in another grid, and is surer than what the ticket went by."""
    if ticket.grid_no is None or grid_no in (None, ticket.grid_no) or ticket.household_no:
        return False
    return bool(household_no) or not ticket.place


def _tell(it: Handling, grid_found: bool, became_urgent: bool, note: str) -> None:
    session, ticket, at = it.session, it.ticket, it.at
    if ticket.state == State.reported and (grid_found or became_urgent):
        people = paging.people_of(session, ticket, at)
        if grid_found:
            people = _find_owner(it, people)
        owner = paging.owner_of(session, ticket, at)
        told = people.told(paging.paging_of(ticket).at_once, owner, ticket.urgent)
        paging.owe(session, ticket, told, "reported", at, rules=it.rules)
        if became_urgent:
            timers.climb_anew(session, ticket, at, it.rules)
    elif ticket.urgent or not reading.still_owed(session, ticket):
        # A message that is still on its way is written when it leaves: it will say the new as well.
        it.tell_owner("added", note)
    if grid_found and ticket.state != State.on_site:
        timers.set_deadline(session, ticket, at, it.rules)


def _find_owner(it: Handling, people: paging.Roster) -> paging.Roster:
    """The grid's own manager has it, unless the resident complains about them."""
    ticket = it.ticket
    if about := complained_in(it.session, ticket.kind, ticket.said, ticket.facts, people):
        ticket.facts = {**ticket.facts, paging.COMPLAINED_OF: about}
    owner = owner_but(people, ticket.kind, about) if about else people.owner_for(ticket.kind)
    if owner is not None:
        ticket.owner = owner.staff_no
    return people.without(about)
