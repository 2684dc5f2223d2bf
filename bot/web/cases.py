"""Which talk and which reports belong to which browser: those of the random name that it keeps in a cookie."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.settings import SiteSettings
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.own_case import OwnCase, OwnTurn
from bot.tickets.reporter import Reporter
from bot.web.guard import Refused
from bot.web.view import ResidentCase, ResidentReports, key_of

#: holds the name of the browser's conversation, and nothing else
COOKIE = "gege_talk"
#: a browser keeps it so long (s) after it was used last
_A_WEEK = 7 * 24 * 3600
_SESSION = re.compile(r"[A-Za-z0-9_-]{8,64}")


def session_of(values: Mapping[str, Any]) -> str:
    """The dialogue's session that a program names as `session`; the name is its secret. Raises Refused."""
    session = values.get("session")
    if not isinstance(session, str) or not _SESSION.fullmatch(session):
        raise Refused("no_session")
    return f"web-{session}"


def browser_of(request: web.Request) -> str:
    """The session of the browser that asks; "" for one that has none yet."""
    name = request.cookies.get(COOKIE, "")
    return f"web-{name}" if _SESSION.fullmatch(name) else ""


class Browsers:
    """Gives browsers their names. `secure`: the site is reached by https."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure

    def begin(self) -> str:
        """A new session that nobody can guess."""
        return f"web-{secrets.token_hex(16)}"

    def keep(self, answer: web.StreamResponse, session: str) -> None:
        """Let the browser keep it. No script reads it; a page of another site sends it with no form."""
        answer.set_cookie(
            COOKIE, session.removeprefix("web-"), max_age=_A_WEEK, httponly=True, samesite="Lax", secure=self._secure
        )


class Cases:
    """Asks the desk by the conversation alone: neither a number that was typed nor a ticket that a turn touched counts."""

    def __init__(self, desk: TicketDesk, site: SiteSettings) -> None:
        self._desk, self.site = desk, site

    async def call_begun(self, session: str, call_id: str) -> None:
        """The page of this session has begun a call: a conversation of its own name."""
        await asyncio.to_thread(self._desk.following.call_begun, session, call_id)

    async def leave_number(self, session: str, ticket_no: str, number: str) -> bool:
        """Where to call back about a report of this page."""
        return await asyncio.to_thread(self._desk.following.leave_number, session, ticket_no, number)

    def reporter(self, session: str) -> Reporter:
        """The conversation of this page that reported last. Blocks."""
        return Reporter(Caller.by(Channel.web), self._desk.following.conversation(session))

    async def of_session(self, session: str) -> ResidentCase:
        """The newest case as it stands now."""
        return ResidentCase(await asyncio.to_thread(self._desk.following.newest, session), self.site)

    async def reports(self, session: str) -> ResidentReports:
        """All reports that the page may follow."""
        found = await asyncio.to_thread(self._desk.following.reports, session) if session else []
        return ResidentReports(tuple(found), self.site, session)

    async def report(self, session: str, key: str) -> OwnCase | None:
        """One of them, by its key."""
        found = await self.reports(session)
        return next((one for one in found.reports if key_of(session, one.ticket_no) == key), None)

    async def talk(self, session: str) -> list[OwnTurn]:
        """What was said on the page and in calls from it."""
        return await asyncio.to_thread(self._desk.following.talk, session) if session else []

    async def number(self, session: str) -> str:
        """Where to call back, as it was typed on this page last."""
        return await asyncio.to_thread(self._desk.following.number, session) if session else ""
