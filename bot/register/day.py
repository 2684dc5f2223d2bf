"""What somebody has to do today besides tickets, in the order in which they walk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import Session

from bot.database import Database
from bot.grid.leave import places_of
from bot.grid.models import Community, GridStaff, Household, Role, Staff
from bot.register.due import DRAWN
from bot.register.kind_files import Kinds
from bot.register.models import Task, TaskState
from bot.register.walk import walking
from bot.tickets.owed.paging import EVERYWHERE

#: a day is walked by one person
MOST = 120
#: what has waited for so long comes first
_OLD = dt.timedelta(days=7)


@dataclass(frozen=True)
class TaskCard:
    """One thing to do."""

    id: int
    kind: str
    #: name of the rule that made it
    rule: str
    household_no: str
    community: str
    place: str
    grid_no: str
    due_on: dt.date
    hurry: bool

    def late(self, today: dt.date) -> bool:
        """It has waited for a week."""
        return today - self.due_on >= _OLD


class Days:
    """Tasks of one site, by whose they are; all methods block.

    A task is its grid's: whoever serves the grid today, or stands in, has it, and when somebody leaves it is whose who
    follows. One that a person was asked for is theirs, until they have left."""

    def __init__(self, database: Database, kinds: Kinds) -> None:
        self._database, self._kinds = database, kinds

    def of(self, staff_no: str, today: dt.date, at: dt.datetime, limit: int = MOST) -> list[TaskCard]:
        """Open tasks that are due: what hurries, then house by house."""
        with self._database.reading() as session:
            mine = _mine(session, staff_no, at)
            if mine is None:
                return []
            query = (
                select(Task, Community.name, Household.compound, Household.address)
                .outerjoin(Household, Household.household_no == Task.household_no)
                .outerjoin(Community, Community.id == Household.community_id)
                .where(Task.state == TaskState.open, Task.due_on <= today, Task.rule != DRAWN, mine)
                .where(Task.kind.in_(list(self._kinds)))
                .order_by(Task.hurry.desc(), Task.due_on, Task.id)
                .limit(limit)
            )
            found = []
            for task, community, compound, address in session.execute(query):
                place = walking(community or task.community, compound or "", address or task.place)
                found.append((not (task.hurry or today - task.due_on >= _OLD), place, task.id, _card(task)))
        return [card for *_, card in sorted(found, key=lambda one: one[:3])]

    def drawn(self, staff_no: str, at: dt.datetime) -> int:
        """Households of a survey that somebody has yet to ask."""
        with self._database.reading() as session:
            mine = _mine(session, staff_no, at, drawn=True)
            if mine is None:
                return 0
            query = select(func.count(Task.id)).where(Task.state == TaskState.open, Task.rule == DRAWN, mine)
            return int(session.scalar(query) or 0)

    def later(self, task_id: int, staff_no: str, day: dt.date, at: dt.datetime) -> bool:
        """Put off until `day`; False when it is not theirs, or not open any more."""
        return self._change(task_id, staff_no, at, due_on=day)

    def drop(self, task_id: int, staff_no: str, why: str, today: dt.date, at: dt.datetime) -> bool:
        """It need not be done; why is written down. False when it is not theirs, or not open any more."""
        return bool(why.strip()) and self._change(
            task_id, staff_no, at, state=TaskState.dropped, why=why.strip()[:200], ended_on=today, ended_by=staff_no
        )

    def task(self, task_id: int, staff_no: str, at: dt.datetime) -> TaskCard | None:
        """One task of somebody's, whatever its state; None when it is not theirs."""
        with self._database.reading() as session:
            mine = _mine(session, staff_no, at)
            found = session.scalar(select(Task).where(Task.id == task_id, mine)) if mine is not None else None
            return _card(found) if found is not None else None

    def _change(self, task_id: int, staff_no: str, at: dt.datetime, **values: object) -> bool:
        with self._database.session() as session:
            mine = _mine(session, staff_no, at)
            if mine is None:
                return False
            which = update(Task).where(Task.id == task_id, Task.state == TaskState.open, mine)
            done = session.execute(which.values(**values).execution_options(synchronize_session=False))
            return bool(done.rowcount)  # type: ignore[attr-defined]


def _mine(session: Session, staff_no: str, at: dt.datetime, *, drawn: bool = False) -> ColumnElement[bool] | None:
    """`drawn`: households of a survey, which no manager asks on their own grid, whoever has left."""
    person = session.get(Staff, staff_no)
    if person is None or person.role in (Role.supervisor, Role.left):
        return None
    places = places_of(session, staff_no, at)
    asked = and_(Task.staff_no != "", Task.staff_no.in_(places))
    nobodys = or_(Task.staff_no == "", Task.staff_no.not_in(select(Staff.staff_no).where(Staff.role != Role.left)))
    if drawn:
        return or_(asked, nobodys) if person.role in EVERYWHERE else asked
    grids = _grids(session, places)
    ours = [asked]
    if grids:
        ours.append(and_(nobodys, Task.grid_no.in_(grids)))
    if person.role in EVERYWHERE:
        served = select(GridStaff.grid_no).join(Staff, Staff.staff_no == GridStaff.staff_no)
        without = or_(Task.grid_no.is_(None), Task.grid_no.not_in(served.where(Staff.role == Role.manager)))
        ours.append(and_(nobodys, without))
    return or_(*ours)


def _grids(session: Session, places: Collection[str]) -> list[str]:
    """The grids that people walk through; a crew is sent, and an assistant helps its manager with the same list."""
    walks = (Role.manager, Role.assistant)
    served = select(GridStaff.grid_no).join(Staff, Staff.staff_no == GridStaff.staff_no)
    return list(session.scalars(served.where(GridStaff.staff_no.in_(places), Staff.role.in_(walks)).distinct()))


def _card(task: Task) -> TaskCard:
    return TaskCard(
        task.id, task.kind, task.rule, task.household_no or "", task.community, task.place, task.grid_no or "",
        task.due_on, task.hurry,
    )  # fmt: skip
