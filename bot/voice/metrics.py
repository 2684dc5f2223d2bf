"""Calls as Prometheus sees them: counted and timed from outside, without a name, a number or a word."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bot.voice.events import CallEnded, CallEvent, CallStarted, Rung, Settled, TurnTold
from bot.voice.record import TurnStory

_STEPS = ("end_of_speech", "recognise", "dialogue", "first_audio")
_SECONDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


class CallMetrics:
    """A watcher of calls with a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._calls = Counter(
            "gege_calls",
            "Calls, by what came of them (docs/calls.md)",
            ["front_end", "outcome"],
            registry=self.registry,
        )
        self._open = Gauge("gege_calls_open", "Calls that go on", registry=self.registry)
        self._answer = Histogram(
            "gege_call_first_audio_seconds", "From the answer to the first sound", buckets=_SECONDS,
            registry=self.registry,
        )  # fmt: skip
        self._turns = Counter(
            "gege_turns", "Turns of callers, by what became of them", ["fate"], registry=self.registry
        )
        self._seconds = Histogram(
            "gege_turn_seconds",
            "end_of_speech: silence that ended the turn; from then on until it was recognised, answered, first heard",
            ["step"], buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._rung = Counter(
            "gege_people_rung", "People who were rung, by DIALSTATUS", ["status"], registry=self.registry
        )
        self._open_ids: set[str] = set()

    def watch(self, name: str, help: str, value: Callable[[], float]) -> None:
        """A gauge that is asked when somebody looks."""
        Gauge(f"gege_{name}", help, registry=self.registry).set_function(value)

    def __call__(self, event: CallEvent) -> None:
        """Take one event."""
        match event:
            case CallStarted():
                self._open_ids.add(event.call_id)
            case CallEnded():
                self._open_ids.discard(event.call_id)
                self._answer.observe(event.story.first_audio)
            case TurnTold():
                self._turn(event.turn)
            case Settled():
                self._calls.labels(event.front_end, event.outcome).inc()
            case Rung():
                status = event.status.upper()
                self._rung.labels(status if status.isalpha() and len(status) < 16 else "OTHER").inc()
        self._open.set(len(self._open_ids))

    def _turn(self, turn: TurnStory) -> None:
        fate = "key" if turn.key else "fallback" if turn.fallback else "understood" if turn.intent else "kept"
        self._turns.labels(fate).inc()
        for step in _STEPS:
            if step in turn.seconds:
                self._seconds.labels(step).observe(turn.seconds[step])

    def text(self) -> bytes:
        """What a Prometheus server reads."""
        return bytes(generate_latest(self.registry))
