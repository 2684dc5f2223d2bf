"""What every page of the desk stands in: the rail, who has signed in, and the word that its forms carry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.doors.devices import SignedIn
from bot.foundation import bodies
from bot.foundation.words import load
from bot.grid.models import Role
from bot.web.desk.offline import WIPE, WIPE_ALL, WIPE_PAGES, offline_words
from bot.web.desk.told import Told
from bot.web.forms import Fields, FormWrong, read_form, see
from bot.web.pages import Pages
from bot.web.signing_in import SignIn

_HERE = Path(__file__).parent
#: a ticket's number, and the part of an address that holds one
NUMBER = "GD[0-9]{6,18}"
TICKET = f"{{ticket_no:{NUMBER}}}"


@dataclass(frozen=True)
class Entry:
    """One entry of the rail."""

    path: str
    label: str
    icon: str
    more: bool = False
    roles: tuple[str, ...] = ()
    #: what a screen reader says, and a desk shows, where a telephone's picture says it all
    spoken: str = ""


@dataclass(frozen=True)
class DeskWords:
    """desk.yml."""

    title: str
    rail_name: str
    rail: tuple[Entry, ...]
    closed: str
    stale: str
    supervisor: str


@cache
def desk_words() -> DeskWords:
    return load(DeskWords, _HERE / "desk.yml")


Handler = Callable[[web.Request, SignedIn], Awaitable[web.StreamResponse]]


class Desk:
    """The frame of all desk pages: lets those in who may, draws the page around a screen, and says there what a form did."""

    def __init__(self, sign_in: SignIn, told: Told) -> None:
        self._sign_in, self._told = sign_in, told

    def open_to(self, handler: Handler, *roles: Role) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """A handler for who has signed in (with one of `roles`, when given); everybody else gets a plain page. A
        supervisor, who is no employee, gets in only where the roles name them."""

        async def handle(request: web.Request) -> web.StreamResponse:
            who = await self._sign_in.staff_of(request)
            if who is None or (who.role not in roles if roles else who.role == Role.supervisor):
                watches = who is not None and who.role == Role.supervisor
                answer = _sentence(desk_words().supervisor if watches else desk_words().closed, 403)
                if who is None:
                    # A telephone that was put out forgets all that it keeps; one whose time is over, what it shows.
                    gone = await self._sign_in.put_out(request)
                    answer.headers[WIPE] = WIPE_ALL if gone else WIPE_PAGES
                return answer
            try:
                return await handler(request, who)
            except FormWrong:
                return _sentence(desk_words().stale, 400)

        return handle

    async def form(self, request: web.Request, who: SignedIn, model: type[Fields]) -> Fields:
        """The form of a page of ours. Raises FormWrong, Unreadable, and HTTPForbidden for a form that is not ours."""
        # First of all: what a foreign page typed is not even shown again.
        if not await self._sign_in.own_form(request, str((await bodies.form(request)).get("csrf", ""))):
            raise web.HTTPForbidden
        return await read_form(request, model)

    def on(self, path: str, sentence: str) -> web.HTTPSeeOther:
        """The page after a form, which says a sentence once; raise it."""
        answer = see(path)
        self.tell(answer, sentence)
        return answer

    def tell(self, answer: web.StreamResponse, sentence: str) -> None:
        """Let the next page of this browser say it."""
        self._told.say(answer, sentence)

    def page(
        self, request: web.Request, who: SignedIn, pages: Pages, template: str, status: int = 200, *,
        told: str | None = None, **values: Any,
    ) -> web.Response:  # fmt: skip
        """A screen within its frame; `who`, `csrf` and the rail stand in it beside the `values`. `told`: what it says in
        place of the sentence that waits for the next page (`on`)."""
        words = desk_words()
        rail = [
            {
                "path": one.path, "label": one.label, "icon": one.icon, "spoken": one.spoken, "more": one.more,
                "here": request.path == one.path or request.path.startswith(one.path + "/") and one.path != "/desk",
            }
            for one in words.rail
            if not one.roles or who.role in one.roles
        ]  # fmt: skip
        answer = pages.page(
            template, status, who=who, csrf=who.csrf, rail=rail, rail_name=words.rail_name, offline=offline_words(),
            told=self._told.read(request) if told is None else told, **values,
        )  # fmt: skip
        if told is None:
            self._told.forget(request, answer)
        return answer


def _sentence(text: str, status: int) -> web.Response:
    return Pages("staff.yml").page("page.html", status, say=text)
