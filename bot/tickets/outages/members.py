"""The reports of one outage: they go through their life together, and one conversation speaks for them all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from typing import cast as typed

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    func,
    insert,
    or_,
    select,
    update,
)  # fmt: skip
from sqlalchemy.orm import Session

from bot.tickets.due import timers
from bot.tickets.due.deadlines import RESOLVE_DUE
from bot.tickets.life.states import OPEN
from bot.tickets.models import Activity, Notification, Outage, OutageState, State, Ticket, Timer
from bot.tickets.owed import asking, news, outbox
from bot.tickets.owed.outbox import Owed
from bot.tickets.owed.paging import COMPLAINED_OF
from bot.tickets.rules import Rules

#: people are in the dark, or will be
ACTIVE = (OutageState.announced, OutageState.open)
#: numbers in one statement
_CHUNK = 5_000
_NOTE = insert(typed(Table, Activity.__table__))
# Prepared once: it runs for every report of an outage.
_LEAD = (
    select(Ticket.id)
    .where(Ticket.outage_id == bindparam("outage_id"), Ticket.state.in_(OPEN))
    .order_by(Ticket.id)
    .limit(1)
)
#: the same as `together`, of rows
TOGETHER = and_(Ticket.urgent.is_(False), func.coalesce(cast(Ticket.facts, Text), "").not_like(f'%"{COMPLAINED_OF}"%'))
#: a bulk change; nothing of it is looked at through the session's own objects
_IN_BULK = {"synchronize_session": False}


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))


def together(ticket: Ticket) -> bool:
    """Whether the outage speaks for a report and its owner has it: not what is urgent, nor what must be kept from
    somebody whom the resident complains of."""
    return not ticket.urgent and COMPLAINED_OF not in ticket.facts


def of(session: Session, ticket: Ticket) -> Outage | None:
    """The outage that a report belongs to, while it lasts."""
    outage = session.get(Outage, ticket.outage_id) if ticket.outage_id else None
    return outage if outage is not None and outage.state in ACTIVE else None


def lead(session: Session, outage_id: int) -> int | None:
    """The ticket whose buttons and timers stand for all: the oldest that is open."""
    return session.scalar(_LEAD, {"outage_id": outage_id})


def ids_of(session: Session, *conditions: ColumnElement[bool]) -> list[int]:
    """Numbers of tickets, locked; one that somebody else is handling is left to them."""
    rows = session.scalars(select(Ticket.id).where(*conditions).order_by(Ticket.id).with_for_update(skip_locked=True))
    return list(rows)


def note_all(
    session: Session, ids: Sequence[int], kind: str, by: str, at: dt.datetime, note: str = "", **detail: Any
) -> None:
    """Write one line into each history."""
    rows = [{"ticket_id": id, "at": at, "kind": kind, "by": by, "note": note, "detail": detail} for id in ids]
    if rows:
        session.connection().execute(_NOTE, rows)


def set_all(session: Session, ids: Sequence[int], **values: Any) -> None:
    for part in _chunks(ids):
        session.execute(update(Ticket).where(Ticket.id.in_(part)).values(**values).execution_options(**_IN_BULK))


def stop_all(session: Session, ids: Sequence[int], at: dt.datetime) -> None:
    """Nothing is waited for any more."""
    for part in _chunks(ids):
        session.execute(
            update(Timer)
            .where(Timer.ticket_id.in_(part), Timer.done_at.is_(None))
            .values(done_at=at)
            .execution_options(**_IN_BULK)
        )


def unsay(session: Session, ids: Sequence[int], templates: Iterable[str], outage_no: str) -> None:
    """Messages to staff that have not left are told by the outage instead; the rows stay, to be accounted for."""
    for part in _chunks(ids):
        session.execute(
            update(Notification)
            .where(
                Notification.ticket_id.in_(part),
                Notification.staff_no.is_not(None),
                Notification.state == "pending",
                Notification.attempts == 0,
                Notification.template.in_(list(templates)),
            )
            .values(state="skipped", error=f"told with {outage_no}")
            .execution_options(**_IN_BULK)
        )


# ---- the one conversation ---------------------------------------------------------------------------


def speak(session: Session, outage: Outage, template: str, at: dt.datetime, due_at: dt.datetime | None = None) -> None:
    """Owe `template` to everybody in the conversation; the counts are read when it leaves."""
    about = lead(session, outage.id) or session.scalar(
        select(Ticket.id).where(Ticket.outage_id == outage.id).order_by(Ticket.id).limit(1)
    )
    detail = {"outage_id": outage.id}
    outbox.owe(session, (Owed(template, about, one, detail=detail, due_at=due_at) for one in outage.told), at)


def tell_newest(session: Session, outage: Outage, at: dt.datetime, rules: Rules) -> None:
    """See to it that the newest counts leave: now, or with the message that is on its way."""
    if outage.update_at is not None and outage.update_at > at:
        return
    every = dt.timedelta(minutes=rules.outages.update_every_min)
    due_at = max(at, (outage.update_at or outage.entered_at) + every)
    claimed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Outage)
        .where(Outage.id == outage.id, or_(Outage.update_at.is_(None), Outage.update_at <= at))
        .values(update_at=due_at)
        .execution_options(**_IN_BULK)
    )
    if claimed.rowcount == 1:
        speak(session, outage, "outage_update", at, due_at)


# ---- life together ----------------------------------------------------------------------------------


def wait_for_lead(session: Session, outage: Outage, at: dt.datetime, rules: Rules) -> None:
    """Set waiting for the report that stands for all; a planned outage is waited for until its announced end."""
    first = lead(session, outage.id)
    ticket = session.get(Ticket, first) if first else None
    if ticket is None:
        return
    if outage.planned:
        due_at = max(outage.estimated_restore_at or rules.resolve_due(ticket, at), at)
        pending = select(Timer.id).where(Timer.ticket_id == ticket.id, Timer.done_at.is_(None))
        if session.scalar(pending.limit(1)) is None:
            session.add(Timer(ticket_id=ticket.id, kind=RESOLVE_DUE, due_at=due_at))
    else:
        timers.wait_anew(session, ticket, at, rules)


def _with(ticket: Ticket, states: Sequence[State]) -> tuple[ColumnElement[bool], ...]:
    return (Ticket.outage_id == ticket.outage_id, Ticket.id != ticket.id, Ticket.state.in_(states))


def acknowledged(session: Session, ticket: Ticket, by: str, at: dt.datetime, rules: Rules) -> None:
    """Whoever takes one report takes the outage. What is urgent (somebody's oxygen) is taken for itself."""
    outage = of(session, ticket)
    if outage is None or (not together(ticket) and lead(session, outage.id) != ticket.id):
        return
    outage.owner = outage.owner or by
    ids = ids_of(session, *_with(ticket, (State.reported,)), TOGETHER)
    set_all(session, ids, state=State.acknowledged, owner=by, changed_at=at)
    note_all(session, ids, "acknowledged", by, at, **{"from": State.reported, "outage": outage.outage_no})
    stop_all(session, ids, at)
    _news(session, ids, "news_acknowledged", at, rules, {})


def on_site(session: Session, ticket: Ticket, by: str, at: dt.datetime, rules: Rules) -> None:
    """Who is there is there for all."""
    outage = of(session, ticket)
    if outage is None:
        return
    ids = ids_of(session, *_with(ticket, (State.reported, State.acknowledged)))
    set_all(session, ids, state=State.on_site, changed_at=at)
    note_all(session, ids, "on_site", by, at, outage=outage.outage_no)
    _news(session, ids, "news_on_site", at, rules, {})


def passed_on(session: Session, ticket: Ticket, to: str, at: dt.datetime) -> None:
    """Who has the report that stands for all has the outage."""
    outage = of(session, ticket)
    if outage is None or lead(session, outage.id) != ticket.id:
        return
    outage.owner = to if outage.owner else None
    if to not in outage.told:
        outage.told = [*outage.told, to]
    ids = ids_of(session, *_with(ticket, OPEN), TOGETHER)
    set_all(session, ids, owner=to, changed_at=at)
    note_all(session, ids, "passed_on", "gege", at, to=to, outage=outage.outage_no)


def estimated(
    session: Session,
    outage: Outage,
    restore_at: dt.datetime,
    by: str,
    at: dt.datetime,
    rules: Rules,
    but: Ticket | None = None,
) -> None:
    """When it will be back, as staff think now: everybody who reported is told."""
    outage.estimated_restore_at = restore_at
    said = restore_at.astimezone(dt.UTC).isoformat(timespec="minutes")
    conditions = [Ticket.outage_id == outage.id, Ticket.state.in_(OPEN)]
    if but is not None:
        conditions.append(Ticket.id != but.id)
    ids = ids_of(session, *conditions)
    note_all(session, ids, "estimated", by, at, restore_at=said, outage=outage.outage_no)
    _news(session, ids, "news_estimate", at, rules, {"restore_at": said})


def left(session: Session, ticket: Ticket, at: dt.datetime, rules: Rules) -> None:
    """A report has ended before the outage."""
    if outage := of(session, ticket):
        without(session, outage, at, rules)


def without(session: Session, outage: Outage, at: dt.datetime, rules: Rules) -> None:
    """A report is the outage's no more: another one stands for all. When none is left and nobody has taken it, the
    light came back by itself."""
    if lead(session, outage.id) is not None:
        wait_for_lead(session, outage, at, rules)
    elif outage.owner is None and not outage.planned:
        outage.state, outage.restored_at = OutageState.restored, at
        _silence(session, outage)


def restored(
    session: Session,
    outage: Outage,
    by: str,
    at: dt.datetime,
    rules: Rules,
    restored_at: dt.datetime | None = None,
    but: Ticket | None = None,
) -> int:
    """The power is back: all open reports are resolved, and everybody who reported is asked about their own light.

    `but` is the ticket that the caller has resolved already. Returns how many reports."""
    outage.state, outage.restored_at = OutageState.restored, restored_at or at
    conditions = [Ticket.outage_id == outage.id, Ticket.state.in_(OPEN)]
    if but is not None:
        conditions.append(Ticket.id != but.id)
    ids = ids_of(session, *conditions)
    set_all(session, ids, state=State.resolved, changed_at=at)
    note_all(session, ids, "resolved", by, at, outage=outage.outage_no)
    stop_all(session, ids, at)
    everybody = [*ids, *([but.id] if but is not None else [])]
    asking.lights(session, list(_tickets(session, everybody)), at, rules)
    _silence(session, outage)
    speak(session, outage, "outage_restored", at)
    return len(everybody)


def _silence(session: Session, outage: Outage) -> None:
    """What the conversation still had to say is overtaken."""
    ids = list(session.scalars(select(Ticket.id).where(Ticket.outage_id == outage.id)))
    unsay(session, ids, ("outage_update", "outage_widened"), outage.outage_no)


def _tickets(session: Session, ids: Sequence[int]) -> Iterator[Ticket]:
    for part in _chunks(ids):
        yield from session.scalars(select(Ticket).where(Ticket.id.in_(part)).execution_options(populate_existing=True))


def _news(
    session: Session, ids: Sequence[int], template: str, at: dt.datetime, rules: Rules, detail: Mapping[str, Any]
) -> None:
    """Tell every reporter who can be written to, once each."""
    owed = (news.news(ticket, template, at, rules, detail) for ticket in _tickets(session, ids))
    outbox.owe(session, {(one.channel, one.address): one for one in owed if one}.values(), at)
