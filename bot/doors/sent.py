"""Presses that a telephone sends: once each, however often it sends them for want of an answer."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from bot.database import Database, now
from bot.doors.models import SentPress

#: what was pressed longer ago is sent by no telephone any more
_KEEP = dt.timedelta(days=30)
_LONGEST = 300


class Sent:
    """The presses of one site; all methods block."""

    def __init__(self, database: Database, clock: Callable[[], dt.datetime] = now) -> None:
        self._database, self._clock = database, clock

    def once(self, staff_no: str, press: str, content: str, act: Callable[[], tuple[bool, str]]) -> tuple[bool, str]:
        """Do `act` and remember what it answered (whether it was done, and a sentence), in one transaction.

        The same press of the same person with the same `content` again does nothing and gets the first answer; another
        content (a page that was gone back to) is another press. Without a `press` it is done as often as it is sent."""
        if not press:
            return act()
        key = hashlib.sha256("\0".join((staff_no, press, content)).encode("utf-8", "surrogatepass")).hexdigest()
        try:
            with self._database.together():
                if (before := self._before(key)) is not None:
                    return before
                with self._database.session() as session:
                    session.add(SentPress(key=key, staff_no=staff_no, at=self._clock(), done=False, said=""))
                done, said = act()
                with self._database.session() as session:
                    row = session.get_one(SentPress, key)
                    row.done, row.said = done, said[:_LONGEST]
            return done, said
        except IntegrityError:
            # The same was sent twice at one moment, and the other one was first (PostgreSQL only).
            if (before := self._before(key)) is None:
                raise
            return before

    def forget(self, at: dt.datetime) -> None:
        """What is older than a telephone waits."""
        with self._database.session() as session:
            session.execute(delete(SentPress).where(SentPress.at < at - _KEEP))

    def _before(self, key: str) -> tuple[bool, str] | None:
        with self._database.reading() as session:
            found = session.get(SentPress, key)
            return (found.done, found.said) if found is not None else None
