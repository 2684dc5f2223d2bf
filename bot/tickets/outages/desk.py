"""The outage desk: what staff do about an outage, planned or not, and what may be told about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.grid.models import Feeder, Household, Role, Staff, Transformer
from bot.tickets import access
from bot.tickets.cards import TicketRefused
from bot.tickets.life.handling import FARTHEST
from bot.tickets.life.states import OPEN
from bot.tickets.models import Kind, Outage, OutageState, Ticket
from bot.tickets.outages import cards as outage_cards
from bot.tickets.outages import grouping, members
from bot.tickets.outages.announced import announced
from bot.tickets.outages.cards import OutageCard
from bot.tickets.outages.members import ACTIVE
from bot.tickets.rules import Rules

__all__ = ["OutageCard", "OutageDesk"]


class OutageDesk:
    """Commands and questions about outages; every command is one transaction and raises `TicketRefused` for what
    the rules forbid. `at` is when it was done (default: now), `by` a staff number."""

    def __init__(self, database: Database, owed: Callable[[], None], rules: Rules) -> None:
        self._database = database
        self._owed = owed
        self._rules = rules

    # ---- commands -------------------------------------------------------------------------------

    def open(
        self,
        by: str,
        *,
        transformer: str = "",
        feeder: str = "",
        household_no: str = "",
        started_at: dt.datetime | None = None,
        estimate: dt.datetime | None = None,
        cause: str = "",
        at: dt.datetime | None = None,
    ) -> OutageCard:
        """Enter an outage that staff know of; open reports from there become its reports.

        The scope is a transformer area, a feeder, or the transformer of a household."""
        at = at or now()
        started_at = started_at or at
        if started_at > at:
            raise TicketRefused("an outage that begins later is a planned one")
        with self._database.session() as session:
            self._staff(session, by)
            where = self._scope(session, transformer, feeder, household_no)
            self._ahead(started_at, estimate)
            self._no_other(session, where, at)
            outage = grouping.declare(
                session, self._rules, at, started_at, *where, cause=cause, estimate=estimate, owner=by
            )
            grouping.adopt(session, outage, grouping.reports_of(session, at, *where), at, self._rules)
            if outage.feeder_id:
                grouping.absorb(session, outage, grouping.parts_of(session, outage.feeder_id), at, self._rules)
            members.wait_for_lead(session, outage, at, self._rules)
            members.speak(session, outage, "outage_opened", at)
            card = outage_cards.card(session, outage)
        self._owed()
        return card

    def plan(
        self,
        by: str,
        begins: dt.datetime,
        ends: dt.datetime,
        *,
        transformer: str = "",
        feeder: str = "",
        household_no: str = "",
        cause: str = "",
        at: dt.datetime | None = None,
    ) -> OutageCard:
        """Enter a planned outage; from its beginning on callers hear of it. The same once more changes nothing."""
        at = at or now()
        if ends <= at:
            raise TicketRefused("a planned outage that is over need not be entered")
        with self._database.session() as session:
            self._staff(session, by)
            where = self._scope(session, transformer, feeder, household_no)
            self._ahead(begins, ends)
            earlier = session.scalar(
                select(Outage).where(
                    Outage.planned.is_(True),
                    Outage.state.in_(ACTIVE),
                    Outage.started_at == begins,
                    Outage.transformer_id.is_(None) if where[0] is None else Outage.transformer_id == where[0],
                    Outage.feeder_id.is_(None) if where[1] is None else Outage.feeder_id == where[1],
                )
            )
            if earlier is not None:
                return outage_cards.card(session, earlier)
            outage = grouping.declare(
                session, self._rules, at, begins, *where, planned=True, cause=cause, estimate=ends, owner=by
            )
            members.speak(session, outage, "outage_planned", at, self._rules.hours.wakes(self._rules.hours.opens(at)))
            card = outage_cards.card(session, outage)
        self._owed()
        return card

    def estimate(self, outage_no: str, by: str, restore_at: dt.datetime, at: dt.datetime | None = None) -> OutageCard:
        """When it will be back, as staff think now; everybody who reported is told. The same again changes nothing."""
        at = at or now()
        with self._database.session() as session:
            outage = self._active(session, outage_no)
            self._staff(session, by)
            if not max(at, outage.started_at) < restore_at <= at + FARTHEST:
                raise TicketRefused("the estimated time must lie ahead, within 60 days")
            if outage.estimated_restore_at != restore_at:
                members.estimated(session, outage, restore_at, by, at, self._rules)
                members.tell_newest(session, outage, at, self._rules)
            card = outage_cards.card(session, outage)
        self._owed()
        return card

    def restored(
        self, outage_no: str, by: str, at: dt.datetime | None = None, restored_at: dt.datetime | None = None
    ) -> OutageCard:
        """The power is back (at `restored_at`): everybody who reported is told, and asked whether their light is on.

        A second time changes nothing."""
        at = at or now()
        restored_at = restored_at or at
        with self._database.session() as session:
            outage = self._locked(session, outage_no)
            self._staff(session, by)
            if outage.state == OutageState.restored:
                return outage_cards.card(session, outage)
            outage = self._active(session, outage_no)
            if not outage.started_at <= restored_at <= at:
                raise TicketRefused(
                    f"{outage_no} began at {outage.started_at:%Y-%m-%d %H:%M} UTC: it cannot have ended before, or later than now"
                )
            outage.owner = outage.owner or by
            members.restored(session, outage, by, at, self._rules, restored_at)
            card = outage_cards.card(session, outage)
        self._owed()
        return card

    def cancel(self, outage_no: str, by: str, at: dt.datetime | None = None) -> OutageCard:
        """Call a planned outage off that nobody has reported."""
        at = at or now()
        with self._database.session() as session:
            outage = self._active(session, outage_no)
            self._staff(session, by)
            if not outage.planned:
                raise TicketRefused(f"{outage_no} was not planned; when the power is back, enter it as restored")
            if session.scalar(select(Ticket.id).where(Ticket.outage_id == outage.id).limit(1)):
                raise TicketRefused(f"{outage_no} has been reported; when the power is back, enter it as restored")
            outage.state = OutageState.cancelled
            members.speak(session, outage, "outage_called_off", at)
            card = outage_cards.card(session, outage)
        self._owed()
        return card

    def add(self, outage_no: str, ticket_no: str, by: str, at: dt.datetime | None = None) -> OutageCard:
        """Add a report by hand: staff know better where it belongs."""
        at = at or now()
        with self._database.session() as session:
            outage = self._active(session, outage_no)
            self._staff(session, by)
            ticket = session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no).with_for_update())
            if ticket is None:
                raise TicketRefused(f"there is no ticket {ticket_no}")
            if ticket.kind != Kind.outage:
                raise TicketRefused(f"{ticket_no} is about {ticket.kind}, not about an outage")
            if ticket.state not in OPEN:
                raise TicketRefused(f"{ticket_no} is {ticket.state}: there is nothing left to add")
            if ticket.outage_id not in (None, outage.id):
                raise TicketRefused(f"{ticket_no} belongs to another outage")
            if ticket.outage_id is None:
                grouping.adopt(session, outage, [ticket], at, self._rules)
                members.wait_for_lead(session, outage, at, self._rules)
                members.tell_newest(session, outage, at, self._rules)
            card = outage_cards.card(session, outage)
        self._owed()
        return card

    # ---- questions ------------------------------------------------------------------------------

    def get(self, outage_no: str) -> OutageCard | None:
        """One outage; None when there is no such number."""
        with self._database.reading() as session:
            found = session.scalar(select(Outage).where(Outage.outage_no == outage_no))
            return outage_cards.card(session, found) if found else None

    def list(self, active_only: bool = False, limit: int = 100) -> list[OutageCard]:
        """Outages, the latest first."""
        query = select(Outage).order_by(Outage.started_at.desc(), Outage.id.desc()).limit(limit)
        if active_only:
            query = query.where(Outage.state.in_(ACTIVE))
        with self._database.reading() as session:
            return [outage_cards.card(session, one) for one in session.scalars(query)]

    def known(
        self,
        household_no: str | None = None,
        grid_no: str | None = None,
        place: str = "",
        at: dt.datetime | None = None,
    ) -> OutageCard | None:
        """The outage that goes on where a household is, or a place all of which hangs on one transformer.

        None for a household that may have been cut off: that is looked at alone."""
        at = at or now()
        with self._database.reading() as session:
            net = grouping.where(session, household_no, grid_no, place)
            if net is None or net.months_owed >= self._rules.outages.arrears_months:
                return None
            found = grouping.known(session, net.transformer_id, net.feeder_id, at, self._rules)
            return outage_cards.card(session, found) if found else None

    def announced(
        self,
        household_no: str | None = None,
        grid_no: str | None = None,
        place: str = "",
        at: dt.datetime | None = None,
    ) -> OutageCard | None:
        """The next planned outage of a place within seven days that has not begun (bot/tickets/outages/announced.py)."""
        with self._database.reading() as session:
            found = announced(session, household_no, grid_no, place, at or now())
            return outage_cards.card(session, found) if found else None

    def known_in_grid(
        self, grid_no: str, at: dt.datetime | None = None, most: int = 100
    ) -> Sequence[tuple[OutageCard, str]]:
        """The outages that go on in a grid, each with the community that it darkens there; the latest `most`."""
        with self._database.reading() as session:
            found = grouping.known_in_grid(session, grid_no, at or now(), self._rules, most)
            return [(outage_cards.card(session, outage), community) for outage, community in found]

    def of_ticket(self, ticket_no: str) -> OutageCard | None:
        """The outage that a report belongs to."""
        with self._database.reading() as session:
            found = session.scalar(
                select(Outage).join(Ticket, Ticket.outage_id == Outage.id).where(Ticket.ticket_no == ticket_no)
            )
            return outage_cards.card(session, found) if found else None

    # ---- the rules behind them ------------------------------------------------------------------

    def _staff(self, session: Session, staff_no: str) -> Staff:
        person = access.known(session, staff_no)
        if person.role == Role.supervisor:
            raise TicketRefused(f"{staff_no} is a supervisor, who watches and does not act")
        return person

    def _locked(self, session: Session, outage_no: str) -> Outage:
        outage = session.scalar(select(Outage).where(Outage.outage_no == outage_no).with_for_update())
        if outage is None:
            raise TicketRefused(f"there is no outage {outage_no}")
        return outage

    def _active(self, session: Session, outage_no: str) -> Outage:
        outage = self._locked(session, outage_no)
        if outage.state not in ACTIVE:
            raise TicketRefused(f"{outage_no} is {outage.state}: nothing was changed")
        return outage

    def _scope(
        self, session: Session, transformer: str, feeder: str, household_no: str
    ) -> tuple[int | None, int | None]:
        """(transformer, feeder): one of them. A feeder beside a transformer tells two of one name apart."""
        if household_no:
            net = grouping.where(session, household_no, None, "")
            if net is None or session.get(Household, household_no) is None:
                raise TicketRefused(f"there is no household {household_no}")
            return net.transformer_id, None
        if transformer:
            query = select(Transformer.id).where(Transformer.name == transformer)
            if feeder:
                query = query.join(Feeder, Feeder.id == Transformer.feeder_id).where(Feeder.name == feeder)
            found = session.scalars(query).all()
            if len(found) > 1:
                raise TicketRefused(f"several feeders have a transformer {transformer}: name the feeder as well")
            if not found:
                raise TicketRefused(f"there is no transformer {transformer}" + (f" on {feeder}" if feeder else ""))
            return found[0], None
        if feeder:
            line = session.scalar(select(Feeder.id).where(Feeder.name == feeder))
            if line is None:
                raise TicketRefused(f"there is no feeder {feeder}")
            return None, line
        raise TicketRefused("what is out? name a transformer, a feeder or a household")

    def _ahead(self, begins: dt.datetime, ends: dt.datetime | None) -> None:
        if ends is not None and ends <= begins:
            raise TicketRefused("the power cannot be back before it went")

    def _no_other(self, session: Session, where: tuple[int | None, int | None], at: dt.datetime) -> None:
        transformer_id, feeder_id = where
        if transformer_id is not None:
            line = session.get_one(Transformer, transformer_id).feeder_id
            other = grouping.known(session, transformer_id, line, at, self._rules)
        else:
            assert feeder_id is not None
            other = grouping.known(session, -1, feeder_id, at, self._rules)
        if other is not None:
            raise TicketRefused(f"{other.outage_no} is known there already")
