"""Who of the staff has signed in on this browser: a signed cookie, set by a link that works once."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable

from aiohttp import web

from bot.database import now
from bot.foundation.untrusted import number, same
from bot.grid.location import PersonCard

COOKIE = "gege_staff"


class SignIn:
    """Sets and reads the cookie. `person` looks a staff number up: who has left is signed out at once."""

    def __init__(
        self,
        key: bytes,
        hours: float,
        person: Callable[[str], PersonCard | None],
        clock: Callable[[], dt.datetime] = now,
    ) -> None:
        self._key, self._life, self._person, self._clock = key, dt.timedelta(hours=hours), person, clock

    def staff_of(self, request: web.Request) -> PersonCard | None:
        """Who has signed in; None for a stranger, or when the time is over."""
        staff_no, _, rest = request.cookies.get(COOKIE, "").partition("|")
        until, _, signature = rest.partition("|")
        ends = number(until)
        if ends is None or not same(signature, self._sign(staff_no, until)):
            return None
        if self._clock().timestamp() >= ends:
            return None
        return self._person(staff_no)

    def let_in(self, response: web.StreamResponse, staff_no: str, secure: bool) -> None:
        """Sign somebody in with this response; `secure`: the site is reached by https."""
        until = str(int((self._clock() + self._life).timestamp()))
        response.set_cookie(
            COOKIE,
            f"{staff_no}|{until}|{self._sign(staff_no, until)}",
            max_age=int(self._life.total_seconds()),
            httponly=True,
            samesite="Strict",
            secure=secure,
        )

    def csrf(self, request: web.Request) -> str:
        """What a form of this browser carries, so that no other page can post it."""
        return hmac.new(
            self._key, b"csrf:" + request.cookies.get(COOKIE, "").encode("utf-8", "surrogatepass"), hashlib.sha256
        ).hexdigest()

    def own_form(self, request: web.Request, csrf: str) -> bool:
        return same(csrf, self.csrf(request))

    def _sign(self, staff_no: str, until: str) -> str:
        return hmac.new(
            self._key, f"signed-in:{staff_no}|{until}".encode("utf-8", "surrogatepass"), hashlib.sha256
        ).hexdigest()
