"""Turns of every channel, as Prometheus sees them: counted and timed, without a word of them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()

failures = Counter(
    "gege_dialogue_failures",
    "Turns that went another way: safety_first (its words came before the turn was over), for_a_person (something failed, a"
    " person has it), waits (on disk until the database takes it), lost (said to have failed)",
    ["fate"],
    registry=REGISTRY,
)


def count_fate(fate: str) -> None:
    """One turn more that went another way."""
    failures.labels(fate).inc()


seconds = Histogram(
    "gege_dialogue_turn_seconds",
    "From what was heard to what is said",
    ["channel"],
    buckets=(0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0),
    registry=REGISTRY,
)

events = Counter(
    "gege_events",
    "Events for statistics ([events]): sent (the broker has taken them), dropped (too many waited, or it stayed away until the"
    " end), refused (not on the list of what may leave)",
    ["outcome"],
    registry=REGISTRY,
)
events_waiting = Gauge("gege_events_waiting", "Turns whose events wait for the broker", registry=REGISTRY)
