"""What would cost somebody a bonus can be commented by them, and is judged by somebody else, before it counts."""

from __future__ import annotations

import datetime as dt
import enum

from sqlalchemy import select

from bot.database import Database, now
from bot.grid.models import Role
from bot.tickets import access
from bot.tickets.cards import NotYours, TicketRefused
from bot.tickets.intake.kept import fit
from bot.tickets.life import opening
from bot.tickets.models import Ticket

#: who judges
JUDGES = (Role.admin, Role.duty)


class Verdict(enum.StrEnum):
    """What becomes of a miss."""

    excused = "excused"
    counts = "counts"


class Pleas:
    """Pleas of one site; both methods block and are one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def plead(self, ticket_no: str, by: str, words: str, at: dt.datetime | None = None) -> None:
        """Say something to a miss. Raises TicketRefused, NotYours."""
        if not words.strip():
            raise TicketRefused("a plea needs words")
        self._note(ticket_no, by, "pleaded", fit(words), {}, at, judges=False)

    def judge(self, ticket_no: str, by: str, verdict: Verdict, at: dt.datetime | None = None) -> None:
        """Let it pass, or not. Nobody judges their own case. Raises TicketRefused, NotYours."""
        self._note(ticket_no, by, "judged", "", {"verdict": str(verdict)}, at, judges=True)

    def _note(
        self,
        ticket_no: str,
        by: str,
        kind: str,
        note: str,
        detail: dict[str, str],
        at: dt.datetime | None,
        *,
        judges: bool,
    ) -> None:
        at = at or now()
        with self._database.session() as session:
            ticket = session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no))
            if ticket is None:
                raise TicketRefused(f"there is no ticket {ticket_no}")
            person = access.known(session, by)
            allowed = access.may_handle(session, person, ticket, at)
            if judges:
                allowed = person.role in JUDGES and ticket.owner != by
            if not allowed:
                raise NotYours(f"{ticket_no} is not {by}'s to {kind}")
            opening.note(session, ticket, kind, by, at, note, detail)
