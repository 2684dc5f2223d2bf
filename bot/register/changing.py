"""What was entered is put right, or marked as a mistake: what it said before stays, with who changed it and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.foundation.errors import Refused
from bot.grid.models import Staff
from bot.register.book import EntryCard, NotAllowed, Reader, end_tasks, first_state, subject_of
from bot.register.kind_files import Kinds, Type
from bot.register.models import Entry, EntryChange, EntryState, Task, TaskState

CHANGED, REMOVED = "changed", "removed"


class ChangedMeanwhile(Refused):
    """Somebody else changed it since it was read; `who` they are."""

    def __init__(self, who: str) -> None:
        super().__init__("this entry was changed meanwhile")
        self.who = who


@dataclass(frozen=True)
class Change:
    """One change: by whom, when, and what stood there before."""

    at: dt.datetime
    by: str
    by_name: str
    what: str
    day: dt.date
    values: Mapping[str, Any]
    why: str


class Changing:
    """The entries of one site, as they may be changed; all methods block."""

    def __init__(self, database: Database, kinds: Kinds) -> None:
        self._database, self._kinds = database, kinds

    def may(self, card: EntryCard, who: Reader) -> bool:
        """Whoever entered it may put it right, and who serves the county. What came with a ticket is the ticket's."""
        return (
            not card.ticket_no and card.state != EntryState.removed and (card.by == who.staff_no or who.grids is None)
        )

    def history(self, number: int) -> Sequence[Change]:
        """What an entry said before, the first change first."""
        query = (
            select(EntryChange, Staff.name)
            .outerjoin(Staff, Staff.staff_no == EntryChange.by)
            .where(EntryChange.entry_id == number)
            .order_by(EntryChange.id)
        )
        with self._database.reading() as session:
            return [
                Change(
                    one.at, one.by, name or one.by, one.what, dt.date.fromisoformat(one.was["day"]),
                    one.was["fields"], one.why,
                )
                for one, name in session.execute(query)
            ]  # fmt: skip

    def change(
        self, card: EntryCard, who: Reader, seen: int, day: dt.date, values: Mapping[str, Any], photo: str,
        today: dt.date, at: dt.datetime | None = None,
    ) -> bool:  # fmt: skip
        """Let an entry say something else; False when it says so already. `seen`: how many changes its form knew of;
        `photo`: the name of a new photograph, empty for the one that is there. Raises NotAllowed, ChangedMeanwhile."""
        kind = self._kinds.get(card.kind)
        if kind is None or not self.may(card, who):
            raise NotAllowed(f"entry {card.id} is not {who.staff_no}'s to change")
        fields, picture = dict(values), kind.typed(Type.photo)
        kept = photo or (str(card.values.get(picture.name, "")) if picture is not None else "")
        if picture is not None and kept:
            fields[picture.name] = kept
        with self._database.session() as session:
            entry = self._locked(session, card.id, seen)
            if (entry.day, entry.fields) == (day, fields):
                return False
            session.add(_was(entry, who, CHANGED, "", at))
            before = entry.state, entry.subject
            entry.day, entry.fields = day, fields
            if not entry.household_no and not entry.community:
                entry.place = str(fields.get("place", ""))
                entry.subject = subject_of(None, "", entry.place)
            if entry.state in (EntryState.done, EntryState.missed) and not kind.claims:
                entry.state = first_state(kind, fields)
                if (entry.state, entry.subject) != before:  # a word put right does nobody's task of today
                    _tasks_again(session, entry.id)
                    session.flush()
                    end_tasks(session, entry, 0, today, who)
        return True

    def remove(self, card: EntryCard, who: Reader, seen: int, why: str, at: dt.datetime | None = None) -> None:
        """Mark an entry as entered by mistake: it counts nowhere, fulfils no rule, and can still be read. Raises
        NotAllowed, ChangedMeanwhile."""
        if not self.may(card, who):
            raise NotAllowed(f"entry {card.id} is not {who.staff_no}'s to remove")
        with self._database.session() as session:
            entry = self._locked(session, card.id, seen)
            session.add(_was(entry, who, REMOVED, why, at))
            entry.state = EntryState.removed
            _tasks_again(session, entry.id)

    @staticmethod
    def _locked(session: Session, number: int, seen: int) -> Entry:
        entry = session.execute(select(Entry).where(Entry.id == number).with_for_update()).scalar_one()
        changes = select(func.count(EntryChange.id)).where(EntryChange.entry_id == number)
        if session.scalar(changes) != seen:
            last = select(EntryChange.by).where(EntryChange.entry_id == number).order_by(EntryChange.id.desc()).limit(1)
            by = session.scalar(last) or ""
            raise ChangedMeanwhile(session.scalar(select(Staff.name).where(Staff.staff_no == by)) or by)
        return entry


def _was(entry: Entry, who: Reader, what: str, why: str, at: dt.datetime | None) -> EntryChange:
    was = {"day": entry.day.isoformat(), "state": str(entry.state), "fields": dict(entry.fields)}
    return EntryChange(entry_id=entry.id, at=at or now(), by=who.staff_no, what=what, was=was, why=why[:200])


def _tasks_again(session: Session, number: int) -> None:
    """What was done by an entry that does not stand any more is due again."""
    which = update(Task).where(Task.entry_id == number, Task.state == TaskState.done)
    which = which.values(state=TaskState.open, ended_on=None, ended_by="", entry_id=None)
    session.execute(which.execution_options(synchronize_session=False))
