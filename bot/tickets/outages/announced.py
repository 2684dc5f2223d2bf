"""Which planned outage comes next to a place: told to whoever asks, before it is a report."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.tickets.models import Outage, OutageState
from bot.tickets.outages import grouping

#: who asks about a planned outage asks about these days; a notice hangs a week before
AHEAD = dt.timedelta(days=7)


def announced(
    session: Session, household_no: str | None, grid_no: str | None, place: str, at: dt.datetime
) -> Outage | None:
    """The next planned outage that has not begun, of the transformer there or its feeder; where only the grid is known,
    the next one that darkens a part of it."""
    query = (
        select(Outage)
        .where(
            Outage.planned.is_(True),
            Outage.state == OutageState.announced,
            Outage.started_at > at,
            Outage.started_at <= at + AHEAD,
        )
        .order_by(Outage.started_at, Outage.id)
    )
    net = grouping.where(session, household_no, grid_no, place)
    if net is not None:
        here = or_(Outage.transformer_id == net.transformer_id, Outage.feeder_id == net.feeder_id)
        return session.scalar(query.where(here).limit(1))
    if household_no or not grid_no:
        return None
    return next((one for one in session.scalars(query) if grid_no in one.grids), None)
