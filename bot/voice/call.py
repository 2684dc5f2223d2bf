"""One telephone call: greet, listen, understand, answer, until it is settled, handed over, or hung up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from bot.dialogue.port import Dialogue, Heard, Reply
from bot.settings import Settings
from bot.speech.reading import plain
from bot.speech.recognise import Recogniser
from bot.speech.speak import Voice, VoiceFailed
from bot.voice.account import CallStory, TurnStory
from bot.voice.ear import Ear, Gone, Noticed, Said, Silent
from bot.voice.intake import Intake
from bot.voice.line import CallFacts, Line, Pressed
from bot.voice.mouth import Mouth, Spoken
from bot.voice.prompts import prompts
from bot.voice.recording import CallRecording
from bot.voice.turn import TurnRules

log = logging.getLogger(__name__)

#: sound without words and shorter than this (s of voice) was a cough
_COUGH_S = 1.0
#: the dialogue is taken for broken after this long (s)
_DIALOGUE_S = 20.0
_DANGER = "report_hazard"

#: told of each thing that happens: name and facts
OnEvent = Callable[[str, dict[str, Any]], None]


class CallDesk(Protocol):
    """What a call needs of the ticket desk (bot.tickets.desk); all may block and run in a thread."""

    def begin_call(self, id: str, caller: str, dialled: str, diverting: str, front_end: str, /) -> Any:
        """Commit the call's row."""

    def end_call(self, id: str, outcome: str, /) -> Any:
        """The call is over."""

    def call_back(self, call_id: str, outcome: str, /) -> Any:
        """The call is over before its business was done: its caller is owed a call back."""


class PhoneCall:
    """One call on one line; `run` it once."""

    def __init__(
        self,
        line: Line,
        facts: CallFacts,
        *,
        dialogue: Dialogue,
        recogniser: Recogniser,
        voice: Voice,
        desk: CallDesk,
        intake: Intake,
        settings: Settings,
        on_event: OnEvent | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.facts = facts
        self.story = CallStory(facts.call_id, facts.caller, facts.dialled, facts.diverting)
        self._line, self._dialogue, self._desk, self._intake = line, dialogue, desk, intake
        self._settings, self._clock = settings, clock
        self._on_event = on_event or (lambda name, detail: None)
        self._recording = CallRecording(settings, facts.call_id, line.rate)
        self._mouth = Mouth(line, voice, clock)
        rules = TurnRules(end_of_speech=settings.voice.end_of_speech)
        self._ear = Ear(line, recogniser, self._recording, rules, self._mouth.interrupt, self._partial, clock)
        self._silences = 0
        self._utterances = 0
        #: what the caller has not heard because of a noise; said again when it was a cough
        self._left: tuple[str, ...] = ()
        self._waiting = False
        #: nothing was answered yet, or the last answer did not settle what was asked
        self._open_question = True

    @property
    def listening(self) -> bool:
        """Gege waits for the caller, and nothing that the caller did is still being worked on."""
        quiet = self._ear.inbox.empty() and not self._ear.taker.in_turn and self._line.backlog < 5
        return self._waiting and quiet

    async def run(self) -> CallStory:
        """The whole call. Whatever happens, the line is hung up and the desk is told."""
        began = self._clock()
        self._line.on_sent = self._recording.gege
        ear = asyncio.create_task(self._ear.listen())
        outcome = "failed"
        try:
            await asyncio.to_thread(self._begin)
            self._event("call_started", caller=self.facts.caller, dialled=self.facts.dialled)
            outcome = await self._talk()
        except VoiceFailed:
            log.exception("call %s: no voice; the dial plan rings a person", self.facts.call_id)
            outcome = "failed"
        except asyncio.CancelledError:
            outcome = "failed"
            raise
        finally:
            ear.cancel()
            await asyncio.gather(ear, return_exceptions=True)
            self.story.outcome = outcome
            self.story.seconds = round(self._clock() - began, 3)
            self.story.recording = self._recording.path
            with contextlib.suppress(OSError):
                self._recording.close()
            await self._line.hang_up()
            await asyncio.shield(asyncio.to_thread(self._end, outcome))
            self._event("call_ended", outcome=outcome, hand_over_to=self.story.hand_over_to)
        return self.story

    def _begin(self) -> None:
        facts = self.facts
        try:
            self._desk.begin_call(facts.call_id, facts.caller, facts.dialled, facts.diverting, "audiosocket")
        except Exception:
            log.exception("call %s has no row; it goes on", facts.call_id)

    def _end(self, outcome: str) -> None:
        try:
            if outcome in ("hung_up", "failed") and self._unsettled():
                card = self._desk.call_back(self.facts.call_id, "dropped" if outcome == "hung_up" else outcome)
                self.story.ticket_no = card.ticket_no if card else None
            else:
                self._desk.end_call(self.facts.call_id, outcome)
        except Exception:
            log.exception("the end of call %s was not kept", self.facts.call_id)

    def _unsettled(self) -> bool:
        """Promise 4: nothing is logged of this call, and a question is open or an answer was not heard."""
        return self.story.ticket_no is None and (self._open_question or bool(self._left))

    async def _talk(self) -> str:
        await self._greet()
        while True:
            noticed = await self._next()
            if isinstance(noticed, Gone):
                return "hung_up"
            if isinstance(noticed, Silent):
                done = await self._silent()
            elif isinstance(noticed, Pressed):
                done = await self._pressed(noticed)
            else:
                done = await self._said(noticed)
            if done:
                return done

    async def _greet(self) -> None:
        notice = prompts().notice_of(self._settings.site.name)
        self.story.greeting = [notice, prompts().greeting]
        self._event("said", sentences=self.story.greeting)
        await self._mouth.speak([notice], firm=1)
        try:
            self._recording.begin()
        except OSError:
            log.exception("call %s cannot be recorded", self.facts.call_id)
        if self._ear.inbox.empty():
            spoken = await self._mouth.speak([prompts().greeting], interrupted=self._ear.taker.insists)
            self._left = spoken.left

    async def _next(self) -> Noticed:
        if self._ear.inbox.empty():
            self._ear.taker.expect()
            self._waiting = True
        noticed = await self._ear.inbox.get()
        self._waiting = False
        self._ear.taker.rest()
        return noticed

    async def _silent(self) -> str:
        silence = prompts().silence
        sentence = silence[min(self._silences, len(silence) - 1)]
        self._silences += 1
        if self._silences < len(silence):
            await self._speak([sentence])
            return ""
        turn = self._new_turn(TurnStory())
        turn.ticket_no = await self._keep(self._heard("", (), ""), "silent")
        return await self._hand_over(turn, [sentence])

    async def _pressed(self, key: Pressed) -> str:
        text = prompts().keys.get(key.digit)
        self._event("key", digit=key.digit, text=text)
        if text is None:
            return ""
        at = self._clock()
        turn = self._new_turn(TurnStory(heard=text, key=key.digit))
        return await self._answer(turn, self._heard(text, (), ""), at, at)

    async def _said(self, said: Said) -> str:
        speech = said.speech
        self._silences = 0
        if not said.failed and not speech.text and said.voiced < _COUGH_S:
            # A cough or a door: go on where Gege was stopped.
            left, self._left = self._left, ()
            if left:
                self._left = (await self._mouth.speak(left, interrupted=self._ear.taker.insists)).left
            return ""
        turn = self._new_turn(
            TurnStory(
                speech.text,
                speech.alternatives,
                round(speech.unknown_share, 3),
                recording=said.recording,
                seconds={"speech": round(speech.seconds, 3)},
            )
        )
        heard = self._heard(speech.text, speech.alternatives, said.recording)
        self._event("heard", text=speech.text, alternatives=list(speech.alternatives), recording=said.recording)
        if said.failed:
            turn.ticket_no = await self._keep(heard, "recogniser_failed")
            return await self._hand_over(turn, [prompts().failed], said)
        return await self._answer(turn, heard, said.ended_at, said.recognised_at, said.unfinished)

    async def _answer(
        self, turn: TurnStory, heard: Heard, ended_at: float, recognised_at: float, unfinished: bool = False
    ) -> str:
        try:
            reply = await asyncio.wait_for(self._dialogue.turn(heard), _DIALOGUE_S)
        except Exception:
            log.exception("call %s: the dialogue broke", self.facts.call_id)
            turn.ticket_no = await self._keep(heard, "dialogue_failed")
            return await self._hand_over(turn, [prompts().failed])
        answered_at = self._clock()
        self._take(turn, reply)
        self._open_question = reply.understanding.fallback or plain(reply.text).rstrip().endswith("?")
        # Danger is not to be talked over; nor is the answer to somebody who has spoken for a minute.
        firm = 1 if unfinished or reply.understanding.intent == _DANGER else 0
        spoken = await self._speak(reply.sentences, turn, firm=firm)
        turn.seconds["recognise"] = round(recognised_at - ended_at, 4)
        turn.seconds["dialogue"] = round(answered_at - recognised_at, 4)
        if spoken.started_at is not None:
            turn.seconds["first_audio"] = round(spoken.started_at - ended_at, 4)
        self._event("timing", **turn.seconds)
        if reply.hand_over:
            self.story.hand_over_to = reply.hand_over_to
            return "handed_over"
        # Whoever speaks into the goodbye has something to add.
        return "goodbye" if reply.ended and self._ear.inbox.empty() and not self._ear.taker.insists else ""

    def _take(self, turn: TurnStory, reply: Reply) -> None:
        meaning = reply.understanding
        turn.intent, turn.confidence = meaning.intent, round(meaning.confidence, 4)
        turn.fallback, turn.entities = meaning.fallback, dict(meaning.entities)
        turn.ticket_no = reply.ticket_no
        self.story.ticket_no = reply.ticket_no or self.story.ticket_no
        self._event(
            "understood",
            intent=meaning.intent,
            confidence=turn.confidence,
            fallback=meaning.fallback,
            ticket_no=reply.ticket_no,
        )

    async def _hand_over(self, turn: TurnStory, sentences: Sequence[str], said: Said | None = None) -> str:
        self.story.ticket_no = turn.ticket_no or self.story.ticket_no
        await self._speak(sentences, turn, said, firm=1)
        return "handed_over"

    async def _speak(
        self, sentences: Sequence[str], turn: TurnStory | None = None, said: Said | None = None, firm: int = 0
    ) -> Spoken:
        if turn is not None:
            turn.said = list(sentences)
        self._event("said", sentences=list(sentences))
        spoken = await self._mouth.speak(sentences, firm=firm, interrupted=self._ear.taker.insists)
        self._left = spoken.left
        if turn is not None and said is not None:
            turn.seconds["recognise"] = round(said.recognised_at - said.ended_at, 4)
            if spoken.started_at is not None:
                turn.seconds["first_audio"] = round(spoken.started_at - said.ended_at, 4)
        return spoken

    async def _keep(self, heard: Heard, reason: str) -> str | None:
        """Nothing that was said is lost: what cannot be understood goes to a person."""
        try:
            return await self._intake(heard, reason)
        except Exception:
            log.exception("call %s: the intake broke; the recording is %s", self.facts.call_id, heard.recording)
            return None

    def _heard(self, text: str, alternatives: tuple[str, ...], recording: str) -> Heard:
        self._utterances += 1
        facts = self.facts
        return Heard(
            id=f"{facts.call_id}-{self._utterances}",
            session=facts.call_id,
            text=text,
            alternatives=alternatives,
            caller=facts.caller,
            channel="phone",
            dialled=facts.dialled,
            diverting=facts.diverting,
            recording=recording or self._recording.path,
            call_id=facts.call_id,
        )

    def _new_turn(self, turn: TurnStory) -> TurnStory:
        self.story.turns.append(turn)
        return turn

    def _partial(self, text: str) -> None:
        if text:
            self._event("partial", text=text)

    def _event(self, name: str, **detail: Any) -> None:
        try:
            self._on_event(name, {"call_id": self.facts.call_id, **detail})
        except Exception:
            log.exception("an observer of call %s broke", self.facts.call_id)


def answering(calls: dict[str, PhoneCall] | None = None, **parts: Any) -> Callable[[Line, CallFacts], Awaitable[None]]:
    """What an AudioSocketServer is given: runs a PhoneCall with these parts; open calls stand in `calls`."""
    open_calls = {} if calls is None else calls

    async def answer(line: Line, facts: CallFacts) -> None:
        call = PhoneCall(line, facts, **parts)
        open_calls[facts.call_id] = call
        try:
            await call.run()
        finally:
            open_calls.pop(facts.call_id, None)

    return answer
