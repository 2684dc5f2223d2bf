"""Trying Gege out: the page that shows both sides, with what staff read. Served while everybody here is invented."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.dialogue.port import Understanding
from bot.notify.texts import Case, StaffText, for_staff
from bot.speech.ear_card import EarCard
from bot.tickets.desk import NotificationCard, TicketCard, TicketDesk
from bot.tickets.labels import labels
from bot.tickets.models import State
from bot.tickets.reporter import Reporter
from bot.web.cases import Cases, session_of
from bot.web.conversation import Conversation
from bot.web.ear import ear_shown
from bot.web.guard import Refused
from bot.web.words import words

_PAGE = Path(__file__).with_name("static") / "demo.html"
#: what a case goes through, as the page shows it
_STEPS = (State.reported, State.acknowledged, State.resolved, State.closed)


def message_text(ticket: TicketCard, notification: NotificationCard) -> StaffText:
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
    return for_staff(notification.template, case, notification.role)


@dataclass(frozen=True)
class StaffCase:
    """A ticket and its messages, as the grid's people have them: no resident's page can be given this (`view.shown`)."""

    ticket: TicketCard | None
    notifications: tuple[NotificationCard, ...]
    zone: ZoneInfo

    @classmethod
    def read(cls, desk: TicketDesk, reporter: Reporter, zone: ZoneInfo) -> StaffCase:
        """The newest ticket of a reporter. Blocks."""
        found = desk.tickets(reporter=reporter, limit=1)
        return cls(found[0], tuple(desk.notifications(found[0].ticket_no)), zone) if found else cls(None, (), zone)

    def as_json(self) -> dict[str, Any]:
        """`{"ticket", "notifications"}`; null and empty when there is none."""
        ticket, names = self.ticket, labels()
        if ticket is None:
            return {"ticket": None, "notifications": []}
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
                "opened_at": ticket.opened_at.astimezone(self.zone).strftime("%H:%M:%S"),
            },
            "notifications": [
                {
                    "name": each.name,
                    "role": names.role(each.role),
                    "state": names.notification_state(each.state),
                    "sent": each.state == "sent",
                    "urgent": each.urgent,
                    "at": (each.sent_at or each.created_at).astimezone(self.zone).strftime("%H:%M:%S"),
                    "text": message_text(ticket, each).read_by_staff(),
                }
                for each in self.notifications
            ],
        }


def understanding_view(understanding: Understanding) -> dict[str, Any]:
    """What Gege made of a sentence, for whoever tries her."""
    return {
        "intent": understanding.intent,
        "meaning": labels().intent(understanding.intent),
        "confidence": round(understanding.confidence, 4),
        "fallback": understanding.fallback,
        "entities": understanding.entities,
    }


class Demo:
    """Handlers of the page with both sides. `sample`: whether the county is the invented one; asked each time."""

    def __init__(
        self,
        sample: Callable[[], bool],
        conversation: Conversation,
        cases: Cases,
        desk: TicketDesk,
        zone: ZoneInfo,
        ear: EarCard | None = None,
    ) -> None:
        self._ear = ear
        self._sample, self._conversation, self._cases, self._desk, self._zone = sample, conversation, cases, desk, zone

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/demo", self._tried(self.page)),
            web.get("/api/demo/start", self._tried(self.start)),
            web.post("/api/demo/turn", self._tried(self.turn)),
            web.get("/api/demo/case", self._tried(self.case)),
        ]

    async def is_open(self) -> bool:
        return await asyncio.to_thread(self._sample)

    async def page(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(_PAGE, headers={"Cache-Control": "no-cache"})

    async def start(self, _request: web.Request) -> web.StreamResponse:
        """What the page needs to know, which ear is in, and a number of the sample county to try."""
        return web.json_response(
            {**self._conversation.started(), **ear_shown(self._ear), "caller": words().sample_caller}
        )

    async def turn(self, request: web.Request) -> web.StreamResponse:
        """A turn as on the first page, with what Gege understood and staff's side of it."""
        heard = await self._conversation.heard(request)
        understood, view = await self._conversation.answered(heard)
        found = await self._side(heard.session)
        understanding = understanding_view(understood) if understood else None
        return web.json_response({**view, "understanding": understanding, **found})

    async def case(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(await self._side(session_of(request.query)))

    async def _side(self, session: str) -> dict[str, Any]:
        reporter = self._cases.reporter(session)
        return (await asyncio.to_thread(StaffCase.read, self._desk, reporter, self._zone)).as_json()

    def _tried(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def tried(request: web.Request) -> web.StreamResponse:
            if not await self.is_open():
                raise Refused("not_found", 404)
            return await handler(request)

        return tried
