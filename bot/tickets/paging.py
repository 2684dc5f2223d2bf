"""Who is told of a ticket, and when it climbs: the paging table and the outbox rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, insert, or_, select
from sqlalchemy.orm import Session

from bot.grid.models import GridStaff, Role, Staff
from bot.tickets.models import Kind, Notification, Ticket


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
    # DESIGN.md: a supervisor on every complaint.
    Kind.complaint: Paging((Role.manager, Role.supervisor), _STEPS),
}


def paging_of(ticket: Ticket) -> Paging:
    """The line of the table that a ticket follows."""
    return TABLE.get(ticket.kind, URGENT if ticket.urgent else ORDINARY)


@dataclass
class Roster:
    """The people of one grid, and those of the station who serve everywhere."""

    grid: dict[str, list[Staff]] = field(default_factory=dict)
    station: dict[str, list[Staff]] = field(default_factory=dict)

    @property
    def desk(self) -> list[Staff]:
        """The duty desk; a site without one falls back to its team, then to its administrators."""
        return next(
            (found for role in (Role.duty, Role.team, Role.admin) if (found := self.station.get(role))), []
        )

    @property
    def owner(self) -> Staff | None:
        """The grid's manager, else the station's team, else the duty desk."""
        for found in (self.grid.get(Role.manager), self.station.get(Role.team), self.desk):
            if found:
                return found[0]
        return None

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
    select(Staff, GridStaff.grid_no)
    .outerjoin(
        GridStaff, and_(GridStaff.staff_no == Staff.staff_no, GridStaff.grid_no == bindparam("grid_no"))
    )
    .where(or_(Staff.role.in_(EVERYWHERE), GridStaff.grid_no.is_not(None)))
    .order_by(Staff.staff_no)
)
_OWE = insert(cast(Table, Notification.__table__))


def roster(session: Session, grid_no: str | None) -> Roster:
    """Read who serves a grid (none: the station alone), in the order of their numbers."""
    rows = session.execute(_ROSTER, {"grid_no": grid_no})
    found = Roster()
    for person, served in rows:
        if served is not None:
            found.grid.setdefault(person.role, []).append(person)
        if person.role in EVERYWHERE:
            found.station.setdefault(person.role, []).append(person)
    return found


def owe(
    session: Session,
    ticket: Ticket,
    people: Iterable[Staff],
    template: str,
    at: dt.datetime,
    detail: dict[str, Any] | None = None,
    urgent: bool | None = None,
) -> None:
    """Write the outbox rows: `template` is owed to `people`, in the transaction of whatever caused it.

    A supervisor, who is no employee, is owed the text without data whatever happened."""
    rows = [
        {
            "ticket_id": ticket.id,
            "staff_no": person.staff_no,
            "template": "supervise" if person.role == Role.supervisor else template,
            "urgent": ticket.urgent if urgent is None else urgent,
            "detail": detail or {},
            "created_at": at,
            "due_at": at,
        }
        for person in people
    ]
    if rows:
        session.connection().execute(_OWE, rows)
