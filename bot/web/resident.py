"""The residents' first page: call, write, what was reported from here, the numbers for what is urgent. It works without script:
a form that posts, and a page that shows the talk."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.database import database_away
from bot.grid.dialled import GridNumbers
from bot.grid.location import PersonCard
from bot.settings import Settings
from bot.speech.ear_card import EarCard
from bot.speech.remote.address import Reach, reach_of
from bot.tickets.own_case import OwnTurn
from bot.web.cases import Browsers, Cases, browser_of
from bot.web.conversation import Conversation
from bot.web.ear import ear_told
from bot.web.forms import Form, FormWrong, read_form, see
from bot.web.guard import Refused
from bot.web.pages import Pages
from bot.web.view import ForResidents, ResidentReports, ResidentTalk, shown
from bot.web.words import words

PAGES = Pages("resident.yml")
_GRID = re.compile(r"[A-Za-z0-9_-]{1,30}")


class _Said(Form):
    """What is written; `example` is one of ours that was tapped, `once` tells a double tap from a second sentence."""

    text: str = ""
    example: str = ""
    caller: str = ""
    grid: str = ""
    once: str = ""


class _Anew(Form):
    grid: str = ""


class ResidentPages:
    """Handlers of `/`, of what is written there, and of the page that says what is kept."""

    def __init__(
        self,
        conversation: Conversation,
        cases: Cases,
        browsers: Browsers,
        grids: GridNumbers,
        settings: Settings,
        ear: EarCard | None,
        managers: Callable[[str], Sequence[PersonCard]],
    ) -> None:
        """`managers`: whom the notice board of a grid names."""
        self._conversation, self._cases, self._browsers = conversation, cases, browsers
        self._grids, self._settings, self._ear, self._managers = grids, settings, ear, managers

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.page),
            web.post("/say", self.say),
            web.post("/anew", self.anew),
            web.get("/privacy", self.privacy),
            web.get("/phone", self.phone),
        ]

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The talk and the reports of this browser."""
        return await self.first(request, "resident.html", "/say")

    async def first(
        self, request: web.Request, template: str, action: str, *more: ForResidents, **values: Any
    ) -> web.StreamResponse:
        """The page with the talk; `action`: where what is written goes; `more` and `values` stand in it besides."""
        session = browser_of(request)
        grid = self._grid(request.query.get("grid", ""))
        ear = ear_told(self._ear) if self._conversation.hears else ""
        try:
            turns, reports, number = await self._own(session)
        except Exception as problem:
            if not database_away(problem):
                raise
            # What was said waits in a file; the page shows at least what was answered.
            turns, reports, number = [], ResidentReports((), self._settings.site, session), ""
        turns = self._conversation.with_answer(session, turns)
        views = (
            ResidentTalk(tuple(turns), self._settings.site, self._conversation.speech_of, self._conversation.again_s),
            reports,
            *more,
        )
        known = {
            "grid": grid, "action": action, "once": secrets.token_hex(12), "examples": words().examples, "ear": ear,
            "manager": next(iter(self._managers(grid)), None) if grid else None,
            "caller": number,
        }  # fmt: skip
        return self.answer(session or self._browsers.begin(), template, *views, **{**known, **values})

    async def _own(self, session: str) -> tuple[list[OwnTurn], ResidentReports, str]:
        return (
            await self._cases.talk(session), await self._cases.reports(session), await self._cases.number(session),
        )  # fmt: skip

    def answer(
        self, session: str, template: str, *views: ForResidents, status: int = 200, **values: Any
    ) -> web.StreamResponse:
        """A page that renders what is for residents, and nothing else of ours."""
        site = self._settings.site
        values = {"caller": "", "ear": "", "grid": "", "manager": None, **values}
        answer = PAGES.page(
            template, status, title=PAGES.words["title"].format(site=site.name), site=site.name, station=site.station,
            station_phone=site.station_phone, days=self._settings.recording.days, hears=self._conversation.hears,
            speaks=self._conversation.speaks, elsewhere=heard_elsewhere(self._settings), **shown(*views), **values,
        )  # fmt: skip
        self._browsers.keep(answer, session)
        return answer

    async def say(self, request: web.Request) -> web.StreamResponse:
        """One sentence; whoever reloads the answer says nothing again."""
        session, grid = await self.said(request)
        raise self.back(session, "/", grid)

    async def said(self, request: web.Request) -> tuple[str, str]:
        """Take what a form says: (the session, the grid of the notice board). Raises Refused."""
        try:
            form = await read_form(request, _Said)
        except FormWrong:
            raise Refused("no_json") from None
        session = browser_of(request) or self._browsers.begin()
        text = form.example or form.text
        # A page of the browser's past brings its word along: the same sentence is a double tap, another one is not.
        turn = hashlib.sha256(f"{form.once}:{text}".encode()).hexdigest()[:24] if form.once else ""
        grid = self._grid(form.grid)
        body = {
            "session": session.removeprefix("web-"), "text": text, "caller": form.caller, "id": turn,
            "dialled": f"grid_{grid}" if grid else "",
        }  # fmt: skip
        await self._conversation.answered(self._conversation.heard_in(body, request))
        return session, grid

    def back(self, session: str, path: str, grid: str, at: str = "now") -> web.HTTPSeeOther:
        """To the page again, at the newest of it; raise it."""
        query = f"?{urlencode({'grid': grid})}" if grid else ""
        found = see(f"{path}{query}#{at}")
        self._browsers.keep(found, session)
        return found

    async def anew(self, request: web.Request) -> web.StreamResponse:
        """This browser forgets; what was reported stays reported."""
        form = await read_form(request, _Anew)
        path = "/demo" if request.query.get("to") == "demo" else "/"
        raise self.back(self._browsers.begin(), path, self._grid(form.grid), "write")

    async def privacy(self, request: web.Request) -> web.StreamResponse:
        """What is kept, who reads it, how long, in plain words."""
        kept = self._settings.privacy
        return self.answer(
            browser_of(request) or self._browsers.begin(), "privacy.html",
            talk_days=kept.words_days, case_years=round(kept.cases_days / 365),
        )  # fmt: skip

    async def phone(self, request: web.Request) -> web.StreamResponse:
        """Nothing but the telephone."""
        return await self.first(request, "phone.html", "/say")

    def _grid(self, name: str) -> str:
        """A grid that there is; anything else is none."""
        return name if _GRID.fullmatch(name) and self._grids.grid_of_number(f"grid_{name}") else ""


def heard_elsewhere(settings: Settings) -> str:
    """What is said where voices go to another machine; empty where they stay on this one."""
    return {Reach.near: words().heard_near, Reach.far: words().heard_far}.get(reach_of(settings.speech), "")
