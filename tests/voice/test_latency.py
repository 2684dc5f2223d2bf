"""The watcher of latencies counts what calls tell it and steers nothing."""

from __future__ import annotations

from bot.bench.latency import Latency
from bot.voice.events import Spoke, Timing


def test_it_sums_up_the_turns_of_all_calls() -> None:
    latency = Latency()
    assert latency.summary() == {}
    for number in range(1, 101):
        latency(Timing("x", {"recognise": number / 100, "first_audio": number / 50}))
    latency(Spoke("x", ()))
    latency(Timing("x", {"recognise": 9.0}))
    summary = latency.summary()
    assert summary["recognise"] == {"p50": 0.51, "p95": 0.96, "max": 9.0}
    assert summary["first_audio"]["max"] == 2.0 and "dialogue" not in summary
