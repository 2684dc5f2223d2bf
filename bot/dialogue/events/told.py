"""A turn as it is told for statistics, in the process that has just committed it: names of things, no word of anybody."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from bot.dialogue.port import Reply
from bot.tickets.intake.heard import Heard

if TYPE_CHECKING:
    from rasa.shared.core.trackers import DialogueStateTracker

#: Rasa waits for the next sentence; no act of anybody
_LISTEN = "action_listen"


@dataclass(frozen=True, slots=True)
class TurnTold:
    """What `Outlet` makes events of. `session` and `ticket_no` never leave this machine: the one becomes a hash, by the other
    kind and grid are looked up."""

    session: str
    channel: str
    #: when it began and when it was committed, seconds since the epoch
    began: float
    at: float
    intent: str
    act: str
    confidence: float
    fallback: bool
    #: the question that is open now; "": none
    question: str = ""
    hand_over: bool = False
    ended: bool = False
    ticket_no: str = ""
    #: the conversation began with this turn
    begins: bool = False
    #: Rasa's actions, and the responses that were said, by name
    actions: tuple[str, ...] = ()
    responses: tuple[str, ...] = ()

    @property
    def events(self) -> int:
        """How many events it makes at most."""
        return 2 + self.begins + len(self.actions) + len(self.responses) + bool(self.ticket_no)

    def as_json(self) -> dict[str, Any]:
        """For the pipe between two processes of one machine."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> TurnTold:
        """Of what `as_json` wrote. Raises TypeError for what is no turn."""
        return cls(**{**values, "actions": tuple(values["actions"]), "responses": tuple(values["responses"])})


def turn_told(heard: Heard, reply: Reply, tracker: DialogueStateTracker | None = None) -> TurnTold:
    """Of a turn that is committed. `tracker`: Rasa's, where Rasa took it."""
    understood, at = reply.understanding, time.time()
    said = _of_rasa(tracker) if tracker is not None else {}
    return TurnTold(
        session=heard.session,
        channel=str(heard.channel),
        at=at,
        intent=understood.intent,
        act=understood.act,
        confidence=understood.confidence,
        fallback=understood.fallback,
        question=reply.question or "",
        hand_over=reply.hand_over,
        ended=reply.ended,
        ticket_no=reply.ticket_no or "",
        **{"began": at, **said},
    )


def _of_rasa(tracker: DialogueStateTracker) -> dict[str, Any]:
    """When the last sentence came, whether the conversation began with it, which actions ran and which responses were said."""
    actions: list[str] = []
    responses: list[str] = []
    sentences, began = 0, 0.0
    for event in reversed(tracker.events):
        kind = event.type_name
        if kind == "user":
            sentences += 1
            if sentences > 1:
                break
            began = float(event.timestamp)
        elif sentences == 0 and kind == "action" and event.action_name not in (_LISTEN, None):
            actions.insert(0, str(event.action_name))
        elif sentences == 0 and kind == "bot" and (name := (event.metadata or {}).get("utter_action")):
            responses.insert(0, str(name))
    found = {"begins": sentences == 1, "actions": tuple(actions), "responses": tuple(responses)}
    return {**found, "began": began} if began else found
