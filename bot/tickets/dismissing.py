"""Somebody leaves the company: their open tickets go to somebody who is told, and their place on the grids is empty, in one
transaction."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import delete, select, update

from bot.database import Database, now
from bot.grid.importer import changed
from bot.grid.models import GridStaff, Role, Staff, Substitution
from bot.tickets.cards import TicketRefused
from bot.tickets.desk import TicketDesk
from bot.tickets.life.states import OPEN
from bot.tickets.models import Outage, OutageState, Ticket


@dataclass(frozen=True)
class Dismissed:
    """What went to whom."""

    tickets: tuple[str, ...]
    #: grids that have lost somebody of this role
    grids: tuple[str, ...]


def dismiss(
    database: Database, desk: TicketDesk, staff_no: str, to: str, by: str, at: dt.datetime | None = None
) -> Dismissed:
    """`to` gets the open tickets, and stands on the grids in their place. Raises TicketRefused; then nothing was done."""
    at = at or now()
    with database.together():
        with database.reading() as session:
            person, heir = session.get(Staff, staff_no), session.get(Staff, to)
            if person is None or person.role == Role.left:
                raise TicketRefused(f"{staff_no!r} is nobody on the staff list")
            if heir is None or heir.role == Role.left or to == staff_no:
                raise TicketRefused(f"{to!r} cannot take over from {staff_no}")
            if (heir.role == Role.supervisor) != (person.role == Role.supervisor):
                raise TicketRefused(f"{to} is of another kind than {staff_no}")
            grids = tuple(session.scalars(select(GridStaff.grid_no).where(GridStaff.staff_no == staff_no)))
            owned = select(Ticket.ticket_no).where(Ticket.owner == staff_no, Ticket.state.in_(OPEN)).order_by(Ticket.id)
            numbers = tuple(session.scalars(owned))
        for number in numbers:
            desk.pass_on(number, to, by, at=at)
        with database.session() as session:
            there = set(session.scalars(select(GridStaff.grid_no).where(GridStaff.staff_no == to)))
            session.execute(delete(GridStaff).where(GridStaff.staff_no == staff_no))
            session.add_all(GridStaff(grid_no=grid, staff_no=to) for grid in grids if grid not in there)
            going = Outage.state.in_((OutageState.announced, OutageState.open))
            session.execute(update(Outage).where(Outage.owner == staff_no, going).values(owner=to))
            session.execute(
                delete(Substitution).where(
                    (Substitution.staff_no == staff_no) | (Substitution.stands_in == staff_no),
                    Substitution.ends_at > at,
                )
            )
            session.execute(update(Staff).where(Staff.staff_no == staff_no).values(role=Role.left))
            changed(session)
    return Dismissed(numbers, grids)
