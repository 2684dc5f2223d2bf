"""The same thing reported twice: which open ticket a new report repeats, and which danger it is that others see too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import ColumnElement, false, or_, select
from sqlalchemy.orm import Session

from bot.tickets.life.states import OPEN
from bot.tickets.models import Kind, Ticket
from bot.tickets.near import near, same_place
from bot.tickets.reporter import Reporter

#: of the person who reported it, and of nobody else in the house
_OF_A_PERSON = (Kind.callback, Kind.unclear, Kind.complaint)
#: how long somebody else's danger may be the one that is seen now; a line hangs for hours, two fires are two
_DANGER_LASTS = dt.timedelta(hours=6)
#: tickets of one street or one caller that are looked at
_MOST = 200


def same_report(session: Session, reporter: Reporter, kind: str, household_no: str | None, place: str) -> Ticket | None:
    """The newest open ticket of the kind for the same household, or by the same reporter where nothing says that it is
    another one. Danger has a rule of its own (`same_danger`)."""
    if kind == Kind.hazard:
        return None
    own = _owns(reporter)
    of_house = [] if kind in _OF_A_PERSON or not household_no else [Ticket.household_no == household_no]
    for ticket in _open(session, Ticket.kind == kind, or_(own, *of_house)):
        if household_no and ticket.household_no:
            if ticket.household_no == household_no:
                return ticket
        elif same_place(ticket.place, place):
            return ticket
    return None


def same_danger(
    session: Session,
    reporter: Reporter,
    place: str,
    household_no: str | None,
    grid_no: str | None,
    at: dt.datetime,
) -> Ticket | None:
    """The open danger of the last hours that somebody means who speaks of danger at this place.

    Their own, unless the places contradict each other; another's only where both are sure enough: one household, or one
    grid and the same street, house or name. In doubt it is another danger: two tickets are better than none."""
    around = [Ticket.household_no == household_no] if household_no else []
    around += [or_(Ticket.grid_no == grid_no, Ticket.grid_no.is_(None))] if grid_no else [Ticket.grid_no.is_(None)]
    candidates = list(_open(session, Ticket.kind == Kind.hazard, or_(_owns(reporter), *around)))
    own = {one.id for one in _open(session, Ticket.kind == Kind.hazard, _owns(reporter))}
    for ticket in candidates:
        fresh = ticket.opened_at > at - _DANGER_LASTS
        if household_no and ticket.household_no == household_no:
            return ticket
        if fresh and near(ticket.place, place):
            return ticket
        if ticket.id in own and fresh and (not place.strip() or not ticket.place.strip()):
            return ticket
    return None


def _owns(reporter: Reporter) -> ColumnElement[bool]:
    return reporter.owns() if reporter.known else false()


def _open(session: Session, *conditions: ColumnElement[bool]) -> Iterable[Ticket]:
    query = select(Ticket).where(Ticket.state.in_(OPEN), *conditions).order_by(Ticket.id.desc()).limit(_MOST)
    return session.scalars(query).all()
