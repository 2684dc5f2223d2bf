"""A clock that was set back: what it put off while it ran ahead is put right, so that nothing waits for hours."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import Database
from bot.grid.models import Staff
from bot.tickets.due.deadlines import COUNTS, DEADLINES, ON_SITE_DUE, RESOLVE_DUE
from bot.tickets.life.states import OPEN
from bot.tickets.models import Notification, Ticket, Timer
from bot.tickets.owed import paging
from bot.tickets.rules import Rules

#: a retry is never put off for longer (NotifySettings.retry_max_s is an hour)
_RETRY = dt.timedelta(hours=1)
_RETRY_URGENT = dt.timedelta(minutes=1)
#: two machines' clocks differ by less
_SKEW = dt.timedelta(seconds=1)


def mend(database: Database, at: dt.datetime, rules: Rules) -> int:
    """Pull back what is due later than it could be, had it been started at `at`; returns how many rows.

    Nothing that a right clock has set is touched: what began earlier is due earlier; nor what another service is working
    on just now, whose clock goes on."""
    with database.session() as session:
        return _rearm(session, at) + _timers(session, at, rules) + _messages(session, at, rules)


def _rearm(session: Session, at: dt.datetime) -> int:
    """A deadline that passed in an hour that has not come yet counts again."""
    rows = session.execute(
        select(Timer, Ticket)
        .join(Ticket, Ticket.id == Timer.ticket_id)
        .where(Timer.done_at > at + _SKEW, Timer.due_at > at + _SKEW, Timer.kind.in_(DEADLINES))
        .where(Ticket.state.in_(OPEN))
        .order_by(Timer.due_at.desc())
        .with_for_update(of=Timer, skip_locked=True)
    ).all()
    mended = 0
    for timer, ticket in rows:
        if ticket.state not in COUNTS[timer.kind]:
            continue
        waiting = session.scalars(
            select(Timer).where(Timer.ticket_id == ticket.id, Timer.done_at.is_(None), Timer.kind.in_(DEADLINES))
        ).all()
        if timer.kind == ON_SITE_DUE and not any(one.kind == ON_SITE_DUE for one in waiting):
            for one in waiting:
                one.done_at = at
            session.add(Timer(ticket_id=ticket.id, kind=ON_SITE_DUE, due_at=timer.due_at))
            mended += 1
        elif timer.kind == RESOLVE_DUE:
            for one in waiting:
                if one.kind == RESOLVE_DUE and one.step > timer.step:
                    one.step, one.due_at = timer.step, timer.due_at
                    mended += 1
        session.flush()
    return mended


def _timers(session: Session, at: dt.datetime, rules: Rules) -> int:
    rows = session.execute(
        select(Timer, Ticket)
        .join(Ticket, Ticket.id == Timer.ticket_id)
        .where(Timer.done_at.is_(None), Timer.due_at > at, Ticket.state.in_(OPEN))
        .with_for_update(of=Timer, skip_locked=True)
    ).all()
    mended = 0
    for timer, ticket in rows:
        latest = _latest(timer, ticket, at, rules)
        if latest is not None and timer.due_at > latest:
            timer.due_at = latest
            mended += 1
    return mended


def _latest(timer: Timer, ticket: Ticket, at: dt.datetime, rules: Rules) -> dt.datetime | None:
    """When a timer would be due that starts at `at`."""
    if timer.kind == ON_SITE_DUE:
        return rules.on_site_due(ticket, at)
    if timer.kind == RESOLVE_DUE:
        return rules.asks_again(ticket, at) if timer.step else rules.resolve_due(ticket, at)
    if timer.kind == paging.UNACKNOWLEDGED:
        gap = paging.gap(paging.paging_of(ticket).steps, timer.step)
        return rules.after(ticket, at, gap) if gap else None
    if timer.kind == paging.UNCONFIRMED:
        return rules.after(ticket, at, dt.timedelta(minutes=rules.confirm_min))
    return None


def _messages(session: Session, at: dt.datetime, rules: Rules) -> int:
    rows = session.execute(
        select(Notification, Ticket, Staff.role)
        .outerjoin(Ticket, Ticket.id == Notification.ticket_id)
        .outerjoin(Staff, Staff.staff_no == Notification.staff_no)
        .where(Notification.state == "pending", Notification.due_at > at)
        .with_for_update(of=Notification, skip_locked=True)
    ).all()
    mended = 0
    for row, ticket, role in rows:
        if row.attempts:
            latest = at + (_RETRY_URGENT if row.urgent else _RETRY)
        elif row.held_until is None or ticket is None:
            latest = at
        else:
            latest = rules.tells(ticket, role, at) if role else rules.tells_resident(ticket, at)
        if row.due_at > latest:
            row.due_at = latest
            if row.held_until is not None:
                row.held_until = min(row.held_until, latest)
            mended += 1
    return mended
