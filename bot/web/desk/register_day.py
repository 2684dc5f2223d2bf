"""今天: tickets first, then what else is due, in the order in which one walks."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from bot.database import now
from bot.doors.devices import SignedIn
from bot.register.day import Days, TaskCard
from bot.register.kind_files import Kinds
from bot.tickets.lists import Lists, View
from bot.web.desk.home import shown
from bot.web.desk.layout import Desk
from bot.web.desk.register import tabs
from bot.web.desk.register_words import pages
from bot.web.forms import Form


class _Act(Form):
    verb: Annotated[str, Field(max_length=10)] = ""
    why: Annotated[str, Field(max_length=200)] = ""


class DayLines:
    """Somebody's tasks of today as lines."""

    def __init__(self, days: Days, kinds: Kinds, zone: ZoneInfo, clock: Callable[[], dt.datetime] = now) -> None:
        self.days, self._kinds, self._zone, self.clock = days, kinds, zone, clock

    @property
    def today(self) -> dt.date:
        return self.clock().astimezone(self._zone).date()

    def of(self, staff_no: str) -> list[dict[str, Any]]:
        """Blocks."""
        today = self.today
        return [self._line(one, today) for one in self.days.of(staff_no, today, self.clock())]

    def _line(self, one: TaskCard, today: dt.date) -> dict[str, Any]:
        kind = self._kinds[one.kind]
        rule = next((rule for rule in kind.due if rule.name == one.rule), None)
        about = (
            {"household": one.household_no} if one.household_no else {"community": one.community, "place": one.place}
        )
        query = {"kind": one.kind, **{name: value for name, value in about.items() if value}}
        return {
            "id": one.id, "what": rule.words if rule else kind.words, "place": one.place or one.community,
            "hurry": one.hurry or one.late(today), "household_no": one.household_no,
            "due": pages.words["day"]["due"].format(day=f"{one.due_on:%m-%d}") if one.due_on < today else "",
            "enter": f"/desk/register/new?{urlencode({**query, 'task': one.id, 'back': '/desk/day'})}",
        }  # fmt: skip


class DayPage:
    """Handlers of one site."""

    def __init__(self, desk: Desk, lists: Lists, lines: DayLines) -> None:
        self._desk, self._lists, self._lines = desk, lists, lines

    def routes(self) -> list[web.RouteDef]:
        mine = self._desk.open_to
        return [
            web.get("/desk/day", mine(self.show)),
            web.post("/desk/day/{task:[0-9]{1,12}}", mine(self.act)),
        ]

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The day."""
        at = self._lines.clock()
        tickets, tasks, drawn = await asyncio.to_thread(self._read, who.staff_no, at)
        return self._desk.page(
            request, who, pages, "desk/day.html", tabs=tabs(who, "day"), back="/desk/day",
            tickets=[shown(one, at) for one in tickets], drawn=drawn, 
            hurry=[one for one in tasks if one["hurry"]], walk=[one for one in tasks if not one["hurry"]],
        )  # fmt: skip

    def _read(self, staff_no: str, at: dt.datetime) -> tuple[list[Any], list[dict[str, Any]], int]:
        return (
            self._lists.open(staff_no, View.mine, at), self._lines.of(staff_no), self._lines.days.drawn(staff_no, at),
        )  # fmt: skip

    async def act(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Tomorrow, or not at all."""
        form = await self._desk.form(request, who, _Act)
        number, at, today = int(request.match_info["task"]), self._lines.clock(), self._lines.today
        days, words = self._lines.days, pages.words["day"]["told"]
        if form.verb == "later":
            done = await asyncio.to_thread(days.later, number, who.staff_no, today + dt.timedelta(days=1), at)
        elif form.verb == "drop" and not form.why:
            done, form.verb = True, "why"
        else:
            done = form.verb == "drop" and await asyncio.to_thread(days.drop, number, who.staff_no, form.why, today, at)
        raise self._desk.on("/desk/day", words[form.verb] if done else words["refused"])
