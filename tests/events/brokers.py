"""What the tests of events share: turns, outlets that empty themselves quickly, and what a file broker wrote."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.dialogue import metrics
from bot.dialogue.events.outlet import Outlet, TicketFacts
from bot.dialogue.events.told import TurnTold
from bot.foundation.backoff import Backoff

ZONE = ZoneInfo("Asia/Shanghai")
KEY = bytes(32)
#: 2026-11-29 10:00 in Shanghai
MORNING = dt.datetime(2026, 11, 29, 2, tzinfo=dt.UTC).timestamp()
_numbers = itertools.count()


def turn(session: str = "", at: float = MORNING, **fields: Any) -> TurnTold:
    """A turn that asks for the place; `session`: of its own, when none is named."""
    values: dict[str, Any] = {
        "intent": "report_outage", "act": "report_outage/low_voltage", "confidence": 0.98765, "fallback": False,
        "actions": ("action_converse",), "responses": ("utter_ask_place_place",),
    }  # fmt: skip
    session = session or f"session {next(_numbers)}"
    return TurnTold(session=session, channel="phone", began=at - 0.1, at=at, **{**values, **fields})


def endpoints(home: Path, text: str) -> Path:
    """The file that `[events] endpoints` names."""
    file = home / "endpoints.yml"
    file.write_text(f"event_broker:\n{text}", "utf-8")
    return file


def outlet(home: Path, text: str, ticket: TicketFacts | None = None, waiting: int = 5_000) -> Outlet:
    """One that looks every 20 ms, and tries again as often."""
    again = Backoff(first_s=0.02, most_s=0.2)
    return Outlet(endpoints(home, text), home, KEY, ZONE, lambda _: ticket, waiting, every_s=0.02, again=again)


def written(file: Path) -> list[dict[str, Any]]:
    """What the file broker wrote."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def eventually(what: Callable[[], bool], within_s: float = 60.0) -> None:
    """Wait until it is so."""
    until = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until, "it has not come to that"
        time.sleep(0.02)


def counted(outcome: str) -> float:
    """Of `gege_events_total`, as /metrics tells it."""
    return metrics.REGISTRY.get_sample_value("gege_events_total", {"outcome": outcome}) or 0.0


def emptied(out: Outlet) -> None:
    """All of it is taken, and the outlet closed."""
    eventually(lambda: not out._queue and not out._back)
    out.close()
