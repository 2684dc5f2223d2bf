"""The outbox: the one writer of what is owed to people, in the transaction of whatever caused it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Table, insert
from sqlalchemy.orm import Session

from bot.tickets.models import Notification

_OWE = insert(cast(Table, Notification.__table__))


@dataclass(frozen=True)
class Owed:
    """One message to one person: staff (`staff_no`), or a resident at `channel` and `address`."""

    template: str
    ticket_id: int | None = None
    staff_no: str | None = None
    channel: str = ""
    address: str = ""
    urgent: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)
    #: it rests until then (nobody works, everybody sleeps); None: it leaves at once
    due_at: dt.datetime | None = None


def owe(session: Session, owed: Iterable[Owed], at: dt.datetime) -> None:
    """Write messages down; whoever commits nudges the relay."""
    rows = []
    for one in owed:
        due_at = one.due_at or at
        rows.append(
            {
                "ticket_id": one.ticket_id,
                "staff_no": one.staff_no,
                "channel": one.channel,
                "address": one.address,
                "template": one.template,
                "urgent": one.urgent,
                "detail": dict(one.detail),
                "created_at": at,
                "due_at": due_at,
                # How long it has waited counts from when it may leave.
                "held_until": due_at if due_at > at else None,
            }
        )
    if rows:
        session.connection().execute(_OWE, rows)
