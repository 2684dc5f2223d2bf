"""Who is told of a ticket, and when it climbs: the paging table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.orm import Session

from bot.database import now
from bot.grid.leave import away, present, substitute
from bot.grid.models import GridStaff, Role, Staff, Substitution
from bot.tickets.kinds import owner_role
from bot.tickets.models import Kind, Ticket
from bot.tickets.owed import outbox
from bot.tickets.owed.outbox import Owed
from bot.tickets.rules import Rules, usual_rules


@dataclass(frozen=True)
class Step:
    """Told when nobody has acknowledged `after` the report; `again` repeats the step until somebody does."""

    after: dt.timedelta
    to: tuple[Role, ...]
    again: dt.timedelta | None = None


@dataclass(frozen=True)
class Paging:
    """The roles told at once, and the steps that follow while nobody acknowledges."""

    at_once: tuple[Role, ...]
    steps: tuple[Step, ...]


#: kind of the timer that climbs
UNACKNOWLEDGED = "unacknowledged"
#: kind of the timer that waits for 对 or 改 before anything climbs (bot/tickets/shadow.py)
UNCONFIRMED = "unconfirmed"

#: fact of a ticket: staff numbers of those whom a complaint is about
COMPLAINED_OF = "complained_of"

#: these serve the whole county
EVERYWHERE = (Role.team, Role.duty, Role.admin)


def _minutes(count: float) -> dt.timedelta:
    return dt.timedelta(minutes=count)


_STEPS = (Step(_minutes(5), (Role.manager, Role.assistant)), Step(_minutes(10), (Role.duty,)))

ORDINARY = Paging((Role.manager,), _STEPS)

#: an urgent case that is no hazard (a breaker that smells): the assistant knows at once
URGENT = Paging((Role.manager, Role.assistant), _STEPS)

TABLE: dict[str, Paging] = {
    Kind.hazard: Paging(
        (Role.manager, Role.assistant),
        (
            Step(_minutes(1), (Role.supervisor,)),
            Step(_minutes(3), (Role.duty,)),
            Step(
                _minutes(5),
                (Role.manager, Role.assistant, Role.supervisor, Role.duty),
                again=_minutes(5),
            ),
        ),
    ),
    # A supervisor on every complaint (docs/promises.md).
    Kind.complaint: Paging((Role.manager, Role.supervisor), _STEPS),
}

#: nobody knows yet what such a call was about: out of hours the duty desk looks at once, whoever sleeps
UNHEARD = (Kind.callback, Kind.unclear)


def gap(steps: tuple[Step, ...], number: int) -> dt.timedelta | None:
    """How long step `number` waits after the one before it; None when there is none (any more)."""
    if number == 0:
        return steps[0].after
    if number < len(steps):
        return steps[number].after - steps[number - 1].after
    return steps[-1].again


def paging_of(ticket: Ticket) -> Paging:
    """The line of the table that a ticket follows."""
    return TABLE.get(ticket.kind, URGENT if ticket.urgent else ORDINARY)


@dataclass
class Roster:
    """The people of one grid, and those of the station who serve everywhere."""

    grid: dict[str, list[Staff]] = field(default_factory=dict)
    station: dict[str, list[Staff]] = field(default_factory=dict)
    #: the grid's own managers, on leave or not
    managers: list[Staff] = field(default_factory=list)

    @property
    def desk(self) -> list[Staff]:
        """The duty desk; a site without one falls back to its team, then to its administrators."""
        return next((found for role in (Role.duty, Role.team, Role.admin) if (found := self.station.get(role))), [])

    def owner_for(self, kind: str) -> Staff | None:
        """The grid's manager, else the station's team, else the duty desk; from whom on, the kind says."""
        those = {
            Role.manager: self.grid.get(Role.manager),
            Role.team: self.station.get(Role.team),
            Role.duty: self.desk,
        }
        first = list(those).index(owner_role(kind))
        return next((found[0] for found in list(those.values())[first:] if found), None)

    def without(self, numbers: Container[str]) -> Roster:
        """The same people, but for these: a complaint about somebody is not theirs to handle."""

        def others(people: dict[str, list[Staff]]) -> dict[str, list[Staff]]:
            return {role: [one for one in those if one.staff_no not in numbers] for role, those in people.items()}

        return Roster(others(self.grid), others(self.station), self.managers)

    def told(self, roles: Iterable[Role], owner: Staff | None, urgent: bool) -> list[Staff]:
        """The people behind `roles`. "manager" is whoever owns the ticket. What is urgent never finds an
        empty chair: a role that nobody holds falls to the duty desk, and so does any step without people."""
        people: dict[str, Staff] = {}
        for role in roles:
            if role is Role.manager:
                found = [owner] if owner else []
            elif role is Role.duty:
                found = self.desk
            else:
                found = self.grid.get(role, [])
            if not found and urgent and role is not Role.supervisor:
                found = self.desk
            people.update({person.staff_no: person for person in found})
        return list(people.values() if people else {person.staff_no: person for person in self.desk}.values())


_ROSTER = (
    # Leave rides along: a query of its own would cost every report, and hardly ever find anybody away.
    select(Staff, GridStaff.grid_no, Substitution.stands_in)
    .outerjoin(GridStaff, and_(GridStaff.staff_no == Staff.staff_no, GridStaff.grid_no == bindparam("grid_no")))
    .outerjoin(
        Substitution,
        and_(
            Substitution.staff_no == Staff.staff_no,
            Substitution.begins_at <= bindparam("at"),
            Substitution.ends_at > bindparam("at"),
        ),
    )
    .where(or_(Staff.role.in_(EVERYWHERE), GridStaff.grid_no.is_not(None)))
    .order_by(Staff.staff_no)
)


def roster(session: Session, grid_no: str | None, at: dt.datetime | None = None) -> Roster:
    """Read who serves a grid (none: the station alone) at `at`, in the order of their numbers.

    Whoever is on leave then has their place taken by who stands in."""
    at = at or now()
    rows = session.execute(_ROSTER, {"grid_no": grid_no, "at": at}).all()
    leaves = away(session, at) if any(row.stands_in for row in rows) else {}
    found = Roster()
    for person, served, stands_in in rows:
        here = session.get_one(Staff, substitute(person.staff_no, leaves)) if stands_in else person
        if served is not None:
            _seat(found.grid.setdefault(person.role, []), here)
            if person.role == Role.manager:
                found.managers.append(person)
        if person.role in EVERYWHERE:
            _seat(found.station.setdefault(person.role, []), here)
    return found


def people_of(session: Session, ticket: Ticket, at: dt.datetime) -> Roster:
    """Who serves a ticket's grid at `at`, without those whom it is a complaint about."""
    found = roster(session, ticket.grid_no, at)
    spared = ticket.facts.get(COMPLAINED_OF)
    return found.without(spared) if spared else found


def owner_of(session: Session, ticket: Ticket, at: dt.datetime) -> Staff | None:
    """Who acts for the owner of a ticket at `at`: the owner, or who stands in."""
    owner = session.get(Staff, ticket.owner) if ticket.owner else None
    if owner is None:
        return None
    here = present(session, owner, at)
    return owner if here.staff_no in ticket.facts.get(COMPLAINED_OF, ()) else here


def _seat(people: list[Staff], person: Staff) -> None:
    """Once each, who stands in for two included."""
    if person not in people:
        people.append(person)


def crew(session: Session, grid_no: str | None, at: dt.datetime) -> list[Staff]:
    """配网抢修班: the crew of a grid, else all crews, else the station's team, else the duty desk."""
    here = roster(session, grid_no, at)
    if found := here.grid.get(Role.crew):
        return found
    leaves = away(session, at)
    anywhere: list[Staff] = []
    for person in session.scalars(select(Staff).where(Staff.role == Role.crew).order_by(Staff.staff_no)):
        _seat(anywhere, session.get_one(Staff, substitute(person.staff_no, leaves)))
    return anywhere or here.station.get(Role.team) or here.desk


def owe(
    session: Session,
    ticket: Ticket,
    people: Iterable[Staff],
    template: str,
    at: dt.datetime,
    detail: dict[str, Any] | None = None,
    urgent: bool | None = None,
    rules: Rules | None = None,
    hold: bool = True,
) -> None:
    """`template` is owed to `people` about a ticket, in the transaction of whatever caused it.

    An everyday message waits for working hours unless `hold` is false. A supervisor, who is no employee, is
    owed the text without data whatever happened."""
    rules = rules or usual_rules()
    owed = (
        Owed(
            "supervise" if person.role == Role.supervisor else template,
            ticket.id,
            person.staff_no,
            urgent=ticket.urgent if urgent is None else urgent,
            detail=detail or {},
            due_at=rules.tells(ticket, person.role, at) if hold else at,
        )
        for person in people
    )
    outbox.owe(session, owed, at)
