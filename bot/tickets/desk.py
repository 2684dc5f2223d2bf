"""The ticket desk: the one door to utterances, calls and tickets for whoever stands above them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.database import Database, Unit, now
from bot.grid.models import Staff
from bot.tickets import access, presses
from bot.tickets import reading as shelf
from bot.tickets.access import Access
from bot.tickets.cards import (
    ActivityCard,
    CallCard,
    DeadlineCard,
    NotificationCard,
    NotYours,
    Pressed,
    Report,
    TicketCard,
    TicketRefused,
    TooLate,
)
from bot.tickets.intake.answered import answer, answered
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.kept import fit, keep
from bot.tickets.life import broken_off as calls
from bot.tickets.life import opening
from bot.tickets.life.adding import Added, add
from bot.tickets.life.handling import Done, Handling
from bot.tickets.life.states import OPEN
from bot.tickets.models import State, Ticket
from bot.tickets.outages.desk import OutageDesk
from bot.tickets.owed.answers import Answers
from bot.tickets.own_case import OwnCase, own_case
from bot.tickets.presses import Button, Given
from bot.tickets.proofs import Proofs
from bot.tickets.reporter import Reporter
from bot.tickets.rules import Rules, usual_rules

__all__ = [
    "ActivityCard",
    "Button",
    "CallCard",
    "DeadlineCard",
    "NotYours",
    "NotificationCard",
    "Pressed",
    "Report",
    "TicketCard",
    "TicketDesk",
    "TicketRefused",
    "TooLate",
]


def _nobody() -> None:
    """Nobody waits for messages."""


class TicketDesk:
    """Commands and questions about tickets; every command is one transaction.

    `at` is when it happened (default: now). Commands against the rules raise `TicketRefused`.
    `owed` is called, from any thread, after a commit that may owe somebody a message; `rules` are the site's."""

    def __init__(self, database: Database, owed: Callable[[], None] = _nobody, rules: Rules | None = None) -> None:
        self._database = database
        # Inside a larger transaction nobody is told before that is committed.
        self._owed = partial(database.after_commit, owed)
        self._rules = rules or usual_rules()
        self.outages = OutageDesk(database, self._owed, self._rules)
        self.access = Access(database)
        self.answers = Answers(database, self._owed, self._rules)
        self.proofs = Proofs(database, self._rules)

    def together(self) -> AbstractContextManager[Unit]:
        """What is commanded within is one transaction, of this thread."""
        return self._database.together()

    # ---- what arrives ---------------------------------------------------------------------------

    def keep(self, heard: Heard, at: dt.datetime | None = None) -> bool:
        """Keep what was heard before it is understood; False when that id is there already."""
        with self._database.noting() as writing:
            return keep(writing, heard, at or now())

    def answered(self, utterance_id: str) -> dict[str, Any] | None:
        """What became of an utterance (bot/tickets/intake/answered.py); None while it waits."""
        with self._database.reading() as session:
            return answered(session, utterance_id)

    def answer(self, utterance_id: str, reply: Mapping[str, Any]) -> None:
        """Write down what became of an utterance. Raises AnsweredAlready."""
        with self._database.noting() as session:
            answer(session, utterance_id, reply)

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

    def call_back(self, call_id: str, outcome: str = "dropped", at: dt.datetime | None = None) -> TicketCard | None:
        """End a call that broke off and owe its caller a call back, in one transaction.

        None when it had ended before, or when there is neither a number nor a word to go by."""
        at = at or now()
        with self._database.session() as session:
            report = calls.broken_off(session, call_id, outcome, at)
            if report is None:
                return None
            opened = opening.open_ticket(session, report, at, self._rules)
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
        return [card for name in sessions if (card := self._form_of(name, at - stale_after, at))]

    def rest(self, session: str, at: dt.datetime | None = None) -> TicketCard | None:
        """A conversation is known to be over: the ticket of its half-filled form, None when it has none."""
        at = at or now()
        return self._form_of(session, at, at)

    def _form_of(self, name: str, rested_since: dt.datetime, at: dt.datetime) -> TicketCard | None:
        with self._database.session() as session:
            report = calls.take_form(session, name, rested_since)
            if report is None:
                return None
            opened = opening.open_ticket(session, report, at, self._rules)
            card = shelf.card(session, opened.ticket, opened.owner)
        self._owed()
        return card

    # ---- commands -------------------------------------------------------------------------------

    def report(self, report: Report, at: dt.datetime | None = None) -> TicketCard:
        """Log a report: ticket, first activity, outbox rows and timer, all or nothing.

        The same `utterance_id` again returns the ticket that it made the first time."""
        try:
            with self._database.session() as session:
                opened = opening.open_ticket(session, report, at or now(), self._rules)
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
        known = Added(note, place, householder, household_no, grid_no, facts or {}, urgent)
        with self._database.session() as session:
            ticket = self._locked(session, ticket_no)
            add(Handling(session, ticket, by, at, self._rules), known)
            card = shelf.card(session, ticket)
        self._owed()
        return card

    def acknowledge(self, ticket_no: str, by: str, at: dt.datetime | None = None, *, note: str = "") -> Pressed:
        """Take a ticket: it climbs no more, `by` owns it. A second one changes nothing; the card says who has it."""
        return self._handle(ticket_no, by, at, lambda it: it.acknowledge(note))

    def on_site(self, ticket_no: str, by: str, note: str = "", at: dt.datetime | None = None) -> Pressed:
        """Somebody has arrived."""
        return self._handle(ticket_no, by, at, lambda it: it.move(State.on_site, note))

    def resolve(self, ticket_no: str, by: str, note: str = "", at: dt.datetime | None = None) -> Pressed:
        """The work is done, in the words of staff; the resident has the last word."""
        return self._handle(ticket_no, by, at, lambda it: it.move(State.resolved, note))

    def estimate(
        self, ticket_no: str, by: str, restore_at: dt.datetime, note: str = "", at: dt.datetime | None = None
    ) -> Pressed:
        """When it will be done, as staff think now; the same time again changes nothing."""
        return self._handle(ticket_no, by, at, lambda it: it.estimate(restore_at, note))

    def call_crew(self, ticket_no: str, by: str, note: str = "", at: dt.datetime | None = None) -> Pressed:
        """Call the repair crew, at whatever hour; once."""
        return self._handle(ticket_no, by, at, lambda it: it.call_crew(note))

    def comment(self, ticket_no: str, by: str, note: str, at: dt.datetime | None = None) -> Pressed:
        """Write a word into the history; the owner reads it as well."""
        return self._handle(ticket_no, by, at, lambda it: it.comment(note))

    def rang(self, ticket_no: str, by: str, at: dt.datetime | None = None, *, note: str = "") -> Pressed:
        """Staff have looked at the number to ring it, or were put through (`note`); written down, also after the end."""
        return self._handle(ticket_no, by, at, lambda it: it.rang(note))

    def talked(self, ticket_no: str, by: str, note: str, at: dt.datetime | None = None) -> Pressed:
        """A word that the bot relayed between a resident and staff."""
        return self._handle(ticket_no, by, at, lambda it: it.talked(note))

    def pass_on(self, ticket_no: str, to: str, by: str, reason: str = "", at: dt.datetime | None = None) -> Pressed:
        """Give a ticket to somebody else (on leave: to who stands in), who is told; the state stays as it is."""
        return self._handle(ticket_no, by, at, lambda it: it.pass_on(access.known(it.session, to), reason))

    def press(
        self,
        ticket_no: str,
        button: Button | str,
        by: str,
        *,
        note: str = "",
        restore_at: dt.datetime | None = None,
        to: str = "",
        at: dt.datetime | None = None,
    ) -> Pressed:
        """All of the above as one call, for buttons: a press after the end is an outcome ("late"), no exception.

        `estimate` needs `restore_at`, `pass_on` needs `to`. Raises TicketRefused for what the rules forbid."""
        if button not in Button.__members__:
            raise TicketRefused(f"there is no button {button!r}; one of {', '.join(Button)}")
        given = Given(note, restore_at, to)
        try:
            return self._handle(ticket_no, by, at, lambda it: presses.do(it, Button(button), given))
        except TooLate as late:
            with self._database.reading() as session:
                ticket = session.scalars(select(Ticket).where(Ticket.ticket_no == ticket_no)).one()
                return _pressed(session, ticket, "late", late.by, late.since)

    def close(self, ticket_no: str, by: str = "resident", note: str = "", at: dt.datetime | None = None) -> Pressed:
        """The resident says that it is settled; of danger that is only said, and staff look (`TicketRefused`)."""
        return self._handle(ticket_no, by, at, lambda it: it.move(State.closed, note))

    def cancel(self, ticket_no: str, by: str = "resident", note: str = "", at: dt.datetime | None = None) -> Pressed:
        """No longer needed; the owner is told, unless it was the owner who said so. Danger is not called off by a
        resident (`TicketRefused`)."""
        return self._handle(ticket_no, by, at, lambda it: it.move(State.cancelled, note))

    def reopen(self, ticket_no: str, by: str = "resident", note: str = "", at: dt.datetime | None = None) -> Pressed:
        """The resident says that it is not resolved: the owner is told again and the timers start anew."""
        return self._handle(ticket_no, by, at, lambda it: it.move(State.reported, note))

    # ---- questions ------------------------------------------------------------------------------

    def ticket(self, ticket_no: str) -> TicketCard | None:
        """One ticket; None when there is no such number."""
        with self._database.reading() as session:
            found = session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no))
            return shelf.card(session, found) if found else None

    def tickets(
        self, open_only: bool = False, reporter: Reporter | None = None, limit: int = 100, **only: str | None
    ) -> list[TicketCard]:
        """Tickets, newest first; a reporter's own when one is named. `only` narrows by grid_no, owner or kind."""
        if reporter is not None and not reporter.known:
            return []
        with self._database.reading() as session:
            return shelf.tickets(session, open_only=open_only, reporter=reporter, limit=limit, **only)

    def unacknowledged(self, kind: str) -> list[TicketCard]:
        """All tickets of a kind that nobody has acknowledged, oldest first."""
        with self._database.reading() as session:
            return shelf.unacknowledged(session, kind)

    def open_of(self, reporter: Reporter | None = None, household_no: str | None = None) -> list[TicketCard]:
        """Open tickets of a reporter or of a household, newest first; of nobody when neither is given."""
        if not household_no and (reporter is None or not reporter.known):
            return []
        with self._database.reading() as session:
            return shelf.tickets(session, open_only=True, reporter=reporter, household_no=household_no, limit=100)

    def open_of_session(self, session: str, kind: str, since: dt.datetime) -> str | None:
        """The newest open ticket of a kind that a conversation has made since then."""
        with self._database.reading() as reading:
            return reading.scalar(
                select(Ticket.ticket_no)
                .where(Ticket.session == fit(session, 80), Ticket.kind == kind, Ticket.state.in_(OPEN))
                .where(Ticket.opened_at >= since)
                .order_by(Ticket.id.desc())
                .limit(1)
            )

    def own_case(self, reporter: Reporter) -> OwnCase | None:
        """The newest report of whoever asks, as they may see it."""
        with self._database.reading() as session:
            return own_case(session, reporter)

    def activities(self, ticket_no: str) -> list[ActivityCard]:
        """The history of a ticket, oldest first."""
        with self._database.reading() as session:
            return shelf.activities(session, ticket_no)

    def deadlines(self, ticket_no: str) -> list[DeadlineCard]:
        """What is due about a ticket (somebody on site, settled), the nearest first."""
        with self._database.reading() as session:
            return shelf.deadlines(session, ticket_no)

    def estimated(self, ticket_no: str) -> dt.datetime | None:
        """When staff last said that it would be done; None when they did not, or it came back since."""
        with self._database.reading() as session:
            ticket = session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no))
            last = shelf.last_activity(session, ticket, "estimated", "reopened") if ticket else None
            if last is None or last.kind != "estimated":
                return None
            return dt.datetime.fromisoformat(last.detail["restore_at"])

    def recordings(self, ticket_no: str) -> list[str]:
        """Names of what was recorded of the conversation that made a ticket, oldest first."""
        with self._database.reading() as session:
            return shelf.recordings(session, ticket_no)

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

    def _handle(
        self,
        ticket_no: str,
        by: str,
        at: dt.datetime | None,
        act: Callable[[Handling], Done],
    ) -> Pressed:
        at = at or now()
        with self._database.session() as session:
            ticket = self._locked(session, ticket_no)
            if by not in ("resident", "gege"):
                access.handler(session, by, ticket, at)
            done = act(Handling(session, ticket, by, at, self._rules))
            outcome = "fresh" if done.fresh else "already"
            pressed = _pressed(session, ticket, outcome, done.by, done.since)
        if done.fresh:
            self._owed()
        return pressed


def _pressed(session: Session, ticket: Ticket, outcome: str, by: str, since: dt.datetime) -> Pressed:
    card = shelf.card(session, ticket)
    person = session.get(Staff, by)
    fields = {one.name: getattr(card, one.name) for one in dataclasses.fields(card)}
    return Pressed(**fields, outcome=outcome, who=by, who_name=person.name if person else "", since=since)
