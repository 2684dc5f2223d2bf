"""Calls that are owed to residents who cannot be written to: rows that whoever can ring takes and settles."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.tickets.models import OwedCall, Ticket

LIGHT_ON = "light_on"
RATING = "rating"

#: nobody is rung more often about one thing (docs/promises.md)
MOST_ATTEMPTS = 2


@dataclass(frozen=True)
class OwedCallCard:
    """One call that is owed: what to ask whom about which ticket, and since when."""

    id: int
    #: light_on or rating
    kind: str
    ticket_no: str
    number: str
    #: waiting, answered, given_up or dropped
    state: str
    due_at: dt.datetime
    attempts: int


def drop(session: Session, ticket_id: int, at: dt.datetime, state: str = "dropped") -> None:
    """Nobody needs to be rung about this ticket any more."""
    session.execute(
        update(OwedCall)
        .where(OwedCall.ticket_id == ticket_id, OwedCall.state == "waiting")
        .values(state=state, changed_at=at)
        .execution_options(synchronize_session=False)
    )


class OwedCalls:
    """What an outbound caller needs: `due` says whom to ring, `tried` that nobody answered.

    What was answered goes to `Answers` (light, rating), which settles the call as well."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, at: dt.datetime | None = None, limit: int = 100) -> list[OwedCallCard]:
        """Calls that may be made now, the longest waiting first."""
        with self._database.reading() as session:
            rows = session.execute(
                select(OwedCall, Ticket.ticket_no)
                .join(Ticket, Ticket.id == OwedCall.ticket_id)
                .where(OwedCall.state == "waiting", OwedCall.due_at <= (at or now()))
                .order_by(OwedCall.due_at, OwedCall.id)
                .limit(limit)
            )
            return [
                OwedCallCard(row.id, row.kind, number, row.number, row.state, row.due_at, row.attempts)
                for row, number in rows
            ]

    def tried(self, id: int, again_at: dt.datetime, at: dt.datetime | None = None) -> bool:
        """Rung, and nobody spoke: once more at `again_at`, or given up. False when it was settled meanwhile."""
        with self._database.session() as session:
            row = session.get(OwedCall, id, with_for_update=True)
            if row is None or row.state != "waiting":
                return False
            row.attempts += 1
            row.due_at, row.changed_at = again_at, at or now()
            if row.attempts >= MOST_ATTEMPTS:
                row.state = "given_up"
            return True

    def put_off(self, id: int, until: dt.datetime) -> None:
        """Not now; it counts as no attempt."""
        with self._database.session() as session:
            row = session.get(OwedCall, id, with_for_update=True)
            if row is not None and row.state == "waiting":
                row.due_at = until

    def give_up(self, id: int, at: dt.datetime | None = None) -> None:
        """This number is not to be rung about this."""
        with self._database.session() as session:
            row = session.get(OwedCall, id, with_for_update=True)
            if row is not None and row.state == "waiting":
                row.state, row.changed_at = "given_up", at or now()
