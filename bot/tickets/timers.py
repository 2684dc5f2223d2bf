"""Timers: what happens when nobody acknowledges. Rows, so that a restart forgets none of them."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import CursorResult, Table, insert, select, update
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.grid.models import Staff
from bot.tickets import paging
from bot.tickets.models import Activity, State, Ticket, Timer

log = logging.getLogger(__name__)

UNACKNOWLEDGED = "unacknowledged"
_START = insert(cast(Table, Timer.__table__))


def start(session: Session, ticket: Ticket, at: dt.datetime) -> None:
    """Start to wait for an acknowledgement."""
    first = paging.paging_of(ticket).steps[0]
    due_at = at + first.after
    session.connection().execute(
        _START, {"ticket_id": ticket.id, "kind": UNACKNOWLEDGED, "step": 0, "due_at": due_at}
    )


def stop(session: Session, ticket: Ticket, at: dt.datetime) -> None:
    """Somebody has it, or nobody needs it any more."""
    session.execute(
        update(Timer).where(Timer.ticket_id == ticket.id, Timer.done_at.is_(None)).values(done_at=at)
    )


def fire_due(database: Database, at: dt.datetime) -> int:
    """Do what is due at `at`, each timer in a transaction of its own; returns how many fired.

    Safe with several processes: whoever claims the row fires it. A timer that fails is logged, stays
    due, and holds up no other."""
    fired = 0
    failed: set[int] = set()
    # After a pause several steps of one ticket are due; each writes its successor, hence the loop.
    while True:
        with database.reading() as session:
            due = session.scalars(
                select(Timer.id)
                .where(Timer.done_at.is_(None), Timer.due_at <= at, Timer.id.not_in(failed))
                .order_by(Timer.due_at, Timer.id)
                .limit(200)
            ).all()
        if not due:
            return fired
        for timer_id in due:
            try:
                with database.session() as session:
                    fired += _fire(session, timer_id, at)
            except Exception:
                log.exception("timer %s could not fire", timer_id)
                failed.add(timer_id)


def _fire(session: Session, timer_id: int, at: dt.datetime) -> bool:
    """Claim and fire one timer; False when it was another's or came to nothing."""
    timer = session.get_one(Timer, timer_id)
    # The ticket first, as an acknowledgement does: the other order could deadlock on PostgreSQL.
    ticket = session.get_one(Ticket, timer.ticket_id, with_for_update=True)
    claimed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Timer).where(Timer.id == timer_id, Timer.done_at.is_(None)).values(done_at=at)
    )
    if claimed.rowcount != 1 or ticket.state != State.reported:
        return False
    steps = paging.paging_of(ticket).steps
    step = steps[min(timer.step, len(steps) - 1)]
    owner = session.get(Staff, ticket.owner) if ticket.owner else None
    told = paging.roster(session, ticket.grid_no).told(step.to, owner, ticket.urgent)
    waited = int((at - ticket.opened_at).total_seconds() // 60)
    paging.owe(session, ticket, told, "unacknowledged", at, {"minutes": waited})
    session.add(
        Activity(
            ticket_id=ticket.id,
            at=at,
            kind="escalated",
            by="gege",
            detail={"step": timer.step, "minutes": waited, "told": [person.staff_no for person in told]},
        )
    )
    following = _following(timer, steps, at)
    if following is not None:
        session.add(Timer(ticket_id=ticket.id, kind=timer.kind, step=timer.step + 1, due_at=following))
    return True


def _following(timer: Timer, steps: tuple[paging.Step, ...], at: dt.datetime) -> dt.datetime | None:
    """When the next step is due; a repeated step that was missed is not made up for, it keeps its beat."""
    if timer.step + 1 < len(steps):
        return timer.due_at + (steps[timer.step + 1].after - steps[timer.step].after)
    again = steps[-1].again
    if again is None:
        return None
    missed = max((at - timer.due_at) // again, 0)
    return timer.due_at + again * (missed + 1)


async def watch(database: Database, owed: Callable[[], None], every_s: float = 1.0) -> None:
    """Fire what is due, for ever, off the event loop; `owed` is told when somebody is owed a message."""
    while True:
        try:
            if await asyncio.to_thread(fire_due, database, now()):
                owed()
        except Exception:
            log.exception("the timers could not be read; trying again")
        await asyncio.sleep(every_s)
