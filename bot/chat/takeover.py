"""A person talks to a resident through the bot: who is talking to whom, until one ends it or both fall silent."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.chat.models import Takeover
from bot.database import Database


@dataclass(frozen=True)
class Talk:
    """A resident's chat, and the member of staff who has taken it over, in the chat they pressed in."""

    channel: str
    chat: str
    ticket_no: str
    staff_no: str
    staff_channel: str
    staff_chat: str
    begun_at: dt.datetime
    last_at: dt.datetime


class Takeovers:
    """One talk a resident, one a member of staff; rows, so that a restart interrupts nobody."""

    def __init__(self, database: Database, silence: dt.timedelta = dt.timedelta(minutes=30)) -> None:
        """`silence`: nobody wrote for so long, and the bot answers again."""
        self._database, self._silence = database, silence

    def begin(self, talk: Talk) -> Talk | None:
        """Take a resident over, unless somebody else is talking to them: then who. What one had before ends."""
        try:
            return self._begin(talk)
        except IntegrityError:
            # Two pressed at the same instant, and the other one was first (PostgreSQL only).
            return self._begin(talk)

    def _begin(self, talk: Talk) -> Talk | None:
        with self._database.session() as session:
            row = session.get(Takeover, (talk.channel, talk.chat), with_for_update=True)
            if row is not None and row.staff_no != talk.staff_no and not self._over(row, talk.last_at):
                return _talk(row)
            # Only the row that was looked at: one that has just come is somebody else's, and refuses ours.
            if row is not None:
                session.delete(row)
            session.flush()
            session.execute(delete(Takeover).where(Takeover.staff_no == talk.staff_no))
            session.add(Takeover(**vars(talk)))
        return None

    def of_resident(self, channel: str, chat: str, at: dt.datetime) -> Talk | None:
        """Who talks to this resident now."""
        with self._database.reading() as session:
            row = session.get(Takeover, (channel, chat))
            return _talk(row) if row is not None and not self._over(row, at) else None

    def of_staff(self, staff_no: str, at: dt.datetime) -> tuple[Talk, bool] | None:
        """Whom they talk to, and whether that is over because nobody wrote; it is then told once."""
        with self._database.reading() as session:
            row = self._row(session, staff_no)
            return (_talk(row), self._over(row, at)) if row is not None else None

    def wrote(self, talk: Talk, at: dt.datetime) -> None:
        """One of the two wrote."""
        with self._database.noting() as session:
            session.execute(update(Takeover).where(Takeover.staff_no == talk.staff_no).values(last_at=at))

    def end(self, staff_no: str) -> Talk | None:
        """They have finished; whom they talked to."""
        with self._database.session() as session:
            row = self._row(session, staff_no)
            if row is None:
                return None
            talk = _talk(row)
            session.delete(row)
            return talk

    def _row(self, session: Session, staff_no: str) -> Takeover | None:
        return session.scalar(select(Takeover).where(Takeover.staff_no == staff_no))

    def _over(self, row: Takeover, at: dt.datetime) -> bool:
        return at - row.last_at > self._silence


def _talk(row: Takeover) -> Talk:
    return Talk(
        row.channel, row.chat, row.ticket_no, row.staff_no, row.staff_channel, row.staff_chat, row.begun_at, row.last_at
    )
