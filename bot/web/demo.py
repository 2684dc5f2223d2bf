"""Trying Gege out: the page that shows both sides, with what staff read. Served while everybody here is invented."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.dialogue.port import Understanding
from bot.notify.texts import Case, StaffText, for_staff
from bot.speech.ear_card import EarCard
from bot.tickets.desk import NotificationCard, TicketCard, TicketDesk
from bot.tickets.labels import labels
from bot.tickets.models import State
from bot.tickets.own_case import OwnTurn
from bot.tickets.reporter import Reporter
from bot.web.cases import Cases, browser_of
from bot.web.ear import ear_in_short, ear_shown
from bot.web.guard import Refused
from bot.web.pages import Pages
from bot.web.resident import ResidentPages

_PAGES = Pages("demo.yml")
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


def _understood(turn: OwnTurn) -> str:
    """What Gege made of a sentence, for whoever tries her."""
    found: Any = (turn.reply or {}).get("understanding")
    if not found:
        return ""
    known = Understanding(**found)
    line = str(_PAGES.words["understood"]).format(
        meaning=labels().intent(known.intent), sure=round(known.confidence * 100)
    )
    return line + (str(_PAGES.words["unsure"]) if known.fallback else "")


class Demo:
    """Handlers of the page with both sides. `sample`: whether the county is the invented one; asked each time."""

    def __init__(
        self,
        sample: Callable[[], bool],
        pages: ResidentPages,
        cases: Cases,
        desk: TicketDesk,
        zone: ZoneInfo,
        ear: EarCard | None = None,
    ) -> None:
        self._sample, self._pages, self._cases, self._desk, self._zone = sample, pages, cases, desk, zone
        self._ear = ear

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/demo", self._tried(self.page)), web.post("/demo/say", self._tried(self.say))]

    async def is_open(self) -> bool:
        """Whether everybody in the county is invented."""
        return await asyncio.to_thread(self._sample)

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The residents' page, what Gege understood of each sentence, and what the grid's people read."""
        session = browser_of(request)
        case = StaffCase(None, (), self._zone)
        if session:
            case = await asyncio.to_thread(
                lambda: StaffCase.read(self._desk, self._cases.reporter(session), self._zone)
            )
        turns = await self._cases.talk(session)
        beside = {
            **case.as_json(), **ear_shown(self._ear), "heard_by": ear_in_short(self._ear), "demo": _PAGES.words, "fields": labels().fields,
            "caller": await self._cases.number(session) or _PAGES.words["caller"],
            "understood": [_understood(one) for one in turns],
        }  # fmt: skip
        return await self._pages.first(request, "demo.html", "/demo/say", **beside)

    async def say(self, request: web.Request) -> web.StreamResponse:
        """A sentence as on the first page."""
        session, grid = await self._pages.said(request)
        raise self._pages.back(session, "/demo", grid)

    def _tried(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def tried(request: web.Request) -> web.StreamResponse:
            if not await self.is_open():
                raise Refused("not_found", 404)
            return await handler(request)

        return tried
