"""Every look at a household, a case or a recording is a row; the person concerned can be told who looked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import or_, select

from bot.database import Database, now
from bot.doors.devices import SignedIn
from bot.doors.models import Look

CASE, RECORDING, PICTURE, HOUSEHOLD = "case", "recording", "picture", "household"
#: an export is a look at everybody that its table holds
CALL, SEARCH, EXPORT, LIST = "call", "search", "export", "list"
#: the same look again within this is the same look (a page that renews itself)
_AGAIN = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class LookCard:
    """One look, for whoever it concerns."""

    at: dt.datetime
    staff_no: str
    what: str
    ref: str
    #: of a search or a list: how many it showed
    many: int | None = None


class Looks:
    """The book of looks; all methods block."""

    def __init__(self, database: Database, clock: Callable[[], dt.datetime] = now) -> None:
        self._database, self._clock = database, clock

    def note(self, who: SignedIn, what: str, ref: str, many: int | None = None) -> None:
        """Write down that somebody looks; before they see it, so that nothing is seen without a row. `many`: of a search
        or a list, how many people's data it shows."""
        at = self._clock()
        with self._database.reading() as session:
            lately = session.scalar(
                select(Look.id)
                .where(
                    Look.what == what, Look.ref == ref, Look.staff_no == who.staff_no, Look.device_id == who.device_id,
                    Look.at > at - _AGAIN, Look.many.is_(None) if many is None else Look.many == many,
                )
                .limit(1)
            )  # fmt: skip
        if lately is None:
            with self._database.session() as session:
                session.add(
                    Look(at=at, staff_no=who.staff_no, device_id=who.device_id, what=what, ref=ref[:64], many=many)
                )

    def note_list(self, who: SignedIn, name: str, many: int) -> None:
        """A list that shows households' data is one row, with how many it shows; an empty one shows nobody's."""
        if many:
            self.note(who, LIST, name, many)

    def at(self, refs: Iterable[tuple[str, str]], limit: int = 500) -> list[LookCard]:
        """Who looked at these (what, ref), the latest first."""
        wanted = [(Look.what == what) & (Look.ref == ref) for what, ref in refs]
        if not wanted:
            return []
        with self._database.reading() as session:
            rows = session.scalars(select(Look).where(or_(*wanted)).order_by(Look.id.desc()).limit(limit))
            return [LookCard(one.at, one.staff_no, one.what, one.ref, one.many) for one in rows]
