"""Who may see a case, and who may do something about it: the one rule that the desk, the pages and the messenger ask."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.grid.leave import places_of
from bot.grid.models import GridStaff, Role, Staff
from bot.tickets import reading
from bot.tickets.cards import NotYours, TicketCard, TicketRefused
from bot.tickets.life.states import OPEN
from bot.tickets.models import Kind, Outage, OutageState, Ticket
from bot.tickets.owed.paging import COMPLAINED_OF, EVERYWHERE


@dataclass(frozen=True)
class Place:
    """Where somebody stands at a moment: their own place, and those of whom they stand in for."""

    staff_nos: frozenset[str]
    #: they serve the whole county
    everywhere: bool
    #: a crew's grids say where it is sent, not whose cases it reads: they are not among them
    grids: frozenset[str]


def place_of(session: Session, person: Staff, at: dt.datetime) -> Place:
    """Read it once, and ask `may_see` about as many cases as there are."""
    places = places_of(session, person.staff_no, at)
    roles = {person.role, *session.scalars(select(Staff.role).where(Staff.staff_no.in_(places)))}
    served = select(GridStaff.grid_no).join(Staff, Staff.staff_no == GridStaff.staff_no)
    grids = session.scalars(served.where(GridStaff.staff_no.in_(places), Staff.role != Role.crew))
    return Place(places, not roles.isdisjoint(EVERYWHERE), frozenset(grids))


class Access:
    """Cases for somebody of the staff to read; pressing is asked about by the desk itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def look(self, ticket_no: str, by: str, at: dt.datetime | None = None) -> TicketCard | None:
        """One ticket as `by` may read it; None when there is no such number. Raises NotYours."""
        with self._database.reading() as session:
            found = session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no))
            if found is None:
                return None
            if not may_see(session, known(session, by), found, at or now()):
                raise NotYours(f"{ticket_no} is not {by}'s to read")
            return reading.card(session, found)

    def seen_by(self, by: str, ticket_nos: Iterable[str], at: dt.datetime | None = None) -> frozenset[str]:
        """Which of these tickets `by` may read."""
        at = at or now()
        with self._database.reading() as session:
            person = session.get(Staff, by)
            if person is None:
                return frozenset()
            found, place = select(Ticket).where(Ticket.ticket_no.in_(set(ticket_nos))), place_of(session, person, at)
            return frozenset(
                one.ticket_no for one in session.scalars(found) if may_see(session, person, one, at, place)
            )


def may_see(session: Session, person: Staff, ticket: Ticket, at: dt.datetime, place: Place | None = None) -> bool:
    """Whether a case, with names and addresses, is this person's to read; `place`: theirs, where many are asked about.

    Team, duty desk and administrators: every case. Everybody else: what they own, the cases of their grid, and those of
    an outage that they have been told of, while it lasts. A crew, which has no grid of its own: what it has been called
    for. A case without a grid is nobody's but the desk's and its owner's. Whoever stands in for somebody on leave has
    their place. A supervisor, who is no employee, reads none; nobody reads a complaint about themselves."""
    if person.role == Role.supervisor or complained_of(person.staff_no, ticket):
        return False
    return _has_place(session, place or place_of(session, person, at), ticket)


def may_handle(session: Session, person: Staff, ticket: Ticket, at: dt.datetime) -> bool:
    """Whether this person may do something about a case: whoever may see it, and a supervisor with a complaint."""
    if person.role == Role.supervisor:
        about_them = complained_of(person.staff_no, ticket)
        return (
            ticket.kind == Kind.complaint
            and not about_them
            and _has_place(session, place_of(session, person, at), ticket)
        )
    return may_see(session, person, ticket, at)


def handler(session: Session, staff_no: str, ticket: Ticket, at: dt.datetime) -> Staff:
    """Whoever does something about a case. Raises TicketRefused for a stranger, and for whose case it is not."""
    person = known(session, staff_no)
    if complained_of(staff_no, ticket):
        raise NotYours(f"{ticket.ticket_no} is a complaint about {staff_no}: somebody else has it")
    if may_handle(session, person, ticket, at):
        return person
    if person.role == Role.supervisor:
        raise NotYours(f"{staff_no} is a supervisor, who watches {ticket.ticket_no} but cannot take it")
    raise NotYours(f"{ticket.ticket_no} is not {staff_no}'s: neither their grid nor given to them")


def known(session: Session, staff_no: str) -> Staff:
    """Somebody on the staff list. Raises TicketRefused."""
    person = session.get(Staff, staff_no)
    if person is None or person.role == Role.left:
        raise TicketRefused(f"{staff_no!r} is nobody on the staff list")
    return person


def complained_of(staff_no: str, ticket: Ticket) -> bool:
    """Whether a case is a complaint about this person."""
    return staff_no in ticket.facts.get(COMPLAINED_OF, ())


def _has_place(session: Session, place: Place, ticket: Ticket) -> bool:
    """Whether somebody who stands there has to do with the case."""
    if place.everywhere or ticket.owner in place.staff_nos or ticket.grid_no in place.grids:
        return True
    return not place.staff_nos.isdisjoint(_called(session, ticket))


def _called(session: Session, ticket: Ticket) -> set[str]:
    """Who has been called for a case, or is in the one conversation of its outage, while that lasts."""
    found: set[str] = set()
    outage = session.get(Outage, ticket.outage_id) if ticket.outage_id else None
    if outage is not None and outage.state in (OutageState.announced, OutageState.open):
        found.update(outage.told, filter(None, [outage.owner]))
    if ticket.state in OPEN and (last := reading.last_activity(session, ticket, "crew_called")):
        found.update(last.detail.get("told", ()))
    return found
