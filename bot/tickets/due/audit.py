"""The auditor: finds what is stuck, tells the duty desk once, and sets waiting again where nothing waits any more."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session, aliased

from bot.database import Database, now
from bot.foundation.background import Background
from bot.tickets.due import timers
from bot.tickets.life.states import OPEN
from bot.tickets.models import Call, Kind, Notification, State, Stuck, Ticket, Timer
from bot.tickets.owed import outbox, paging
from bot.tickets.owed.outbox import Owed
from bot.tickets.owed.paging import UNACKNOWLEDGED
from bot.tickets.rules import Rules, usual_rules

log = logging.getLogger(__name__)

UNDELIVERED = dt.timedelta(minutes=10)
OVERDUE = dt.timedelta(minutes=2)
LONG_CALL = dt.timedelta(hours=2)
#: the auditor's own message; that it does not arrive is no news for whom it does not reach
TEMPLATE = "stuck"
#: tickets named in one message
_NAMED = 5
EVERY_S = 60.0


@dataclass(frozen=True)
class Finding:
    """Something that is stuck: no_timer, no_owner, undelivered, given_up, overdue_timer or open_call."""

    kind: str
    #: ticket number, or the id of a call or a message
    which: str
    since: dt.datetime
    ticket_no: str | None = None
    urgent: bool = False

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.which}"


def find(session: Session, at: dt.datetime) -> list[Finding]:
    """Everything that is stuck at `at`, the longest first in each kind."""
    return [
        *_without_timer(session),
        *_without_owner(session),
        *_undelivered(session, at),
        *_given_up(session),
        *_overdue(session, at),
        *_long_calls(session, at),
    ]


def _without_timer(session: Session) -> Iterable[Finding]:
    """Open tickets of which nobody would hear again; a danger that nobody has taken must climb, nothing less."""
    pending = select(Timer.id).where(Timer.ticket_id == Ticket.id, Timer.done_at.is_(None))
    climbing = pending.where(Timer.kind == UNACKNOWLEDGED).exists()
    # An outage waits by its oldest open report; what else it speaks for needs no timer, unless it is urgent.
    older = aliased(Ticket)
    spoken_for = (
        select(older.id)
        .where(
            older.outage_id == Ticket.outage_id, older.id < Ticket.id, older.state.in_(OPEN), Ticket.urgent.is_(False)
        )
        .exists()
    )
    untaken_danger = (Ticket.kind == Kind.hazard) & (Ticket.state == State.reported)
    rows = session.scalars(
        select(Ticket)
        .where(Ticket.state.in_(OPEN), ~pending.exists() | (untaken_danger & ~climbing), ~spoken_for)
        .order_by(Ticket.opened_at)
    )
    return [Finding("no_timer", row.ticket_no, row.changed_at, row.ticket_no, row.urgent) for row in rows]


def _without_owner(session: Session) -> Iterable[Finding]:
    rows = session.scalars(
        select(Ticket).where(Ticket.state.in_(OPEN), Ticket.owner.is_(None)).order_by(Ticket.opened_at)
    )
    return [Finding("no_owner", row.ticket_no, row.opened_at, row.ticket_no, row.urgent) for row in rows]


def _undelivered(session: Session, at: dt.datetime) -> Iterable[Finding]:
    owed = func.coalesce(Notification.held_until, Notification.created_at)
    rows = session.execute(
        select(Notification.id, Notification.urgent, owed, Ticket.ticket_no)
        .outerjoin(Ticket, Ticket.id == Notification.ticket_id)
        .where(Notification.state == "pending", Notification.template != TEMPLATE, owed <= at - UNDELIVERED)
        .order_by(owed, Notification.id)
    )
    return [Finding("undelivered", str(id), since, number, urgent) for id, urgent, since, number in rows]


def _given_up(session: Session) -> Iterable[Finding]:
    """Danger that no way took, while nobody has the ticket: somebody must be rung by hand."""
    rows = session.execute(
        select(Ticket.ticket_no, func.min(Notification.created_at))
        .join(Notification, Notification.ticket_id == Ticket.id)
        .where(
            Notification.state == "dead",
            Notification.urgent,
            Notification.staff_no.is_not(None),
            Notification.template != TEMPLATE,
            Ticket.state == State.reported,
        )
        .group_by(Ticket.ticket_no)
        .order_by(func.min(Notification.created_at))
    )
    return [Finding("given_up", number, since, number, True) for number, since in rows]


def _overdue(session: Session, at: dt.datetime) -> Iterable[Finding]:
    rows = session.execute(
        select(Ticket.ticket_no, Ticket.urgent, func.min(Timer.due_at))
        .join(Timer, Timer.ticket_id == Ticket.id)
        .where(Timer.done_at.is_(None), Timer.due_at < at - OVERDUE)
        .group_by(Ticket.ticket_no, Ticket.urgent)
        .order_by(func.min(Timer.due_at))
    )
    return [Finding("overdue_timer", number, since, number, urgent) for number, urgent, since in rows]


def _long_calls(session: Session, at: dt.datetime) -> Iterable[Finding]:
    rows = session.scalars(
        select(Call).where(Call.ended_at.is_(None), Call.started_at < at - LONG_CALL).order_by(Call.started_at)
    )
    return [Finding("open_call", row.id, row.started_at) for row in rows]


def audit(database: Database, at: dt.datetime, rules: Rules | None = None) -> list[Finding]:
    """Tell the duty desk, in one message, what was not told before, and mend what only waits to be waited for.

    Returns what was told now. What is found no longer is forgotten: when it comes back it is told again."""
    rules = rules or usual_rules()
    with database.reading() as session:
        if {one.key for one in find(session, at)} == set(session.scalars(select(Stuck.finding))):
            return []
    with database.session() as session:
        if session.get_bind().dialect.name == "postgresql":
            # One auditor at a time, and what it decides by is looked at afterwards (SQLite has one writer).
            session.execute(text("LOCK TABLE stuck IN EXCLUSIVE MODE"))
        found = {one.key: one for one in find(session, at)}
        known = set(session.scalars(select(Stuck.finding)))
        if gone := known - found.keys():
            session.execute(delete(Stuck).where(Stuck.finding.in_(gone)))
        fresh = [one for key, one in found.items() if key not in known]
        if fresh:
            session.add_all(Stuck(finding=one.key, told_at=at) for one in fresh)
            _tell(session, fresh, at)
            _mend(session, fresh, at, rules)
    return fresh


def _tell(session: Session, fresh: list[Finding], at: dt.datetime) -> None:
    """One message a person at the desk, however much was found; at any hour."""
    by_kind: dict[str, list[Finding]] = defaultdict(list)
    for one in fresh:
        by_kind[one.kind].append(one)
    detail = {
        TEMPLATE: {
            kind: {"count": len(those), "first": _first(one.ticket_no for one in those)}
            for kind, those in by_kind.items()
        }
    }
    desk = paging.roster(session, None, at).desk
    if not desk:
        log.error("%d things are stuck and there is no duty desk to be told: gege audit lists them", len(fresh))
    urgent = any(one.urgent for one in fresh)
    outbox.owe(session, (Owed(TEMPLATE, staff_no=one.staff_no, urgent=urgent, detail=detail) for one in desk), at)


def _first(numbers: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(one for one in numbers if one))[:_NAMED]


def _mend(session: Session, fresh: list[Finding], at: dt.datetime, rules: Rules) -> None:
    """A ticket that nothing waits for is waited for anew."""
    for one in fresh:
        if one.kind != "no_timer":
            continue
        ticket = session.scalar(select(Ticket).where(Ticket.ticket_no == one.which).with_for_update())
        if ticket is not None and ticket.state in OPEN:
            timers.wait_anew(session, ticket, at, rules)


def auditing(database: Database, owed: Callable[[], None], rules: Rules | None = None) -> Background:
    """Audit once a minute, off the event loop."""

    async def work() -> None:
        if await asyncio.to_thread(audit, database, now(), rules):
            owed()

    # Not at the start: what waited while nobody served is about to go out.
    return Background("audit", EVERY_S, work, first_after_s=EVERY_S)
