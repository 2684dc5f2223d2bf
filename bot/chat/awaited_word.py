"""What is waited for after a press of staff: a row, so that a restart between the press and the word loses nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import delete

from bot.chat.models import StaffWait
from bot.database import Database

#: a word written so long after a press belongs to it
A_WORD = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class Wait:
    """`kind` is comment, estimate or wrong: who takes the word is in `StaffChat` (bot/chat/staff.py)."""

    staff_no: str
    ticket_no: str
    kind: str
    since: dt.datetime


class Waiting:
    """One thing is waited for from each member of staff, the newest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, staff_no: str, ticket_no: str, kind: str, at: dt.datetime) -> None:
        with self._database.noting() as session:
            session.merge(StaffWait(staff_no=staff_no, ticket_no=ticket_no, kind=kind, since=at))

    def of(self, staff_no: str, at: dt.datetime) -> Wait | None:
        """What is waited for, unless that was too long ago."""
        with self._database.reading() as session:
            row = session.get(StaffWait, staff_no)
            if row is None or at - row.since > A_WORD:
                return None
            return Wait(staff_no, row.ticket_no, row.kind, row.since)

    def end(self, staff_no: str) -> None:
        with self._database.noting() as session:
            session.execute(delete(StaffWait).where(StaffWait.staff_no == staff_no))
