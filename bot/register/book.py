"""The register itself: entering, listing, counting. An entry ends the tasks that it answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.foundation.errors import Refused
from bot.foundation.local_time import next_month
from bot.grid.models import Community, Household, Staff
from bot.register.kind_files import Kind, Kinds, Type
from bot.register.models import Entry, EntryState, Task, TaskState
from bot.register.values import EntryWrong
from bot.tickets.models import Activity, Rating, State, Ticket

#: a list is read by people; a month's sheet holds all of it
MOST, MOST_OF_A_SHEET = 300, 100_000
#: whoever was not met is called on again after so long
AGAIN = dt.timedelta(days=3)


class NotAllowed(Refused):
    """This person may not enter, read or take on this."""


@dataclass(frozen=True)
class Reader:
    """Who asks: `grids` are those whose entries they read, None is the whole county."""

    staff_no: str
    role: str
    grids: Collection[str] | None
    #: grids that they serve themselves; an entry without a place is of the first
    serves: Collection[str] = ()


@dataclass(frozen=True)
class New:
    """What is to be entered; `values` as bot/register/values.py has read them."""

    kind: str
    day: dt.date
    nonce: str
    values: Mapping[str, Any] = field(default_factory=dict)
    household_no: str = ""
    community: str = ""
    #: name of a kept photograph
    photo: str = ""
    #: the task that it answers, where its subject alone would not say so
    task_id: int = 0


@dataclass(frozen=True)
class EntryCard:
    """One entry as it stands."""

    id: int
    kind: str
    state: str
    day: dt.date
    household_no: str
    community: str
    place: str
    grid_no: str
    values: Mapping[str, Any]
    by: str
    by_name: str
    at: dt.datetime
    claimed_by: str
    claimed_name: str
    claimed_at: dt.datetime | None
    fulfilled_at: dt.datetime | None
    word: str
    done_at: dt.datetime | None
    ticket_no: str
    ticket_state: str


#: the person said it: by a rating, by closing the case, or to somebody of ours who wrote it down
_SAID = or_(
    Entry.word != "",
    exists().where(Rating.ticket_id == Ticket.id, Rating.answer.in_(("good", "fair"))),
    exists().where(Activity.ticket_id == Ticket.id, Activity.kind == "closed", Activity.by == "resident"),
)
#: an entry that came with a ticket has the ticket's state
state_now = case(
    (Entry.ticket_id.is_(None), Entry.state),
    (Ticket.state.in_((State.cancelled, State.merged)), EntryState.dropped),
    (and_(Ticket.state == State.closed, _SAID), EntryState.done),
    (Ticket.state.in_((State.resolved, State.closed)), EntryState.fulfilled),
    (Entry.claimed_by != "", EntryState.claimed),
    else_=EntryState.open,
)


class Book:
    """The entries of one site; all methods block."""

    def __init__(self, database: Database, kinds: Kinds) -> None:
        self._database, self.kinds = database, kinds

    # ---- entering -------------------------------------------------------------------------------

    def enter(self, new: New, who: Reader, today: dt.date, at: dt.datetime | None = None) -> EntryCard:
        """Write an entry down; the same form again is the same entry. Raises EntryWrong, NotAllowed."""
        at, kind = at or now(), self.kinds.get(new.kind)
        if kind is None or who.role not in kind.enters:
            raise NotAllowed(f"{who.staff_no} does not enter {new.kind}")
        if (earlier := self._of_nonce(new.nonce)) is not None:
            return self._own(earlier, who)
        try:
            with self._database.session() as session:
                entry = self._entry(session, kind, new, who, at)
                session.add(entry)
                session.flush()
                end_tasks(session, entry, new.task_id, today, who)
                number = entry.id
        except IntegrityError:
            # A double tap: the other one was first.
            earlier = self._of_nonce(new.nonce)
            if earlier is None:
                raise
            return self._own(earlier, who)
        found = self.entry(number, who)
        assert found is not None
        return found

    def _entry(self, session: Session, kind: Kind, new: New, who: Reader, at: dt.datetime) -> Entry:
        about = _about(session, kind, new, who)
        values = dict(new.values)
        photo = kind.typed(Type.photo)
        if photo is not None and new.photo:
            values[photo.name] = new.photo
        state = first_state(kind, values)
        return Entry(
            kind=kind.kind, state=state, day=new.day, fields=values,
            by=who.staff_no, at=at, done_at=None if kind.claims else at, nonce=new.nonce, **about,
        )  # fmt: skip

    # ---- looking --------------------------------------------------------------------------------

    def entry(self, number: int, who: Reader) -> EntryCard | None:
        """One entry; None when there is none. Raises NotAllowed for somebody else's grid."""
        with self._database.reading() as session:
            if session.get(Entry, number) is None:
                return None
            row = session.execute(_cards().where(Entry.id == number, _reads(who))).first()
        if row is None:
            raise NotAllowed(f"entry {number} is not {who.staff_no}'s to read")
        return _card(row)

    def listed(
        self, who: Reader, kind: str = "", grid: str = "", state: str = "", month: tuple[int, int] | None = None,
        kinds: Collection[str] = (), limit: int = MOST,
    ) -> list[EntryCard]:  # fmt: skip
        """Entries that somebody may read, the latest first."""
        query = _cards().where(_reads(who), *_wanted(kind, grid, state, month))
        if kinds:
            query = query.where(Entry.kind.in_(kinds))
        with self._database.reading() as session:
            rows = session.execute(query.order_by(Entry.day.desc(), Entry.id.desc()).limit(limit)).all()
        return [_card(row) for row in rows]

    def count(
        self, who: Reader, grid: str = "", state: str = "", month: tuple[int, int] | None = None
    ) -> dict[str, int]:
        """How many of each kind."""
        query = (
            select(Entry.kind, func.count(Entry.id))
            .outerjoin(Ticket, Ticket.id == Entry.ticket_id)
            .where(_reads(who), *_wanted("", grid, state, month))
            .group_by(Entry.kind)
        )
        with self._database.reading() as session:
            return {kind: int(count) for kind, count in session.execute(query)}

    def of_household(self, household_no: str, who: Reader, limit: int = 30) -> list[EntryCard]:
        """What was entered about a household, the latest first."""
        query = _cards().where(Entry.subject == f"h:{household_no}", _reads(who), *_wanted("", "", "", None))
        with self._database.reading() as session:
            rows = session.execute(query.order_by(Entry.day.desc(), Entry.id.desc()).limit(limit)).all()
        return [_card(row) for row in rows]

    def communities(self, who: Reader) -> list[str]:
        """Communities that somebody may choose from."""
        query = select(Community.name).order_by(Community.name)
        if who.grids is not None:
            served = select(Household.community_id).where(Household.grid_no.in_(who.grids))
            query = query.where(Community.id.in_(served))
        with self._database.reading() as session:
            return list(session.scalars(query))

    def _of_nonce(self, nonce: str) -> int | None:
        with self._database.reading() as session:
            return session.scalar(select(Entry.id).where(Entry.nonce == nonce))

    def _own(self, number: int, who: Reader) -> EntryCard:
        found = self.entry(number, who)
        if found is None or found.by != who.staff_no:
            raise NotAllowed("this form was somebody else's")
        return found


def subject_of(household_no: str | None, community: str = "", place: str = "") -> str:
    """Whom something is about, as one word."""
    return (
        f"h:{household_no}" if household_no else f"c:{community}" if community else f"p:{place[:200]}" if place else ""
    )


def _about(session: Session, kind: Kind, new: New, who: Reader) -> dict[str, Any]:
    """Household, community, place and grid of a new entry. Raises EntryWrong for what is not there or not theirs."""
    usual = next(iter(sorted(who.serves)), None)
    asked, community_asked = kind.typed(Type.household), kind.typed(Type.community)
    if asked is not None and new.household_no:
        household = session.get(Household, new.household_no)
        if household is None or not (who.grids is None or household.grid_no in who.grids):
            raise EntryWrong({asked.name: "unknown"})
        return {
            "household_no": household.household_no, "community": household.community.name,
            "place": f"{household.compound}{household.address}", "grid_no": household.grid_no,
            "subject": subject_of(household.household_no),
        }  # fmt: skip
    if asked is not None and asked.needed:
        raise EntryWrong({asked.name: "missing"})
    if community_asked is not None and new.community:
        known = session.scalar(select(Community.id).where(Community.name == new.community))
        if known is None:
            raise EntryWrong({community_asked.name: "unknown"})
        grid = session.scalar(select(func.min(Household.grid_no)).where(Household.community_id == known))
        return {
            "community": new.community, "place": new.community, "grid_no": usual or grid,
            "subject": subject_of(None, new.community),
        }  # fmt: skip
    if community_asked is not None and community_asked.needed:
        raise EntryWrong({community_asked.name: "missing"})
    place = str(new.values.get("place", ""))
    return {"place": place, "grid_no": usual, "subject": subject_of(None, "", place)}


def first_state(kind: Kind, values: Mapping[str, Any]) -> EntryState:
    """What an entry is when it has been entered with these values."""
    if any(values.get(field.name) in field.missed for field in kind.fields):
        return EntryState.missed
    return EntryState.open if kind.claims else EntryState.done


def end_tasks(session: Session, entry: Entry, task_id: int, today: dt.date, who: Reader) -> None:
    """The open tasks of its kind about the same are done; so is the one that it was entered from. Where nobody was met,
    they come again some days later."""
    same = and_(Task.subject == entry.subject, Task.subject != "")
    mine = Task.id == task_id
    if who.grids is not None:
        mine = and_(mine, or_(Task.grid_no.in_(who.grids), Task.staff_no == who.staff_no))
    which = update(Task).where(Task.state == TaskState.open, Task.kind == entry.kind, or_(same, mine))
    if entry.state == EntryState.missed:
        which = which.values(due_on=today + AGAIN)
    else:
        which = which.values(state=TaskState.done, ended_on=today, ended_by=who.staff_no, entry_id=entry.id)
    session.execute(which.execution_options(synchronize_session=False))


def _cards() -> Select[Any]:
    by, claimer = Staff.__table__.alias("by_staff"), Staff.__table__.alias("claimer")
    return (
        select(
            Entry, state_now.label("state_now"), by.c.name.label("by_name"), claimer.c.name.label("claimed_name"),
            Ticket.ticket_no, Ticket.state.label("ticket_state"),
        )
        .outerjoin(Ticket, Ticket.id == Entry.ticket_id)
        .outerjoin(by, by.c.staff_no == Entry.by)
        .outerjoin(claimer, claimer.c.staff_no == Entry.claimed_by)
    )  # fmt: skip


def _card(row: Any) -> EntryCard:
    one: Entry = row[0]
    return EntryCard(
        one.id, one.kind, str(row.state_now), one.day, one.household_no or "", one.community, one.place,
        one.grid_no or "", one.fields, one.by, row.by_name or "", one.at, one.claimed_by, row.claimed_name or "",
        one.claimed_at, one.fulfilled_at, one.word, one.done_at, row.ticket_no or "", str(row.ticket_state or ""),
    )  # fmt: skip


def _reads(who: Reader) -> ColumnElement[bool]:
    if who.grids is None:
        return Entry.id.is_not(None)
    own = or_(Entry.by == who.staff_no, Entry.claimed_by == who.staff_no)
    return or_(own, Entry.grid_no.in_(who.grids)) if who.grids else own


def _wanted(kind: str, grid: str, state: str, month: tuple[int, int] | None) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if kind:
        found.append(Entry.kind == kind)
    if grid:
        found.append(Entry.grid_no == grid)
    found.append(state_now == state if state else Entry.state != EntryState.removed)
    if month:
        begin = dt.date(month[0], month[1], 1)
        found += [Entry.day >= begin, Entry.day < next_month(begin)]
    return found
