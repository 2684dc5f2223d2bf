"""Who rides or has no hand free just now: told to who passes a case on, and to the wall. It keeps nothing from anybody."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.grid.models import Occupied

#: nobody rides for longer
LONGEST = dt.timedelta(hours=8)


class What(enum.StrEnum):
    """骑车中, 在忙."""

    riding = "riding"
    busy = "busy"


@dataclass(frozen=True)
class Busy:
    """What somebody is at, and until when."""

    what: What
    until: dt.datetime


def occupied(session: Session, at: dt.datetime) -> dict[str, Busy]:
    """Who is occupied at `at`, by staff number."""
    rows = session.scalars(select(Occupied).where(Occupied.until > at))
    return {one.staff_no: Busy(What(one.what), one.until) for one in rows}


class Occupations:
    """The switch of each of the staff; all methods block."""

    def __init__(self, database: Database, clock: Callable[[], dt.datetime] = now) -> None:
        self._database, self._clock = database, clock

    def set(self, staff_no: str, what: What, span: dt.timedelta) -> Busy:
        """From now on, for `span` (at most LONGEST); what was set before is over."""
        at = self._clock()
        until = at + min(span, LONGEST)
        with self._database.session() as session:
            session.merge(Occupied(staff_no=staff_no, what=what, since=at, until=until))
        return Busy(what, until)

    def end(self, staff_no: str) -> None:
        """Free again."""
        with self._database.session() as session:
            session.execute(delete(Occupied).where(Occupied.staff_no == staff_no))

    def now(self) -> dict[str, Busy]:
        """Who is occupied."""
        with self._database.reading() as session:
            return occupied(session, self._clock())
