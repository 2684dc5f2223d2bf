"""The way in for desks, and out: password and code; the list of one's devices, each of which can be put out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from bot.doors.devices import ASKED, PASSWORD, PASSWORD_ROLES, SignedIn
from bot.doors.passwords import KNOWN, LONGEST, DoorRefused, Passwords, Second
from bot.foundation.local_time import local
from bot.grid.registry import Registry
from bot.web.codes import code
from bot.web.desk.layout import Desk
from bot.web.desk.offline import WIPE, WIPE_ALL
from bot.web.forms import Form, FormWrong, read_form, see
from bot.web.pages import Pages
from bot.web.signing_in import SignIn

_pages = Pages("desk/door.yml")
#: where who has signed out lands: the telephone then forgets what it kept for the time without a signal
SIGNED_OUT = "/desk/sign-in?out"
#: kept by a browser that a password let in once: strangers' guesses do not hold it
_KNOWN = "gege_known"
#: passwords that are looked at at the same moment (64 MiB each), and that may wait for it
_AT_ONCE, _MOST_WAITING = 2, 40
#: second factors that are being set up, by device; each page that is opened makes a new one
_MOST_BEGUN = 200


class _Entrance(Form):
    staff_no: Annotated[str, Field(max_length=40)]
    password: Annotated[str, Field(max_length=LONGEST)]
    code: Annotated[str, Field(max_length=20)]


class _NewPassword(Form):
    password: Annotated[str, Field(max_length=LONGEST)]
    code: Annotated[str, Field(max_length=20)]


class _Out(Form):
    device: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class DoorPages:
    """Handlers of one site."""

    def __init__(
        self,
        desk: Desk,
        sign_in: SignIn,
        passwords: Passwords,
        registry: Registry,
        zone: ZoneInfo,
        busy: Callable[[str], dict[str, Any]] | None = None,
    ) -> None:
        """`busy`: the switch 骑车中 of somebody, as 我 shows it."""
        self._desk, self._sign_in, self._passwords, self._registry = desk, sign_in, passwords, registry
        self._zone, self._busy = zone, busy
        self._begun: dict[int, Second] = {}
        self._looking, self._waiting = asyncio.Semaphore(_AT_ONCE), 0

    def routes(self) -> list[web.RouteDef]:
        mine = self._desk.open_to
        return [
            web.get("/desk/sign-in", self.ask),
            web.post("/desk/sign-in", self.enter),
            web.get("/desk/password", mine(self.new_password, *PASSWORD_ROLES)),
            web.post("/desk/password", mine(self.set_password, *PASSWORD_ROLES)),
            web.get("/desk/me", mine(self.me)),
            web.post("/desk/me/out", mine(self.out)),
        ]

    # ---- in -------------------------------------------------------------------------------------

    async def ask(self, request: web.Request) -> web.StreamResponse:
        """The form."""
        if await self._sign_in.staff_of(request) is not None:
            raise see("/desk")
        answer = self._form()
        if "out" in request.query:
            answer.headers[WIPE] = WIPE_ALL
        return answer

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """Password and code; who has neither comes in by a message."""
        try:
            entrance = await read_form(request, _Entrance)
            await self._check(entrance, request.cookies.get(_KNOWN, ""))
        except FormWrong:
            return self._form("wrong")
        except DoorRefused as refused:
            return self._form(refused.reason, entrance.staff_no)
        person = await asyncio.to_thread(self._registry.person, entrance.staff_no)
        if person is None:
            return self._form("wrong")
        await self._sign_in.let_in(request, person.staff_no, person.role, PASSWORD)
        answer, known = see("/desk"), await asyncio.to_thread(self._passwords.known_browser, person.staff_no)
        answer.set_cookie(
            _KNOWN, known, max_age=int(KNOWN.total_seconds()), path="/desk/sign-in", httponly=True, samesite="Lax",
            secure=self._sign_in.secure,
        )  # fmt: skip
        raise answer

    async def _check(self, entrance: _Entrance, browser: str) -> None:
        """A few at a time, and the rest without a thread: a flood of guesses keeps nobody from working. Raises
        DoorRefused."""
        if self._waiting >= _MOST_WAITING:
            raise DoorRefused("wait")
        self._waiting += 1
        try:
            async with self._looking:
                await asyncio.to_thread(
                    self._passwords.check, entrance.staff_no, entrance.password, entrance.code, browser
                )
        finally:
            self._waiting -= 1

    def _form(self, wrong: str = "", staff_no: str = "") -> web.Response:
        said = _pages.words["sign_in"].get(wrong, "")
        return _pages.page(
            "desk/sign_in.html", 403 if wrong else 200, it=_pages.words["sign_in"], wrong=said, staff_no=staff_no
        )

    async def new_password(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """A new password and a new second factor, for who was let in by a link that they asked for: whoever finds an
        open desk, or tries the sample county, makes no way in for later."""
        if who.way != ASKED:
            return _pages.say(_pages.words["password"]["asked_only"], 403)
        return self._ask_password(request, who)

    async def set_password(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Kept once the telephone shows a right code; whoever else is in with the old one is out."""
        if who.way != ASKED:
            return _pages.say(_pages.words["password"]["asked_only"], 403)
        try:
            new = await self._desk.form(request, who, _NewPassword)
        except FormWrong:
            return self._ask_password(request, who, "short")
        begun = self._begun.get(who.device_id)
        if begun is None:
            raise see("/desk/password")
        try:
            await asyncio.to_thread(self._passwords.set, who.staff_no, new.password, begun.secret, new.code)
        except DoorRefused as refused:
            return self._ask_password(request, who, "code_wrong" if refused.reason == "code" else refused.reason)
        self._begun.pop(who.device_id, None)
        await asyncio.to_thread(self._sign_in.devices.end_others, who.staff_no, who.device_id)
        raise see("/desk")

    def _ask_password(self, request: web.Request, who: SignedIn, wrong: str = "") -> web.Response:
        begun = self._begun.get(who.device_id) or self._passwords.begin(who.staff_no)
        while len(self._begun) >= _MOST_BEGUN:
            del self._begun[next(iter(self._begun))]
        self._begun[who.device_id] = begun
        words = _pages.words["password"]
        return self._desk.page(
            request, who, _pages, "desk/password.html", 400 if wrong else 200, it=words, wrong=words.get(wrong, ""),
            picture=code(begun.address), secret=begun.secret,
        )  # fmt: skip

    # ---- out ------------------------------------------------------------------------------------

    async def me(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Who I am here, and where else I am signed in."""
        devices = await asyncio.to_thread(self._sign_in.devices.list, who.staff_no)
        words = _pages.words["me"]
        shown = [
            (
                one,
                words["ways"].get(one.way, ""),
                words["since"].format(when=local(one.since, self._zone), seen=local(one.seen_at, self._zone)),
            )
            for one in devices
        ]
        busy = await asyncio.to_thread(self._busy, who.staff_no) if self._busy else None
        return self._desk.page(request, who, _pages, "desk/me.html", it=words, devices=shown, busy=busy)

    async def out(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Put out one device, or (without one) all of them."""
        wanted = await self._desk.form(request, who, _Out)
        if wanted.device == who.device_id:
            await self._sign_in.let_out(request)
        else:
            await asyncio.to_thread(self._sign_in.devices.end, who.staff_no, wanted.device or None)
        raise see("/desk/me" if wanted.device and wanted.device != who.device_id else SIGNED_OUT)
