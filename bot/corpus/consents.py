"""Consents: written down by staff, withdrawn at any time, never guessed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.corpus.models import Consent
from bot.database import Database, now
from bot.foundation.errors import Refused
from bot.grid.models import Role
from bot.tickets import access
from bot.tickets.cards import TicketRefused
from bot.tickets.models import Ticket

HOW = ("phone", "paper", "chat", "visit")


class ConsentRefused(Refused):
    """Nothing was written; the message says why."""


@dataclass(frozen=True)
class ConsentCard:
    """A consent as it stood when it was read."""

    ticket_no: str
    how: str
    note: str
    by: str
    at: dt.datetime
    withdrawn_at: dt.datetime | None
    #: it was written now; False: it stood already
    fresh: bool = True


class Consents:
    """Commands and questions about consents. All methods block."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def give(self, ticket_no: str, by: str, how: str, note: str = "", at: dt.datetime | None = None) -> ConsentCard:
        """The resident of a ticket allows the recordings of that conversation to be used. The same again changes
        nothing. Raises ConsentRefused."""
        if how not in HOW:
            raise ConsentRefused(f"how was it given? one of {', '.join(HOW)}")
        with self._database.session() as session:
            _check(session, ticket_no, by)
            standing = _standing(session, ticket_no)
            row = standing or Consent(ticket_no=ticket_no, how=how, note=note[:1000], by_staff_no=by, at=at or now())
            session.add(row)
            return _card(row, fresh=standing is None)

    def withdraw(self, ticket_no: str, by: str, at: dt.datetime | None = None) -> ConsentCard:
        """The resident does not want it any more: the next export is without it. Raises ConsentRefused."""
        with self._database.session() as session:
            _check(session, ticket_no, by)
            row = _standing(session, ticket_no)
            if row is None:
                raise ConsentRefused(f"{ticket_no} has no consent that could be withdrawn")
            row.withdrawn_at, row.withdrawn_by = at or now(), by
            return _card(row)

    def all(self) -> list[ConsentCard]:
        """Every consent, the withdrawn ones as well, newest first."""
        with self._database.reading() as session:
            return [_card(row) for row in session.scalars(select(Consent).order_by(Consent.id.desc()))]

    def standing(self) -> frozenset[str]:
        """Numbers of the tickets whose recordings may be used now."""
        with self._database.reading() as session:
            return frozenset(session.scalars(select(Consent.ticket_no).where(Consent.withdrawn_at.is_(None))))


def _check(session: Session, ticket_no: str, by: str) -> None:
    # Locked: two people who write one consent down write one.
    if session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no).with_for_update()) is None:
        raise ConsentRefused(f"there is no ticket {ticket_no}")
    try:
        person = access.known(session, by)
    except TicketRefused as refused:
        raise ConsentRefused(str(refused)) from None
    if person.role == Role.supervisor:
        raise ConsentRefused(f"{by} looks on; whoever has talked to the resident writes it down")


def _standing(session: Session, ticket_no: str) -> Consent | None:
    return session.scalar(select(Consent).where(Consent.ticket_no == ticket_no, Consent.withdrawn_at.is_(None)))


def _card(row: Consent, fresh: bool = True) -> ConsentCard:
    return ConsentCard(row.ticket_no, row.how, row.note, row.by_staff_no, row.at, row.withdrawn_at, fresh)
