"""Somebody calls again about what is logged: one ticket, one more line of its history, and it climbs while nobody has it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from bot.tickets import reading
from bot.tickets.intake.caller import Caller
from bot.tickets.life import opening
from bot.tickets.life.handling import Handling
from bot.tickets.life.states import OPEN
from bot.tickets.models import State, Timer
from bot.tickets.outages import members
from bot.tickets.owed import paging


def called_again(it: Handling, note: str, caller: Caller | None, facts: Mapping[str, Any]) -> None:
    """The fact `called_again` counts the calls after the first. The owner is told; what nobody has taken climbs to its
    next step at once, to whom that step names: nobody else hears of it a second time."""
    _count(it, "called_again", note, caller, facts)
    if it.ticket.state == State.reported:
        _climb_now(it)
    _tell(it, note)


def also_reported(it: Handling, note: str, caller: Caller | None, facts: Mapping[str, Any]) -> None:
    """Somebody else sees the same; the fact `also_reported` counts them. Whoever has it is told."""
    _count(it, "also_reported", note, caller, facts)
    _tell(it, note)


def also_called(it: Handling, caller: Caller, *, tell: bool) -> None:
    """One more number on a list of call-backs; whoever has it is told where that is wanted."""
    _count(it, "also_reported", caller.address, caller, {})
    if tell:
        _tell(it, caller.address)


def _count(it: Handling, what: str, note: str, caller: Caller | None, facts: Mapping[str, Any]) -> None:
    session, ticket, at = it.session, it.ticket, it.at
    before = ticket.facts.get(what)
    times = before + 1 if isinstance(before, int) else 1
    detail: dict[str, Any] = {"times": times, **({"facts": facts} if facts else {})}
    if caller is not None and caller.address and caller.address != ticket.reporter:
        detail["caller"] = caller.address
    opening.note(session, ticket, what, it.by, at, note, detail)
    ticket.facts = {**ticket.facts, **opening.plain(facts), what: times}
    ticket.changed_at = at


def _tell(it: Handling, note: str) -> None:
    ticket = it.ticket
    if ticket.state not in OPEN:
        return
    spoken_for = members.of(it.session, ticket) is not None and members.together(ticket)
    # A message that is still on its way says it when it leaves; an outage's one conversation is not broken into.
    if ticket.urgent or not (spoken_for or reading.still_owed(it.session, ticket)):
        it.tell_owner("added", note)


def _climb_now(it: Handling) -> None:
    """The next step is due now (in the hours that count); a step that repeats itself keeps its beat."""
    waiting = it.session.scalars(
        select(Timer).where(
            Timer.ticket_id == it.ticket.id, Timer.kind == paging.UNACKNOWLEDGED, Timer.done_at.is_(None)
        )
    )
    steps = paging.paging_of(it.ticket).steps
    for timer in waiting:
        if timer.step < len(steps) and steps[timer.step].again is None:
            timer.due_at = min(timer.due_at, it.rules.after(it.ticket, it.at, dt.timedelta()))
