"""A ticket is kept from those whom the resident complains of, also when the complaint comes after it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import update

from bot.grid.leave import present
from bot.grid.models import Staff
from bot.tickets.due import timers
from bot.tickets.life import opening
from bot.tickets.life.complaints import owner_but
from bot.tickets.life.handling import Handling
from bot.tickets.life.states import OPEN
from bot.tickets.models import Notification, State
from bot.tickets.owed import paging


def keep_from(it: Handling, staff_nos: Iterable[str]) -> None:
    """They own it no more, read nothing of it that has not left, and nothing that follows. Somebody else has it and is
    told; while nobody has taken it, it climbs anew."""
    session, ticket, at = it.session, it.ticket, it.at
    before = list(ticket.facts.get(paging.COMPLAINED_OF, ()))
    fresh = [one for one in dict.fromkeys(staff_nos) if one not in before]
    if not fresh:
        return
    ticket.facts = {**ticket.facts, paging.COMPLAINED_OF: [*before, *fresh]}
    ticket.changed_at = at
    opening.note(session, ticket, "kept_from", it.by, at, detail={"from": fresh})
    session.execute(
        update(Notification)
        .where(Notification.ticket_id == ticket.id, Notification.staff_no.in_(fresh), Notification.state == "pending")
        .values(state="skipped", error="the resident complains of the reader")
        .execution_options(synchronize_session=False)
    )
    if ticket.state in OPEN and _has_it(it, fresh):
        _give_to_another(it)


def _has_it(it: Handling, staff_nos: list[str]) -> bool:
    owner = it.session.get(Staff, it.ticket.owner) if it.ticket.owner else None
    return owner is not None and not {owner.staff_no, present(it.session, owner, it.at).staff_no}.isdisjoint(staff_nos)


def _give_to_another(it: Handling) -> None:
    session, ticket, at = it.session, it.ticket, it.at
    people = paging.people_of(session, ticket, at)
    owner = owner_but(people, ticket.kind, ())
    opening.note(
        session, ticket, "passed_on", "gege", at, detail={"from": ticket.owner, "to": owner.staff_no if owner else None}
    )
    ticket.owner = owner.staff_no if owner else None
    if owner is not None:
        paging.owe(session, ticket, [owner], "passed_on", at, rules=it.rules)
    if ticket.state == State.reported:
        timers.climb_anew(session, ticket, at, it.rules)
