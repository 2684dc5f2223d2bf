"""Open tickets as the desk lists them: whose they are, how long they have waited, what is due next."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, case, func, or_, select

from bot.database import Database
from bot.grid.models import Role, Staff
from bot.tickets import access, reading
from bot.tickets.cards import TicketCard
from bot.tickets.due.deadlines import DEADLINES
from bot.tickets.life.states import OPEN
from bot.tickets.models import Kind, Outage, State, Ticket, Timer

#: a list is read by people, and asked for anew at every change; what burns stands in the first of them
MOST = 60


class View(enum.StrEnum):
    """Which tickets: one's own, those of one's grids, all of the county."""

    mine = "mine"
    grid = "grid"
    all = "all"


@dataclass(frozen=True)
class Listed:
    """One line of a list."""

    ticket: TicketCard
    #: when the next of its deadlines is (on site, settled); None when nothing is waited for
    due_at: dt.datetime | None
    #: number of the outage that it belongs to, and how many reports that has
    outage_no: str
    reports: int

    def late(self, at: dt.datetime) -> bool:
        """Its deadline has passed."""
        return self.due_at is not None and self.due_at < at

    @property
    def danger(self) -> bool:
        return self.ticket.kind == Kind.hazard


@dataclass(frozen=True)
class Counts:
    """How many there are in each view, and how many of one's own are late or dangers."""

    mine: int
    grid: int
    all: int


class Lists:
    """Lists of one site; all methods block."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, staff_no: str, view: View, at: dt.datetime, limit: int = MOST) -> list[Listed]:
        """Open tickets that somebody may read, what burns first, then street by street.

        `all` is the county for those who serve all of it (bot/tickets/owed/paging.py), and `grid` for everybody else."""
        with self._database.reading() as session:
            person = session.get(Staff, staff_no)
            if person is None or person.role == Role.supervisor:
                return []
            wanted = _of(access.place_of(session, person, at), view)
            query = _lines(at).where(Ticket.state.in_(OPEN), wanted).limit(limit)
            found = [
                Listed(reading.card(session, ticket, owner), due_at, outage_no or "", reports)
                for ticket, owner, due_at, outage_no, reports in session.execute(query)
                if not access.complained_of(staff_no, ticket)
            ]
        return sorted(found, key=lambda one: _order(one, at))

    def count(self, staff_no: str, at: dt.datetime) -> Counts:
        """How many open ones each view holds."""
        with self._database.reading() as session:
            person = session.get(Staff, staff_no)
            if person is None or person.role == Role.supervisor:
                return Counts(0, 0, 0)
            place = access.place_of(session, person, at)
            counted = (func.sum(case((_of(place, view), 1), else_=0)) for view in View)
            # The widest view holds the others.
            widest = select(*counted).where(Ticket.state.in_(OPEN), _of(place, View.all))
            found = session.execute(widest).one()
        return Counts(**{view: int(count or 0) for view, count in zip(View, found, strict=True)})


def _lines(at: dt.datetime) -> Select[tuple[Ticket, Staff, dt.datetime, str, int]]:
    due = (
        select(Timer.ticket_id, func.min(Timer.due_at).label("due_at"))
        .where(Timer.done_at.is_(None), Timer.kind.in_(DEADLINES))
        .group_by(Timer.ticket_id)
        .subquery()
    )
    others = (
        select(Ticket.outage_id, func.count(Ticket.id).label("reports"))
        .where(Ticket.outage_id.is_not(None))
        .group_by(Ticket.outage_id)
        .subquery()
    )
    burns = case((Ticket.kind == Kind.hazard, 0), (due.c.due_at < at, 1), (Ticket.urgent.is_(True), 2), else_=3)
    return (
        select(Ticket, Staff, due.c.due_at, Outage.outage_no, func.coalesce(others.c.reports, 0))
        .outerjoin(Staff, Staff.staff_no == Ticket.owner)
        .outerjoin(due, due.c.ticket_id == Ticket.id)
        .outerjoin(Outage, Outage.id == Ticket.outage_id)
        .outerjoin(others, others.c.outage_id == Ticket.outage_id)
        .order_by(burns, Ticket.opened_at, Ticket.id)
    )


def _of(place: access.Place, view: View) -> ColumnElement[bool]:
    """The tickets of a view, for who stands there."""
    own = Ticket.owner.in_(place.staff_nos)
    if view is View.mine:
        return own
    if view is View.all and place.everywhere:
        return Ticket.id.is_not(None)
    return or_(own, Ticket.grid_no.in_(place.grids)) if place.grids else own


def _order(one: Listed, at: dt.datetime) -> tuple[object, ...]:
    """Danger that nobody has, danger, what is late, what is urgent; then street by street, the oldest first."""
    ticket = one.ticket
    waiting = ticket.state == State.reported
    burns = 0 if one.danger and waiting else 1 if one.danger else 2 if one.late(at) else 3 if ticket.urgent else 4
    return (burns, ticket.place if burns == 4 else "", ticket.opened_at)
