"""Which calls may be made, and which were: toll limit an hour, allowed prefixes, numbers that asked not to be called."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.calling.models import NoCall, PlacedCall
from bot.database import Database, now
from bot.foundation.errors import Refused
from bot.foundation.phone_numbers import to_dial
from bot.settings import CallingSettings

#: what a call is for: danger, a person who calls back; else a question (OwedCall.kind)
DANGER, CALL_BACK = "danger", "call_back"
_HOUR = dt.timedelta(hours=1)


class CallRefused(Refused):
    """This call may not be made; `reason` is a word of the code: "prefix", "unwanted" or "toll"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Ledger:
    """Asked before each call, told after it. All methods block."""

    def __init__(self, database: Database, settings: CallingSettings) -> None:
        self._database, self._settings = database, settings

    def check(self, number: str, purpose: str, at: dt.datetime | None = None) -> None:
        """Whether a resident's number may be rung now; raises CallRefused when not.

        Who does not want to be called by a machine is called back by a person all the same."""
        with self._database.reading() as session:
            self._check(session, to_dial(number), purpose, at or now())

    def begin(
        self, number: str, purpose: str, ticket_no: str, staff_no: str = "", at: dt.datetime | None = None
    ) -> int:
        """Write down that a number is rung now: a resident's, or that of `staff_no`, which the site has imported and
        which may begin with anything. Raises CallRefused; danger is never limited (promise 2)."""
        at, number = at or now(), to_dial(number)
        with self._database.session() as session:
            if not staff_no:
                self._check(session, number, purpose, at)
            elif purpose != DANGER:
                self._toll(session, at)
            row = PlacedCall(at=at, number=number, purpose=purpose, ticket_no=ticket_no, staff_no=staff_no)
            session.add(row)
            session.flush()
            return row.id

    def _check(self, session: Session, number: str, purpose: str, at: dt.datetime) -> None:
        if not any(number.startswith(to_dial(prefix)) for prefix in self._settings.prefixes):
            raise CallRefused("prefix")
        if purpose != CALL_BACK and session.get(NoCall, number) is not None:
            raise CallRefused("unwanted")
        self._toll(session, at)

    def _toll(self, session: Session, at: dt.datetime) -> None:
        recent = select(func.count()).where(PlacedCall.at > at - _HOUR, PlacedCall.purpose != DANGER)
        if (session.scalar(recent) or 0) >= self._settings.per_hour:
            raise CallRefused("toll")

    def end(self, id: int, outcome: str, at: dt.datetime | None = None) -> None:
        """How it went."""
        with self._database.session() as session:
            row = session.get(PlacedCall, id)
            if row is not None:
                row.outcome, row.ended_at = outcome, at or now()

    def unwanted(self, number: str, at: dt.datetime | None = None) -> None:
        """This number is never asked by telephone again."""
        with self._database.session() as session:
            if session.get(NoCall, to_dial(number)) is None:
                session.add(NoCall(number=to_dial(number), at=at or now()))

    def wanted_again(self, number: str) -> bool:
        """Staff take a number from the list; False when it was not on it."""
        with self._database.session() as session:
            row = session.get(NoCall, to_dial(number))
            if row is not None:
                session.delete(row)
            return row is not None

    def placed(self, ticket_no: str) -> list[tuple[str, str, str]]:
        """(purpose, staff number, outcome) of the calls about a ticket, in their order."""
        with self._database.reading() as session:
            rows = session.scalars(select(PlacedCall).where(PlacedCall.ticket_no == ticket_no).order_by(PlacedCall.id))
            return [(row.purpose, row.staff_no, row.outcome) for row in rows]
