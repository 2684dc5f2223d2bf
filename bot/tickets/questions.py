"""What may be asked about tickets: one, somebody's own, those of a place, their history, what is due and owed."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from bot.database import now
from bot.grid.location import PersonCard
from bot.tickets import access
from bot.tickets import reading as shelf
from bot.tickets.again import same_danger, same_report
from bot.tickets.cards import ActivityCard, DeadlineCard, NotificationCard, TicketCard
from bot.tickets.intake.kept import fit
from bot.tickets.life import joining
from bot.tickets.life.complaints import complained_of
from bot.tickets.life.states import OPEN
from bot.tickets.models import Ticket
from bot.tickets.owed import paging
from bot.tickets.own_case import OwnCase, own_case
from bot.tickets.reporter import Reporter
from bot.tickets.transactions import Transactions

#: what is said in a chat within so long is one matter; a call is one anyway
ONE_MATTER = dt.timedelta(minutes=30)


class Questions(Transactions):
    """Questions of the ticket desk; nothing is changed."""

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

    def of_household(self, household_no: str, limit: int = 20) -> list[TicketCard]:
        """Tickets of a household, open and over, newest first."""
        with self._database.reading() as session:
            return shelf.tickets(session, household_no=household_no, limit=limit)

    def of_door(self, ticket_no: str, by: str, at: dt.datetime) -> list[tuple[TicketCard, bool]]:
        """Other open cases of a case's door that `by` may read, and whether the two may become one."""
        with self._database.reading() as session:
            ticket = session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no))
            if ticket is None:
                return []
            person = access.known(session, by)
            place = access.place_of(session, person, at)
            return [
                (shelf.card(session, one), joining.may_join(session, ticket, one))
                for one in joining.of_door(session, ticket)
                if access.may_see(session, person, one, at, place)
            ]

    def open_of_session(self, session: str, kind: str) -> str | None:
        """The newest open ticket of a kind that a conversation has made of late: what it brings of that now is the same
        matter."""
        with self._database.reading() as reading:
            return reading.scalar(
                select(Ticket.ticket_no)
                .where(Ticket.session == fit(session, 80), Ticket.kind == kind, Ticket.state.in_(OPEN))
                .where(Ticket.opened_at >= now() - ONE_MATTER)
                .order_by(Ticket.id.desc())
                .limit(1)
            )

    def same_report(
        self,
        reporter: Reporter,
        kind: str,
        household_no: str | None = None,
        place: str = "",
        at: dt.datetime | None = None,
    ) -> TicketCard | None:
        """The open ticket that a new report repeats (bot/tickets/again.py); None for a new matter.

        That it was reported before may be told to whoever reported it; to others it may say that a household is known."""
        with self._database.reading() as session:
            found = same_report(session, reporter, kind, household_no, place)
            return shelf.card(session, found) if found else None

    def same_danger(
        self,
        reporter: Reporter,
        place: str = "",
        household_no: str | None = None,
        grid_no: str | None = None,
        at: dt.datetime | None = None,
    ) -> TicketCard | None:
        """The open danger of the last hours at the same place (bot/tickets/again.py); None for another one."""
        with self._database.reading() as session:
            found = same_danger(session, reporter, place, household_no, grid_no, at or now())
            return shelf.card(session, found) if found else None

    def complained_of(self, said: str, grid_no: str | None = None, at: dt.datetime | None = None) -> list[str]:
        """Staff numbers of those whom a complaint is about, by its words; none where it is about no person."""
        with self._database.reading() as session:
            return complained_of(session, said, paging.roster(session, grid_no, at or now()))

    def whom_to_reach(self, ticket_no: str, at: dt.datetime | None = None) -> PersonCard | None:
        """Who is to be rung for a ticket: its owner or who stands in, else the duty desk; never one complained of."""
        at = at or now()
        with self._database.reading() as session:
            ticket = session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no))
            if ticket is None:
                return None
            owner = paging.owner_of(session, ticket, at)
            people = [owner, *paging.people_of(session, ticket, at).desk]
            spared = ticket.facts.get(paging.COMPLAINED_OF, ())
            found = next((one for one in people if one and one.phone and one.staff_no not in spared), None)
            return PersonCard(found.staff_no, found.name, found.role, found.phone) if found else None

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
