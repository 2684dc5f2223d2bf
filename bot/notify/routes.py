"""Reading the outbox: which message is due, to whom it goes and by which way, and what it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from bot.grid.models import Household, Staff
from bot.notify.provider import Message, Provider
from bot.notify.texts import Case, render
from bot.tickets.models import Notification, Ticket

#: where a provider finds a person's address; a provider that is not named here needs none
ADDRESSES: dict[str, Callable[[Staff], str]] = {
    "telegram": lambda person: person.telegram_id,
    "wecom": lambda person: person.wecom,
    "dingtalk": lambda person: person.dingtalk,
}


@dataclass(frozen=True)
class Parcel:
    """A claimed message: what each of its providers is to send."""

    notification_id: int
    urgent: bool
    attempts: int
    created_at: dt.datetime
    messages: Mapping[str, Message]


def route(person: Staff, providers: Mapping[str, Provider], default: Sequence[str]) -> list[str]:
    """The names of a person's own messengers, else the site's default."""
    own = [name for name, address in ADDRESSES.items() if name in providers and address(person)]
    return own or list(default)


def due(session: Session, at: dt.datetime, limit: int) -> list[tuple[int, bool, str, Staff]]:
    """(id, urgent, providers that have it, person) of what is due, danger first, then the longest waiting."""
    rows = session.execute(
        select(Notification.id, Notification.urgent, Notification.provider, Staff)
        .join(Staff, Staff.staff_no == Notification.staff_no)
        .where(Notification.state == "pending", Notification.due_at <= at)
        .order_by(Notification.urgent.desc(), Notification.due_at, Notification.id)
        .limit(limit)
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def parcel(session: Session, row: Notification, ways: Sequence[Provider], at: dt.datetime) -> Parcel:
    """Write the message of a row as it stands now, once for each way."""
    person = session.get_one(Staff, row.staff_no)
    case = _case(session, row, at)
    messages = {
        way.name: Message(
            notification_id=row.id,
            ticket_no=case.ticket_no,
            staff_no=person.staff_no,
            name=person.name,
            role=person.role,
            address=ADDRESSES[way.name](person) if way.name in ADDRESSES else "",
            text=render(row.template, case, person.role, way.trusted),
            urgent=row.urgent,
            template=row.template,
        )
        for way in ways
    }
    return Parcel(row.id, row.urgent, row.attempts, row.created_at, messages)


def _case(session: Session, row: Notification, at: dt.datetime) -> Case:
    owner = aliased(Staff)
    found = session.execute(
        select(Ticket, Household, owner.name)
        .outerjoin(Household, Household.household_no == Ticket.household_no)
        .outerjoin(owner, owner.staff_no == Ticket.owner)
        .where(Ticket.id == row.ticket_id)
    ).one_or_none()
    if found is None:
        return Case(detail=row.detail)
    ticket, household, owner_name = found
    return Case(
        ticket_no=ticket.ticket_no,
        kind=ticket.kind,
        state=ticket.state,
        urgent=ticket.urgent,
        grid_no=ticket.grid_no or "",
        community=household.community.name if household else "",
        place=ticket.place,
        householder=ticket.householder,
        registered=household.householder if household else "",
        household_no=ticket.household_no or "",
        reporter=ticket.reporter,
        said=ticket.said,
        facts=ticket.facts,
        tags=tuple(household.tags) if household else (),
        owed=bool(household and household.balance < 0),
        months_owed=household.months_owed if household else 0,
        owner=owner_name or "",
        minutes=int((at - ticket.opened_at).total_seconds() // 60),
        detail=row.detail,
    )
