"""What every command and question of the ticket desk stands on: the database, the rules, and who waits for messages."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import Database, Unit, now
from bot.grid.models import Staff
from bot.tickets import access
from bot.tickets import reading as shelf
from bot.tickets.cards import Pressed, Report, TicketRefused
from bot.tickets.life import flooding
from bot.tickets.life.complaints import ONE_CASE
from bot.tickets.life.handling import Done, Handling
from bot.tickets.life.keeping_from import keep_from
from bot.tickets.life.opening import Opened, open_ticket
from bot.tickets.models import Ticket
from bot.tickets.owed.paging import COMPLAINED_OF
from bot.tickets.rules import Rules, usual_rules


class Transactions:
    """Every command is one transaction; whoever is owed a message is told after it."""

    def __init__(
        self,
        database: Database,
        owed: Callable[[], None] = lambda: None,
        rules: Rules | None = None,
        service: str = "",
    ) -> None:
        """`service`: whose the calls are that begin here (bot/replicas)."""
        self._database, self._service = database, service
        # Inside a larger transaction nobody is told before that is committed.
        self._owed = partial(database.after_commit, owed)
        self._rules = rules or usual_rules()

    def together(self) -> AbstractContextManager[Unit]:
        """What is commanded within is one transaction, of this thread."""
        return self._database.together()

    def _opened(self, session: Session, report: Report, at: dt.datetime) -> Opened:
        """Open a report's ticket. Whom the resident complains of has nothing of what the conversation logged before."""
        opened = flooding.joined(session, report, at, self._rules) or open_ticket(session, report, at, self._rules)
        told = opened.fresh and opened.ticket.session
        about = opened.ticket.facts.get(COMPLAINED_OF, ()) if told else ()
        if about:
            same = select(Ticket).where(Ticket.session == opened.ticket.session, Ticket.opened_at > at - ONE_CASE)
            for ticket in session.scalars(same.where(Ticket.id < opened.ticket.id).with_for_update()):
                keep_from(Handling(session, ticket, "gege", at, self._rules), about)
        return opened

    def _locked(self, session: Session, ticket_no: str) -> Ticket:
        ticket = session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no).with_for_update())
        if ticket is None:
            raise TicketRefused(f"there is no ticket {ticket_no}")
        return ticket

    def _handle(self, ticket_no: str, by: str, at: dt.datetime | None, act: Callable[[Handling], Done]) -> Pressed:
        at = at or now()
        with self._database.session() as session:
            ticket = self._locked(session, ticket_no)
            if by not in ("resident", "gege"):
                access.handler(session, by, ticket, at)
            done = act(Handling(session, ticket, by, at, self._rules))
            pressed = pressed_of(session, ticket, "fresh" if done.fresh else "already", done.by, done.since)
        if done.fresh:
            self._owed()
        return pressed


def pressed_of(session: Session, ticket: Ticket, outcome: str, by: str, since: dt.datetime) -> Pressed:
    """The ticket as it stands after a press."""
    card = shelf.card(session, ticket)
    person = session.get(Staff, by)
    fields = {one.name: getattr(card, one.name) for one in dataclasses.fields(card)}
    return Pressed(**fields, outcome=outcome, who=by, who_name=person.name if person else "", since=since)
