"""Tidying the outbox: used-up links and old messages go, once a day; what a case still needs stays."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import delete, exists, select

from bot.database import Database, now
from bot.foundation.background import Background
from bot.foundation.backoff import Backoff
from bot.notify.links import LIVES, LinkMade, LinkUse
from bot.replicas.place import ALONE, Owner, alone
from bot.tickets.models import Notification, State, Ticket

#: rows that one transaction deletes: a report must not wait for it
_BATCH = 500
#: a link that is older than any can live needs no memory of its use; a day for clocks that differ
_LINKS = max(LIVES.values()) + dt.timedelta(days=1)
_DAY_S = 86_400.0
_AGAIN = Backoff(first_s=60.0, most_s=3600.0)
#: who let whom in is asked when something was found out, weeks later
_MADE = dt.timedelta(days=180)
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
    with database.session() as session:
        session.execute(delete(LinkMade).where(LinkMade.at < at - _MADE))
    while gone := _messages(database, at - dt.timedelta(days=keep_days)):
        messages += gone
    return Tidied(links, messages)


def _links(database: Database, before: dt.datetime) -> int:
    with database.session() as session:
        # Those that let somebody in stay as long as it is known who made them.
        made = exists().where(LinkMade.nonce == LinkUse.nonce)
        old = session.scalars(select(LinkUse.nonce).where(LinkUse.used_at < before, ~made).limit(_BATCH)).all()
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


def tidying(
    database: Database,
    keep_days: int,
    others: Mapping[str, Callable[[dt.datetime], object]] | None = None,
    owner: Owner = ALONE,
) -> list[Background]:
    """Tidy at the start and once a day, off the event loop; `others` tidy other rooms' rows. Of several services one
    does."""

    def tidy_outbox(at: dt.datetime) -> None:
        tidy(database, at, keep_days)

    def background(name: str, work: Callable[[dt.datetime], object]) -> Background:
        async def once() -> None:
            await asyncio.to_thread(work, now())

        return Background(f"tidy {name}", _DAY_S, alone(owner, f"tidy {name}", once), again=_AGAIN)

    works: dict[str, Callable[[dt.datetime], object]] = {"outbox": tidy_outbox, **(others or {})}
    return [background(name, work) for name, work in works.items()]
