"""What every part of a call stands on: its line, ear, mouth and story; speaking, keeping, and telling observers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.dialogue.port import Dialogue
from bot.lines.line import CallFacts, Line
from bot.lines.tones import looking
from bot.settings import Settings
from bot.speech.recognise import Recogniser
from bot.speech.speak import Voice
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.unclear import Intake
from bot.voice.call_desk import CallDesk, Keeping
from bot.voice.ear import Ear
from bot.voice.mouth import Mouth, Spoken
from bot.voice.patience import CallerPaces, Patience, rules_of
from bot.voice.record import CallStory, TurnStory
from bot.voice.recording import CallRecording
from bot.voice.seats import Seats

log = logging.getLogger(__name__)

#: "let me look" is heard again after so many seconds
_LOOK_AGAIN_S = 2.5

#: told of each thing that happens: name and facts
OnEvent = Callable[[str, dict[str, Any]], None]
#: what a caller should know before anything else (an outage of his area); empty for nothing
KnownOutage = Callable[[CallFacts], Awaitable[Sequence[str]]]


@dataclass(frozen=True)
class Opening:
    """How a call begins that Gege makes; whoever takes it owes us nothing, so silence and hanging up end it."""

    #: what is said after the notice
    sentence: str
    #: key of the telephone -> what it says
    keys: Mapping[str, str]


class CallFrame:
    """One call's parts; PhoneCall says how it goes."""

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
        on_event: OnEvent | None = None,
        clock: Callable[[], float] = time.monotonic,
        seats: Seats | None = None,
        paces: CallerPaces | None = None,
        known_outage: KnownOutage | None = None,
        front_end: str = "audiosocket",
        opening: Opening | None = None,
    ) -> None:
        """Without a recogniser, or without a seat, the caller leaves a message."""
        self.facts, self._opening = facts, opening
        self.story = CallStory(facts.call_id, facts.caller, facts.dialled, facts.diverting)
        self._line, self._dialogue, self._recogniser = line, dialogue, recogniser
        self._settings, self._clock = settings, clock
        self._on_event = on_event or (lambda name, detail: None)
        self._seats, self._known_outage = seats, known_outage
        self._recording = CallRecording(settings, facts.call_id, line.rate)
        self._keeping = Keeping(facts, desk, intake, paces, front_end)
        self._mouth = Mouth(line, voice, clock)
        self._patience = Patience(settings)
        self._ear = Ear(
            line, recogniser or _Deaf(), self._recording, rules_of(settings), self._mouth.interrupt, self._partial,
            clock, extra_wait=self._patience.extra, on_ended=self._look, recognise_s=settings.capacity.recognise_s,
        )  # fmt: skip
        self._silences = 0
        self._utterances = 0
        #: what the caller has not heard because of a noise; said again when it was a cough
        self._left = Spoken(None, ())
        self._waiting = False
        #: nothing was answered yet, or the last answer did not settle what was asked
        self._open_question = True
        self._looking: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()

    async def _hand_over(self, turn: TurnStory, sentences: Sequence[str]) -> str:
        self.story.ticket_no = turn.ticket_no or self.story.ticket_no
        await self._speak(sentences, turn, firm=1)
        return "handed_over"

    async def _keep(self, heard: Heard, reason: str) -> str | None:
        """Nothing that was said is lost: what cannot be understood goes to a person."""
        return await self._keeping.keep(heard, reason)

    # ---- speaking -------------------------------------------------------------------------------

    async def _speak(self, sentences: Sequence[str], turn: TurnStory | None = None, firm: int = 0) -> Spoken:
        if turn is not None:
            turn.said = list(sentences)
        self._event("said", sentences=list(sentences))
        self._hush()
        self._left = await self._mouth.speak(sentences, firm=firm, interrupted=self._ear.taker.insists)
        return self._left

    def _look(self) -> None:
        """A turn is over: when its answer takes long, the caller hears that Gege is looking."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._sound_busy())

    def _hush(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    async def _sound_busy(self) -> None:
        await asyncio.sleep(self._settings.turns.look_after)
        while True:
            if not self._ear.taker.in_turn:
                self._mouth.sound(looking(self._line.rate))
                self._event("looking")
            await asyncio.sleep(_LOOK_AGAIN_S)

    # ---- telling --------------------------------------------------------------------------------

    def _heard(self, text: str, alternatives: tuple[str, ...], recording: str) -> Heard:
        self._utterances += 1
        facts = self.facts
        return Heard(
            id=f"{facts.call_id}-{self._utterances}", session=facts.call_id, text=text, alternatives=alternatives,
            caller=Caller.by(facts.channel, facts.caller), dialled=facts.dialled, diverting=facts.diverting,
            recording=recording or self._recording.path, call_id=facts.call_id,
        )  # fmt: skip

    def _new_turn(self, turn: TurnStory, ago: float = 0.0) -> TurnStory:
        """`ago`: the turn ended so long before now (s)."""
        turn.seconds["at"] = round(max(0.0, self._recording.seconds - ago), 2)
        self.story.turns.append(turn)
        return turn

    def _tell_turn(self, turn: TurnStory) -> None:
        self._event("turn", number=len(self.story.turns), turn=turn)

    def _partial(self, text: str) -> None:
        if text:
            self._event("partial", text=text)

    def _event(self, name: str, **detail: Any) -> None:
        try:
            self._on_event(name, {"call_id": self.facts.call_id, **detail})
        except Exception:
            log.exception("an observer of call %s broke", self.facts.call_id)


class _Deaf:
    """Stands where there is no recogniser."""

    def begin(self, sample_rate: int, question: str = "") -> Any:
        raise RuntimeError("there is no recogniser")

    async def close(self) -> None:
        """Nothing to let go of."""
