"""Telephone calls and forms that broke off: what is found open becomes a call-back (promises 4 and 7)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CursorResult, bindparam, select, text, update
from sqlalchemy.orm import Session

from bot.database import UTCDateTime
from bot.foundation.phone_numbers import phone_digits
from bot.grid.models import Grid
from bot.tickets.cards import CallCard, Report
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.models import Call, DialogueState, Kind, Ticket, Utterance

_BEGIN = text(
    "INSERT INTO call (id, caller, dialled, diverting, front_end, started_at, outcome)"
    " VALUES (:id, :caller, :dialled, :diverting, :front_end, :at, '') ON CONFLICT (id) DO NOTHING RETURNING id"
).bindparams(bindparam("at", type_=UTCDateTime()))


def begin(
    session: Session, id: str, caller: str, dialled: str, diverting: str, front_end: str, at: dt.datetime
) -> bool:
    """A call is a row before a word is spoken; False when it is there already."""
    written = session.execute(
        _BEGIN,
        {
            "id": id,
            "caller": caller[:80],
            "dialled": dialled[:80],
            "diverting": diverting[:80],
            "front_end": front_end,
            "at": at,
        },
    )
    return written.scalar_one_or_none() is not None


def end(session: Session, id: str, outcome: str, at: dt.datetime) -> bool:
    """Close a call; False when it was closed already: of two that close it, one counts."""
    closed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Call).where(Call.id == id, Call.ended_at.is_(None)).values(ended_at=at, outcome=outcome[:40])
    )
    return closed.rowcount == 1


def open_calls(session: Session) -> list[CallCard]:
    """Calls without an end, oldest first."""
    rows = session.scalars(select(Call).where(Call.ended_at.is_(None)).order_by(Call.started_at))
    return [
        CallCard(
            row.id,
            row.caller,
            row.dialled,
            row.diverting,
            row.front_end,
            row.started_at,
            row.ended_at,
            row.outcome,
        )
        for row in rows
    ]


def grid_of_number(session: Session, *numbers: str) -> str | None:
    """The grid on whose notice board one of the numbers stands; a QR code carries `grid_<number>` itself."""
    boards = {
        phone_digits(phone): grid_no
        for grid_no, phone in session.execute(select(Grid.grid_no, Grid.phone).order_by(Grid.grid_no.desc()))
        if phone
    }
    for number in filter(None, numbers):
        if found := boards.get(phone_digits(number)):
            return found
        coded = number.removeprefix("grid_")
        if coded != number and session.get(Grid, coded) is not None:
            return coded
    return None


def _grid_of_call(session: Session, call: Call) -> str | None:
    return grid_of_number(session, call.dialled, call.diverting)


def broken_off(session: Session, call_id: str, outcome: str, at: dt.datetime) -> Report | None:
    """End a call that broke off; the report that calls its caller back, with all that was said and known."""
    if not end(session, call_id, outcome, at):
        return None
    call = session.get_one(Call, call_id)
    heard = session.scalars(
        select(Utterance).where(Utterance.call_id == call_id).order_by(Utterance.heard_at, Utterance.id)
    ).all()
    names = {call_id, *(one.session for one in heard)}
    form = _forms(session, names)
    if not call.caller and not heard and not form:
        return None
    facts = {**form.get("facts", {}), "call_id": call_id, "call_back": outcome}
    if form.get("kind"):
        facts["kind"] = form["kind"]
    if logged := session.scalars(select(Ticket.ticket_no).where(Ticket.session.in_(names))).all():
        facts["tickets"] = list(logged)
    danger = form.get("kind") == Kind.hazard
    # Danger that is not logged yet stays danger; without a number a person can only listen to what there is.
    kind = Kind.callback if call.caller else Kind.unclear
    if danger and not form.get("ticket_no"):
        kind = Kind.hazard
    return Report(
        kind=kind,
        said=" ".join(one.text for one in heard if one.text) or str(form.get("said", "")),
        session=heard[-1].session if heard else call_id,
        caller=Caller.by(Channel.phone, call.caller),
        place=str(form.get("place") or form.get("outside") or ""),
        householder=str(form.get("householder") or ""),
        household_no=form.get("household_no") or None,
        grid_no=form.get("grid_no") or (None if form.get("outside") else _grid_of_call(session, call)),
        facts=facts,
        urgent=danger or bool(form.get("urgent")),
    )


def _forms(session: Session, names: set[str]) -> dict[str, Any]:
    """Take the half-filled form of one of these dialogues, so that no sweep makes a second ticket of it."""
    rows = session.scalars(
        select(DialogueState).where(DialogueState.session.in_(names)).order_by(DialogueState.session).with_for_update()
    )
    taken: dict[str, Any] = {}
    for row in rows:
        taken.update(row.take())
    return taken


def stale_forms(session: Session, before: dt.datetime) -> list[str]:
    """Sessions with a half-filled form that rested since `before`."""
    old = select(DialogueState.session).where(DialogueState.half_told, DialogueState.changed_at <= before)
    return list(session.scalars(old.order_by(DialogueState.changed_at)))


def take_form(session: Session, name: str, before: dt.datetime) -> Report | None:
    """The report of a form that was left half-filled; None when somebody else took it, it went on,
    or it only asked for more about a ticket that is logged (a danger whose place is unknown).

    `unfinished` holds the fields of `Report` under their names; what is missing is left open."""
    state = session.scalar(select(DialogueState).where(DialogueState.session == name).with_for_update())
    if state is None or not state.unfinished or state.changed_at > before:
        return None
    form = state.take()
    if form.get("ticket_no"):
        return None
    kind = str(form.get("kind"))
    return Report(
        kind=kind if kind in Kind.__members__ else Kind.unclear,
        said=str(form.get("said") or ""),
        session=name,
        caller=Caller.from_json(form.get("caller") or {"address": state.caller, "channel": form.get("channel")}),
        utterance_id=form.get("utterance_id") or None,
        place=str(form.get("place") or form.get("outside") or ""),
        householder=str(form.get("householder") or ""),
        household_no=form.get("household_no") or None,
        grid_no=form.get("grid_no") or None,
        facts={**form.get("facts", {}), "unfinished": True},
        urgent=bool(form.get("urgent")),
    )
