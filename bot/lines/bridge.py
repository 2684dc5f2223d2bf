"""Two calls of ours made one: each hears the other, whatever carries them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Protocol, TypeVar

import numpy as np
import soxr

from bot.lines.line import Line, Sounded
from bot.lines.tones import ringing

#: sound that waits on a joined line for longer than this (s) is dropped: two clocks never agree
_MOST_WAITING_S = 0.3


class Joinable(Line, Protocol):
    """A line that can be joined with another one."""

    @property
    def ended(self) -> asyncio.Event:
        """Set when the call is over."""

    @property
    def waiting_s(self) -> float:
        """Seconds of sound that wait to leave."""

    def forget(self) -> None:
        """Drop what came and was not taken yet."""


Done = TypeVar("Done")


async def unless_over(work: Coroutine[Any, Any, Done], over: asyncio.Event) -> Done | None:
    """What `work` gives; None when it is over before (a line's `ended`), and the work is cancelled."""
    doing, ending = asyncio.ensure_future(work), asyncio.create_task(over.wait())
    try:
        await asyncio.wait((doing, ending), return_when=asyncio.FIRST_COMPLETED)
        return doing.result() if doing.done() else None
    finally:
        for task in (doing, ending):
            task.cancel()
        await asyncio.gather(doing, ending, return_exceptions=True)


@contextlib.asynccontextmanager
async def hearing_ringing(line: Joinable) -> AsyncIterator[None]:
    """The caller hears ring-back until the block is left, and then nothing of it any more."""
    hearing = asyncio.create_task(ring_back(line))
    try:
        yield
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
        line.drop()


async def join(one: Joinable, other: Joinable) -> None:
    """Each hears the other until the first of them has gone."""
    for line in (one, other):
        line.forget()  # what was said before is not for the other one
    work = [
        asyncio.create_task(_carry(one, other)), asyncio.create_task(_carry(other, one)),
        asyncio.create_task(one.ended.wait()), asyncio.create_task(other.ended.wait()),
    ]  # fmt: skip
    try:
        await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)


async def _carry(source: Joinable, target: Joinable) -> None:
    same = source.rate == target.rate
    stream = None if same else soxr.ResampleStream(source.rate, target.rate, 1, dtype="int16", quality="HQ")
    async for event in source.events():
        if not isinstance(event, Sounded):
            continue
        pcm = event.pcm
        if stream is not None:
            pcm = np.asarray(stream.resample_chunk(np.frombuffer(pcm, dtype="<i2")), dtype="<i2").tobytes()
        if target.waiting_s < _MOST_WAITING_S:
            target.play(pcm)


async def ring_back(line: Line) -> None:
    """What a caller is used to hear while somebody is rung; until it is cancelled, or he has gone."""
    with contextlib.suppress(asyncio.CancelledError):
        while (playing := line.play(ringing(line.rate))) and not playing.over.is_set():
            await playing.over.wait()
