"""A report as whoever made it may see it: what they said themselves, how far it is, and whom the notice board names."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bot.grid.models import Role, Staff
from bot.tickets import reading
from bot.tickets.checklist import STEP
from bot.tickets.life.states import OPEN
from bot.tickets.models import Kind, Rating, State, Ticket, Timer, Utterance
from bot.tickets.owed.owed_calls import LIGHT_ON
from bot.tickets.reporter import GRID_TOLD, Reporter

#: sentences that are shown, the newest of a conversation
_SAID = 20
#: reports that are shown, the newest of a page
_REPORTS = 12
#: a conversation that somebody wrote or spoke is theirs to read this far back, in turns
_TURNS = 60


@dataclass(frozen=True)
class OwnCase:
    """No place, no householder, no facts: what only the registry or another's report knows has no field here."""

    #: for commands; no page shows it
    ticket_no: str
    kind: str
    state: str
    said: tuple[str, ...]
    #: of the grid's manager, as the notice board has them; empty: the station answers
    manager: str
    phone: str
    opened_at: dt.datetime
    changed_at: dt.datetime
    #: when staff think that it will be done
    estimated_at: dt.datetime | None = None
    #: what they were told of its last step (bot/tickets/checklists.yml); words of ours and a day
    told: str = ""
    #: what its reporter is asked now: "light", "rating", "content" (the light is on: were they content), or nothing
    asked: str = ""
    #: good, fair or bad: what they answered
    rated: str = ""
    #: it is open, and no danger, which nobody's word ends
    may_call_off: bool = False
    #: nobody can ring its reporter: no number was left
    no_number: bool = False


@dataclass(frozen=True)
class OwnTurn:
    """What somebody said or wrote, and what was answered."""

    id: str
    said: str
    sentences: tuple[str, ...]
    at: dt.datetime
    #: what became of it, as it is kept; no resident's page shows it
    reply: dict[str, object] | None = None


def own_case(session: Session, reporter: Reporter) -> OwnCase | None:
    """The newest report of a reporter; None when there is none."""
    if not reporter.known:
        return None
    found = own_cases(session, reporter.owns(), reporter.session, limit=1)
    return found[0] if found else None


def own_cases(session: Session, whose: ColumnElement[bool], talk: str = "", limit: int = _REPORTS) -> list[OwnCase]:
    """Reports that fulfil a condition, newest first. `talk`: the conversation whose words stand with the only one that is
    asked for."""
    rows = session.execute(
        select(Ticket, Staff)
        .outerjoin(Staff, Staff.staff_no == Ticket.owner)
        .where(whose)
        .order_by(Ticket.id.desc())
        .limit(limit)
    )
    return [_own(session, ticket, owner, talk) for ticket, owner in rows]


def own_talk(session: Session, conversations: list[str]) -> list[OwnTurn]:
    """What was said in conversations and answered, oldest first."""
    rows = session.scalars(
        select(Utterance)
        .where(Utterance.session.in_(conversations), Utterance.text != "")
        .order_by(Utterance.heard_at.desc(), Utterance.id)
        .limit(_TURNS)
    ).all()
    return [
        OwnTurn(row.id, row.text, tuple((row.reply or {}).get("sentences") or ()), row.heard_at, row.reply)
        for row in reversed(rows)
    ]


def _own(session: Session, ticket: Ticket, owner: Staff | None, talk: str) -> OwnCase:
    named = owner is not None and owner.role == Role.manager and GRID_TOLD not in ticket.facts
    last = reading.last_activity(session, ticket, "estimated", "reopened") if ticket.state in OPEN else None
    estimated = last is not None and last.kind == "estimated"
    rating = session.scalar(select(Rating).where(Rating.ticket_id == ticket.id).order_by(Rating.id.desc()).limit(1))
    return OwnCase(
        ticket_no=ticket.ticket_no,
        kind=str(ticket.kind),
        state=str(ticket.state),
        said=_whole(session, talk) if talk else _led_to(session, ticket),
        manager=owner.name if owner is not None and named else "",
        phone=owner.phone if owner is not None and named else "",
        opened_at=ticket.opened_at,
        changed_at=ticket.changed_at,
        estimated_at=dt.datetime.fromisoformat(last.detail["restore_at"]) if last is not None and estimated else None,
        told=_told(session, ticket),
        asked=_asked(session, ticket, rating),
        rated=rating.answer if rating is not None else "",
        may_call_off=ticket.state in OPEN and ticket.kind != Kind.hazard,
        no_number=not ticket.reporter and ticket.state in OPEN,
    )


def _told(session: Session, ticket: Ticket) -> str:
    last = reading.last_activity(session, ticket, STEP, "reopened") if ticket.state in OPEN else None
    return str(last.detail.get("told", "")) if last is not None and last.kind == STEP else ""


def _asked(session: Session, ticket: Ticket, rating: Rating | None) -> str:
    if ticket.state == State.resolved:
        waiting = select(Timer.id).where(Timer.ticket_id == ticket.id, Timer.kind == LIGHT_ON, Timer.done_at.is_(None))
        if session.scalar(waiting.limit(1)) is not None:
            return "light"
        return "" if rating is not None and rating.answer else "rating"
    return "content" if ticket.state == State.closed and rating is not None and not rating.answer else ""


def _whole(session: Session, talk: str) -> tuple[str, ...]:
    said = select(Utterance.text).where(Utterance.session == talk, Utterance.text != "")
    return tuple(reversed(session.scalars(said.order_by(Utterance.heard_at.desc()).limit(_SAID)).all()))


def _led_to(session: Session, ticket: Ticket) -> tuple[str, ...]:
    """The sentences of its conversation since the report before it: never another person's word on the same ticket."""
    before = session.scalar(
        select(Ticket.opened_at)
        .where(Ticket.session == ticket.session, Ticket.id < ticket.id)
        .order_by(Ticket.id.desc())
        .limit(1)
    )
    said = select(Utterance.text).where(
        Utterance.session == ticket.session, Utterance.text != "", Utterance.heard_at <= ticket.opened_at
    )
    if before is not None:
        said = said.where(Utterance.heard_at > before)
    return tuple(reversed(session.scalars(said.order_by(Utterance.heard_at.desc()).limit(_SAID)).all()))
