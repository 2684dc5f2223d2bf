"""The ticket desk: the one door to utterances, calls and tickets for whoever stands above them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from bot.database import Database, now
from bot.tickets import access, materials, presses
from bot.tickets import reading as shelf
from bot.tickets.access import Access
from bot.tickets.arrivals import Arrivals
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
from bot.tickets.following import Following
from bot.tickets.intake.caller import Caller
from bot.tickets.life import flooding, opening
from bot.tickets.life.adding import Added, add
from bot.tickets.life.calling_again import also_reported, called_again
from bot.tickets.life.handling import Done, Handling
from bot.tickets.life.joining import join
from bot.tickets.life.keeping_from import keep_from
from bot.tickets.life.moving import Place, correct_place
from bot.tickets.life.stepping import press_step
from bot.tickets.models import State, Ticket
from bot.tickets.outages.desk import OutageDesk
from bot.tickets.owed.answers import Answers
from bot.tickets.presses import Button, Given
from bot.tickets.proofs import Proofs
from bot.tickets.questions import Questions
from bot.tickets.rules import Rules
from bot.tickets.shadow_desk import ShadowDesk
from bot.tickets.transactions import pressed_of

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


class TicketDesk(Arrivals, Questions):
    """Commands and questions about tickets; every command is one transaction.

    `at` is when it happened (default: now). Commands against the rules raise `TicketRefused`.
    `owed` is called, from any thread, after a commit that may owe somebody a message; `rules` are the site's; `service`
    is whose the calls are that begin here."""

    def __init__(
        self,
        database: Database,
        owed: Callable[[], None] = lambda: None,
        rules: Rules | None = None,
        service: str = "",
    ) -> None:
        super().__init__(database, owed, rules, service)
        self.outages = OutageDesk(database, self._owed, self._rules)
        self.shadow = ShadowDesk(database, self._owed, self._rules)
        self.access = Access(database)
        self.answers = Answers(database, self._owed, self._rules)
        self.proofs = Proofs(database, self._rules)
        self.following = Following(database, self._owed, self._rules)

    # ---- commands -------------------------------------------------------------------------------

    def report(self, report: Report, at: dt.datetime | None = None) -> TicketCard:
        """Log a report: ticket, first activity, outbox rows and timer, all or nothing.

        The same `utterance_id` again returns the ticket of that kind that it made the first time."""
        try:
            with self._database.session() as session:
                opened = self._opened(session, report, at or now())
                card = shelf.card(session, opened.ticket, opened.owner)
        except IntegrityError:
            # Two turns with one utterance at the same moment: the other one was first (PostgreSQL only).
            with self._database.reading() as session:
                earlier = opening.of_utterance(session, report.utterance_id, report.kind)
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
        known = Added(note, place, householder, household_no, grid_no, facts or {}, urgent)

        def added(it: Handling) -> None:
            if by == "resident" and flooding.is_group(it.ticket):
                flooding.said_of_it(it, note, place, known.facts)
            else:
                add(it, known)

        return self._change(ticket_no, at, added, by)

    def called_again(
        self,
        ticket_no: str,
        note: str = "",
        *,
        caller: Caller | None = None,
        facts: Mapping[str, Any] | None = None,
        at: dt.datetime | None = None,
    ) -> TicketCard:
        """The same is reported once more: no second ticket; its owner is told, and while nobody has it, it climbs."""
        return self._change(ticket_no, at, lambda it: called_again(it, note, caller, facts or {}))

    def also_reported(
        self,
        ticket_no: str,
        note: str = "",
        *,
        caller: Caller | None = None,
        facts: Mapping[str, Any] | None = None,
        at: dt.datetime | None = None,
    ) -> TicketCard:
        """Somebody else reports the same (a danger that many see): their words go onto it, whoever has it is told."""
        return self._change(ticket_no, at, lambda it: also_reported(it, note, caller, facts or {}))

    def correct_place(
        self,
        ticket_no: str,
        *,
        place: str = "",
        household_no: str | None = None,
        grid_no: str | None = None,
        note: str = "",
        by: str = "resident",
        at: dt.datetime | None = None,
    ) -> TicketCard:
        """The place was wrong, or is known better: it is replaced, and the history keeps both. Another grid's people
        get the ticket, and its former owner hears that it has moved."""
        where = Place(place, household_no, grid_no)

        def moved(it: Handling) -> None:
            if by == "resident" and flooding.is_group(it.ticket):
                flooding.said_of_it(it, note, place, {})
            else:
                correct_place(it, where, note)

        return self._change(ticket_no, at, moved, by)

    def complaint_about(
        self, ticket_no: str, staff_nos: Iterable[str], *, by: str = "gege", at: dt.datetime | None = None
    ) -> TicketCard:
        """The resident complains of these: the ticket, whatever its kind, is theirs no more and no message of it."""
        return self._change(ticket_no, at, lambda it: keep_from(it, staff_nos), by)

    def _change(
        self, ticket_no: str, at: dt.datetime | None, act: Callable[[Handling], None], by: str = "resident"
    ) -> TicketCard:
        with self._database.session() as session:
            ticket = self._locked(session, ticket_no)
            act(Handling(session, ticket, by, at or now(), self._rules))
            session.flush()
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

    def step(
        self,
        ticket_no: str,
        by: str,
        name: str,
        day: dt.date | None = None,
        note: str = "",
        at: dt.datetime | None = None,
    ) -> Pressed:
        """Press a step of the ticket's checklist (bot/tickets/checklists.yml); the same again changes nothing."""
        return self._handle(ticket_no, by, at, lambda it: press_step(it, name, day, note))

    def rang(self, ticket_no: str, by: str, at: dt.datetime | None = None, *, note: str = "") -> Pressed:
        """Staff have looked at the number to ring it, or were put through (`note`); written down, also after the end."""
        return self._handle(ticket_no, by, at, lambda it: it.rang(note))

    def talked(self, ticket_no: str, by: str, note: str, at: dt.datetime | None = None) -> Pressed:
        """A word that the bot relayed between a resident and staff."""
        return self._handle(ticket_no, by, at, lambda it: it.talked(note))

    def pass_on(self, ticket_no: str, to: str, by: str, reason: str = "", at: dt.datetime | None = None) -> Pressed:
        """Give a ticket to somebody else (on leave: to who stands in), who is told; the state stays as it is."""
        return self._handle(ticket_no, by, at, lambda it: it.pass_on(access.known(it.session, to), reason))

    def use(self, ticket_no: str, by: str, what: str, count: str, cny: str, at: dt.datetime | None = None) -> Pressed:
        """Write down what was used, and what all of it cost."""
        return self._handle(ticket_no, by, at, lambda it: materials.use(it, what, count, cny))

    def take_back(self, ticket_no: str, by: str, line: int, at: dt.datetime | None = None) -> Pressed:
        """A line of the materials was wrong."""
        return self._handle(ticket_no, by, at, lambda it: materials.take_back(it, line))

    def join(self, ticket_no: str, other_no: str, by: str, at: dt.datetime | None = None) -> Pressed:
        """Two cases of one door are one matter: the later goes into the earlier (bot/tickets/life/joining.py)."""

        def both(it: Handling) -> Done:
            other = self._locked(it.session, second)
            access.handler(it.session, by, other, it.at)
            return join(it, other)

        # In one order, whichever page it was pressed on: two who press at once do not wait for each other for ever.
        first, second = sorted((ticket_no, other_no))
        return self._handle(first, by, at, both)

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
                return pressed_of(session, ticket, "late", late.by, late.since)

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
