"""Reading tickets, their history and their messages from the shelf, as cards."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.grid.models import Staff
from bot.tickets.cards import ActivityCard, DeadlineCard, NotificationCard, TicketCard
from bot.tickets.due.deadlines import DEADLINES
from bot.tickets.intake.channels import Channel
from bot.tickets.life.states import OPEN
from bot.tickets.models import Activity, Notification, State, Ticket, Timer, Utterance
from bot.tickets.reporter import Reporter

#: what of a history is the resident's own words
_SAID_LATER = ("added", "called_again", "also_reported", "grouped", "corrected", "reopened")
_LAST_WORDS = 3


def _card(ticket: Ticket, owner: Staff | None) -> TicketCard:
    return TicketCard(
        ticket_no=ticket.ticket_no,
        kind=str(ticket.kind),
        state=str(ticket.state),
        urgent=ticket.urgent,
        grid_no=ticket.grid_no,
        household_no=ticket.household_no,
        reporter=ticket.reporter,
        channel=ticket.channel,
        assurance=ticket.assurance,
        session=ticket.session,
        place=ticket.place,
        householder=ticket.householder,
        said=ticket.said,
        facts=dict(ticket.facts),
        owner=ticket.owner,
        owner_name=owner.name if owner else "",
        owner_phone=owner.phone if owner else "",
        opened_at=ticket.opened_at,
        changed_at=ticket.changed_at,
    )


def card(session: Session, ticket: Ticket, owner: Staff | None = None) -> TicketCard:
    """The card of one ticket; `owner` saves a look when it is at hand."""
    if owner is None and ticket.owner:
        owner = session.get(Staff, ticket.owner)
    return _card(ticket, owner)


def tickets(
    session: Session,
    open_only: bool = False,
    reporter: Reporter | None = None,
    household_no: str | None = None,
    limit: int = 100,
    *,
    grid_no: str | None = None,
    owner: str | None = None,
    kind: str | None = None,
) -> list[TicketCard]:
    """Cards, newest first; each condition that is given narrows."""
    query = select(Ticket, Staff).outerjoin(Staff, Staff.staff_no == Ticket.owner)
    if open_only:
        query = query.where(Ticket.state.in_(OPEN))
    if reporter is not None:
        query = query.where(reporter.owns())
    same = {Ticket.household_no: household_no, Ticket.grid_no: grid_no, Ticket.owner: owner, Ticket.kind: kind}
    query = query.where(*(column == value for column, value in same.items() if value is not None))
    rows = session.execute(query.order_by(Ticket.opened_at.desc(), Ticket.id.desc()).limit(limit))
    return [_card(ticket, owner) for ticket, owner in rows]


def unacknowledged(session: Session, kind: str) -> list[TicketCard]:
    """All tickets of a kind that nobody has acknowledged, oldest first."""
    query = select(Ticket, Staff).outerjoin(Staff, Staff.staff_no == Ticket.owner)
    query = query.where(Ticket.state == State.reported, Ticket.kind == kind)
    return [_card(ticket, owner) for ticket, owner in session.execute(query.order_by(Ticket.id))]


def activities(session: Session, ticket_no: str) -> list[ActivityCard]:
    """The history of a ticket, oldest first."""
    rows = session.scalars(
        select(Activity)
        .join(Ticket, Ticket.id == Activity.ticket_id)
        .where(Ticket.ticket_no == ticket_no)
        .order_by(Activity.id)
    )
    return [ActivityCard(ticket_no, row.at, row.kind, row.by, row.note, dict(row.detail)) for row in rows]


def notifications(session: Session, ticket_no: str | None, limit: int) -> list[NotificationCard]:
    """Messages of a ticket, or the newest of all, oldest first."""
    query = (
        select(Notification, Ticket.ticket_no, Staff)
        .outerjoin(Staff, Staff.staff_no == Notification.staff_no)
        .outerjoin(Ticket, Ticket.id == Notification.ticket_id)
        .order_by(Notification.id.desc())
        .limit(limit)
    )
    if ticket_no is not None:
        query = query.where(Ticket.ticket_no == ticket_no)
    return [
        NotificationCard(
            id=row.id,
            ticket_no=number,
            staff_no=row.staff_no or "",
            name=person.name if person else "",
            role=person.role if person else "resident",
            template=row.template,
            urgent=row.urgent,
            state=row.state,
            provider=row.provider,
            attempts=row.attempts,
            created_at=row.created_at,
            due_at=row.due_at,
            sent_at=row.sent_at,
            error=row.error,
            channel=row.channel,
        )
        for row, number, person in reversed(session.execute(query).all())
    ]


def told(session: Session, ticket: Ticket) -> list[Staff]:
    """Everybody who has been owed a message about a ticket."""
    receivers = select(Notification.staff_no).where(Notification.ticket_id == ticket.id)
    return list(session.scalars(select(Staff).where(Staff.staff_no.in_(receivers)).order_by(Staff.staff_no)))


def deadlines(session: Session, ticket_no: str) -> list[DeadlineCard]:
    """What is due about a ticket, the nearest first."""
    rows = session.scalars(
        select(Timer)
        .join(Ticket, Ticket.id == Timer.ticket_id)
        .where(Ticket.ticket_no == ticket_no, Timer.done_at.is_(None), Timer.kind.in_(DEADLINES))
        .order_by(Timer.due_at)
    )
    return [DeadlineCard(row.kind, row.due_at) for row in rows]


def last_activity(session: Session, ticket: Ticket, *kinds: str) -> Activity | None:
    """The last thing of these kinds that was done to a ticket."""
    return session.scalar(
        select(Activity)
        .where(Activity.ticket_id == ticket.id, Activity.kind.in_(kinds))
        .order_by(Activity.id.desc())
        .limit(1)
    )


def said_later(session: Session, ticket: Ticket) -> tuple[str, ...]:
    """The resident's words about a ticket after its report, the last few, oldest first."""
    rows = session.scalars(
        select(Activity.note)
        .where(Activity.ticket_id == ticket.id, Activity.kind.in_(_SAID_LATER), Activity.by == "resident")
        .where(Activity.note != "")
        .order_by(Activity.id.desc())
        .limit(_LAST_WORDS)
    )
    return tuple(dict.fromkeys(reversed(rows.all())))


def still_owed(session: Session, ticket: Ticket) -> bool:
    """Whether a message about the ticket to its owner has not left yet."""
    waiting = select(Notification.id).where(
        Notification.ticket_id == ticket.id,
        Notification.staff_no == ticket.owner,
        Notification.state == "pending",
        Notification.attempts == 0,
    )
    return session.scalar(waiting.limit(1)) is not None


def recordings(session: Session, ticket_no: str) -> list[str]:
    """Names of the recordings of a ticket's conversation, each once, oldest first.

    A chat is one conversation for ever: of it, what came since the ticket before and until the one after."""
    ticket = session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no))
    if ticket is None:
        return []
    query = (
        select(Utterance.recording)
        .where(Utterance.session == ticket.session, Utterance.recording != "")
        .order_by(Utterance.heard_at)
    )
    if Channel(ticket.channel).chat:
        opened = select(Ticket.opened_at).where(Ticket.session == ticket.session).order_by(Ticket.opened_at)
        before = session.scalar(
            opened.where(Ticket.opened_at < ticket.opened_at).order_by(None).order_by(Ticket.opened_at.desc()).limit(1)
        )
        after = session.scalar(opened.where(Ticket.opened_at > ticket.opened_at).limit(1))
        if before is not None:
            query = query.where(Utterance.heard_at > before)
        if after is not None:
            query = query.where(Utterance.heard_at <= after)
    return list(dict.fromkeys(session.scalars(query)))
