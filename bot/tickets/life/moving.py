"""The place of a ticket was wrong, or is known better: the ticket moves, and whoever must know is told."""

from __future__ import annotations

from dataclasses import dataclass

from bot.grid.models import Staff
from bot.tickets import shadow
from bot.tickets.due import timers
from bot.tickets.intake.kept import fit
from bot.tickets.life import opening
from bot.tickets.life.complaints import complained_in, owner_but
from bot.tickets.life.handling import Handling
from bot.tickets.life.states import OPEN
from bot.tickets.models import Kind, State
from bot.tickets.near import refines
from bot.tickets.outages import grouping, members
from bot.tickets.owed import paging


@dataclass(frozen=True)
class Place:
    """Where it is, as it is known now; empty is what is not known."""

    place: str
    household_no: str | None
    grid_no: str | None


def correct_place(it: Handling, to: Place, note: str) -> None:
    """The history keeps both places. A household and a grid that belonged to another place go with it, unless the new
    one only says more of the same; a ticket never stays without the grid that it had."""
    session, ticket, at = it.session, it.ticket, it.at
    before = Place(ticket.place, ticket.household_no, ticket.grid_no)
    household_no, grid_no = opening.situate(session, to.household_no, to.grid_no)
    if household_no is None and (not to.place or refines(to.place, before.place)):
        household_no = before.household_no
    after = Place(fit(to.place, 300) or before.place, household_no, grid_no or before.grid_no)
    if after == before:
        return
    detail = {"from": _shown(before), "to": _shown(after)}
    words = note or f"{before.place} → {after.place}"
    opening.note(session, ticket, "corrected", it.by, at, words, detail)
    ticket.place, ticket.household_no, ticket.grid_no, ticket.changed_at = after.place, household_no, after.grid_no, at
    if after.grid_no != before.grid_no:
        shadow.drop(ticket)  # another grid's people get it as any report
    if after.household_no != before.household_no or after.grid_no != before.grid_no:
        _leave_outage(it)
    if ticket.state not in OPEN:
        return
    if after.grid_no != before.grid_no:
        _other_people(it, note)
    else:
        _same_people(it, note)


def _shown(place: Place) -> dict[str, str]:
    return {name: value for name, value in vars(place).items() if value}


def _leave_outage(it: Handling) -> None:
    """It may hang elsewhere on the net now: it joins what is known there, and is waited for by itself till then."""
    session, ticket, at = it.session, it.ticket, it.at
    outage = members.of(session, ticket)
    if ticket.kind != Kind.outage or ticket.state not in OPEN:
        return
    ticket.outage_id = ticket.transformer_id = None
    session.flush()
    if outage is not None:
        members.without(session, outage, at, it.rules)
    grouping.found_later(session, ticket, at, it.rules)
    session.refresh(ticket)
    if outage is not None and ticket.outage_id is None:
        timers.wait_anew(session, ticket, at, it.rules)


def _same_people(it: Handling, note: str) -> None:
    """Whoever has it; of danger that nobody has taken yet, everybody who was told at once."""
    ticket = it.ticket
    if not (ticket.urgent and ticket.state == State.reported):
        it.tell_owner("corrected", note)
        return
    people = paging.people_of(it.session, ticket, it.at)
    told = people.told(paging.paging_of(ticket).at_once, paging.owner_of(it.session, ticket, it.at), True)
    paging.owe(it.session, ticket, told, "corrected", it.at, {"note": note}, rules=it.rules)


def _other_people(it: Handling, note: str) -> None:
    """The new grid's people get it as a report is got; who had it hears that it has moved."""
    session, ticket, at = it.session, it.ticket, it.at
    former = session.get(Staff, ticket.owner) if ticket.owner else None
    people = paging.people_of(session, ticket, at)
    if about := complained_in(session, ticket.kind, ticket.said, ticket.facts, people):
        ticket.facts = {**ticket.facts, paging.COMPLAINED_OF: about}
        people = people.without(about)
    owner = owner_but(people, ticket.kind, ()) if about else people.owner_for(ticket.kind)
    outage = members.of(session, ticket)
    if outage is not None and outage.owner and members.together(ticket):
        owner = session.get(Staff, outage.owner)
    if owner is None or (former is not None and owner.staff_no == former.staff_no):
        _same_people(it, note)
        return
    ticket.owner = owner.staff_no
    opening.note(
        session,
        ticket,
        "passed_on",
        "gege",
        at,
        detail={"from": former.staff_no if former else None, "to": owner.staff_no},
    )
    if outage is None or not members.together(ticket):
        told = people.told(paging.paging_of(ticket).at_once, owner, ticket.urgent)
        paging.owe(session, ticket, told, "reported", at, rules=it.rules)
    if former is not None and former.staff_no not in ticket.facts.get(paging.COMPLAINED_OF, ()):
        paging.owe(session, ticket, [former], "moved", at, {"note": note}, rules=it.rules)
    if ticket.state == State.reported and (outage is None or not members.together(ticket)):
        timers.climb_anew(session, ticket, at, it.rules)
    if ticket.state != State.on_site and ticket.outage_id is None:
        timers.set_deadline(session, ticket, at, it.rules)
