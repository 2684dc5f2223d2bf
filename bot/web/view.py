"""What the page is shown: replies, understanding, tickets and notifications as JSON in Chinese words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from bot.dialogue.port import Reply, Understanding
from bot.notify.texts import Case, render
from bot.tickets.desk import NotificationCard, TicketCard, TicketDesk
from bot.tickets.labels import labels
from bot.tickets.models import State

#: writes a message as its receiver reads it
NoticeText = Callable[[TicketCard, NotificationCard], str]

#: what a case goes through, as the page shows it
_STEPS = (State.reported, State.acknowledged, State.resolved, State.closed)


def notice_text(ticket: TicketCard, notification: NotificationCard) -> str:
    """The message of a notification, masked as every messenger shows it."""
    case = Case(
        ticket_no=ticket.ticket_no,
        kind=ticket.kind,
        state=ticket.state,
        urgent=ticket.urgent,
        grid_no=ticket.grid_no or "",
        place=ticket.place,
        householder=ticket.householder,
        household_no=ticket.household_no or "",
        reporter=ticket.reporter,
        said=ticket.said,
        facts=ticket.facts,
        owner=ticket.owner_name,
    )
    return render(notification.template, case, notification.role)


def understanding_view(understanding: Understanding) -> dict[str, Any]:
    return {
        "intent": understanding.intent,
        "meaning": labels().intent(understanding.intent),
        "confidence": round(understanding.confidence, 4),
        "fallback": understanding.fallback,
        "entities": understanding.entities,
    }


def reply_view(reply: Reply) -> dict[str, Any]:
    return {
        "reply": reply.text,
        "sentences": list(reply.sentences),
        "understanding": understanding_view(reply.understanding),
        "hand_over": reply.hand_over,
        "ended": reply.ended,
    }


def case_view(desk: TicketDesk, ticket_no: str | None, zone: ZoneInfo, text: NoticeText) -> dict[str, Any]:
    """`{"ticket", "notifications"}` of one ticket; null and empty when there is none. Blocks."""
    ticket = desk.ticket(ticket_no) if ticket_no else None
    if ticket is None:
        return {"ticket": None, "notifications": []}
    names = labels()
    return {
        "ticket": {
            "ticket_no": ticket.ticket_no,
            "kind": names.kind(ticket.kind),
            "state": ticket.state,
            "state_name": names.state(ticket.state),
            "steps": [(state, names.activity(state)) for state in _STEPS],
            "urgent": ticket.urgent,
            "grid_no": ticket.grid_no or "",
            "place": ticket.place,
            "householder": ticket.householder,
            "said": ticket.said,
            "owner": ticket.owner_name,
            "owner_phone": ticket.owner_phone,
            "opened_at": ticket.opened_at.astimezone(zone).strftime("%H:%M:%S"),
        },
        "notifications": [
            {
                "name": each.name,
                "role": names.role(each.role),
                "state": names.notification_state(each.state),
                "sent": each.state == "sent",
                "urgent": each.urgent,
                "at": (each.sent_at or each.created_at).astimezone(zone).strftime("%H:%M:%S"),
                "text": text(ticket, each),
            }
            for each in desk.notifications(ticket.ticket_no)
        ],
    }
