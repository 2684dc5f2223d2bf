"""Deadlines: when somebody must be on site, when it must be settled, and what happens when the moment passes."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from bot.grid.models import Role
from bot.tickets.life.states import OPEN
from bot.tickets.models import Activity, State, Ticket, Timer
from bot.tickets.owed import paging
from bot.tickets.rules import Rules

ON_SITE_DUE = "on_site_due"
RESOLVE_DUE = "resolve_due"
DEADLINES = (ON_SITE_DUE, RESOLVE_DUE)

#: states in which a deadline still counts
COUNTS = {ON_SITE_DUE: (State.reported, State.acknowledged), RESOLVE_DUE: OPEN}


def first(ticket: Ticket, at: dt.datetime, rules: Rules) -> tuple[str, dt.datetime]:
    """The deadline that a report starts, and when it is due."""
    on_site = rules.on_site_due(ticket, at)
    return (ON_SITE_DUE, on_site) if on_site else (RESOLVE_DUE, rules.resolve_due(ticket, at))


def passed(session: Session, timer: Timer, ticket: Ticket, at: dt.datetime, rules: Rules) -> bool:
    """Tell owner, supervisor and duty desk that a deadline has passed; False when it no longer counts.

    Another one follows, so that what stays open is heard of again."""
    if ticket.state not in COUNTS[timer.kind]:
        return False
    owner = paging.owner_of(session, ticket, at)
    people = paging.people_of(session, ticket, at)
    told = people.told((Role.manager, Role.supervisor, Role.duty), owner, ticket.urgent)
    late = max(int((at - timer.due_at).total_seconds() // 60), 0)
    waited = max(int((at - ticket.opened_at).total_seconds() // 60), 0)
    paging.owe(
        session,
        ticket,
        told,
        "on_site_overdue" if timer.kind == ON_SITE_DUE else "resolve_overdue",
        at,
        {"minutes": waited},
        rules=rules,
    )
    session.add(
        Activity(
            ticket_id=ticket.id,
            at=at,
            kind="overdue",
            by="gege",
            detail={"deadline": timer.kind, "late": late, "told": [person.staff_no for person in told]},
        )
    )
    if timer.kind == ON_SITE_DUE:
        following, step = rules.resolve_due(ticket, timer.due_at), 0
    else:
        following, step = rules.asks_again(ticket, timer.due_at), timer.step + 1
    if following <= at:
        # After a pause nothing is made up for.
        following = rules.asks_again(ticket, at)
    session.add(Timer(ticket_id=ticket.id, kind=RESOLVE_DUE, step=step, due_at=following))
    return True
