"""Learning once a week by itself, in a process of its own; and taking up what was learned."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

from bot.database import Database, now
from bot.dialogue.training import trained_model
from bot.foundation.background import Background
from bot.foundation.own_process import in_its_own_process
from bot.learning.runs import RunLog
from bot.replicas.place import ALONE, Owner
from bot.settings import Settings

log = logging.getLogger(__name__)

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: later than this the machine has other things to do: it waits for the next week
_LATE = dt.timedelta(hours=6)
_LOOK_S = 30.0
#: what one service at a time does
LEARNING = "learning"


@runtime_checkable
class TakesUp(Protocol):
    """A dialogue that can go on with another model."""

    async def take_up(self, model: Path | None) -> bool: ...


def due(weekly: str, at: dt.datetime, last: dt.datetime | None) -> bool:
    """Whether it is time, `at` being in the site's own time; `last` is when a run last began."""
    if not weekly:
        return False
    day, _, clock = weekly.partition(" ")
    hour, minute = map(int, clock.split(":"))
    moment = at.replace(hour=hour, minute=minute, second=0, microsecond=0)
    moment -= dt.timedelta(days=(at.weekday() - _DAYS.index(day)) % 7)
    if moment > at:
        moment -= dt.timedelta(days=7)
    return at - moment < _LATE and (last is None or last < moment)


def learning(
    settings: Settings,
    database: Database,
    dialogue: object,
    run: Callable[[], Awaitable[int]] | None = None,
    look_s: float = _LOOK_S,
    owner: Owner = ALONE,
) -> Background:
    """Beside the service: start a run when its time has come (of several services one does), go on with the model that it
    made.

    The service goes on with the model that it has when that fails."""
    from zoneinfo import ZoneInfo

    zone, runs = ZoneInfo(settings.site.timezone), RunLog(database)
    start = run or (lambda: in_its_own_process(settings.home, "learn"))

    async def work() -> None:
        last = await asyncio.to_thread(runs.runs, 1)
        began = last[0].began_at if last else None
        is_due = due(settings.learning.weekly, now().astimezone(zone), began)
        if is_due and await asyncio.to_thread(owner.claim, LEARNING) and (code := await start()):
            log.warning("gege learn ended with %s; gege learn --log says why", code)
        if isinstance(dialogue, TakesUp):
            model = await asyncio.to_thread(trained_model, settings.dialogue_models)
            if await dialogue.take_up(model):
                log.info("the dialogue goes on with %s", model)

    return Background("learning", look_s, work, stuck_after_s=_LATE.total_seconds())
