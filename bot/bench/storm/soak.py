"""`gege bench soak`: hours of festival traffic at a real `gege serve`; whether anything of the process grows."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from bot.bench.storm.run import Storm, storm
from bot.settings import Settings

#: a service that is still filling its caches and pools is not compared with (share of the minutes)
_WARM_UP = 0.2
#: memory that grows by more than this (share) is not flat
FLAT = 0.05
_EVERY_TRANSFORMER = 1_000_000


def festival(minutes: float, reports_a_second: float, calls_a_second: float, county: int) -> Storm:
    """Everybody is at home, and there is no great outage."""
    return Storm(
        max(1, round(reports_a_second * minutes * 60)), minutes * 60, calls_a_second, _EVERY_TRANSFORMER, county,
        entered=1.0,
    )  # fmt: skip


def soak(settings: Settings, wanted: Storm, progress: Callable[[str], None]) -> dict[str, Any]:
    """The figures of a storm, and how much the process has grown since it was warm."""
    found = storm(settings, wanted, progress)
    found["growth"] = growth(found["by_minute"])
    return found


def growth(minutes: list[dict[str, float]]) -> dict[str, float]:
    """By how much (share) each figure has grown from the minutes after the warming up to the last ones; medians of a
    fifth of the minutes each, as a single one is luck."""
    warm = minutes[max(1, round(len(minutes) * _WARM_UP)) :] or minutes
    fifth = max(1, len(warm) // 5)
    found = {}
    for name in ("rss_mb", "descriptors", "threads"):
        first = statistics.median(one[name] for one in warm[:fifth])
        last = statistics.median(one[name] for one in warm[-fifth:])
        found[name] = round(last / first - 1, 3)
    return found
