"""Four acts without a signal (take, on site, done, note or photo): the worker, what it says, and how a late press is
answered."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from bot.web.assets import asset
from bot.web.forms import Form
from bot.web.pages import Pages

_pages = Pages("desk/offline.yml")
#: header by which a telephone forgets what it keeps: its pages, or all with what was not sent
WIPE, WIPE_PAGES, WIPE_ALL = "Gege-Wipe", "pages", "all"
#: a press that arrives later than this was kept without a signal, and its note says when it was made
_LATE = dt.timedelta(minutes=2)
#: of a photo, bytes
LARGEST_PHOTO = 16 * 1024 * 1024


class Pressed(Form):
    """What every kept form carries: which press it is, and how many seconds ago it was made (no clock is trusted)."""

    press: Annotated[str, Field(max_length=64)] = ""
    ago: Annotated[int, Field(ge=0, le=30 * 86_400)] = 0


class OfflinePages:
    """What a telephone loads for the time without a signal. Nothing here is anybody's: no sign-in is asked for."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/desk/worker.js", self.worker), web.get("/desk/offline", self.nothing)]

    async def worker(self, _request: web.Request) -> web.StreamResponse:
        """The worker, for all pages of the desk; it changes with every version of the files."""
        headers = {"Service-Worker-Allowed": "/desk", "Cache-Control": "no-cache"}
        return web.Response(
            text=f'import "{asset("desk-worker.js")}";\n', content_type="text/javascript", headers=headers
        )

    async def nothing(self, _request: web.Request) -> web.StreamResponse:
        """What is shown when there is neither a signal nor a kept page."""
        return _pages.page("desk/offline.html")


def offline_words() -> dict[str, object]:
    """What the page's script says."""
    return _pages.words


def late_note(note: str, ago: int, zone: ZoneInfo, at: dt.datetime) -> str:
    """A note with when the press was made, where that was a while before it arrived: the evidence of who was there in
    time."""
    before = dt.timedelta(seconds=ago)
    if before < _LATE:
        return note
    late = str(_pages.words["late"]).format(time=(at - before).astimezone(zone).strftime("%H:%M"))
    return f"{note}（{late}）" if note else late


def by_script(request: web.Request) -> bool:
    """Whether a script sent the form, and reads the answer."""
    return "application/json" in request.headers.get("Accept", "")


def answered(done: bool, said: str, to: str) -> web.Response:
    """The answer for the script: whether it was done, a sentence, and where to go on."""
    return web.json_response({"done": done, "said": said, "to": to}, headers={"Cache-Control": "no-store"})
