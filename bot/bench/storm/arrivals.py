"""When whom comes: moments drawn by a seed that nobody's answer delays, and what was seen of each."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator


def moments(count: int, seconds: float, dice: random.Random) -> list[float]:
    """So many moments (s) of a Poisson stream over so many seconds, in order."""
    return sorted(dice.random() * seconds for _ in range(count))


async def arrive(at: Iterator[tuple[float, Callable[[], Awaitable[None]]]]) -> float:
    """Begin each at its moment, whatever became of those before; → the latest beginning behind its moment (s). Ends when
    all have ended."""
    began, late, tasks = time.monotonic(), 0.0, set[asyncio.Future[None]]()
    for moment, begin in at:
        wait = began + moment - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        late = max(late, -wait)
        tasks.add(asyncio.ensure_future(begin()))
    await asyncio.gather(*tasks)
    return late
