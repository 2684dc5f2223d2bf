"""What every part of a call works with: its line, ear, mouth and story; speaking, keeping, and telling watchers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bot.dialogue.port import Dialogue
from bot.lines.line import CallFacts, Line
from bot.settings import Settings
from bot.speech.port import NOTHING_LIKELY, Likely, Recogniser
from bot.speech.speak import Voice
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.unclear import Intake
from bot.voice.call_desk import CallDesk, Keeping
from bot.voice.call_life import Decision
from bot.voice.caller_voice import CallerVoice
from bot.voice.comfort import Comfort
from bot.voice.ear import Ear
from bot.voice.events import CallEvent, Looking, Partial, Spoke, TurnTold, Watcher, nobody_watches
from bot.voice.keypad import Keypad
from bot.voice.known_outages import Known
from bot.voice.mouth import Mouth, Spoken
from bot.voice.patience import Absence, CallerPaces, Patience, rules_of
from bot.voice.record import CallStory, TurnStory
from bot.voice.recording import CallRecording
from bot.voice.seats import Seats
from bot.voice.settling import Settling

log = logging.getLogger(__name__)

#: sentences that may come back as an echo
_LATELY = 6
#: known outages are asked for so long (s)
_KNOWN_S = 1.0

#: what a caller should know before anything else (an outage of his area)
KnownOutage = Callable[[CallFacts], Awaitable[Known]]


@dataclass(frozen=True)
class Opening:
    """How a call begins that Gege makes; whoever takes it owes us nothing, so silence and hanging up end it."""

    #: what is said after the notice
    sentence: str
    #: key of the telephone -> what it says
    keys: Mapping[str, str]


class Steering(Protocol):
    """Whoever decides what comes of a call: called, not told among watchers. A conversation settles nothing by itself."""

    def begun(self, facts: CallFacts, front_end: str, /) -> Awaitable[Any]:
        """Gege has taken the call. → its row, that may be waited for."""

    def decided(self, call_id: str, decision: Decision, /) -> None:
        """The conversation is over; the line is still up, and somebody may have to be rung."""

    async def over(self, call_id: str, /) -> str | None:
        """The line is down. → the ticket that came of the call; None also where somebody is to be rung yet."""


class CallParts:
    """One call's parts, shared by the conversation and the taking of messages."""

    def __init__(
        self,
        line: Line,
        facts: CallFacts,
        *,
        dialogue: Dialogue,
        recogniser: Recogniser | None,
        voice: Voice,
        desk: CallDesk,
        intake: Intake,
        settings: Settings,
        watcher: Watcher = nobody_watches,
        steering: Steering | None = None,
        clock: Callable[[], float] = time.monotonic,
        seats: Seats | None = None,
        paces: CallerPaces | None = None,
        known_outage: KnownOutage | None = None,
        front_end: str = "audiosocket",
        opening: Opening | None = None,
    ) -> None:
        """Without a recogniser, or without a seat, the caller leaves a message; without `steering` nobody is rung."""
        self.facts, self.opening = facts, opening
        self.story = CallStory(facts.call_id, facts.caller, facts.dialled, facts.diverting)
        self.line, self.dialogue, self.recogniser = line, dialogue, recogniser
        self.settings, self.clock = settings, clock
        self._watcher, self.front_end = watcher, front_end
        self.steering: Steering = steering or Settling(desk, watcher=watcher)
        self.seats, self._known_outage = seats, known_outage
        self._known: Known | None = None
        self.recording = CallRecording(settings, facts.call_id, line.rate)
        self.keeping = Keeping(facts, intake, paces)
        self.mouth = Mouth(line, voice, clock)
        self.patience = Patience(settings)
        self.ear = Ear(
            line, recogniser or _Deaf(), self.recording, rules_of(settings), self.mouth.interrupt, self._partial,
            clock, extra_wait=self.patience.extra, gege_speaks=lambda: self.mouth.speaks,
            recognise_s=settings.capacity.recognise_s,
            keypad=Keypad(opening.keys if opening else None),
        )  # fmt: skip
        self.comfort = Comfort(line.rate, settings.turns.look_after, self._must_answer, self._look, clock)
        self.caller_voice = CallerVoice()
        self.silences = 0
        self.absence = Absence(settings)
        self._utterances = 0
        #: what Gege said lately
        self.lately: deque[str] = deque(maxlen=_LATELY)
        #: what the caller has not heard because of a noise; said again when it was a cough
        self.left = Spoken(None, ())
        self.waiting = False
        #: nothing was answered yet, or the last answer did not settle what was asked
        self.open_question = True
        #: what the caller called for is done, and nothing more was asked: who falls silent now may go
        self.nothing_open = False
        self.stopping = asyncio.Event()

    async def hand_over(self, turn: TurnStory, sentences: Sequence[str]) -> str:
        self.story.ticket_no = turn.ticket_no or self.story.ticket_no
        await self.speak(sentences, turn, firm=1)
        return "hand_over"

    async def keep(self, heard: Heard, reason: str) -> str | None:
        """Nothing that was said is lost: what cannot be understood goes to a person."""
        return await self.keeping.keep(heard, reason)

    async def known(self) -> Known:
        """What is known of outages where he calls from; nothing when that cannot be had in time. Asked once."""
        if self._known is None:
            self._known = Known()
            if self._known_outage is not None:
                try:
                    self._known = await asyncio.wait_for(self._known_outage(self.facts), _KNOWN_S)
                except Exception:
                    log.exception("known outages could not be told")
        return self._known

    # ---- speaking -------------------------------------------------------------------------------

    def sent(self, pcm: bytes) -> None:
        """A frame has left on the line."""
        self.recording.gege(pcm)
        self.ear.sent(pcm)
        self.comfort.sent(pcm)

    async def speak(self, sentences: Sequence[str], turn: TurnStory | None = None, firm: int = 0) -> Spoken:
        if turn is not None:
            turn.said = list(sentences)
        self.lately.extend(sentences)
        self.tell(Spoke(self.facts.call_id, tuple(sentences)))
        self.left = await self.mouth.speak(sentences, firm=firm, interrupted=self.ear.taker.insists)
        return self.left

    def _must_answer(self) -> bool:
        """Whether the caller waits for Gege, and says nothing himself."""
        return (not self.waiting or self.ear.working) and not self.ear.taker.hears

    def _look(self, pcm: bytes) -> None:
        self.mouth.sound(pcm)
        self.tell(Looking(self.facts.call_id))

    # ---- telling --------------------------------------------------------------------------------

    def heard(
        self, text: str, alternatives: tuple[str, ...], recording: str, ear: str = "", unclear: bool = False
    ) -> Heard:
        self._utterances += 1
        facts = self.facts
        return Heard(
            id=f"{facts.call_id}-{self._utterances}", session=facts.call_id, text=text, alternatives=alternatives,
            caller=Caller.by(facts.channel, facts.caller), dialled=facts.dialled, diverting=facts.diverting,
            recording=recording or self.recording.path, call_id=facts.call_id, ear=ear, unclear=unclear, origin=facts.origin,
        )  # fmt: skip

    def new_turn(self, turn: TurnStory, ago: float = 0.0) -> TurnStory:
        """`ago`: the turn ended so long before now (s)."""
        turn.seconds["at"] = round(max(0.0, self.recording.seconds - ago), 2)
        self.story.turns.append(turn)
        return turn

    def tell_turn(self, turn: TurnStory) -> None:
        self.tell(TurnTold(self.facts.call_id, len(self.story.turns), turn))

    def _partial(self, text: str) -> None:
        if text:
            self.tell(Partial(self.facts.call_id, text))

    def tell(self, event: CallEvent) -> None:
        """Tell whoever watches; nobody who watches can hold a call up."""
        try:
            self._watcher(event)
        except Exception:
            log.exception("a watcher of call %s broke", self.facts.call_id)


class _Deaf:
    """Stands where there is no recogniser."""

    def begin(self, sample_rate: int, likely: Likely = NOTHING_LIKELY) -> Any:
        raise RuntimeError("there is no recogniser")

    async def close(self) -> None:
        """Nothing to let go of."""
