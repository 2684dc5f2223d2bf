"""What arrives at the ticket desk: utterances, calls, and what is left open when a conversation breaks off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from bot.database import now
from bot.tickets import reading as shelf
from bot.tickets.cards import CallCard, Report, TicketCard
from bot.tickets.intake.answered import answer, answered, last_answers
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.kept import keep
from bot.tickets.life import broken_off as calls
from bot.tickets.life.calls_in_the_dark import on_the_list
from bot.tickets.models import Ticket
from bot.tickets.transactions import Transactions


class Arrivals(Transactions):
    """What is kept before it is understood, and what becomes of it when nobody goes on."""

    def keep(self, heard: Heard, at: dt.datetime | None = None) -> bool:
        """Keep what was heard before it is understood; False when that id is there already."""
        with self._database.noting() as writing:
            return keep(writing, heard, at or now())

    def answered(self, utterance_id: str) -> dict[str, Any] | None:
        """What became of an utterance (bot/tickets/intake/answered.py); None while it waits."""
        with self._database.reading() as session:
            return answered(session, utterance_id)

    def last_answers(self, session: str, since: dt.datetime, most: int) -> list[dict[str, Any]]:
        """The last replies of a dialogue, newest first, as they are kept."""
        with self._database.reading() as reading:
            return last_answers(reading, session, since, most)

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
            return calls.begin(session, id, caller, dialled, diverting, front_end, at or now(), self._service)

    def end_call(self, id: str, outcome: str, at: dt.datetime | None = None) -> bool:
        """Close a call; False when it was closed already."""
        with self._database.session() as session:
            return calls.end(session, id, outcome, at or now())

    def open_calls(self) -> list[CallCard]:
        """The calls that are going on (or were, when the service fell)."""
        with self._database.reading() as session:
            return calls.open_calls(session)

    def call_back(self, call_id: str, outcome: str = "dropped", at: dt.datetime | None = None) -> list[TicketCard]:
        """End a call that broke off: its caller is owed a call back, the first of the tickets; what else was open in it
        has tickets of its own. Who said nothing, out of an outage that is known, is a line of its one list. All in one
        transaction.

        Empty when it had ended before, or when there is neither a number nor a word to go by."""
        at = at or now()
        with self._database.session() as session:
            reports = calls.broken_off(session, call_id, outcome, at)
            listed, reports = on_the_list(session, reports, at, self._rules)
            cards = [shelf.card(session, listed)] if listed is not None else self._open(session, reports, at)
        if cards:
            self._owed()
        return cards

    def recover(
        self,
        at: dt.datetime | None = None,
        stale_after: dt.timedelta = dt.timedelta(minutes=30),
        living: Collection[str] = (),
    ) -> list[TicketCard]:
        """At start-up: calls found open become call-backs, and matters that rest since `stale_after` become tickets.

        Call it before the first new call: it takes every open call for a broken one that none of the `living`
        services carries."""
        at = at or now()
        return self.take_over(living, at, anybodys=True) + self.sweep(at, stale_after)

    def take_over(
        self, living: Collection[str], at: dt.datetime | None = None, *, anybodys: bool = False
    ) -> list[TicketCard]:
        """The calls of services that are none of the `living` become call-backs; of two that take one over, one does.
        With `anybodys`, also the calls that no service has put its name to."""
        with self._database.reading() as session:
            left = calls.left_open(session, living, anybodys=anybodys)
        return [card for id in left for card in self.call_back(id, "interrupted", at or now())]

    def sweep(
        self, at: dt.datetime | None = None, stale_after: dt.timedelta = dt.timedelta(minutes=30)
    ) -> list[TicketCard]:
        """Make tickets of what is open in the dialogues that rest since `stale_after`; may run at any time."""
        at = at or now()
        with self._database.reading() as session:
            sessions = calls.stale_dialogues(session, at - stale_after)
        return [card for name in sessions for card in self._left_open(name, at - stale_after, at)]

    def rest(self, session: str, at: dt.datetime | None = None) -> list[TicketCard]:
        """A conversation is known to be over: the tickets of what is open in it, oldest first."""
        at = at or now()
        return self._left_open(session, at, at)

    def _left_open(self, name: str, rested_since: dt.datetime, at: dt.datetime) -> list[TicketCard]:
        with self._database.session() as session:
            cards = self._open(session, calls.take_matters(session, name, rested_since), at)
        if cards:
            self._owed()
        return cards

    def _open(self, session: Session, reports: Iterable[Report], at: dt.datetime) -> list[TicketCard]:
        opened = [self._opened(session, report, at).ticket.id for report in reports]
        # A complaint among them may have taken those before it from whoever had them.
        return [shelf.card(session, session.get_one(Ticket, id)) for id in opened]
