"""A report as whoever made it may see it: what they said themselves, how far it is, and whom the notice board names."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.grid.models import Role, Staff
from bot.tickets.models import Ticket, Utterance
from bot.tickets.reporter import GRID_TOLD, Reporter

#: sentences that are shown, the newest of a conversation
_SAID = 20


@dataclass(frozen=True)
class OwnCase:
    """No place, no householder, no facts: what only the registry or another's report knows has no field here."""

    kind: str
    state: str
    said: tuple[str, ...]
    #: of the grid's manager, as the notice board has them; empty: the station answers
    manager: str
    phone: str
    opened_at: dt.datetime
    changed_at: dt.datetime


def own_case(session: Session, reporter: Reporter) -> OwnCase | None:
    """The newest report of a reporter; None when there is none."""
    if not reporter.known:
        return None
    found = session.execute(
        select(Ticket, Staff)
        .outerjoin(Staff, Staff.staff_no == Ticket.owner)
        .where(reporter.owns())
        .order_by(Ticket.id.desc())
        .limit(1)
    ).first()
    if found is None:
        return None
    ticket, owner = found
    named = owner is not None and owner.role == Role.manager and GRID_TOLD not in ticket.facts
    said = session.scalars(
        select(Utterance.text)
        .where(Utterance.session == reporter.session, Utterance.text != "")
        .order_by(Utterance.heard_at.desc())
        .limit(_SAID)
    )
    return OwnCase(
        kind=str(ticket.kind),
        state=str(ticket.state),
        said=tuple(reversed(said.all())),
        manager=owner.name if named else "",
        phone=owner.phone if named else "",
        opened_at=ticket.opened_at,
        changed_at=ticket.changed_at,
    )
