"""Due rules become tasks: one for each kind, rule, subject and period, however often one looks."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    String,
    and_,
    bindparam,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    true,
    update,
)  # fmt: skip
from sqlalchemy.orm import Session, aliased

from bot.database import Database, now
from bot.foundation.background import Background
from bot.grid.models import Community, Household
from bot.register.book import subject_of
from bot.register.kind_files import ALL, DEBT, WITH, Due, Kind, Kinds
from bot.register.models import NOTHING, Entry, Task, TaskState
from bot.register.walk import walking
from bot.register.wishes import take_tickets

_EVERY_S = 60.0
#: an entry that is older starts nothing any more
_OLDEST = dt.timedelta(days=400)
#: rule of tasks that a draw made; no due rule has the name
DRAWN = "draw"

_MAKE = text(
    "INSERT INTO task (kind, rule, subject, period, household_no, community, place, grid_no, staff_no, due_on, hurry,"
    " state, why, made_on, ended_by)"
    " VALUES (:kind, :rule, :subject, :period, :household_no, :community, :place, :grid_no, :staff_no, :due_on, :hurry,"
    " 'open', '', :made_on, '')"
    " ON CONFLICT (kind, rule, subject, period) DO NOTHING"
).bindparams(bindparam("due_on", type_=Date()), bindparam("made_on", type_=Date()), bindparam("hurry", type_=Boolean()))


@dataclass(frozen=True)
class Made:
    """A task that is to be made."""

    period: str
    due_on: dt.date
    household_no: str | None = None
    community: str = ""
    place: str = ""
    grid_no: str | None = None
    #: where it lies, for the order in which somebody walks
    compound: str = ""
    address: str = ""

    @property
    def subject(self) -> str:
        return subject_of(self.household_no, self.community if not self.household_no else "", self.place)


def make_tasks(database: Database, kinds: Kinds, today: dt.date) -> int:
    """Make what is due by `today`, and end what is not due any more; how many were made. Blocks; may be run at any time."""
    with database.session() as session:
        _end_what_is_over(session, kinds, today)
    # A county is looked through before anything is written: a report that comes meanwhile waits for nobody.
    with database.reading() as session:
        due = [(kind, rule, _rationed(session, kind, rule, today)) for kind in kinds.values() for rule in kind.due]
    if any(made for *_, made in due):
        with database.session() as session:
            for kind, rule, made in due:
                insert_tasks(session, kind.kind, rule.name, made, today, rule.hurry)
    return sum(len(made) for *_, made in due)


def insert_tasks(
    session: Session, kind: str, rule: str, made: Iterable[Made], today: dt.date, hurry: bool = False,
    staff_of: Callable[[Made], str] = lambda _: "",
) -> int:  # fmt: skip
    """Write tasks down; those that are there already stay as they are. How many were to be made."""
    rows = [
        {
            "kind": kind, "rule": rule, "subject": one.subject, "period": one.period, "household_no": one.household_no,
            "community": one.community, "place": one.place, "grid_no": one.grid_no, "staff_no": staff_of(one),
            "due_on": one.due_on, "hurry": hurry, "made_on": today,
        }
        for one in made
    ]  # fmt: skip
    if rows:
        session.connection().execute(_MAKE, rows)
    return len(rows)


class Diary:
    """Every minute takes in what residents wish for; when the day or the register has changed, makes what is due."""

    def __init__(
        self, database: Database, kinds: Kinds, zone: dt.tzinfo, clock: Callable[[], dt.datetime] = now
    ) -> None:
        self._database, self._kinds, self._zone, self._clock = database, kinds, zone, clock
        self._last: tuple[object, ...] = ()
        self.background = Background("register", _EVERY_S, lambda: asyncio.to_thread(self.look), first_after_s=5.0)

    def look(self) -> None:
        """Once; blocks."""
        take_tickets(self._database, self._kinds, self._zone)
        here = self._clock().astimezone(self._zone)
        with self._database.reading() as session:
            # What was entered may make something due, and an import (who owes, who has moved) is seen within the hour.
            mark = (here.date(), here.hour, session.scalar(select(func.max(Entry.id))))
        if mark != self._last:
            make_tasks(self._database, self._kinds, here.date())
            self._last = mark


# ---- what is due ----------------------------------------------------------------------------------


def _rationed(session: Session, kind: Kind, rule: Due, today: dt.date) -> list[Made]:
    """As much as a day has room for on each grid, in the order in which one walks."""
    room: Counter[str | None] = Counter()
    if rule.a_day:
        busy = or_(Task.state == TaskState.open, and_(Task.state == TaskState.done, Task.ended_on == today))
        query = select(Task.grid_no, func.count(Task.id)).where(Task.kind == kind.kind, Task.rule == rule.name, busy)
        taken = dict(session.execute(query.group_by(Task.grid_no)).tuples().all())
        grids = session.scalars(select(Household.grid_no).distinct())
        room.update({no: rule.a_day - taken.get(no, 0) for no in grids if taken.get(no, 0) < rule.a_day})
        if not room:
            return []
    due = list(_due(session, kind, rule, today, set(room) if rule.a_day else None))
    if not rule.a_day:
        return due
    found = []
    for one in sorted(due, key=lambda one: walking(one.community, one.compound, one.address)):
        if room[one.grid_no] > 0:
            room[one.grid_no] -= 1
            found.append(one)
    return found


def _due(session: Session, kind: Kind, rule: Due, today: dt.date, grids: set[str | None] | None) -> Iterator[Made]:
    if rule.after or rule.date:
        yield from _following(session, kind, rule, today)
        return
    period = str(today.toordinal() // rule.every) if rule.every else ""
    if rule.communities:
        subject: ColumnElement[str] = literal("c:") + Community.name
        served = select(Community.name, func.min(Household.grid_no)).join(Household).group_by(Community.name)
        for name, grid_no in session.execute(served.where(*_fresh(kind, rule, subject, period, today))):
            yield Made(period, today, community=name, grid_no=grid_no)
        return
    subject = literal("h:") + Household.household_no
    query = select(*_HOUSEHOLD).join(Community, Community.id == Household.community_id)
    query = query.where(_of(rule), *_fresh(kind, rule, subject, period, today))
    if grids is not None:
        query = query.where(Household.grid_no.in_(grids))
    for row in session.execute(query):
        yield _household(row, period, today)


_HOUSEHOLD = (
    Household.household_no, Household.grid_no, Community.name, Household.compound, Household.address,
)  # fmt: skip


def _household(row: Any, period: str, due_on: dt.date) -> Made:
    number, grid_no, community, compound, address = row
    return Made(period, due_on, number, community, f"{compound}{address}", grid_no, compound, address)


def _fresh(
    kind: Kind, rule: Due, subject: ColumnElement[str], period: str, today: dt.date
) -> Iterator[ColumnElement[bool]]:
    """Neither asked for in this period, nor done lately (`once`: ever)."""
    yield ~exists().where(
        Task.kind == kind.kind, Task.rule == rule.name, Task.subject == subject, Task.period == period
    )
    done = exists().where(Entry.kind == kind.kind, Entry.subject == subject, Entry.state.not_in(NOTHING))
    yield ~(done.where(Entry.day > today - dt.timedelta(rule.every)) if rule.every else done)


def _following(session: Session, kind: Kind, rule: Due, today: dt.date) -> Iterator[Made]:
    """What the last entry about somebody makes due: so many days after it, or after the day that it names."""
    source, later = aliased(Entry), aliased(Entry)
    name = rule.after or kind.kind
    query = (
        select(source, *_HOUSEHOLD)
        .outerjoin(Household, Household.household_no == source.household_no)
        .outerjoin(Community, Community.id == Household.community_id)
        .where(
            source.kind == name, source.state.not_in(NOTHING), source.subject != "", source.day > today - _OLDEST,
            or_(source.household_no.is_(None), and_(Household.household_no.is_not(None), _of(rule))),
            ~exists().where(*_newer(later, source, name)),
            ~exists().where(*_newer(later, source, kind.kind)),
            ~exists().where(
                Task.kind == kind.kind, Task.rule == rule.name, Task.subject == source.subject,
                Task.period == cast(source.id, String),
            ),
        )
    )  # fmt: skip
    for entry, *row in session.execute(query):
        said = entry.fields.get(rule.date) if rule.date else entry.day.isoformat()
        if not said:
            continue
        due_on = dt.date.fromisoformat(said) + dt.timedelta(rule.days)
        if due_on > today:
            continue
        if row[0] is not None:
            yield _household(row, str(entry.id), due_on)
        else:
            place = "" if entry.subject.startswith("c:") else entry.place
            yield Made(str(entry.id), due_on, None, entry.community, place, entry.grid_no)


def _newer(later: type[Entry], source: type[Entry], kind: str) -> tuple[ColumnElement[bool], ...]:
    return later.subject == source.subject, later.kind == kind, later.id > source.id, later.state.not_in(NOTHING)


def _of(rule: Due) -> ColumnElement[bool]:
    """Which households a rule is about."""
    if ALL in rule.of:
        return true()
    return or_(*(_one_of(name) for name in rule.of))


def _one_of(name: str) -> ColumnElement[bool]:
    if name == DEBT:
        return Household.balance < 0
    if name.startswith(WITH):
        return exists().where(
            Entry.kind == name.removeprefix(WITH), Entry.household_no == Household.household_no,
            Entry.subject == literal("h:") + Household.household_no, Entry.state.not_in(NOTHING),
        )  # fmt: skip
    return cast(Household.tags, String).contains(f'"{name}"', autoescape=True)


def _end_what_is_over(session: Session, kinds: Kinds, today: dt.date) -> None:
    """Who has paid is not dunned, a household that has gone is not visited, and a rule that has gone asks nothing."""
    known = [(kind.kind, rule) for kind in kinds.values() for rule in kind.due]
    rules = or_(Task.rule == DRAWN, *(and_(Task.kind == name, Task.rule == rule.name) for name, rule in known))
    here = exists().where(Household.household_no == Task.household_no)
    gone = [~rules, and_(Task.household_no.is_not(None), ~here)]
    for name, rule in known:
        if ALL not in rule.of and not rule.communities:
            still = here.where(_of(rule))
            gone.append(and_(Task.kind == name, Task.rule == rule.name, Task.household_no.is_not(None), ~still))
    session.execute(
        update(Task)
        .where(Task.state == TaskState.open, or_(*gone))
        .values(state=TaskState.over, ended_on=today)
        .execution_options(synchronize_session=False)
    )
