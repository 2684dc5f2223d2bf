"""Dialogues that are over leave the database: they hold what somebody said, and nobody goes on with them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, select

from bot.database import Database
from bot.tickets.models import DialogueState

#: rows that one transaction deletes: a report must not wait for it
_BATCH = 500


def forget_dialogues(database: Database, keep_days: int, at: dt.datetime) -> None:
    """Delete what rested for `keep_days` before `at`; what is half-told stays until it is a ticket."""
    before = at - dt.timedelta(days=keep_days)
    old = (
        select(DialogueState.session)
        .where(DialogueState.changed_at < before, DialogueState.half_told.is_(False))
        .limit(_BATCH)
    )
    gone = True
    while gone:
        with database.session() as session:
            names = list(session.scalars(old))
            session.execute(delete(DialogueState).where(DialogueState.session.in_(names)))
        gone = bool(names)
