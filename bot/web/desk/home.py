"""The first screen of the desk: what is mine and open."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.doors.devices import SignedIn
from bot.tickets.cards import TicketCard
from bot.tickets.desk import TicketDesk
from bot.tickets.labels import labels
from bot.web.desk.layout import Desk
from bot.web.pages import Pages

_pages = Pages("desk/home.yml")


class HomePage:
    """Handlers of one site."""

    def __init__(self, desk: Desk, tickets: TicketDesk) -> None:
        self._desk, self._tickets = desk, tickets

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/desk", self._desk.open_to(self.show))]

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Danger first, then the oldest."""
        found = await asyncio.to_thread(self._mine, who)
        return self._desk.page(
            request, who, _pages, "desk/home.html", tickets=found, kind=labels().kind, state=labels().state
        )

    def _mine(self, who: SignedIn) -> list[TicketCard]:
        mine = self._tickets.tickets(open_only=True, owner=who.staff_no)
        return sorted(mine, key=lambda one: (not one.urgent, one.opened_at))
