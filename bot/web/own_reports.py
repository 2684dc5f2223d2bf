"""我报过的: one report followed and answered by whoever made it; and the way to it from another browser."""

from __future__ import annotations

import asyncio
import secrets

from aiohttp import web

from bot.dialogue.port import Reply, Understanding
from bot.tickets.cards import TicketRefused
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.intake.danger import danger_in
from bot.tickets.intake.heard import Heard
from bot.tickets.own_case import OwnCase
from bot.web.cases import Browsers, Cases, browser_of
from bot.web.conversation import Conversation
from bot.web.forms import Fields, Form, FormWrong, read_form, see
from bot.web.guard import Refused
from bot.web.resident import PAGES, ResidentPages
from bot.web.view import ResidentReports, answers_to

_LONGEST = 1000


class _Act(Form):
    """`act`: add, number, call_off, or an answer to what is asked."""

    act: str = ""
    text: str = ""


class _Where(Form):
    where: str = ""


class _Code(Form):
    code: str = ""


class OwnReports:
    """Handlers of one site. `sends`: whether a code can reach anybody at all."""

    def __init__(
        self,
        pages: ResidentPages,
        conversation: Conversation,
        cases: Cases,
        browsers: Browsers,
        desk: TicketDesk,
        *,
        sends: bool,
    ) -> None:
        self._pages, self._conversation, self._cases, self._browsers = pages, conversation, cases, browsers
        self._desk, self._sends = desk, sends

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/mine/{key}", self.show),
            web.post("/mine/{key}", self.act),
            web.get("/find", self.find),
            web.post("/find", self.ask),
            web.get("/find/code", self.code),
            web.post("/find/code", self.enter),
        ]

    # ---- one report -----------------------------------------------------------------------------

    async def show(self, request: web.Request) -> web.StreamResponse:
        """How far it is, and what can be said about it."""
        session, case = await self._own(request)
        told = PAGES.words["report"]["told"].get(request.query.get("told", ""), "")
        view = ResidentReports((case,), self._cases.site, session)
        return self._pages.answer(session, "report.html", view, told=told, key=request.match_info["key"])

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Something that its reporter says about it; then the page as it stands now."""
        session, case = await self._own(request)
        form = await _form(request, _Act)
        text = form.text[:_LONGEST]
        if form.act == "add" and danger_in(text):
            # Somebody is in danger: that is a report of its own, and the words of safety come first.
            heard = {"session": session.removeprefix("web-"), "text": text, "id": secrets.token_hex(12)}
            await self._conversation.answered(self._conversation.heard_in(heard, request))
            raise self._pages.back(session, "/", "")
        try:
            told = await asyncio.to_thread(self._do, session, case, form.act, text)
        except TicketRefused:
            told = "late"
        answer = see(f"/mine/{request.match_info['key']}?told={told}")
        self._browsers.keep(answer, session)
        raise answer

    def _do(self, session: str, case: OwnCase, act: str, text: str) -> str:
        """What is said about it, and which of our sentences answers. Blocks. Raises TicketRefused."""
        if act == "add":
            return self._add(session, case, text) if text else "late"
        if act == "number":
            left = self._desk.following.leave_number(session, case.ticket_no, text)
            return "number" if left else "no_number"
        if act == "call_off" and case.may_call_off:
            self._desk.cancel(case.ticket_no)
            return "called_off"
        if act in answers_to(case.asked):
            self._desk.answers.answer(case.ticket_no, act, comment=text)
            return act
        return "late"

    def _add(self, session: str, case: OwnCase, text: str) -> str:
        """A word for whoever has it, kept like every other that is written here."""
        heard = Heard(f"{session[:36]}-{secrets.token_hex(12)}"[:64], session, text, caller=Caller.by(Channel.web))
        reply = Reply((PAGES.words["added"],), Understanding(text, "inform", 1.0, False), ticket_no=case.ticket_no)
        self._desk.keep(heard)
        self._desk.add(case.ticket_no, note=text)
        self._desk.answer(heard.id, reply.as_json())
        return "added"

    async def _own(self, request: web.Request) -> tuple[str, OwnCase]:
        """The report that an address names, for the browser whose it is; for every other there is no such page."""
        session = browser_of(request)
        case = await self._cases.report(session, request.match_info["key"]) if session else None
        if case is None:
            raise Refused("not_here", 404)
        return session, case

    # ---- from another browser -------------------------------------------------------------------

    async def find(self, request: web.Request) -> web.StreamResponse:
        """By which number was it reported?"""
        return self._pages.answer(self._session(request), "find.html", step="where" if self._sends else "", told="")

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """A code goes to who reported; the page that follows is the same when there is nobody."""
        session = self._session(request)
        form = await _form(request, _Where)
        if self._sends and form.where:
            await asyncio.to_thread(self._desk.following.ask, session, form.where[:80])
        answer = see("/find/code")
        self._browsers.keep(answer, session)
        raise answer

    async def code(self, request: web.Request) -> web.StreamResponse:
        """Where the code is written."""
        told = PAGES.words["find"]["wrong" if "wrong" in request.query else "sent"]
        return self._pages.answer(self._session(request), "find.html", step="code", told=told)

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """The code that came."""
        session = self._session(request)
        form = await _form(request, _Code)
        right = await asyncio.to_thread(self._desk.following.enter, session, form.code[:20])
        answer = see("/#mine" if right else "/find/code?wrong")
        self._browsers.keep(answer, session)
        raise answer

    def _session(self, request: web.Request) -> str:
        return browser_of(request) or self._browsers.begin()


async def _form(request: web.Request, model: type[Fields]) -> Fields:
    try:
        return await read_form(request, model)
    except FormWrong:
        raise Refused("no_json") from None
