"""Two open cases of one door that are one matter: the later one goes into the earlier, with all that it knew."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.tickets.cards import TicketRefused
from bot.tickets.due import timers
from bot.tickets.life import opening
from bot.tickets.life.adding import Added, add
from bot.tickets.life.handling import Done, Handling
from bot.tickets.life.states import OPEN
from bot.tickets.models import Kind, State, Ticket
from bot.tickets.near import same_place
from bot.tickets.outages import members
from bot.tickets.owed import asking
from bot.tickets.owed.paging import COMPLAINED_OF
from bot.tickets.shadow import PROPOSED

#: of one grid that are looked at
_MOST = 200
#: one fault, told in three ways
_SUPPLY = frozenset({Kind.outage, Kind.breaker_fault, Kind.indoor_repair})


def of_door(session: Session, ticket: Ticket) -> list[Ticket]:
    """Other open cases of the same household, or of a place that says the same, the oldest first."""
    here = [Ticket.household_no == ticket.household_no] if ticket.household_no else []
    if ticket.place.strip() and ticket.grid_no:
        here.append(Ticket.grid_no == ticket.grid_no)
    if not here:
        return []
    query = select(Ticket).where(Ticket.state.in_(OPEN), Ticket.id != ticket.id, or_(*here))
    return [
        one
        for one in session.scalars(query.order_by(Ticket.opened_at, Ticket.id).limit(_MOST))
        if (ticket.household_no and one.household_no == ticket.household_no) or _same_place(ticket, one)
    ]


def may_join(session: Session, one: Ticket, other: Ticket) -> bool:
    """Whether two open cases may become one. A danger stays a danger: it joins only another. A case that is kept from
    somebody, or that an outage speaks for, stays by itself."""
    if one.state not in OPEN or other.state not in OPEN or one.id == other.id:
        return False
    if any(COMPLAINED_OF in each.facts or members.of(session, each) is not None for each in (one, other)):
        return False
    return one.kind == other.kind or (one.kind in _SUPPLY and other.kind in _SUPPLY)


def join(it: Handling, other: Ticket) -> Done:
    """The later of the two goes into the earlier one: who reported first keeps the clock, who has it keeps it.

    Raises TicketRefused where the two may not be one."""
    session, at = it.session, it.at
    if not may_join(session, it.ticket, other):
        raise TicketRefused(f"{it.ticket.ticket_no} and {other.ticket_no} are not one matter")
    first, later = sorted((it.ticket, other), key=lambda one: (one.opened_at, one.id))
    facts = {name: value for name, value in later.facts.items() if name not in first.facts and name != PROPOSED}
    timers.stop(session, later, at)
    asking.forget(session, later, at)
    taken = later.state if later.state != State.reported else None
    later.state, later.changed_at = State.merged, at
    opening.note(session, later, "merged", it.by, at, detail={"into": first.ticket_no})
    into = Handling(session, first, it.by, at, it.rules)
    words = f"{later.ticket_no}：{later.said}"
    add(into, Added(words, later.place, later.householder, later.household_no, later.grid_no, facts, later.urgent))
    if taken is not None and first.state == State.reported and later.owner:
        Handling(session, first, later.owner, at, it.rules).acknowledge()
        if taken == State.on_site:
            Handling(session, first, later.owner, at, it.rules).move(State.on_site)
    return Done(True, it.by, at)


def _same_place(one: Ticket, other: Ticket) -> bool:
    """An empty place says nothing: it is nobody's door."""
    return bool(one.place.strip() and other.place.strip()) and same_place(one.place, other.place)
