"""问卷: households drawn at random, asked by people who have no grid of their own, counted by community."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from bot.database import now
from bot.doors.devices import SignedIn
from bot.doors.looks import Looks
from bot.grid.registry import Registry
from bot.register.survey import Counted, DrawRefused, Survey
from bot.tickets.owed.paging import EVERYWHERE
from bot.web.desk.layout import Desk
from bot.web.desk.register import tabs
from bot.web.desk.register_words import pages
from bot.web.forms import Form, FormWrong

KIND = "survey"
#: of those who are still to be asked, a page shows so many
_TODO = 40


class _Draw(Form):
    each: int
    seed: Annotated[str, Field(max_length=40)] = ""
    to: list[Annotated[str, Field(max_length=40)]] = Field(default_factory=list)
    nonce: Annotated[str, Field(min_length=16, max_length=64)]


class SurveyPage:
    """Handlers of one site."""

    def __init__(
        self, desk: Desk, survey: Survey, registry: Registry, looks: Looks, zone: ZoneInfo,
        clock: Callable[[], dt.datetime] = now,
    ) -> None:  # fmt: skip
        self._desk, self._survey, self._registry, self._looks = desk, survey, registry, looks
        self._zone, self._clock = zone, clock

    def routes(self) -> list[web.RouteDef]:
        those = self._desk.open_to
        return [
            web.get("/desk/survey", those(self.show, *EVERYWHERE)),
            web.post("/desk/survey", those(self.draw, *EVERYWHERE)),
            web.post("/desk/survey/{draw:[0-9]{1,9}}/again", those(self.again, *EVERYWHERE)),
        ]

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """What was drawn, how far it is, what was said; and the form for the next."""
        draws = await asyncio.to_thread(self._survey.draws)
        wanted = request.query.get("draw", "")
        one = next((draw for draw in draws if str(draw.id) == wanted), draws[0] if draws else None)
        counted, todo, people = await asyncio.to_thread(self._read, one.id if one else 0, who.staff_no)
        await asyncio.to_thread(self._looks.note_list, who, "survey", len(todo[:_TODO]))
        words = pages.words["survey"]
        return self._desk.page(
            request, who, pages, "desk/survey.html", tabs=tabs(who, "survey"),
            people=people, nonce=secrets.token_urlsafe(16), seed=secrets.token_hex(3), it=one, more=len(todo) - _TODO,
            draws=[
                (draw.id, words["one"].format(
                    day=draw.day.isoformat(), each=draw.each, seed=draw.seed, who=self._registry.name_of(draw.by)
                ), words["asked"].format(asked=draw.asked, drawn=draw.drawn), one is not None and draw.id == one.id)
                for draw in draws
            ],
            rows=[_row(row, one.communities.get(row.community, (0, 0, 0))[0] if one else 0) for row in counted],
            total=_total(counted),
            todo=[(place, community, self._enter(number, household)) for number, household, community, place in todo[:_TODO]],
        )  # fmt: skip

    async def draw(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Draw, once however often the button is tapped."""
        words = pages.words["survey"]["told"]
        told, number = words["drawn"], 0
        try:
            form = await self._desk.form(request, who, _Draw)
            seed, today = form.seed or secrets.token_hex(3), self._clock().astimezone(self._zone).date()
            number = await asyncio.to_thread(
                self._survey.draw, KIND, form.each, seed, who.staff_no, form.to, today, form.nonce
            )
        except FormWrong:
            told = words["each"]
        except DrawRefused as refused:
            told = words[refused.reason]
        raise self._desk.on(f"/desk/survey?draw={number}" if number else "/desk/survey", told)

    async def again(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Drawn once more from its seed, and held against what was written down."""
        await self._desk.form(request, who, Form)
        number = int(request.match_info["draw"])
        try:
            same = await asyncio.to_thread(self._survey.drawn_again, number)
        except DrawRefused:
            raise web.HTTPNotFound from None
        name = "changed" if same is None else "yes" if same else "no"
        raise self._desk.on(f"/desk/survey?draw={number}", pages.words["survey"]["repeated"][name])

    def _read(self, number: int, staff_no: str) -> tuple[list[Counted], list[Any], list[tuple[str, str]]]:
        people = self._survey.people()
        if not number:
            return [], [], people
        mine = self._survey.to_ask(number, staff_no) or self._survey.to_ask(number)
        return self._survey.counted(number), mine, people

    def _enter(self, number: int, household: str) -> str:
        query = {"kind": KIND, "household": household, "task": number, "back": "/desk/survey"}
        return f"/desk/register/new?{urlencode(query)}"


def _row(one: Counted, frame: int) -> tuple[str, int, int, int, str]:
    return one.community, frame, one.drawn, one.asked, _share(one.content.value, one.content.hits, one.content.of)


def _share(value: float | None, hits: int, of: int) -> str:
    """A share with the number that it stands on."""
    words = pages.words["survey"]
    return str(
        words["share"].format(value=f"{value:.0%}", hits=hits, of=of) if value is not None else words["no_share"]
    )


def _total(counted: list[Counted]) -> str:
    hits, of = sum(one.content.hits for one in counted), sum(one.content.of for one in counted)
    return _share(hits / of if of else None, hits, of)
