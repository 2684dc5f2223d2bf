"""What became of turns that a second ear heard too, as Prometheus sees it: counted and timed, without a word of them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
_SECONDS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)

turns = Counter(
    "gege_second_ear_turns",
    "Turns by what the second ear (a stronger one, or one elsewhere) made of them: heard, resting, or how it failed; all but"
    " heard were understood by the first ear alone",
    ["ear", "fate"],
    registry=REGISTRY,
)
seconds = Histogram(
    "gege_second_ear_seconds",
    "From a turn's end to the second ear's words, where they came",
    ["ear"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
resting = Gauge(
    "gege_second_ear_resting", "1 while the second ear rests after failures in a row", ["ear"], registry=REGISTRY
)
likeness = Histogram(
    "gege_second_ear_likeness",
    "How much of what both ears heard has the same sound, 0 to 1",
    ["ear"],
    buckets=(0.1, 0.3, 0.5, 0.7, 0.9, 0.999, 1.0),
    registry=REGISTRY,
)
