"""The ticket desk: the one door to utterances, calls and tickets for whoever stands above them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.grid.models import Role, Staff
from bot.tickets import calls, opening, paging, shelf, timers
from bot.tickets.cards import ActivityCard, CallCard, NotificationCard, Report, TicketCard, TicketRefused
from bot.tickets.models import Kind, State, Ticket
from bot.tickets.states import OPEN, TAKEN, may_follow

__all__ = [
    "ActivityCard",
    "CallCard",
    "NotificationCard",
    "Report",
    "TicketCard",
    "TicketDesk",
    "TicketRefused",
]


def _nobody() -> None:
    """Nobody waits for messages."""


class TicketDesk:
    """Commands and questions about tickets; every command is one transaction.

    `at` is when it happened (default: now). Commands against the rules raise `TicketRefused`.
    `owed` is called, from any thread, after a commit that may owe somebody a message."""

    def __init__(self, database: Database, owed: Callable[[], None] = _nobody) -> None:
        self._database = database
        self._owed = owed

    # ---- what arrives ---------------------------------------------------------------------------

    def keep_utterance(
        self,
        id: str,
        session: str,
        channel: str,
        text: str,
        alternatives: Sequence[str] = (),
        caller: str = "",
        recording: str = "",
        call_id: str | None = None,
        at: dt.datetime | None = None,
    ) -> bool:
        """Keep what was heard before it is understood; False when that id is there already."""
        with self._database.noting() as writing:
            return opening.keep_utterance(
                writing,
                id,
                session,
                channel,
                text,
                alternatives,
                caller,
                recording,
                call_id or None,
                at or now(),
            )

    def begin_call(
        self,
        id: str,
        caller: str = "",
        dialled: str = "",
        diverting: str = "",
        front_end: str = "audiosocket",
        at: dt.datetime | None = None,
    ) -> bool:
        """Write a call down before a word is spoken; False when it is there already."""
        with self._database.session() as session:
            return calls.begin(session, id, caller, dialled, diverting, front_end, at or now())

    def end_call(self, id: str, outcome: str, at: dt.datetime | None = None) -> bool:
        """Close a call; False when it was closed already."""
        with self._database.session() as session:
            return calls.end(session, id, outcome, at or now())

    def open_calls(self) -> list[CallCard]:
        """The calls that are going on (or were, when the service fell)."""
        with self._database.reading() as session:
            return calls.open_calls(session)

    def call_back(
        self, call_id: str, outcome: str = "dropped", at: dt.datetime | None = None
    ) -> TicketCard | None:
        """End a call that broke off and owe its caller a call back, in one transaction.

        None when it had ended before, or when there is neither a number nor a word to go by."""
        at = at or now()
        with self._database.session() as session:
            report = calls.broken_off(session, call_id, outcome, at)
            if report is None:
                return None
            opened = opening.open_ticket(session, report, at)
            card = shelf.card(session, opened.ticket, opened.owner)
        self._owed()
        return card

    def recover(
        self, at: dt.datetime | None = None, stale_after: dt.timedelta = dt.timedelta(minutes=30)
    ) -> list[TicketCard]:
        """At start-up: calls found open become call-backs, and forms that rest since `stale_after` become tickets.

        Call it before the first new call: it takes every open call for a broken one."""
        at = at or now()
        found = [card for call in self.open_calls() if (card := self.call_back(call.id, "interrupted", at))]
        return found + self.sweep(at, stale_after)

    def sweep(
        self, at: dt.datetime | None = None, stale_after: dt.timedelta = dt.timedelta(minutes=30)
    ) -> list[TicketCard]:
        """Make tickets of the half-filled forms whose dialogue rests since `stale_after`; may run at any time."""
        at = at or now()
        with self._database.reading() as session:
            sessions = calls.stale_forms(session, at - stale_after)
        found = []
        for name in sessions:
            with self._database.session() as session:
                if report := calls.take_form(session, name, at - stale_after):
                    opened = opening.open_ticket(session, report, at)
                    found.append(shelf.card(session, opened.ticket, opened.owner))
        if found:
            self._owed()
        return found

    # ---- commands -------------------------------------------------------------------------------

    def report(self, report: Report, at: dt.datetime | None = None) -> TicketCard:
        """Log a report: ticket, first activity, outbox rows and timer, all or nothing.

        The same `utterance_id` again returns the ticket that it made the first time."""
        try:
            with self._database.session() as session:
                opened = opening.open_ticket(session, report, at or now())
                card = shelf.card(session, opened.ticket, opened.owner)
        except IntegrityError:
            # Two turns with one utterance at the same moment: the other one was first (PostgreSQL only).
            with self._database.reading() as session:
                earlier = opening.of_utterance(session, report.utterance_id)
                if earlier is None:
                    raise
                return shelf.card(session, earlier)
        if opened.fresh:
            self._owed()
        return card

    def add(
        self,
        ticket_no: str,
        *,
        note: str = "",
        place: str = "",
        householder: str = "",
        household_no: str | None = None,
        grid_no: str | None = None,
        facts: Mapping[str, Any] | None = None,
        urgent: bool = False,
        by: str = "resident",
        at: dt.datetime | None = None,
    ) -> TicketCard:
        """Add what became known later. The history keeps all of it; the ticket takes what it lacked, new
        facts, and urgency. A grid that becomes known brings its manager to a ticket that nobody has taken."""
        at = at or now()
        with self._database.session() as session:
            ticket = self._locked(session, ticket_no)
            detail = {
                "place": place,
                "householder": householder,
                "household_no": household_no,
                "grid_no": grid_no,
            }
            added = {name: value for name, value in detail.items() if value} | (
                {"facts": facts} if facts else {}
            )
            opening.note(session, ticket, "added", by, at, note, added)
            ticket.place = ticket.place or opening.fit(place, 300)
            ticket.householder = ticket.householder or opening.fit(householder, 80)
            ticket.facts = {**ticket.facts, **opening.plain(facts or {})}
            ticket.changed_at = at
            became_urgent = urgent and not ticket.urgent
            ticket.urgent = ticket.urgent or urgent
            gridless = ticket.grid_no is None
            known_household, known_grid = opening.situate(session, household_no, grid_no)
            ticket.household_no = ticket.household_no or known_household
            ticket.grid_no = ticket.grid_no or known_grid
            self._tell_added(
                session, ticket, by, at, gridless and ticket.grid_no is not None, became_urgent, note
            )
            card = shelf.card(session, ticket)
        self._owed()
        return card

    def acknowledge(self, ticket_no: str, by: str, at: dt.datetime | None = None) -> TicketCard:
        """Take a ticket: the timers stop, `by` owns it. A second one changes nothing; the card says who has it."""
        at = at or now()
        with self._database.session() as session:
            ticket = self._locked(session, ticket_no)
            person = self._staff(session, by)
            if person.role == Role.supervisor and ticket.kind != Kind.complaint:
                raise TicketRefused(f"{by} is a supervisor, who watches {ticket_no} but cannot take it")
            if ticket.state not in TAKEN:
                self._go(session, ticket, State.acknowledged, by, at)
                ticket.owner = by
                timers.stop(session, ticket, at)
                if ticket.urgent:
                    others = [one for one in shelf.told(session, ticket) if one.staff_no != by]
                    paging.owe(session, ticket, others, "taken", at, urgent=False)
            card = shelf.card(session, ticket)
        self._owed()
        return card

    def on_site(self, ticket_no: str, by: str, note: str = "", at: dt.datetime | None = None) -> TicketCard:
        """Somebody has arrived."""
        return self._move(ticket_no, State.on_site, by, note, at)

    def resolve(self, ticket_no: str, by: str, note: str = "", at: dt.datetime | None = None) -> TicketCard:
        """The work is done, in the words of staff; the resident has the last word."""
        return self._move(ticket_no, State.resolved, by, note, at)

    def close(
        self, ticket_no: str, by: str = "resident", note: str = "", at: dt.datetime | None = None
    ) -> TicketCard:
        """The resident says that it is settled."""
        return self._move(ticket_no, State.closed, by, note, at)

    def cancel(
        self, ticket_no: str, by: str = "resident", note: str = "", at: dt.datetime | None = None
    ) -> TicketCard:
        """No longer needed; the owner is told, unless it was the owner who said so."""
        return self._move(ticket_no, State.cancelled, by, note, at)

    def reopen(
        self, ticket_no: str, by: str = "resident", note: str = "", at: dt.datetime | None = None
    ) -> TicketCard:
        """The resident says that it is not resolved: the owner is told again and the timers start anew."""
        return self._move(ticket_no, State.reported, by, note, at)

    def pass_on(
        self, ticket_no: str, to: str, by: str, reason: str = "", at: dt.datetime | None = None
    ) -> TicketCard:
        """Give a ticket to somebody else, who is told; the state stays as it is."""
        at = at or now()
        with self._database.session() as session:
            ticket = self._locked(session, ticket_no)
            self._staff(session, by)
            person = self._staff(session, to)
            if ticket.state not in OPEN:
                raise TicketRefused(f"{ticket_no} is {ticket.state}: there is nothing left to pass on")
            if person.role == Role.supervisor:
                raise TicketRefused(f"{to} is a supervisor, who watches {ticket_no} but cannot take it")
            if ticket.owner == to:
                raise TicketRefused(f"{to} has {ticket_no} already")
            detail = {"from": ticket.owner, "to": to}
            ticket.owner, ticket.changed_at = to, at
            opening.note(session, ticket, "passed_on", by, at, reason, detail)
            paging.owe(session, ticket, [person], "passed_on", at, {"note": reason})
            card = shelf.card(session, ticket)
        self._owed()
        return card

    # ---- questions ------------------------------------------------------------------------------

    def ticket(self, ticket_no: str) -> TicketCard | None:
        """One ticket; None when there is no such number."""
        with self._database.reading() as session:
            found = session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no))
            return shelf.card(session, found) if found else None

    def tickets(
        self, open_only: bool = False, reporter: str | None = None, limit: int = 100
    ) -> list[TicketCard]:
        """Tickets, newest first."""
        with self._database.reading() as session:
            return shelf.tickets(session, open_only=open_only, reporter=reporter, limit=limit)

    def open_of(self, reporter: str | None = None, household_no: str | None = None) -> list[TicketCard]:
        """Open tickets of a reporter or of a household, newest first; of nobody when neither is given."""
        if not reporter and not household_no:
            return []
        with self._database.reading() as session:
            return shelf.tickets(
                session, open_only=True, reporter=reporter, household_no=household_no, limit=100
            )

    def activities(self, ticket_no: str) -> list[ActivityCard]:
        """The history of a ticket, oldest first."""
        with self._database.reading() as session:
            return shelf.activities(session, ticket_no)

    def notifications(self, ticket_no: str | None = None, limit: int = 1000) -> list[NotificationCard]:
        """Messages owed for a ticket, or the newest of all; oldest first."""
        with self._database.reading() as session:
            return shelf.notifications(session, ticket_no, limit)

    # ---- the rules behind the commands ----------------------------------------------------------

    def _locked(self, session: Session, ticket_no: str) -> Ticket:
        ticket = session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no).with_for_update())
        if ticket is None:
            raise TicketRefused(f"there is no ticket {ticket_no}")
        return ticket

    def _staff(self, session: Session, staff_no: str) -> Staff:
        person = session.get(Staff, staff_no)
        if person is None:
            raise TicketRefused(f"{staff_no!r} is nobody on the staff list")
        return person

    def _go(
        self, session: Session, ticket: Ticket, to: State, by: str, at: dt.datetime, note: str = ""
    ) -> None:
        if not may_follow(ticket.state, to):
            raise TicketRefused(f"{ticket.ticket_no} is {ticket.state} and cannot become {to}")
        kind = "reopened" if to is State.reported else str(to)
        opening.note(session, ticket, kind, by, at, note, {"from": ticket.state})
        ticket.state, ticket.changed_at = to, at

    def _move(self, ticket_no: str, to: State, by: str, note: str, at: dt.datetime | None) -> TicketCard:
        at = at or now()
        with self._database.session() as session:
            ticket = self._locked(session, ticket_no)
            if by not in ("resident", "gege") or to in (State.on_site, State.resolved):
                self._staff(session, by)
            if ticket.state != to:
                self._go(session, ticket, to, by, at, note)
                if to is State.cancelled:
                    timers.stop(session, ticket, at)
                    self._tell_owner(session, ticket, "cancelled", by, at, note)
                elif to is State.reported:
                    timers.start(session, ticket, at)
                    self._tell_owner(session, ticket, "reopened", by, at, note)
            card = shelf.card(session, ticket)
        self._owed()
        return card

    def _tell_owner(
        self, session: Session, ticket: Ticket, template: str, by: str, at: dt.datetime, note: str
    ) -> None:
        owner = session.get(Staff, ticket.owner) if ticket.owner else None
        if owner is not None and owner.staff_no != by:
            paging.owe(session, ticket, [owner], template, at, {"note": note})

    def _tell_added(
        self,
        session: Session,
        ticket: Ticket,
        by: str,
        at: dt.datetime,
        grid_found: bool,
        became_urgent: bool,
        note: str,
    ) -> None:
        if ticket.state not in OPEN:
            return
        if ticket.state == State.reported and (grid_found or became_urgent):
            people = paging.roster(session, ticket.grid_no)
            if grid_found and (manager := people.owner):
                ticket.owner = manager.staff_no
            owner = session.get(Staff, ticket.owner) if ticket.owner else None
            told = people.told(paging.paging_of(ticket).at_once, owner, ticket.urgent)
            paging.owe(session, ticket, told, "reported", at)
        elif ticket.urgent or not shelf.still_owed(session, ticket):
            # A message that is still on its way is written when it leaves: it will say the new as well.
            self._tell_owner(session, ticket, "added", by, at, note)
