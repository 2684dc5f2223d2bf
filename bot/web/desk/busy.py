"""骑车中, 在忙: a switch with "how much longer", for who would pass a case on."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Any, Literal

from aiohttp import web

from bot.database import now
from bot.doors.devices import SignedIn
from bot.grid.occupied import Busy, Occupations, What
from bot.web.desk.clock import spell
from bot.web.desk.layout import Desk
from bot.web.forms import Form, see
from bot.web.pages import Pages

_pages = Pages("desk/busy.yml")


class _Switch(Form):
    what: Literal["riding", "busy", "free"]
    span: Literal["15", "30", "60", "120"] = "30"


class BusySwitch:
    """Handlers of one site; its part of 我 is `shown`."""

    def __init__(self, desk: Desk, occupations: Occupations, clock: Callable[[], dt.datetime] = now) -> None:
        self._desk, self._occupations, self._clock = desk, occupations, clock

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/desk/me/busy", self._desk.open_to(self.switch))]

    async def switch(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """On for a while, or off."""
        form = await self._desk.form(request, who, _Switch)
        if form.what == "free":
            await asyncio.to_thread(self._occupations.end, who.staff_no)
        else:
            span = dt.timedelta(minutes=int(form.span))
            await asyncio.to_thread(self._occupations.set, who.staff_no, What(form.what), span)
        raise see("/desk/me")

    def shown(self, staff_no: str) -> dict[str, Any]:
        """The switch as 我 shows it. Blocks."""
        busy = self._occupations.now().get(staff_no)
        return {"words": _pages.words, "now": busy_in_words(busy, self._clock())}


def busy_in_words(busy: Busy | None, at: dt.datetime) -> str:
    """骑车中，还有15分钟; empty for who is free."""
    if busy is None or busy.until <= at:
        return ""
    words = _pages.words
    # A minute that has begun counts: nobody is free in nought minutes.
    left = spell(busy.until - at + dt.timedelta(seconds=59), words)
    return str(words["now"]).format(what=words["what"][busy.what], span=left)
