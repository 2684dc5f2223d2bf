"""A report in 试听: somebody says 对 or 改, or nobody does in time; then it goes its way like any other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy.orm import Session

from bot.grid.models import Household, Staff
from bot.tickets import shadow
from bot.tickets.cards import TicketRefused
from bot.tickets.due import timers
from bot.tickets.kinds import is_kind
from bot.tickets.life import opening
from bot.tickets.life.handling import Done, Handling
from bot.tickets.models import Kind, ShadowVerdict, State, Ticket
from bot.tickets.outages import grouping, members
from bot.tickets.owed import paging
from bot.tickets.rules import Rules

#: what was owed about it while it waited
TO_CONFIRM = "to_confirm"


@dataclass(frozen=True)
class Meant:
    """What is right instead; empty is what Gege had right."""

    kind: str = ""
    household_no: str = ""


def judge(it: Handling, meant: Meant | None) -> Done:
    """对 (None) or 改. The first word counts: whoever comes later hears who said it.

    Raises TicketRefused for a kind or a household that there is not, and where Gege never proposed anything."""
    session, ticket = it.session, it.ticket
    earlier = session.get(ShadowVerdict, ticket.id)
    if earlier is not None:
        return Done(False, earlier.by, earlier.at)
    if shadow.PROPOSED not in ticket.facts:
        raise TicketRefused(f"{ticket.ticket_no} waits for nobody's word")
    grid_no, kind = ticket.grid_no or "", str(ticket.kind)
    changed = meant is not None and _recast(it, meant)
    if not changed:
        opening.note(session, ticket, "confirmed", it.by, it.at)
    session.add(ShadowVerdict(ticket_id=ticket.id, grid_no=grid_no, kind=kind, right=not changed, by=it.by, at=it.at))
    go_on(session, ticket, it.at, it.rules, knows=(it.by,))
    return Done(True, it.by, it.at)


def expired(session: Session, ticket: Ticket, at: dt.datetime, rules: Rules) -> bool:
    """Nobody said anything in time: no report waits for ever. False when it waits no more."""
    if shadow.PROPOSED not in ticket.facts:
        return False
    opening.note(session, ticket, "unconfirmed", "gege", at)
    go_on(session, ticket, at, rules)
    return True


def go_on(session: Session, ticket: Ticket, at: dt.datetime, rules: Rules, knows: Collection[str] = ()) -> None:
    """It joins or makes an outage, its people are told (but for who `knows`), and it climbs from now on."""
    shadow.drop(ticket)
    timers.stop(session, ticket, at, paging.UNCONFIRMED)
    members.unsay(session, [ticket.id], (TO_CONFIRM,), ticket.ticket_no)
    if ticket.state != State.reported:
        return
    grouping.found_later(session, ticket, at, rules)
    session.flush()
    if ticket.outage_id is None and ticket.transformer_id is not None:
        area = grouping.area_of(
            session, ticket.kind, ticket.facts, ticket.household_no, ticket.grid_no, ticket.place, at, rules
        )
        grouping.take_in(session, ticket, area, at, rules)
    session.refresh(ticket)
    outage = members.of(session, ticket)
    if outage is not None and members.together(ticket):
        if ticket.state == State.reported and members.lead(session, outage.id) == ticket.id:
            timers.climb_anew(session, ticket, at, rules)
        return
    owner = paging.owner_of(session, ticket, at)
    told = paging.people_of(session, ticket, at).told(paging.paging_of(ticket).at_once, owner, ticket.urgent)
    told = [one for one in told if one.staff_no not in knows]
    paging.owe(session, ticket, told, "reported", at, rules=rules)
    timers.climb_anew(session, ticket, at, rules)


def _recast(it: Handling, meant: Meant) -> bool:
    """The ticket becomes what it should have been; False when that is what it was."""
    session, ticket, at = it.session, it.ticket, it.at
    before = shadow.proposal(ticket.kind, ticket.grid_no, ticket.household_no)
    if meant.kind and not is_kind(meant.kind):
        raise TicketRefused(f"{meant.kind!r} is no kind of ticket")
    household = session.get(Household, meant.household_no) if meant.household_no else None
    if meant.household_no and household is None:
        raise TicketRefused(f"there is no household {meant.household_no}")
    if household is not None and household.household_no != ticket.household_no:
        ticket.household_no, ticket.grid_no = household.household_no, household.grid_no
        ticket.place = f"{household.community.name}{household.compound}{household.address}"
    ticket.kind = meant.kind or ticket.kind
    ticket.urgent = ticket.urgent or ticket.kind == Kind.hazard
    after = shadow.proposal(ticket.kind, ticket.grid_no, ticket.household_no)
    if after == before:
        return False
    ticket.changed_at = at
    opening.note(session, ticket, "recast", it.by, at, detail={"from": before, "to": after})
    _other_owner(it)
    timers.set_deadline(session, ticket, at, it.rules)
    return True


def _other_owner(it: Handling) -> None:
    """Another grid's people have it, or whoever has that kind; who was asked about it hears that it has moved."""
    session, ticket, at = it.session, it.ticket, it.at
    owner = paging.people_of(session, ticket, at).owner_for(ticket.kind)
    former = session.get(Staff, ticket.owner) if ticket.owner else None
    if owner is None or (former is not None and former.staff_no == owner.staff_no):
        return
    ticket.owner = owner.staff_no
    if former is not None and former.staff_no != it.by:
        paging.owe(session, ticket, [former], "moved", at, rules=it.rules)
