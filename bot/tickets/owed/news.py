"""News for the resident about their own report: rows of the outbox that go to the channel it came by."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from bot.tickets.intake.channels import Channel
from bot.tickets.models import Notification, Ticket
from bot.tickets.reporter import Reporter
from bot.tickets.rules import Rules

#: channels that can be written to; a telephone, a page and a terminal cannot
_MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{9})")


def way(ticket: Ticket, rules: Rules) -> tuple[str, str] | None:
    """Channel and address of the reporter; None when nothing can be written to them."""
    if not ticket.reporter:
        return None
    if Channel(ticket.channel).writable:
        return ticket.channel, ticket.reporter
    mobile = _MOBILE.fullmatch(ticket.reporter)
    if rules.sms_news and Reporter.of(ticket).caller.rings and mobile:
        return "sms", mobile.group(1)
    return None


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
    to = way(ticket, rules)
    if to is None:
        return False
    channel, address = to
    session.execute(
        delete(Notification).where(
            Notification.ticket_id == ticket.id,
            Notification.staff_no.is_(None),
            Notification.state == "pending",
            Notification.attempts == 0,
            Notification.held_until > at,
        )
    )
    due_at = rules.tells_resident(ticket, at)
    session.add(
        Notification(
            ticket_id=ticket.id,
            staff_no=None,
            channel=channel,
            address=address,
            template=template,
            urgent=False,
            detail={"station_phone": rules.station_phone, **(detail or {})},
            created_at=at,
            due_at=due_at,
            held_until=due_at if due_at > at else None,
        )
    )
    return True
