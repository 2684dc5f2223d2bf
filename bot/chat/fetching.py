"""Files from a messenger's server: asked for again when the network fails, and never silently dropped."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

from bot.foundation.backoff import Backoff
from bot.foundation.errors import Unavailable
from bot.notify.provider import Refused, Transient

#: the resident waits for an answer: a server that asks for more patience than this does not get it
_AGAIN = Backoff(first_s=0.5, most_s=6.0, factor=4.0, tries=4, most_asked_s=10.0)


class Lost(Unavailable):
    """It could not be fetched; the message says why."""


async def fetch(get: Callable[[], Awaitable[bytes]], again: Backoff = _AGAIN) -> bytes:
    """What `get` brings. Raises Lost after the last try, or at once when the server has no such file."""
    for failed in itertools.count(1):
        try:
            return await get()
        except Refused as problem:
            raise Lost(str(problem)) from problem
        except Transient as problem:
            wait = again.wait(failed, asked_s=problem.retry_after)
            if wait is None:
                raise Lost(str(problem)) from problem
            await asyncio.sleep(wait)
    raise AssertionError("unreachable")
