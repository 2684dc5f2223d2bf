"""Files from a messenger's server: asked for again when the network fails, and never silently dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bot.foundation.errors import Unavailable
from bot.notify.provider import Refused, Transient

#: between two tries, seconds
_WAITS = (0.5, 2.0, 6.0)
#: a server that asks for more patience than this does not get it: the resident waits for an answer
_MOST_S = 10.0


class Lost(Unavailable):
    """It could not be fetched; the message says why."""


async def fetch(get: Callable[[], Awaitable[bytes]], waits: Sequence[float] = _WAITS) -> bytes:
    """What `get` brings. Raises Lost after the last try, or at once when the server has no such file."""
    for wait in (*waits, None):
        try:
            return await get()
        except Refused as problem:
            raise Lost(str(problem)) from problem
        except Transient as problem:
            if wait is None:
                raise Lost(str(problem)) from problem
            await asyncio.sleep(min(max(wait, problem.retry_after or 0.0), _MOST_S))
    raise AssertionError("unreachable")
