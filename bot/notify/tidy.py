"""Tidying the outbox: used-up links and old messages go, once a day; what a case still needs stays."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from bot.database import Database, now
from bot.notify.links import LIVES, LinkUse
from bot.tickets.models import Notification, State, Ticket

log = logging.getLogger(__name__)

#: rows that one transaction deletes: a report must not wait for it
_BATCH = 500
#: a link that is older than any can live needs no memory of its use; a day for clocks that differ
_LINKS = max(LIVES.values()) + dt.timedelta(days=1)
#: these cases are over
_OVER = (State.closed, State.cancelled, State.merged)


@dataclass(frozen=True)
class Tidied:
    """Rows that went."""

    links: int
    messages: int


def tidy(database: Database, at: dt.datetime, keep_days: int) -> Tidied:
    """Forget the use of links that have expired, and settled messages of cases that are over, `keep_days` after they
    were owed. A message that is still owed is never touched, nor one of an open case."""
    links = messages = 0
    while gone := _links(database, at - _LINKS):
        links += gone
    while gone := _messages(database, at - dt.timedelta(days=keep_days)):
        messages += gone
    return Tidied(links, messages)


def _links(database: Database, before: dt.datetime) -> int:
    with database.session() as session:
        old = session.scalars(select(LinkUse.nonce).where(LinkUse.used_at < before).limit(_BATCH)).all()
        if old:
            session.execute(delete(LinkUse).where(LinkUse.nonce.in_(old)))
        return len(old)


def _messages(database: Database, before: dt.datetime) -> int:
    with database.session() as session:
        old = session.scalars(
            select(Notification.id)
            .outerjoin(Ticket, Ticket.id == Notification.ticket_id)
            .where(Notification.state != "pending", Notification.created_at < before)
            .where(Notification.ticket_id.is_(None) | Ticket.state.in_(_OVER))
            .limit(_BATCH)
        ).all()
        if old:
            session.execute(delete(Notification).where(Notification.id.in_(old)))
        return len(old)


async def tidying(
    database: Database,
    keep_days: int,
    others: Sequence[Callable[[dt.datetime], None]] = (),
    every_s: float = 86_400.0,
) -> None:
    """Tidy at the start and once a day, for ever, off the event loop; `others` tidy other rooms' rows at that hour."""
    while True:
        for one in (lambda at: tidy(database, at, keep_days), *others):
            try:
                await asyncio.to_thread(one, now())
            except Exception:
                log.exception("old rows could not be tidied; trying again tomorrow")
        await asyncio.sleep(every_s)
