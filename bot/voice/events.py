"""What a call tells those who watch it: one small value for each thing that happens. Watchers steer nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.voice.record import CallStory, TurnStory


@dataclass(frozen=True)
class CallEvent:
    """Something happened in a call."""

    call_id: str


@dataclass(frozen=True)
class CallStarted(CallEvent):
    """It is answered; nothing was said yet."""

    caller: str
    dialled: str
    diverting: str


@dataclass(frozen=True)
class Spoke(CallEvent):
    """Gege says these sentences now."""

    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Partial(CallEvent):
    """The caller is speaking; recognised so far."""

    text: str


@dataclass(frozen=True)
class WordsHeard(CallEvent):
    """A turn of the caller, recognised. `recording`: path below GEGE_HOME; `unclear`: too little of it was understood."""

    text: str
    alternatives: tuple[str, ...]
    recording: str
    unclear: bool = False


@dataclass(frozen=True)
class KeyPressed(CallEvent):
    """`text`: what the key stands for; None for one that stands for nothing."""

    digit: str
    text: str | None


@dataclass(frozen=True)
class Looking(CallEvent):
    """The answer takes long, and the caller hears that Gege is looking."""


@dataclass(frozen=True)
class Understood(CallEvent):
    """What the dialogue made of a turn. `confidence`: 0 to 1."""

    intent: str
    confidence: float
    fallback: bool
    ticket_no: str | None


@dataclass(frozen=True)
class Timing(CallEvent):
    """How long a turn took, in seconds: the steps of `TurnStory.seconds`."""

    seconds: Mapping[str, float]


@dataclass(frozen=True)
class TurnTold(CallEvent):
    """A turn is over, with its answer. `number` counts from 1."""

    number: int
    turn: TurnStory


@dataclass(frozen=True)
class Decided(CallEvent):
    """The conversation is over; the line is still up. `outcome`: as bot.voice.call_life.Decision tells it."""

    outcome: str
    hand_over_to: str
    ticket_no: str | None


@dataclass(frozen=True)
class CallEnded(CallEvent):
    """The line is down, and the story of the conversation complete. `front_end`: audiosocket, sip, browser."""

    front_end: str
    story: CallStory


@dataclass(frozen=True)
class Settled(CallEvent):
    """What came of it is decided and written: after CallEnded, and after everybody was rung. `outcome`: docs/calls.md;
    `ticket_no`: of the call, or of the call-back that is owed."""

    front_end: str
    outcome: str
    ticket_no: str | None


@dataclass(frozen=True)
class Rung(CallEvent):
    """A person was rung for the caller. `status`: how it ended, in Asterisk's words (DIALSTATUS); HUNGUP: he answered,
    and was gone before anybody could talk."""

    to: str
    status: str


#: is told of each event; what it raises is logged, and the call goes on
Watcher = Callable[[CallEvent], None]


def nobody_watches(_event: CallEvent) -> None:
    """A watcher that looks away."""


def all_of(watchers: Sequence[Watcher], failed: Callable[[CallEvent], None]) -> Watcher:
    """One watcher that tells each of `watchers`; `failed` is called, inside the handler, when one of them breaks."""

    def tell(event: CallEvent) -> None:
        for watcher in watchers:
            try:
                watcher(event)
            except Exception:
                failed(event)

    return tell
