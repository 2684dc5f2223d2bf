"""The observer of latencies counts what calls tell it and steers nothing."""

from __future__ import annotations

from bot.bench.latency import Latency


def test_it_sums_up_the_turns_of_all_calls() -> None:
    latency = Latency()
    assert latency.summary() == {}
    for number in range(1, 101):
        latency("timing", {"call_id": "x", "recognise": number / 100, "first_audio": number / 50})
    latency("said", {"sentences": []})
    latency("timing", {"call_id": "x", "recognise": 9.0})
    summary = latency.summary()
    assert summary["recognise"] == {"p50": 0.51, "p95": 0.96, "max": 9.0}
    assert summary["first_audio"]["max"] == 2.0 and "dialogue" not in summary
