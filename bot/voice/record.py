"""What happened in a call, turn by turn: plain values that become JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class TurnStory:
    """One turn of the caller and Gege's answer."""

    #: what was understood of the sound; what a key stands for when `key` is set
    heard: str = ""
    alternatives: tuple[str, ...] = ()
    unknown_share: float = 0.0
    key: str = ""
    intent: str = ""
    confidence: float = 0.0
    fallback: bool = False
    entities: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    ticket_no: str | None = None
    #: path below GEGE_HOME
    recording: str = ""
    #: at: where in the call's recording the turn ended; speech: length of the caller's sound; end_of_speech: silence
    #: that ended it; from then on until it was recognised, answered by the dialogue, and until the first sound left
    seconds: dict[str, float] = field(default_factory=dict)
    #: the line, in dB of full scale: noise_db when nobody speaks, level_db the caller's voice; echo_db of what Gege sends
    line: dict[str, float] = field(default_factory=dict)


@dataclass
class CallStory:
    """One call from beginning to end."""

    call_id: str
    caller: str = ""
    dialled: str = ""
    diverting: str = ""
    greeting: list[str] = field(default_factory=list)
    turns: list[TurnStory] = field(default_factory=list)
    #: of the last turn that touched a ticket
    ticket_no: str | None = None
    #: goodbye, hand_over (a person is wanted), hung_up, message (spoken after the tone), stopped (the service), failed:
    #: how the conversation ended. What came of the call is settled after it (bot.voice.call_life)
    outcome: str = ""
    hand_over_to: str = ""
    #: both directions, path below GEGE_HOME
    recording: str = ""
    #: length on the wall clock
    seconds: float = 0.0
    #: from the answer to Gege's first sound (s)
    first_audio: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
