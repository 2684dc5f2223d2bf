"""A lost telephone, somebody who has left: one act, one transaction, and nothing of theirs opens anything any more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.doors import devices
from bot.doors.models import Password
from bot.notify.links import void_links

#: what another room shuts in the same transaction (its codes, its chats): session, staff number, when
Shuts = Callable[[Session, str, dt.datetime], object]


@dataclass(frozen=True)
class Shut:
    """What was put out."""

    devices: int


class Shutting:
    """Shuts every door of one person; blocks."""

    def __init__(
        self,
        database: Database,
        also: Sequence[Shuts] = (),
        told: Sequence[Callable[[str], object]] = (),
        clock: Callable[[], dt.datetime] = now,
    ) -> None:
        """`also` runs within the transaction; `told` is called with the staff number when it is done (calls that go
        on are hung up)."""
        self._database, self._also, self._told, self._clock = database, also, told, clock

    def shut(self, staff_no: str, by: str) -> Shut:
        """Devices, links that were sent, codes, password, chats and calls of somebody, at once."""
        at = self._clock()
        with self._database.session() as session:
            gone = devices.end(session, staff_no, at, by=by)
            void_links(session, staff_no, at)
            session.execute(delete(Password).where(Password.staff_no == staff_no))
            for each in self._also:
                each(session, staff_no, at)
        for tell in self._told:
            tell(staff_no)
        return Shut(gone)
