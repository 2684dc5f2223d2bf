"""Who of the staff has signed in on this browser: a session of aiohttp-session, kept as a device in the database."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Middleware
from aiohttp_session import AbstractStorage, Session, get_session, new_session, session_middleware

from bot.doors.devices import DESK_LIFE, PASSWORD_ROLES, PHONE_LIFE, SAMPLE, Devices, SignedIn
from bot.foundation.untrusted import same
from bot.grid.models import Role
from bot.web.device_names import device_name

COOKIE = "gege_staff"
_WHO, _WAY, _LIFE = "staff_no", "way", "life"
_SIGNED_IN = web.RequestKey("signed_in", SignedIn)


class _DeviceShelf(AbstractStorage):
    """Sessions as rows: a cookie holds a key, the row says whose it is; nothing else is kept between requests."""

    def __init__(self, devices: Devices, sample: Callable[[], bool], *, secure: bool) -> None:
        # Lax: a link in a message on the web leads here with the cookie; forms carry a word of their own besides.
        super().__init__(
            cookie_name=COOKIE, max_age=int(PHONE_LIFE.total_seconds()), httponly=True, samesite="Lax", secure=secure
        )
        self._devices, self._sample = devices, sample

    async def load_session(self, request: web.Request) -> Session:
        key = self.load_cookie(request)
        found = await asyncio.to_thread(self._devices.of, key) if key else None
        if found is not None and found.way == SAMPLE and not await asyncio.to_thread(self._sample):
            found = None  # real people live here now; whoever tried the sample county is nobody
        if found is None:
            return Session(None, data=None, new=True, max_age=self.max_age)
        request[_SIGNED_IN] = found
        return Session(key, data={"session": {_WHO: found.staff_no}}, new=False, max_age=self.max_age)

    async def save_session(self, request: web.Request, response: web.StreamResponse, session: Session) -> None:
        if session.empty:
            self.save_cookie(response, "", max_age=0)
            return
        life = cast(dt.timedelta, session.pop(_LIFE, PHONE_LIFE))
        label = device_name(request.headers.get("User-Agent", ""))
        way = str(session.get(_WAY, ""))
        key = await asyncio.to_thread(self._devices.admit, session[_WHO], label, way, life, tells=way != SAMPLE)
        self.save_cookie(response, key, max_age=int(life.total_seconds()))


class SignIn:
    """Lets people in and out, and knows them again. A role is the database's, at every request."""

    def __init__(
        self,
        devices: Devices,
        *,
        secure: bool = False,
        desk_life: dt.timedelta = DESK_LIFE,
        sample: Callable[[], bool] = lambda: True,
    ) -> None:
        """`secure`: the site is reached by https; `sample`: whether the county is the invented one still."""
        self.devices, self.secure, self._desk_life = devices, secure, desk_life
        self._shelf = _DeviceShelf(devices, sample, secure=secure)

    @property
    def middleware(self) -> Middleware:
        """What the application needs."""
        return session_middleware(self._shelf)

    async def staff_of(self, request: web.Request) -> SignedIn | None:
        """Who has signed in; None for a stranger, when the time is over, or when the device was put out."""
        await get_session(request)
        return request.get(_SIGNED_IN)

    async def put_out(self, request: web.Request) -> bool:
        """Whether this browser was signed in once and has been put out (lost, left, signed out elsewhere)."""
        key = request.cookies.get(COOKIE, "")
        return bool(key) and await asyncio.to_thread(self.devices.put_out, key)

    async def let_in(self, request: web.Request, staff_no: str, role: str, way: str) -> None:
        """Sign somebody in on this browser, with the answer to this request."""
        before = await self.staff_of(request)
        if before is not None:
            await asyncio.to_thread(self.devices.end, before.staff_no, before.device_id)
        session = await new_session(request)  # a new key: what a stranger planted before is worth nothing
        session[_WHO], session[_WAY] = staff_no, way
        session[_LIFE] = self._desk_life if Role(role) in PASSWORD_ROLES else PHONE_LIFE

    async def let_out(self, request: web.Request) -> None:
        """Sign this browser out."""
        who = await self.staff_of(request)
        if who is not None:
            await asyncio.to_thread(self.devices.end, who.staff_no, who.device_id)
        (await get_session(request)).invalidate()

    async def own_form(self, request: web.Request, csrf: str) -> bool:
        """Whether a form was made for this device by us."""
        who = await self.staff_of(request)
        return who is not None and same(csrf, who.csrf)
