"""News for the resident about their own report: rows of the outbox that go to the channel it came by."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from bot.tickets.intake.channels import Channel
from bot.tickets.models import Notification, Ticket
from bot.tickets.owed import outbox
from bot.tickets.owed.outbox import Owed
from bot.tickets.rules import Rules

#: numbers that take an SMS
_MOBILE = re.compile(r"1[3-9]\d{9}")


def way(ticket: Ticket, rules: Rules) -> tuple[str, str] | None:
    """Channel and address of the reporter; None when nothing can be written to them."""
    if not ticket.reporter:
        return None
    if Channel(ticket.channel).writable:
        return ticket.channel, ticket.reporter
    mobile = _MOBILE.fullmatch(ticket.caller.number)
    return (Channel.sms, mobile.group()) if rules.sms_news and mobile else None


def news(
    ticket: Ticket, template: str, at: dt.datetime, rules: Rules, detail: Mapping[str, Any] | None = None
) -> Owed | None:
    """`template` for the reporter, in the morning if it is night; None when there is no way to write to them."""
    to = way(ticket, rules)
    if to is None:
        return None
    return Owed(
        template,
        ticket.id,
        channel=to[0],
        address=to[1],
        detail={"station_phone": rules.station_phone, **(detail or {})},
        due_at=rules.tells_resident(ticket, at),
    )


def tell(
    session: Session,
    ticket: Ticket,
    template: str,
    at: dt.datetime,
    rules: Rules,
    detail: dict[str, Any] | None = None,
) -> bool:
    """Owe the reporter `template`; False when there is no way to write to them.

    News that still waits for the morning is overtaken by the newest: nobody wakes up to three messages."""
    owed = news(ticket, template, at, rules, detail)
    if owed is None:
        return False
    session.execute(
        delete(Notification).where(
            Notification.ticket_id == ticket.id,
            Notification.staff_no.is_(None),
            Notification.state == "pending",
            Notification.attempts == 0,
            Notification.held_until > at,
        )
    )
    outbox.owe(session, [owed], at)
    return True
