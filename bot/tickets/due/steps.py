"""The day that a step of a checklist named has passed: whoever has the case is asked."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Session

from bot.tickets import reading
from bot.tickets.checklist import STEP, STEP_DUE, spoken_day, steps_of
from bot.tickets.life.states import OPEN
from bot.tickets.models import Activity, Ticket, Timer
from bot.tickets.owed import paging
from bot.tickets.rules import Rules


def asked(session: Session, timer: Timer, ticket: Ticket, at: dt.datetime, rules: Rules) -> bool:
    """Ask the owner, or who stands in; False when the case is over. Who presses a later step ends the timer (stepping.py)."""
    steps = steps_of(ticket.kind)
    last = reading.last_activity(session, ticket, STEP, "reopened")
    if ticket.state not in OPEN or timer.step >= len(steps) or last is None or last.kind != STEP:
        return False
    step = steps[timer.step]
    words = step.asks.format(day=spoken_day(dt.date.fromisoformat(last.detail["day"])))
    owner = paging.owner_of(session, ticket, at)
    told = [owner] if owner is not None else paging.people_of(session, ticket, at).desk
    paging.owe(session, ticket, told, STEP_DUE, at, {"note": words}, rules=rules)
    detail = {"step": step.name, "told": [one.staff_no for one in told]}
    session.add(Activity(ticket_id=ticket.id, at=at, kind=STEP_DUE, by="gege", note=words, detail=detail))
    return True
