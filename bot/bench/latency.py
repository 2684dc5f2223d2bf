"""Watches calls from outside: how long after the end of speech Gege recognised, answered, was heard."""

from __future__ import annotations

from bot.bench.percentile import percentile
from bot.voice.events import CallEvent, Timing

STEPS = ("recognise", "dialogue", "first_audio")


class Latency:
    """A watcher of calls: seconds after the end of speech and the wait for it."""

    def __init__(self) -> None:
        self.turns: list[dict[str, float]] = []

    def __call__(self, event: CallEvent) -> None:
        if isinstance(event, Timing):
            self.turns.append({step: event.seconds[step] for step in STEPS if step in event.seconds})

    def summary(self) -> dict[str, dict[str, float]]:
        """`{"first_audio": {"p50": s, "p95": s, "max": s}, …}` over all turns so far; empty without turns."""
        found = {}
        for step in STEPS:
            values = [turn[step] for turn in self.turns if step in turn]
            if values:
                found[step] = {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95), "max": max(values)}
        return found
