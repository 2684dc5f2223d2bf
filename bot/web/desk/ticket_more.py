"""What else is done on one ticket: materials and their cost, and other open cases of its door that are the same matter."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field

from bot.doors.devices import SignedIn
from bot.foundation.local_time import local
from bot.tickets.cards import ActivityCard, NotYours, TicketCard, TicketRefused
from bot.tickets.desk import TicketDesk
from bot.tickets.labels import labels
from bot.tickets.materials import used
from bot.web.desk.layout import NUMBER, TICKET, Desk
from bot.web.forms import Form
from bot.web.pages import Pages

_pages = Pages("desk/ticket_more.yml")


class _Used(Form):
    what: Annotated[str, Field(max_length=80)] = ""
    count: Annotated[str, Field(max_length=12)] = ""
    cny: Annotated[str, Field(max_length=14)] = ""
    #: of a line that is taken back
    line: Annotated[int, Field(ge=-1, le=999)] = -1


class _Join(Form):
    other: Annotated[str, Field(pattern=NUMBER)]


class TicketMore:
    """Handlers of one site; who may do it is asked by the ticket desk."""

    def __init__(self, desk: Desk, tickets: TicketDesk) -> None:
        self._desk, self._tickets = desk, tickets

    def routes(self) -> list[web.RouteDef]:
        mine, number = self._desk.open_to, TICKET
        return [
            web.post(f"/desk/{number}/used", mine(self.use)),
            web.post(f"/desk/{number}/join", mine(self.join)),
        ]

    async def use(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """A line of the materials, or one taken back."""
        form, number = await self._desk.form(request, who, _Used), request.match_info["ticket_no"]
        if form.line >= 0:
            said = await self._tried("back", lambda: self._tickets.take_back(number, who.staff_no, form.line))
        else:
            said = await self._tried(
                "used", lambda: self._tickets.use(number, who.staff_no, form.what, form.count, form.cny), "no_amount"
            )
        raise self._on(number, said)

    async def join(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """是一回事: the later of the two goes into the earlier, which is shown."""
        form, number = await self._desk.form(request, who, _Join), request.match_info["ticket_no"]
        said = await self._tried("joined", lambda: self._tickets.join(number, form.other, who.staff_no), "not_one")
        here = await asyncio.to_thread(self._tickets.ticket, number)
        raise self._on(form.other if here is not None and here.state == "merged" else number, said)

    async def _tried(self, name: str, act: Callable[[], object], wrong: str = "refused") -> str:
        told = _pages.words["told"]
        try:
            await asyncio.to_thread(act)
        except NotYours:
            return str(told["not_yours"])
        except TicketRefused:
            return str(told[wrong])
        return str(told[name])

    def _on(self, number: str, said: str) -> web.HTTPSeeOther:
        return self._desk.on(f"/desk/{number}", said)


def materials(history: Sequence[ActivityCard], names: Mapping[str, str]) -> dict[str, Any]:
    """The lines and their sum, as the ticket's page shows them."""
    lines = used(history)
    total = sum((one.cny for one in lines), Decimal(0))
    words = _pages.words
    return {
        "words": words,
        "lines": [
            {"line": one.line, "what": one.what, "count": one.count, "cny": one.cny, "by": names.get(one.by, one.by)}
            for one in lines
        ],
        "total": words["total"].format(sum=f"{total:.2f}") if lines else "",
    }  # fmt: skip


def of_this_door(found: Sequence[tuple[TicketCard, bool]], zone: dt.tzinfo) -> list[dict[str, Any]]:
    """Other open cases of the door, as the ticket's page shows them."""
    return [
        {
            "ticket_no": one.ticket_no, "kind": labels().kind(one.kind), "state": labels().state(one.state),
            "when": local(one.opened_at, zone), "said": one.said[:40], "joins": joins,
        }
        for one, joins in found
    ]  # fmt: skip
