"""Deleting a person: rows, recordings, pictures, messages, what was learned; a tombstone keeps a restore from undoing it."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Date, DateTime, Table, Text, cast, delete, or_, select, update
from sqlalchemy.orm import Session

from bot.corpus.models import Consent
from bot.database import Database, UTCDateTime
from bot.foundation.errors import Refused
from bot.grid.contacts import PHONE
from bot.grid.models import Contact, HouseholdContact
from bot.notify.file import keep_lines
from bot.privacy.learned import Taught, unlearn
from bot.privacy.record import TableEntry, the_record
from bot.privacy.rows import (
    Found,
    are,
    files_of,
    find,
    forget,
    nobody_elses,
    portions,
    values_of,
    with_what_belongs,
)
from bot.privacy.subject import Subject, households_of, is_about
from bot.privacy.tables import tables
from bot.recordings.elsewhere import elsewhere_of
from bot.recordings.room import FOLDER, RecordingMissing, delete_recording, name_for, path_of, recordings_elsewhere
from bot.register.photos import FOLDER as PHOTOS
from bot.settings import Settings
from bot.tickets.life.states import OPEN
from bot.tickets.models import Activity, State, Ticket, Timer

log = logging.getLogger(__name__)

_CALLER = '"caller": "{}"'


class StillOpen(Refused):
    """There are cases that somebody works on; the message names them."""


def about(session: Session, subject: Subject, until: dt.datetime | None = None) -> Found:
    """Every row about somebody, and what belongs to those. With `until` only what was there then."""
    record = the_record()
    households = households_of(session, subject)
    found: Found = {}
    for name, entry in record.tables.items():
        if entry.person:
            table = tables()[name]
            condition = is_about(table, entry, subject, households)
            if until is not None and (born := _born(table, entry)) is not None:
                condition = condition & (born <= (until.date() if isinstance(born.type, Date) else until))
            found[name] = find(session, table, condition)
    whole = with_what_belongs(session, record, found)
    # Somebody else's ticket says that they called as well.
    called = [cast(Activity.detail, Text).contains(_CALLER.format(one)) for one in subject.written]
    whole.setdefault("activity", set()).update(find(session, tables()["activity"], or_(*called)))
    return {name: keys for name, keys in whole.items() if keys}


def _born(table: Table, entry: TableEntry) -> Any:
    """The column that says when a row came into being; None where no column does."""
    times = (table.c[name] for name, kind in entry.columns.items() if kind == "time")
    return next((one for one in times if isinstance(one.type, Date | DateTime | UTCDateTime)), None)


def open_cases(session: Session, found: Found) -> list[str]:
    """Numbers of the tickets among them that somebody still has to work on."""
    table = tables()["ticket"]
    numbers: list[str] = []
    for some in portions(found.get("ticket", ())):
        numbers += session.scalars(select(table.c.ticket_no).where(are(table, some), table.c.state.in_(OPEN)))
    return sorted(numbers)


class Erasure:
    """Deletes what is kept of a person. Blocks."""

    def __init__(
        self, settings: Settings, database: Database, progress: Callable[[str], None] = lambda _: None
    ) -> None:
        self._settings, self._database, self._progress = settings, database, progress

    def refuse_open(self, subject: Subject) -> None:
        """Raises StillOpen when somebody still works on a case of theirs."""
        with self._database.reading() as session:
            if numbers := open_cases(session, about(session, subject)):
                raise StillOpen(f"{', '.join(numbers)}: somebody works on it; settle it first, or say --open-too")

    def everybody(self) -> set[Subject]:
        """Everybody of whom something is kept, by every address that a row holds."""
        record, found = the_record(), set()
        with self._database.reading() as session:
            for name, entry in record.tables.items():
                table = tables()[name]
                for column, way in entry.person.items():
                    if way == "phone":
                        found |= {
                            Subject.of(PHONE, one) for one in session.scalars(select(table.c[column]).distinct()) if one
                        }
                    elif way in ("channel", "contacts"):
                        pairs = session.execute(select(table.c.channel, table.c[column]).distinct()).all()
                        found |= {Subject.of(channel, one) for channel, one in pairs if one}
                        if "assurance" in table.c:
                            # What was typed on the page may have been a telephone number.
                            found |= {Subject.of(PHONE, one) for _, one in pairs if one}
        return found

    def everything(self, subject: Subject, at: dt.datetime, until: dt.datetime | None = None) -> Counter[str]:
        """Delete all that is about somebody, also what is open (`refuse_open` asks first); → rows by table, and files.

        Statistics keep a ticket's kind, state, grid and times. The county's register keeps the household: the company's
        customer system is its master. Raises LearningBusy, TrainingFailed: what is left can be done again."""
        record = the_record()
        with self._database.reading() as session:
            found = about(session, subject, until)
            files = self._files(session, found)
            taught = self._taught(session, found)
            tickets = values_of(session, "ticket", ["ticket_no"], found.get("ticket", set()))
        # Files first: a row without its file can be deleted again, a file without its row is found by nobody.
        done: Counter[str] = Counter(files=self._remove(files))
        if learned := unlearn(taught, self._progress):
            done["learned sentences"] = learned
        if messages := keep_lines(
            self._settings.home / "notifications.jsonl", lambda row: row.get("ticket_no") not in tickets
        ):
            done["notifications.jsonl"] = messages
        with self._database.session() as session:
            self._end(session, found, at)
            self._withdraw(session, tickets, at)
            done += forget(session, record, found)
            self._unlink(session, subject)
        return +done

    def recordings(self, subject: Subject, at: dt.datetime, until: dt.datetime | None = None) -> Counter[str]:
        """Delete the recordings of somebody's voice, and take back the leave to use them; words and cases stay."""
        with self._database.reading() as session:
            found = about(session, subject, until)
            files = {one for one in self._files(session, found) if one.startswith(f"{FOLDER}/")}
            tickets = values_of(session, "ticket", ["ticket_no"], found.get("ticket", set()))
        done: Counter[str] = Counter(files=self._remove(files))
        with self._database.session() as session:
            self._withdraw(session, tickets, at)
            for name, keys in found.items():
                columns = the_record().of_class(name, "file")
                if columns and name != "attachment":
                    for some in portions(keys):
                        session.execute(
                            update(tables()[name]).where(are(tables()[name], some)).values({columns[0]: ""})
                        )
            waiting = {"unheard_message": found.get("unheard_message", set())}
            for some in portions(found.get("attachment", ())):
                table = tables()["attachment"]
                session.execute(delete(table).where(are(table, some), table.c.file.startswith(f"{FOLDER}/")))
            done += forget(session, the_record(), waiting)
        return +done

    # ---- files ----------------------------------------------------------------------------------

    def _files(self, session: Session, found: Found) -> set[str]:
        """Names, below GEGE_HOME, of recordings and pictures that belong to nobody else."""
        files = files_of(session, the_record(), found)
        # A call that was cut short left a recording that no row names.
        calls = values_of(session, "call_log", ["call_id"], found.get("call_log", set()))
        files |= self._of_calls(calls | {key[0] for key in found.get("call", ())})
        return nobody_elses(session, files, found)

    def _of_calls(self, calls: set[str]) -> set[str]:
        home, files = self._settings.home, set[str]()
        for folder in sorted({Path(name_for(call, "call")).parent for call in calls}):
            files |= {one.relative_to(home).as_posix() for one in (home / folder).glob("*") if one.is_file()}
            # Of the storage only this folder: a site's list is long, and after a restore it is asked for each tombstone.
            there = recordings_elsewhere(self._settings, f"{folder.as_posix()}/")
            files |= {name for name, _ in there if Path(name).parent == folder}
        return files

    def _remove(self, files: Iterable[str]) -> int:
        return sum(remove_file(self._settings, one) for one in sorted(files))

    # ---- rows -----------------------------------------------------------------------------------

    @staticmethod
    def _taught(session: Session, found: Found) -> list[Taught]:
        table = tables()["correction"]
        rows: list[Taught] = []
        for some in portions(found.get("correction", ())):
            said = session.execute(select(table.c.heard, table.c.words).where(are(table, some)))
            rows += (Taught((heard, words)) for heard, words in said)
        return rows

    @staticmethod
    def _end(session: Session, found: Found, at: dt.datetime) -> None:
        """Cases that are open: nobody can work on what has no place and no number."""
        table = tables()["ticket"]
        for some in portions(found.get("ticket", ())):
            for number in session.scalars(select(table.c.id).where(are(table, some), table.c.state.in_(OPEN))).all():
                session.execute(update(Ticket).where(Ticket.id == number).values(state=State.cancelled, changed_at=at))
                session.execute(
                    update(Timer).where(Timer.ticket_id == number, Timer.done_at.is_(None)).values(done_at=at)
                )
                session.add(Activity(ticket_id=number, at=at, kind="cancelled", by="gege"))
        session.flush()

    @staticmethod
    def _withdraw(session: Session, tickets: Iterable[str], at: dt.datetime) -> None:
        standing = (Consent.ticket_no.in_(list(tickets)), Consent.withdrawn_at.is_(None))
        session.execute(update(Consent).where(*standing).values(withdrawn_at=at))

    @staticmethod
    def _unlink(session: Session, subject: Subject) -> None:
        """A chat that claimed a household, and a contact that leads nowhere any more."""
        own = select(Contact.id).where(Contact.channel == subject.channel, Contact.address.in_(subject.written))
        claimed = (HouseholdContact.contact_id.in_(own), HouseholdContact.verifies.is_(False))
        session.execute(delete(HouseholdContact).where(*claimed))
        linked = select(HouseholdContact.contact_id)
        session.execute(delete(Contact).where(Contact.id.in_(own), Contact.id.not_in(linked)))


def remove_file(settings: Settings, name: str) -> bool:
    """Delete a recording, wherever it lies, or a picture; → whether it was there and is gone. Raises OSError and
    StoreUnavailable when it could not be: it can be done again."""
    if not name:
        return False
    try:
        path = path_of(settings, name)
        return (path.exists() or elsewhere_of(settings) is not None) and delete_recording(settings, name)
    except RecordingMissing:
        path = (settings.home / name).resolve()
    pictures = [(settings.home / folder).resolve() for folder in ("attachments", PHOTOS)]
    if not any(path.is_relative_to(one) for one in pictures) or not path.is_file():
        return False
    path.unlink(missing_ok=True)
    return True
