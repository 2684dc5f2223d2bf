"""The web application: the first page, its API, and what guards both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from bot.dialogue.port import Dialogue
from bot.settings import Settings
from bot.speech.recognise import Recogniser
from bot.speech.speak import Voice
from bot.tickets.desk import TicketDesk
from bot.voice.intake import GridNumbers, Intake, intake_of
from bot.web.conversation import MAX_BODY, Conversation
from bot.web.guard import guard
from bot.web.staff import StaffPages
from bot.web.view import NoticeText, notice_text

STATIC = Path(__file__).with_name("static")


def make_app(
    dialogue: Dialogue,
    recogniser: Recogniser | None,
    voice: Voice | None,
    desk: TicketDesk,
    registry: GridNumbers,
    settings: Settings,
    *,
    intake: Intake | None = None,
    text_of: NoticeText = notice_text,
    hosts: Sequence[str] = (),
    staff: StaffPages | None = None,
) -> web.Application:
    """The application; `recogniser` and `voice` may be missing, the page then offers only writing.

    `hosts`: names that the site is reached by, beside loopback and what the settings say; `staff`: the pages behind
    the links in staff's messages."""
    conversation = Conversation(
        dialogue, recogniser, voice, desk, settings, intake or intake_of(desk, registry), text_of
    )
    app = web.Application(client_max_size=MAX_BODY, middlewares=[guard((*site_hosts(settings), *hosts))])
    app.router.add_get("/", _page)
    app.router.add_routes(conversation.routes())
    if staff is not None:
        app.router.add_routes(staff.routes())
    app.router.add_static("/static", STATIC)
    return app


def site_hosts(settings: Settings) -> list[str]:
    """The names that the settings say the site is reached by."""
    public = urlsplit(settings.web.public_url).hostname
    return [settings.web.host, *settings.web.hosts, *([public] if public else [])]


async def _page(_request: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})
