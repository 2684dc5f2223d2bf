"""The one door to understanding: what goes into a turn, what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.tickets.intake.heard import Heard


@dataclass(frozen=True)
class Understanding:
    """What a sentence means. `fallback` says that the service would not act on it unasked."""

    text: str
    intent: str
    confidence: float
    fallback: bool
    entities: dict[str, str] = field(default_factory=dict)
    #: the finer act: the intent's name, or `report_outage/low_voltage`
    act: str = ""


@dataclass(frozen=True)
class Reply:
    """What Gege says to one turn, and what came of it."""

    sentences: tuple[str, ...]
    understanding: Understanding
    #: number of the ticket that this turn opened or touched
    ticket_no: str | None = None
    #: a person must take over now (call: ring `hand_over_to`)
    hand_over: bool = False
    hand_over_to: str = ""
    #: the dialogue is over; a call may hang up after speaking
    ended: bool = False
    #: name of the question that stays open: the form's slot, what is pending outside of a form, or `danger`
    question: str | None = None
    #: facts for a screen: slots of the form, kind, grid
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return "".join(self.sentences)

    def as_json(self) -> dict[str, Any]:
        """All of it, to be kept beside the utterance that it answers, or for another process."""
        return {**vars(self), "sentences": list(self.sentences), "understanding": dict(vars(self.understanding))}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Reply:
        """Of what `as_json` wrote."""
        understanding = Understanding(**values["understanding"])
        return cls(**{**values, "sentences": tuple(values["sentences"]), "understanding": understanding})


class Dialogue(Protocol):
    """Rasa behind one port; adapters: embedded agent, Rasa server over HTTP."""

    async def start(self) -> None:
        """Load and warm up; the first turn afterwards is as fast as any."""

    async def parse(self, text: str, alternatives: tuple[str, ...] = (), question: str = "") -> Understanding:
        """Understand one sentence, in the light of the `question` that it answers, without acting on it."""

    async def turn(self, heard: Heard) -> Reply:
        """Take one utterance of a session; never raises for what a resident says."""

    async def close(self) -> None:
        """Let go of threads and connections."""
