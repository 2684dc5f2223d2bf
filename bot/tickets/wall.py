"""The duty desk's wall: what nobody is looking at, what is out, who is there. A storm of 12,000 reports stays one screen."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from bot.database import Database
from bot.grid.leave import away
from bot.grid.models import Feeder, Role, Staff, Transformer
from bot.grid.occupied import Busy, occupied
from bot.tickets import reading
from bot.tickets.cards import TicketCard
from bot.tickets.due.deadlines import DEADLINES
from bot.tickets.life.states import OPEN
from bot.tickets.models import Activity, Kind, Outage, OutageState, State, Ticket, Timer

#: a screen holds so many of each; the numbers above them count all
MOST = 24
#: who did nothing for so long, with cases in hand, is asked after (DOMAIN.md: a manager on the road answers within the hour)
SILENT = dt.timedelta(minutes=60)


@dataclass(frozen=True)
class WallOutage:
    """One outage with how many told of it; nothing in it names a household."""

    outage_no: str
    scope: str
    planned: bool
    started_at: dt.datetime
    estimated_restore_at: dt.datetime | None
    owner: str
    owner_name: str
    reports: int
    urgent: int
    #: a report of it, through which it is handled
    ticket_no: str


@dataclass(frozen=True)
class WallPerson:
    """Somebody who has cases in hand, or is away."""

    staff_no: str
    name: str
    phone: str
    hands: int
    #: their last act on any case
    last_at: dt.datetime | None
    stands_in: str
    #: rides, or has no hand free
    busy: Busy | None = None


@dataclass(frozen=True)
class Wall:
    """The wall at one moment. `nobody` holds single reports; those of an outage stand in `outages`."""

    at: dt.datetime
    #: open reports: all, dangers, those that nobody has taken, those that are late
    open: int
    dangers: int
    untaken: int
    late: int
    nobody: list[TicketCard]
    outages: list[WallOutage]
    outages_open: int
    people: list[WallPerson]


def wall(database: Database, at: dt.datetime) -> Wall:
    """Read it, in a handful of questions however many reports there are. Blocks."""
    with database.reading() as session:
        counted = session.execute(
            select(
                func.count(Ticket.id),
                func.sum(case((Ticket.kind == Kind.hazard, 1), else_=0)),
                func.sum(case((Ticket.state == State.reported, 1), else_=0)),
            ).where(Ticket.state.in_(OPEN))
        ).one()
        late = session.scalar(
            select(func.count(Ticket.id.distinct()))
            .join(Timer, Timer.ticket_id == Ticket.id)
            .where(Ticket.state.in_(OPEN), Timer.done_at.is_(None), Timer.kind.in_(DEADLINES), Timer.due_at < at)
        )
        outages, going = _outages(session)
        return Wall(
            at, counted[0], int(counted[1] or 0), int(counted[2] or 0), int(late or 0), _nobody(session), outages, going,
            _people(session, at),
        )  # fmt: skip


def _nobody(session: Session) -> list[TicketCard]:
    """What nobody has taken, dangers first, then the oldest; but for what an outage holds together."""
    burning = case((Ticket.kind == Kind.hazard, 0), (Ticket.urgent.is_(True), 1), else_=2)
    rows = session.execute(
        select(Ticket, Staff)
        .outerjoin(Staff, Staff.staff_no == Ticket.owner)
        .where(Ticket.state == State.reported, Ticket.outage_id.is_(None) | (Ticket.kind == Kind.hazard))
        .order_by(burning, Ticket.opened_at, Ticket.id)
        .limit(MOST)
    )
    return [reading.card(session, ticket, owner) for ticket, owner in rows]


def _outages(session: Session) -> tuple[list[WallOutage], int]:
    """The largest first; one question for all their counts."""
    going = Outage.state.in_((OutageState.announced, OutageState.open))
    counts = (
        select(
            Ticket.outage_id,
            func.count(Ticket.id).label("reports"),
            func.sum(case((Ticket.urgent.is_(True), 1), else_=0)).label("urgent"),
            func.min(Ticket.ticket_no).label("first"),
        )
        .where(Ticket.outage_id.is_not(None))
        .group_by(Ticket.outage_id)
        .subquery()
    )
    rows = session.execute(
        select(Outage, Transformer.name, Feeder.name, Staff.name, counts.c.reports, counts.c.urgent, counts.c.first)
        .outerjoin(Transformer, Transformer.id == Outage.transformer_id)
        .outerjoin(Feeder, Feeder.id == func.coalesce(Outage.feeder_id, Transformer.feeder_id))
        .outerjoin(Staff, Staff.staff_no == Outage.owner)
        .outerjoin(counts, counts.c.outage_id == Outage.id)
        .where(going)
        .order_by(func.coalesce(counts.c.reports, 0).desc(), Outage.started_at)
        .limit(MOST)
    )
    found = [
        WallOutage(
            outage.outage_no,
            (transformer if outage.transformer_id else feeder) or "",
            outage.planned,
            outage.started_at,
            outage.estimated_restore_at,
            outage.owner or "",
            owner or "",
            reports or 0,
            int(urgent or 0),
            first or "",
        )
        for outage, transformer, feeder, owner, reports, urgent, first in rows
    ]
    return found, int(session.scalar(select(func.count(Outage.id)).where(going)) or 0)


def _people(session: Session, at: dt.datetime) -> list[WallPerson]:
    """Whoever has cases in hand, the fullest hands first, and whoever is on leave."""
    hands = (
        select(Ticket.owner, func.count(Ticket.id).label("hands"))
        .where(Ticket.state.in_(OPEN), Ticket.owner.is_not(None))
        .group_by(Ticket.owner)
        .subquery()
    )
    last = (
        select(Activity.by, func.max(Activity.at).label("last_at"))
        .where(Activity.at > at - dt.timedelta(days=1))
        .group_by(Activity.by)
        .subquery()
    )
    leaves = away(session, at)
    rows = session.execute(
        select(Staff, hands.c.hands, last.c.last_at)
        .outerjoin(hands, hands.c.owner == Staff.staff_no)
        .outerjoin(last, last.c.by == Staff.staff_no)
        .where(Staff.role != Role.supervisor)
        .where(hands.c.hands.is_not(None) | Staff.staff_no.in_(list(leaves)))
        .order_by(func.coalesce(hands.c.hands, 0).desc(), Staff.staff_no)
        .limit(MOST)
    )
    busy = occupied(session, at)
    return [
        WallPerson(
            one.staff_no, one.name, one.phone, count or 0, last_at, leaves.get(one.staff_no, ""), busy.get(one.staff_no)
        )
        for one, count, last_at in rows
    ]
