"""Sound on its way to an ear that may lag behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator


async def gathered(sound: asyncio.Queue[bytes | None], patience_s: float | None = None) -> AsyncIterator[bytes]:
    """What has come meanwhile, all at once: who lags behind catches up. Ends with the None that ends the turn.

    Raises TimeoutError when nothing comes for `patience_s`."""
    over = False
    while not over:
        async with asyncio.timeout(patience_s):
            waiting = [await sound.get()]
        while not sound.empty():
            waiting.append(sound.get_nowait())
        over = waiting[-1] is None
        if pcm := b"".join(piece for piece in waiting if piece):
            yield pcm
