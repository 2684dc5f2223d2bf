"""Asking the resident: is the light on again, are you satisfied. Silence is an answer too, after some days."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, insert, select, update
from sqlalchemy.orm import Session

from bot.foundation.words import load
from bot.tickets.intake.channels import Channel
from bot.tickets.models import Activity, OwedCall, Rating, State, Ticket, Timer
from bot.tickets.owed import news, outbox, owed_calls
from bot.tickets.owed.outbox import Owed
from bot.tickets.owed.owed_calls import LIGHT_ON, RATING
from bot.tickets.rules import Rules

#: kind of the timer that closes a ticket whose resident says nothing
UNRATED = "unrated"
SILENCES = (UNRATED, LIGHT_ON)

_DATA = Path(__file__).with_name("asking.yml")
_WAIT = insert(cast(Table, Timer.__table__))
_RING = insert(cast(Table, OwedCall.__table__))


@functools.cache
def _labels() -> dict[str, dict[str, str]]:
    return load(dict[str, dict[str, str]], _DATA)


def buttons(question: str, ticket_no: str, *but: str) -> dict[str, str]:
    """What can be pressed below a question: data → label."""
    return {f"{answer}:{ticket_no}": label for answer, label in _labels()[question].items() if answer not in but}


def rating_answers() -> dict[str, str]:
    """What can be answered when a resident is asked whether they are content: answer → label."""
    return _labels()["rating"]


def rating(session: Session, ticket: Ticket, at: dt.datetime, rules: Rules) -> None:
    """Staff say that it is done: by the channel of the report the resident is asked whether they are content."""
    number = ticket.caller.number
    if news.way(ticket, rules) or number or ticket.channel == Channel.web:
        # A browser's page asks when it is looked at. Whom nobody can ask is not counted as asked.
        session.add(Rating(ticket_id=ticket.id, asked_at=at))
    session.add(Timer(ticket_id=ticket.id, kind=UNRATED, due_at=at + dt.timedelta(days=rules.ratings.unrated_days)))
    if news.tell(session, ticket, "ask_rating", at, rules, {"buttons": buttons("rating", ticket.ticket_no)}):
        return
    if number:
        due_at = rules.hours.wakes(at)
        session.add(OwedCall(kind=RATING, ticket_id=ticket.id, number=number, due_at=due_at, changed_at=at))


def rating_after_light(session: Session, ticket: Ticket, at: dt.datetime, rules: Rules) -> None:
    """The light is on: were they content? The ticket is closed already, so nothing waits for the answer."""
    session.add(Rating(ticket_id=ticket.id, asked_at=at))
    asked = {"buttons": buttons("rating", ticket.ticket_no, "not_fixed")}
    news.tell(session, ticket, "ask_rating_light", at, rules, asked)


def lights(session: Session, tickets: Sequence[Ticket], at: dt.datetime, rules: Rules) -> None:
    """Everybody who reported hears that the power is back and is asked about their own light, once each."""
    told: list[Owed] = []
    rung: list[dict[str, Any]] = []
    asked: set[tuple[str, str]] = set()
    # The newest of somebody's reports is the one to ask about.
    for ticket in sorted(tickets, key=lambda one: one.id, reverse=True):
        who = (ticket.channel, ticket.reporter)
        if not ticket.reporter or who in asked:
            continue
        asked.add(who)
        question = {"buttons": buttons("light", ticket.ticket_no)}
        if owed := news.news(ticket, "news_restored", at, rules, question):
            told.append(owed)
        elif ticket.caller.number:
            rung.append(
                {
                    "kind": LIGHT_ON,
                    "ticket_id": ticket.id,
                    "number": ticket.caller.number,
                    "due_at": rules.hours.wakes(at),
                    "changed_at": at,
                }
            )
    silent = at + dt.timedelta(days=rules.outages.silence_days)
    waits = [{"ticket_id": one.id, "kind": LIGHT_ON, "step": 0, "due_at": silent} for one in tickets]
    outbox.owe(session, told, at)
    for statement, rows in ((_RING, rung), (_WAIT, waits)):
        if rows:
            session.connection().execute(statement, rows)


def forget(session: Session, ticket: Ticket, at: dt.datetime) -> None:
    """The ticket goes on or has ended: nobody is asked any more, and a question that has not left stays here."""
    owed_calls.drop(session, ticket.id, at)
    session.execute(
        update(Timer)
        .where(Timer.ticket_id == ticket.id, Timer.kind.in_(SILENCES), Timer.done_at.is_(None))
        .values(done_at=at)
        .execution_options(synchronize_session=False)
    )


def silent(session: Session, timer: Timer, ticket: Ticket, at: dt.datetime) -> bool:
    """No answer for days closes a ticket; False when it is not waiting for one."""
    if ticket.state != State.resolved:
        return False
    answered = session.scalar(
        select(Rating.answer).where(Rating.ticket_id == ticket.id).order_by(Rating.id.desc()).limit(1)
    )
    ticket.state, ticket.changed_at = State.closed, at
    detail = {"silence": timer.kind} if not answered else {"rated": answered}
    session.add(
        Activity(ticket_id=ticket.id, at=at, kind="closed", by="gege", detail={"from": State.resolved, **detail})
    )
    owed_calls.drop(session, ticket.id, at)
    return True
