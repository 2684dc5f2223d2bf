"""What a person may ask of the company: a copy, a correction, deletion, and who looked; each is written down."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy import select, update

from bot.database import Database, now
from bot.doors.looks import LookCard, Looks
from bot.foundation.errors import Refused
from bot.grid.models import Role, Staff
from bot.privacy.erasure import Erasure, about
from bot.privacy.export import export
from bot.privacy.looked import looks_at
from bot.privacy.models import PersonAct
from bot.privacy.subject import Subject
from bot.privacy.tombstones import Hasher, Tombstone, deleted_file, read, write_down
from bot.settings import Settings
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.kept import fit
from bot.tickets.models import Activity, Ticket

#: how somebody asked
HOW = ("phone", "visit", "paper", "chat", "relative")
EXPORT, CORRECT, DELETE, DELETE_RECORDINGS, LOOKS, AGAIN = (
    "export", "correct", "delete", "delete_recordings", "looks", "again",
)  # fmt: skip


class PersonRefused(Refused):
    """Nothing was done; the message says why."""


class Persons:
    """Blocks. `by` is the staff number of who does it, `asked` how the person asked; both are written down."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        progress: Callable[[str], None] = lambda _: None,
        clock: Callable[[], dt.datetime] = now,
    ) -> None:
        self._settings, self._database, self._clock = settings, database, clock
        self._erasure = Erasure(settings, database, progress)
        self._hashed = Hasher(settings.home)

    def export(self, subject: Subject, file: Path, by: str, asked: str, note: str = "") -> dict[str, int]:
        """A copy of all that is kept of somebody; → rows by table. Raises PersonRefused, OSError."""
        self._may(by, asked)
        counts = export(self._settings, self._database, subject, file, self._clock())
        self._write(EXPORT, subject, by, asked, counts, note)
        return counts

    def delete(
        self, subject: Subject, by: str, asked: str, note: str = "", *, open_too: bool = False, recordings: bool = False
    ) -> dict[str, int]:
        """Delete what is kept of somebody (with `recordings` their voice alone); → rows by table.

        The tombstone is written first: were the process killed, `gege person again` goes on. Raises PersonRefused,
        StillOpen, LearningBusy, TrainingFailed."""
        self._may(by, asked)
        at = self._clock()
        if not recordings and not open_too:
            self._erasure.refuse_open(subject)
        what = DELETE_RECORDINGS if recordings else DELETE
        stone = Tombstone(at.isoformat(), what, self._hashed(subject), by, subject.typed)
        write_down(deleted_file(self._settings), stone)
        counts = self._delete(stone, subject)
        self._write(what, subject, by, asked, counts, note, at)
        return counts

    def again(self, files: tuple[Path, ...] = ()) -> int:
        """Do every deletion again (after a restore); → of how many persons something was there."""
        stones = read((deleted_file(self._settings), *files))
        if not stones:
            return 0
        known = {self._hashed(one): one for one in self._erasure.everybody()}
        touched = 0
        for stone in stones:
            if (subject := known.get(stone.subject)) is None:
                continue
            found = Subject(subject.channel, subject.address, stone.typed)
            if counts := self._delete(stone, found, stone.moment):
                touched += 1
                self._write(AGAIN, found, "gege", "", counts, stone.what)
        return touched

    def correct(
        self,
        subject: Subject,
        ticket_no: str,
        by: str,
        asked: str,
        note: str = "",
        *,
        place: str = "",
        householder: str = "",
        said: str = "",
    ) -> dict[str, int]:
        """Put right what a ticket of theirs says: place, householder, or what was said. Raises PersonRefused."""
        self._may(by, asked)
        at, given = self._clock(), {"place": place, "householder": fit(householder, 80), "said": said}
        changes = {name: value for name, value in given.items() if value}
        if not changes:
            raise PersonRefused("say what is right: --place, --householder or --said")
        with self._database.reading() as session:
            own = about(session, subject).get("ticket", set())
            number = session.scalar(select(Ticket.id).where(Ticket.ticket_no == ticket_no))
        if number is None or (number,) not in own:
            raise PersonRefused(f"{ticket_no} is no ticket of theirs")
        with self._database.together():
            if place:
                TicketDesk(self._database).correct_place(ticket_no, place=place, by=by, at=at)
            others = {name: value for name, value in changes.items() if name != "place"}
            if others:
                with self._database.session() as session:
                    session.execute(update(Ticket).where(Ticket.id == number).values(**others, changed_at=at))
                    # Names and words of before are not kept: they were wrong, and the person's.
                    detail = {"fields": sorted(others)}
                    session.add(Activity(ticket_id=number, at=at, kind="corrected", by=by, detail=detail))
            self._write(CORRECT, subject, by, asked, {"ticket": 1}, note or ", ".join(sorted(changes)), at)
        return {"ticket": 1}

    def looks(self, subject: Subject, by: str, asked: str) -> list[LookCard]:
        """Who of the staff looked at what is theirs, the latest first. Raises PersonRefused."""
        self._may(by, asked)
        with self._database.reading() as session:
            found = looks_at(session, Looks(self._database), about(session, subject))
        self._write(LOOKS, subject, by, asked, {"look": len(found)}, "")
        return found

    def acts(self, subject: Subject | None = None) -> list[PersonAct]:
        """What was done for one person, or for all, the latest first."""
        query = select(PersonAct).order_by(PersonAct.id.desc())
        if subject is not None:
            query = query.where(PersonAct.subject == self._hashed(subject))
        with self._database.reading() as session:
            return list(session.scalars(query))

    # ---------------------------------------------------------------------------------------------

    def _delete(self, stone: Tombstone, subject: Subject, until: dt.datetime | None = None) -> dict[str, int]:
        if stone.what == DELETE_RECORDINGS:
            return dict(self._erasure.recordings(subject, stone.moment, until))
        return dict(self._erasure.everything(subject, stone.moment, until))

    def _may(self, by: str, asked: str) -> None:
        if asked not in HOW:
            raise PersonRefused(f"how did the person ask? one of {', '.join(HOW)}")
        with self._database.reading() as session:
            person = session.get(Staff, by)
        if person is None or person.role in (Role.left, Role.supervisor):
            raise PersonRefused(f"{by} is nobody of the staff who may do this")

    def _write(
        self,
        what: str,
        subject: Subject,
        by: str,
        asked: str,
        counts: Mapping[str, int],
        note: str,
        at: dt.datetime | None = None,
    ) -> None:
        row = PersonAct(
            at=at or self._clock(), what=what, subject=self._hashed(subject), asked=asked, by=by, counts=dict(counts), note=note[:300]
        )  # fmt: skip
        with self._database.session() as session:
            session.add(row)
