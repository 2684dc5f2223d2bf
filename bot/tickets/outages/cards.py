"""The public face of an outage: what is out, since when, until when, and how many have told us."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.grid.models import Feeder, Staff, Transformer
from bot.tickets.models import Outage, Ticket


@dataclass(frozen=True)
class OutageCard:
    """An outage as it stood when it was read. Nothing in it names a household."""

    outage_no: str
    planned: bool
    cause: str
    #: name of what is out; `feeder` is given for a transformer area as well
    transformer: str
    feeder: str
    grids: tuple[str, ...]
    #: announced, open, restored, cancelled or merged
    state: str
    started_at: dt.datetime
    estimated_restore_at: dt.datetime | None
    restored_at: dt.datetime | None
    #: whoever has taken it; empty while nobody has
    owner: str
    owner_name: str
    #: households that told us, and how often they did
    households: int
    reports: int
    #: reports that cannot wait (somebody breathes by a machine)
    urgent: int

    @property
    def scope(self) -> str:
        """What is out: the transformer area, else the feeder."""
        return self.transformer or self.feeder

    def expected_at(self, at: dt.datetime) -> dt.datetime | None:
        """When it will be back, as may be told at `at`; None when nobody knows, or it takes longer than was thought."""
        until = self.estimated_restore_at
        return until if until is not None and until > at else None


# A household without a number counts by who reported it; a call without either counts for itself.
_WHO = func.coalesce(Ticket.household_no, func.nullif(Ticket.reporter, ""), Ticket.ticket_no)


def card(session: Session, outage: Outage) -> OutageCard:
    """The card of one outage, counted now."""
    households, reports = session.execute(
        select(func.count(_WHO.distinct()), func.count(Ticket.id)).where(Ticket.outage_id == outage.id)
    ).one()
    urgent = session.scalar(select(func.count(Ticket.id)).where(Ticket.outage_id == outage.id, Ticket.urgent.is_(True)))
    transformer = session.get(Transformer, outage.transformer_id) if outage.transformer_id else None
    feeder = session.get(Feeder, transformer.feeder_id if transformer else outage.feeder_id)
    owner = session.get(Staff, outage.owner) if outage.owner else None
    return OutageCard(
        outage_no=outage.outage_no,
        planned=outage.planned,
        cause=outage.cause,
        transformer=transformer.name if transformer else "",
        feeder=feeder.name if feeder else "",
        grids=tuple(outage.grids),
        state=str(outage.state),
        started_at=outage.started_at,
        estimated_restore_at=outage.estimated_restore_at,
        restored_at=outage.restored_at,
        owner=outage.owner or "",
        owner_name=owner.name if owner else "",
        households=households,
        reports=reports,
        urgent=urgent or 0,
    )
