"""What somebody takes on: a wish is claimed by one, fulfilled, and done when the person says so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.grid.models import Staff
from bot.register.book import NotAllowed, Reader, state_now, subject_of
from bot.register.kind_files import Kinds, Type
from bot.register.models import Entry, EntryState
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.kept import fit
from bot.tickets.models import State, Ticket

#: a ticket that is older was handled before there was a register
_OLDEST = dt.timedelta(days=60)
#: of an entry's `by`: a resident wished for it in a conversation
RESIDENT = "resident"


@dataclass(frozen=True)
class Taken:
    """Whether something was done now; else who has it, or what state it is in."""

    fresh: bool
    who: str = ""
    state: str = ""


def take_tickets(database: Database, kinds: Kinds, zone: dt.tzinfo, at: dt.datetime | None = None) -> int:
    """What residents ask for in a conversation becomes an entry beside its ticket, once; how many. Blocks."""
    at = at or now()
    wanted = {one.ticket: one for one in kinds.values() if one.ticket}
    if not wanted:
        return 0
    query = select(Ticket).where(
        Ticket.kind.in_(wanted), Ticket.opened_at > at - _OLDEST,
        Ticket.state.not_in((State.merged, State.cancelled)), ~exists().where(Entry.ticket_id == Ticket.id),
    )  # fmt: skip
    with database.reading() as session:
        if session.scalar(query.with_only_columns(Ticket.id).limit(1)) is None:
            return 0
    with database.session() as session:
        found = session.scalars(query).all()
        for ticket in found:
            kind = wanted[ticket.kind]
            words = next((one.name for one in kind.fields if one.type == Type.text and one.needed), "words")
            session.add(
                Entry(
                    kind=kind.kind, state=EntryState.open, day=ticket.opened_at.astimezone(zone).date(),
                    household_no=ticket.household_no, subject=subject_of(ticket.household_no, "", ticket.place), place=ticket.place,
                    grid_no=ticket.grid_no, fields={words: fit(ticket.said, 500)}, by=RESIDENT, at=ticket.opened_at,
                    ticket_id=ticket.id, nonce=f"ticket:{ticket.id}",
                )
            )  # fmt: skip
        return len(found)


class Wishes:
    """Claiming and what follows; each is one transaction, and moves the ticket that an entry came with."""

    def __init__(self, database: Database, kinds: Kinds, tickets: TicketDesk) -> None:
        self._database, self._kinds, self._tickets = database, kinds, tickets

    def claim(self, number: int, who: Reader, at: dt.datetime | None = None) -> Taken:
        """One takes it on; the second is told who has it. Raises NotAllowed, TicketRefused."""
        at = at or now()

        def act(session: Session, entry: Entry, state: str, ticket: Ticket | None) -> Taken:
            if who.role not in self._kinds[entry.kind].claims:
                raise NotAllowed(f"{who.staff_no} does not take on {entry.kind}")
            if state != EntryState.open:
                return self._taken(session, entry, state)
            entry.claimed_by, entry.claimed_at, entry.state = who.staff_no, at, EntryState.claimed
            if ticket is not None and ticket.state == State.reported:
                self._tickets.acknowledge(ticket.ticket_no, who.staff_no, at)
            elif ticket is not None and ticket.owner != who.staff_no:
                self._tickets.pass_on(ticket.ticket_no, who.staff_no, who.staff_no, at=at)
            return Taken(True, who.staff_no, EntryState.claimed)

        return self._do(number, act)

    def give_back(self, number: int, who: Reader) -> Taken:
        """Somebody else may take it on."""

        def act(session: Session, entry: Entry, state: str, _ticket: Ticket | None) -> Taken:
            if state != EntryState.claimed or not _theirs(entry, who):
                return self._taken(session, entry, state)
            entry.claimed_by, entry.claimed_at, entry.state = "", None, EntryState.open
            return Taken(True, "", EntryState.open)

        return self._do(number, act)

    def fulfil(self, number: int, who: Reader, note: str = "", at: dt.datetime | None = None) -> Taken:
        """It was brought, mended, done; now the person has the word. Who reported by a conversation is asked there."""
        at = at or now()

        def act(session: Session, entry: Entry, state: str, ticket: Ticket | None) -> Taken:
            if state != EntryState.claimed or not _theirs(entry, who):
                return self._taken(session, entry, state)
            entry.state, entry.fulfilled_at = EntryState.fulfilled, at
            if ticket is not None:
                self._tickets.resolve(ticket.ticket_no, who.staff_no, note, at)
            return Taken(True, who.staff_no, EntryState.fulfilled)

        return self._do(number, act)

    def said(self, number: int, who: Reader, word: str, at: dt.datetime | None = None) -> Taken:
        """The person said that it is well; their words are written down. Without words it is not done."""
        at, word = at or now(), fit(word, 300).strip()
        if not word:
            return Taken(False, "", "word")

        def act(session: Session, entry: Entry, state: str, ticket: Ticket | None) -> Taken:
            if state != EntryState.fulfilled:
                return self._taken(session, entry, state)
            entry.state, entry.word, entry.done_at = EntryState.done, word, at
            if ticket is not None and ticket.state == State.resolved:
                self._tickets.close(ticket.ticket_no, who.staff_no, word, at)
            return Taken(True, who.staff_no, EntryState.done)

        return self._do(number, act)

    def not_yet(self, number: int, who: Reader, word: str = "", at: dt.datetime | None = None) -> Taken:
        """The person said that it is not: whoever took it on has it again."""
        at = at or now()

        def act(session: Session, entry: Entry, state: str, ticket: Ticket | None) -> Taken:
            if state != EntryState.fulfilled:
                return self._taken(session, entry, state)
            entry.state, entry.fulfilled_at = EntryState.claimed, None
            if ticket is not None and ticket.state == State.resolved:
                self._tickets.reopen(ticket.ticket_no, who.staff_no, fit(word, 300), at)
            return Taken(True, entry.claimed_by, EntryState.claimed)

        return self._do(number, act)

    def drop(self, number: int, who: Reader, why: str, at: dt.datetime | None = None) -> Taken:
        """It cannot be, or is not wished for any more; why is written down."""
        at, why = at or now(), fit(why, 300).strip()
        if not why:
            return Taken(False, "", "word")

        def act(session: Session, entry: Entry, state: str, ticket: Ticket | None) -> Taken:
            if state not in (EntryState.open, EntryState.claimed):
                return self._taken(session, entry, state)
            entry.state, entry.word, entry.done_at = EntryState.dropped, why, at
            if ticket is not None:
                self._tickets.cancel(ticket.ticket_no, who.staff_no, why, at)
            return Taken(True, who.staff_no, EntryState.dropped)

        return self._do(number, act)

    # ---- blocking -------------------------------------------------------------------------------

    def _do(self, number: int, act: Callable[[Session, Entry, str, Ticket | None], Taken]) -> Taken:
        with self._database.together(), self._database.session() as session:
            # Of two who press at the same moment the second waits here, and then sees what the first did.
            entry = session.scalar(select(Entry).where(Entry.id == number).with_for_update())
            if entry is None or entry.kind not in self._kinds or not self._kinds[entry.kind].claims:
                raise NotAllowed(f"there is nothing to take on under {number}")
            state = str(
                session.scalar(
                    select(state_now)
                    .select_from(Entry)
                    .outerjoin(Ticket, Ticket.id == Entry.ticket_id)
                    .where(Entry.id == number)
                )
            )
            ticket = session.get(Ticket, entry.ticket_id) if entry.ticket_id else None
            return act(session, entry, state, ticket)

    @staticmethod
    def _taken(session: Session, entry: Entry, state: str) -> Taken:
        person = session.get(Staff, entry.claimed_by) if entry.claimed_by else None
        return Taken(False, person.name if person else entry.claimed_by, state)


def _theirs(entry: Entry, who: Reader) -> bool:
    """Whoever took it on, or who serves the whole county."""
    return entry.claimed_by == who.staff_no or who.grids is None
