"""Telephone calls and conversations that broke off: what is found open becomes call-backs and tickets (promises 1, 4, 7)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CursorResult, bindparam, select, text, update
from sqlalchemy.orm import Session

from bot.database import UTCDateTime
from bot.foundation.phone_numbers import area_code, phone_digits
from bot.grid.models import Grid
from bot.tickets.cards import CallCard, Report
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.kinds import is_kind
from bot.tickets.models import Call, DialogueState, Kind, Ticket, Utterance

_BEGIN = text(
    "INSERT INTO call (id, caller, dialled, diverting, front_end, started_at, outcome, service)"
    " VALUES (:id, :caller, :dialled, :diverting, :front_end, :at, '', :service) ON CONFLICT (id) DO NOTHING RETURNING id"
).bindparams(bindparam("at", type_=UTCDateTime()))


def begin(
    session: Session,
    id: str,
    caller: str,
    dialled: str,
    diverting: str,
    front_end: str,
    at: dt.datetime,
    service: str = "",
) -> bool:
    """A call is a row before a word is spoken; False when it is there already. `service`: who carries it."""
    written = session.execute(
        _BEGIN,
        {
            "id": id,
            "caller": caller[:80],
            "dialled": dialled[:80],
            "diverting": diverting[:80],
            "front_end": front_end,
            "at": at,
            "service": service,
        },
    )
    return written.scalar_one_or_none() is not None


def end(session: Session, id: str, outcome: str, at: dt.datetime) -> bool:
    """Close a call; False when it was closed already: of two that close it, one counts."""
    closed: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(Call).where(Call.id == id, Call.ended_at.is_(None)).values(ended_at=at, outcome=outcome[:40])
    )
    return closed.rowcount == 1


def left_open(session: Session, living: Collection[str], *, anybodys: bool) -> list[str]:
    """Ids of calls without an end whose service is none of the `living`, oldest first; with `anybodys`, also those
    that no service has put its name to."""
    left = select(Call.id).where(Call.ended_at.is_(None), Call.service.not_in(living))
    if not anybodys:
        left = left.where(Call.service != "")
    return list(session.scalars(left.order_by(Call.started_at)))


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
    boards = session.execute(select(Grid.grid_no, Grid.phone).order_by(Grid.grid_no)).all()
    for number in filter(None, numbers):
        # A board may leave out the area code; it is the one of whoever was called there.
        one = phone_digits(number)
        for grid_no, phone in boards:
            if phone and phone_digits(phone, area_code(one)) == one:
                return str(grid_no)
        coded = number.removeprefix("grid_")
        if coded != number and session.get(Grid, coded) is not None:
            return coded
    return None


def _grid_of_call(session: Session, call: Call) -> str | None:
    return grid_of_number(session, call.dialled, call.diverting)


def broken_off(session: Session, call_id: str, outcome: str, at: dt.datetime) -> list[Report]:
    """End a call that broke off. → The report that calls its caller back, with all that was said, and one of every
    further matter that was open in it; nothing when it had ended before, or nobody can be called and nothing heard."""
    if not end(session, call_id, outcome, at):
        return []
    call = session.get_one(Call, call_id)
    heard = session.scalars(
        select(Utterance).where(Utterance.call_id == call_id).order_by(Utterance.heard_at, Utterance.id)
    ).all()
    names = {call_id, *(one.session for one in heard)}
    left = _left_in(session, names)
    if not call.caller and not heard and not left.matters:
        return []
    first, further = _the_one_and_the_others(left.matters)
    facts = {**(first.get("facts") or {}), "call_id": call_id, "call_back": outcome}
    if first.get("kind"):
        facts["kind"] = first["kind"]
    if logged := session.scalars(select(Ticket.ticket_no).where(Ticket.session.in_(names))).all():
        facts["tickets"] = list(logged)
    urgent = any(one.get("kind") == Kind.hazard or one.get("urgent") for one in left.matters)
    # Danger that is not logged yet stays danger; without a number a person can only listen to what there is.
    kind = Kind.callback if call.caller else Kind.unclear
    if first.get("kind") == Kind.hazard and not first.get("ticket_no"):
        kind = Kind.hazard
    back = Report(
        kind=kind,
        said=" ".join(one.text for one in heard if one.text) or str(first.get("said", "")),
        session=heard[-1].session if heard else call_id,
        caller=Caller.by(Channel.phone, call.caller),
        place=str(first.get("place") or first.get("outside") or ""),
        householder=str(first.get("householder") or ""),
        household_no=first.get("household_no") or None,
        grid_no=first.get("grid_no") or (None if first.get("outside") else _grid_of_call(session, call)),
        facts=facts,
        urgent=urgent,
    )
    return [back, *(_report(one, back.session, back.caller) for one in further)]


def _the_one_and_the_others(matters: list[dict[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The matter that the call-back is about: danger, else the oldest that is not logged; and the others that are open.

    What was never understood stands in the call-back's own words, and needs no ticket beside it."""
    unlogged = [one for one in matters if not one.get("ticket_no")]
    named = [one for one in unlogged if is_kind(str(one.get("kind"))) and one["kind"] != Kind.unclear]
    in_order = sorted(named, key=lambda one: one["kind"] != Kind.hazard) or unlogged[:1]
    if not in_order:
        return (matters[0] if matters else {}), []
    return in_order[0], in_order[1:]


@dataclass(frozen=True)
class _Left:
    """What is open in a dialogue: its matters, oldest first, and whose they are."""

    matters: list[dict[str, Any]]
    caller: Mapping[str, Any]

    @classmethod
    def of(cls, unfinished: dict[str, Any]) -> _Left:
        """Of what `DialogueState.unfinished` holds; one form by itself, as Gege wrote it before there were several."""
        caller = unfinished.get("caller") or {"channel": unfinished.get("channel")}
        if "matters" in unfinished:
            return cls(_placed([dict(one) for one in unfinished["matters"]]), caller)
        form = {name: value for name, value in unfinished.items() if name not in ("caller", "channel")}
        return cls([form] if form else [], caller)


def _placed(matters: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A matter of which no place was said is where the conversation's other matters are, when those are in one place."""
    placed = [one for one in matters if one.get("place") or one.get("household_no")]
    if len({(one.get("place"), one.get("household_no")) for one in placed}) != 1:
        return matters
    where = {name: placed[0].get(name) for name in ("place", "household_no", "grid_no")}
    return [
        one
        if one in placed or one.get("outside")
        else {**one, **where, "facts": {**(one.get("facts") or {}), "place_of_another": True}}
        for one in matters
    ]


def _left_in(session: Session, names: set[str]) -> _Left:
    """Take what is open in these dialogues, so that no sweep makes second tickets of it."""
    rows = session.scalars(
        select(DialogueState).where(DialogueState.session.in_(names)).order_by(DialogueState.session).with_for_update()
    )
    return _Left([matter for row in rows for matter in _Left.of(row.take()).matters], {})


def stale_dialogues(session: Session, before: dt.datetime) -> list[str]:
    """Sessions in which something is open, and that rested since `before`."""
    old = select(DialogueState.session).where(DialogueState.half_told, DialogueState.changed_at <= before)
    return list(session.scalars(old.order_by(DialogueState.changed_at)))


def take_matters(session: Session, name: str, before: dt.datetime) -> list[Report]:
    """The reports of what was left open in a dialogue, oldest first; none when somebody else took it, it went on, or
    what is open only asks for more about a ticket that is logged (a danger whose place is unknown).

    A matter holds the fields of `Report` under their names; what is missing is left open."""
    state = session.scalar(select(DialogueState).where(DialogueState.session == name).with_for_update())
    if state is None or not state.unfinished or state.changed_at > before:
        return []
    left = _Left.of(state.take())
    caller = Caller.from_json({"address": state.caller, **left.caller})
    return [_report(one, name, caller) for one in left.matters if not one.get("ticket_no")]


def _report(matter: Mapping[str, Any], name: str, caller: Caller) -> Report:
    kind = str(matter.get("kind"))
    return Report(
        kind=kind if is_kind(kind) else Kind.unclear,
        said=str(matter.get("said") or ""),
        session=name,
        caller=caller,
        utterance_id=matter.get("utterance_id") or None,
        place=str(matter.get("place") or matter.get("outside") or ""),
        householder=str(matter.get("householder") or ""),
        household_no=matter.get("household_no") or None,
        grid_no=matter.get("grid_no") or None,
        facts={**(matter.get("facts") or {}), "unfinished": True},
        urgent=bool(matter.get("urgent")),
    )
