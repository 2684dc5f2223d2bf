"""What stands before every request: the right host, no foreign page, plain errors, security headers."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from bot.foundation import bodies, errors, logs
from bot.foundation.untrusted import Unreadable
from bot.web.pages import Pages
from bot.web.words import words

log = logging.getLogger(__name__)

#: of every answer; what begins to answer before it is done (a stream) sets them itself
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; media-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self';"
        " frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # not "no-referrer": a form of our own would then come from nowhere ("Origin: null")
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}
_pages = Pages("trouble.yml")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Refused(errors.Refused):
    """A request that is answered with a sentence of words.yml."""

    def __init__(self, name: str, status: int = 400) -> None:
        super().__init__(name)
        self.name, self.status = name, status


def sentence(name: str, status: int) -> web.Response:
    """An error as the page shows it: `{"error": "a plain sentence"}`."""
    return web.json_response({"error": words().errors[name]}, status=status)


def guard(hosts: Iterable[str]) -> Middleware:
    """The middleware. `hosts` are the names that the site is reached by, beside loopback."""
    known = {*_LOOPBACK, *(host.lower() for host in hosts)}
    faults = _Faults()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        logs.note(request=secrets.token_hex(4))
        try:
            # A foreign name that points here (DNS rebinding) must not read the page's data.
            if _name(f"//{request.host}") not in known or not _own_page(request, known):
                response: web.StreamResponse = sentence("stranger", 403)
            elif "\0" in request.path or "\0" in request.query_string:
                response = _told(request, "not_found", 404)  # nothing is called so, and a database refuses the question
            else:
                response = await handler(request)
        except Refused as refused:
            response = _told(request, refused.name, refused.status)
        except Unreadable as unreadable:
            bodies.count(unreadable.reason)
            response = _told(request, "no_json", 408 if unreadable.reason == "slow" else 400)
            response.force_close()
        except web.HTTPException as problem:
            response = _plain(request, problem)
        except Exception as problem:
            faults.tell(request, problem)
            response = _told(request, "lost", 500)
        response.headers.update(HEADERS)
        # What does not say how long it may be kept is kept by nobody: answers, redirects, errors.
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


class _Faults:
    """Handlers that broke: each kind is logged with its frames once a minute, and counted always.

    The path of a request is not logged: it holds links that work, and numbers of cases."""

    def __init__(self, every_s: float = 60.0) -> None:
        self._every_s = every_s
        self._told: dict[tuple[str, str], float] = {}

    def tell(self, request: web.Request, problem: Exception) -> None:
        resource = request.match_info.route.resource
        where, at = resource.canonical if resource else "a page", time.monotonic()
        bodies.count("fault")
        key = (where, type(problem).__qualname__)
        if at - self._told.get(key, -self._every_s) >= self._every_s:
            self._told[key] = at
            log.exception("%s %s failed", request.method, where)


def from_own_page(request: web.Request) -> bool:
    """A websocket is opened by our own page and by nobody else: browsers let every page open one, and say whose it is."""
    try:
        return urlsplit(request.headers.get("Origin", "")).netloc == request.host
    except ValueError:
        return False


def _name(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def _own_page(request: web.Request, known: set[str]) -> bool:
    """Requests that change something come from our own page, or from no page at all (curl)."""
    if request.method in ("GET", "HEAD"):
        return True
    origin = request.headers.get("Origin")
    return origin is None or (_name(origin) in known and urlsplit(origin).netloc == request.host)


def _told(request: web.Request, name: str, status: int) -> web.Response:
    """A sentence as whoever asks reads it: a page for somebody in front of a browser, JSON for a script of ours."""
    if "text/html" not in request.headers.get("Accept", "") or request.path.startswith("/api/"):
        return sentence(name, status)
    back = "/desk" if request.path.startswith("/desk") else "/"
    return _pages.page("trouble.html", status, say=words().errors[name], back=back)


def _plain(request: web.Request, problem: web.HTTPException) -> web.StreamResponse:
    names = {403: "stale", 404: "not_found", 405: "wrong_method", 413: "too_big"}
    if problem.status >= 400:
        return _told(request, names.get(problem.status, "no_json"), problem.status)
    answer = web.Response(status=problem.status, headers={"Location": problem.headers.get("Location", "/")})
    answer.cookies.update(problem.cookies)  # whoever was let in with it
    return answer


def runner_of(app: web.Application, idle_s: float = 15.0) -> web.AppRunner:
    """A server for the application that cuts who is slow: half a head, a rest of a body that nobody waits for, or
    nothing at all for `idle_s`. A request that is no HTTP is counted, without a line for each."""
    server = logging.getLogger("aiohttp.server")
    if not any(isinstance(one, _CountsBadHttp) for one in server.filters):
        server.addFilter(_CountsBadHttp())
    # A browser that keeps its connection open must not keep us from stopping.
    return web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=2.0,
        keepalive_timeout=idle_s,
        lingering_time=min(2.0, idle_s),
        logger=server,
    )


class _CountsBadHttp(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], HttpProcessingError):
            bodies.count("http")
            return False
        return True
