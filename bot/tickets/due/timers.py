"""Timers: what happens when nobody acknowledges, comes or settles. Rows, so that a restart forgets none of them."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable
from typing import Any, cast

from sqlalchemy import CursorResult, Table, insert, select, update
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.foundation.background import Background
from bot.tickets import shadow
from bot.tickets.checklist import STEP_DUE
from bot.tickets.due import clock_set_back, deadlines, steps
from bot.tickets.due.deadlines import DEADLINES, RESOLVE_DUE
from bot.tickets.models import Activity, State, Ticket, Timer
from bot.tickets.owed import asking, paging
from bot.tickets.owed.paging import UNACKNOWLEDGED, UNCONFIRMED
from bot.tickets.rules import Rules, usual_rules

log = logging.getLogger(__name__)

#: the loop that fires them
NAME = "timers"

_START = insert(cast(Table, Timer.__table__))
#: a clock is corrected by less than this all day long
SLACK = dt.timedelta(seconds=1)


def start(
    session: Session, ticket: Ticket, at: dt.datetime, rules: Rules | None = None, *, confirmed: bool = True
) -> None:
    """Start to wait: for an acknowledgement (or, not `confirmed` yet, for 对 or 改), and for the first deadline."""
    rules = rules or usual_rules()
    if confirmed:
        first = (UNACKNOWLEDGED, rules.after(ticket, at, paging.paging_of(ticket).steps[0].after))
    else:
        first = (UNCONFIRMED, rules.after(ticket, at, dt.timedelta(minutes=rules.confirm_min)))
    rows = (first, deadlines.first(ticket, at, rules))
    session.connection().execute(
        _START, [{"ticket_id": ticket.id, "kind": kind, "step": 0, "due_at": due_at} for kind, due_at in rows]
    )


def stop(session: Session, ticket: Ticket, at: dt.datetime, *kinds: str) -> None:
    """Nothing more is waited for; with `kinds`, only these."""
    pending = update(Timer).where(Timer.ticket_id == ticket.id, Timer.done_at.is_(None))
    if kinds:
        pending = pending.where(Timer.kind.in_(kinds))
    session.execute(pending.values(done_at=at))


def climb_anew(session: Session, ticket: Ticket, at: dt.datetime, rules: Rules) -> None:
    """Wait for an acknowledgement from the beginning: an everyday matter has become urgent. What climbs waits for
    nobody's 对 any more."""
    stop(session, ticket, at, UNACKNOWLEDGED, UNCONFIRMED)
    shadow.drop(ticket)
    due_at = rules.after(ticket, at, paging.paging_of(ticket).steps[0].after)
    session.add(Timer(ticket_id=ticket.id, kind=UNACKNOWLEDGED, due_at=due_at))


def wait_anew(session: Session, ticket: Ticket, at: dt.datetime, rules: Rules) -> None:
    """Set waiting again for an open ticket that nothing waits for (taken over from an older Gege, changed by hand)."""
    if ticket.state == State.reported:
        climb_anew(session, ticket, at, rules)
    waiting = select(Timer.id).where(Timer.ticket_id == ticket.id, Timer.done_at.is_(None), Timer.kind.in_(DEADLINES))
    if session.scalar(waiting.limit(1)) is None:
        kind, due_at = (
            (RESOLVE_DUE, rules.resolve_due(ticket, at))
            if ticket.state == State.on_site
            else deadlines.first(ticket, at, rules)
        )
        session.add(Timer(ticket_id=ticket.id, kind=kind, due_at=due_at))


def set_deadline(session: Session, ticket: Ticket, at: dt.datetime, rules: Rules) -> None:
    """Count the deadlines of a ticket anew: on arrival, or when its area has become known."""
    if ticket.state == State.on_site:
        if rules.on_site_due(ticket, at) is None:
            return  # an everyday matter has one deadline, counted from the report
        kind, due_at = RESOLVE_DUE, rules.resolve_due(ticket, at)
    else:
        kind, due_at = deadlines.first(ticket, ticket.opened_at, rules)
    stop(session, ticket, at, *DEADLINES)
    session.add(Timer(ticket_id=ticket.id, kind=kind, due_at=due_at))


def fire_due(database: Database, at: dt.datetime, rules: Rules | None = None) -> int:
    """Do what is due at `at`, each timer in a transaction of its own; returns how many fired.

    Safe with several processes: whoever claims the row fires it. A timer that fails is logged, stays
    due, and holds up no other."""
    rules = rules or usual_rules()
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
                    fired += _fire(session, timer_id, at, rules)
            except Exception:
                log.exception("timer %s could not fire", timer_id)
                failed.add(timer_id)


def next_due(database: Database, after: dt.datetime) -> dt.datetime | None:
    """When the first timer after an instant is due; None when nothing waits."""
    waiting = select(Timer.due_at).where(Timer.done_at.is_(None), Timer.due_at > after)
    with database.reading() as session:
        return session.scalar(waiting.order_by(Timer.due_at).limit(1))


def _fire(session: Session, timer_id: int, at: dt.datetime, rules: Rules) -> bool:
    """Claim and fire one timer; False when it was another's or came to nothing."""
    timer = session.get_one(Timer, timer_id)
    # The ticket first, as an acknowledgement does: the other order could deadlock on PostgreSQL.
    ticket = session.get_one(Ticket, timer.ticket_id, with_for_update=True)
    claimed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Timer).where(Timer.id == timer_id, Timer.done_at.is_(None)).values(done_at=at)
    )
    if claimed.rowcount != 1:
        return False
    if timer.kind in DEADLINES:
        return deadlines.passed(session, timer, ticket, at, rules)
    if timer.kind in asking.SILENCES:
        return asking.silent(session, timer, ticket, at)
    if timer.kind == STEP_DUE:
        return steps.asked(session, timer, ticket, at, rules)
    if timer.kind == UNCONFIRMED:
        from bot.tickets.life import proposing  # it stands above timers: what goes on is grouped, told, and climbs

        return proposing.expired(session, ticket, at, rules)
    if ticket.state != State.reported:
        return False
    _climb(session, timer, ticket, at, rules)
    return True


def _climb(session: Session, timer: Timer, ticket: Ticket, at: dt.datetime, rules: Rules) -> None:
    climb = paging.paging_of(ticket).steps
    step = climb[min(timer.step, len(climb) - 1)]
    owner = paging.owner_of(session, ticket, at)
    told = paging.people_of(session, ticket, at).told(step.to, owner, ticket.urgent)
    # A clock that was set back must not speak of minus three minutes.
    waited = max(int((at - ticket.opened_at).total_seconds() // 60), 0)
    paging.owe(session, ticket, told, "unacknowledged", at, {"minutes": waited}, rules=rules)
    session.add(
        Activity(
            ticket_id=ticket.id,
            at=at,
            kind="escalated",
            by="gege",
            detail={"step": timer.step, "minutes": waited, "told": [person.staff_no for person in told]},
        )
    )
    following = _following(timer, ticket, climb, at, rules)
    if following is not None:
        session.add(Timer(ticket_id=ticket.id, kind=timer.kind, step=timer.step + 1, due_at=following))


def _following(
    timer: Timer, ticket: Ticket, steps: tuple[paging.Step, ...], at: dt.datetime, rules: Rules
) -> dt.datetime | None:
    """When the next step is due; a repeated step that was missed is not made up for, it keeps its beat."""
    gap = paging.gap(steps, timer.step + 1)
    if gap is None:
        return None
    if timer.step + 1 < len(steps):
        return rules.after(ticket, timer.due_at, gap)
    missed = max((at - timer.due_at) // gap, 0)
    return timer.due_at + gap * (missed + 1)


class Watch:
    """Fires what is due, second by second, whatever the clock does meanwhile."""

    def __init__(self, database: Database, rules: Rules | None = None) -> None:
        self._database = database
        self._rules = rules or usual_rules()
        self._last: dt.datetime | None = None

    def tick(self, at: dt.datetime) -> int:
        """Fire what is due at `at`; when the clock was set back (or the service starts), first mend what a clock
        that ran ahead has put off. Returns how many fired."""
        if self._last is None or at < self._last - SLACK:
            clock_set_back.mend(self._database, at, self._rules)
        self._last = at
        return fire_due(self._database, at, self._rules)


def watching(database: Database, owed: Callable[[], None], rules: Rules | None = None) -> Background:
    """Fire what is due, second by second, off the event loop; `owed` is told when somebody is owed a message."""
    watch = Watch(database, rules)

    async def work() -> None:
        if await asyncio.to_thread(watch.tick, now()):
            owed()

    return Background(NAME, 1.0, work)
