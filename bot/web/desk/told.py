"""A sentence for the next page, after a form was posted: signed, in a cookie of a minute, shown once."""

from __future__ import annotations

from aiohttp import web
from itsdangerous import BadSignature, URLSafeTimedSerializer

_COOKIE, _SALT, _LIFE_S = "gege_told", "told", 60
#: what a cookie may hold
_LONGEST = 300


class Told:
    """Says something on the next page of the same browser."""

    def __init__(self, key: bytes, *, secure: bool = False) -> None:
        """`secure`: the site is reached by https."""
        self._secure = secure
        self._signed = URLSafeTimedSerializer(key, salt=_SALT)

    def say(self, answer: web.StreamResponse, sentence: str) -> None:
        """Let the next page say it."""
        answer.set_cookie(
            _COOKIE,
            self._signed.dumps(sentence[:_LONGEST]),
            max_age=_LIFE_S,
            path="/desk",
            httponly=True,
            samesite="Lax",
            secure=self._secure,
        )

    def read(self, request: web.Request) -> str:
        """What is to be said now; empty for nothing. The page's answer forgets it (`forget`)."""
        try:
            return str(self._signed.loads(request.cookies.get(_COOKIE, ""), max_age=_LIFE_S))
        except BadSignature:
            return ""

    @staticmethod
    def forget(request: web.Request, answer: web.StreamResponse) -> None:
        """It has been said."""
        if _COOKIE in request.cookies:
            answer.del_cookie(_COOKIE, path="/desk")
