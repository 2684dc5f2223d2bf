"""Bodies of requests, read with a limit of size and time; what cannot be read is counted, not logged."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from aiohttp import web
from multidict import MultiDict, MultiDictProxy
from prometheus_client import CollectorRegistry, Counter

from bot.foundation.untrusted import Unreadable, json_of, typed

T = TypeVar("T")
#: a body has arrived after so long (s), or its connection is cut
SLOWEST_S = 20.0
#: of a body of JSON (bytes)
LARGEST_JSON = 64 * 1024

REGISTRY = CollectorRegistry()
_turned_away = Counter("gege_turned_away", "What strangers sent and nobody could read", ["reason"], registry=REGISTRY)


def count(reason: str) -> None:
    """Something was turned away; `reason` is a word of ours."""
    _turned_away.labels(reason).inc()


async def body(request: web.Request) -> bytes:
    """All of it. Raises Unreadable when it does not come, HTTPRequestEntityTooLarge when it is too large."""
    return await _in_time(request.read())


async def body_json(request: web.Request, most: int = LARGEST_JSON) -> Any:
    """The value of a JSON body, whatever its headers say of characters. Raises Unreadable."""
    return json_of(await body(request), most)


async def form(request: web.Request) -> MultiDictProxy[str | bytearray | bytes | web.FileField]:
    """The fields of a form, their text as somebody could have typed it (`typed`).

    Raises Unreadable for a charset that there is none of, a broken multipart, and the like."""
    try:
        sent = await _in_time(request.post())
        fields = ((name, typed(value) if isinstance(value, str) else value) for name, value in sent.items())
        return MultiDictProxy(MultiDict(fields))
    except (web.HTTPException, Unreadable):
        raise
    except (ValueError, LookupError, TypeError, AssertionError, RuntimeError):
        # Whatever the parser stumbles over is the sender's doing: nothing of ours has run yet.
        raise Unreadable("form") from None


async def _in_time(reading: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(SLOWEST_S):
            return await reading
    except TimeoutError:
        raise Unreadable("slow") from None
