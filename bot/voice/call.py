"""One telephone call: greet, listen, understand, answer, until it is settled, handed over, or hung up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from bot.dialogue.port import Reply
from bot.foundation import logs
from bot.lines.line import CallFacts, Line, Pressed
from bot.recordings.keys import KeyRefused
from bot.speech.reading import plain
from bot.speech.speak import VoiceFailed
from bot.tickets.intake.heard import Heard
from bot.voice.call_desk import CallDesk
from bot.voice.call_parts import KnownOutage, OnEvent, Opening
from bot.voice.ear import Gone, Noticed, Said, Silent
from bot.voice.message_taking import MessageTaking
from bot.voice.mouth import Spoken
from bot.voice.prompts import prompts
from bot.voice.record import CallStory, TurnStory

log = logging.getLogger(__name__)

__all__ = ["CallDesk", "KnownOutage", "OnEvent", "Opening", "PhoneCall", "answering"]

#: sound without words and shorter than this (s of voice) was a cough
_COUGH_S = 1.0
#: the dialogue has so long (s) when the caller has hung up already: the call-back is due within 5 s
_GONE_S = 2.0
_DANGER = "report_hazard"


class _Stopped:
    """The service stops and the call was told so."""


class PhoneCall(MessageTaking):
    """One call on one line; `run` it once."""

    @property
    def listening(self) -> bool:
        """Gege waits for the caller, and nothing that the caller did is still being worked on."""
        quiet = self._ear.inbox.empty() and not self._ear.taker.in_turn and self._line.backlog < 5
        return self._waiting and quiet and not self._ear.busy

    def apologise(self) -> None:
        """The service stops: at the next pause the caller hears so, and is called back."""
        self._stopping.set()

    async def run(self) -> CallStory:
        """The whole call. Whatever happens, the line is hung up and the desk is told."""
        began = self._clock()
        logs.note(call=self.facts.call_id)
        self._line.on_sent = self._recording.gege
        ear = asyncio.create_task(self._ear.listen())
        seated = self._recogniser is not None and (self._seats is None or self._seats.take())
        outcome = "failed"
        try:
            self._patience.added = await self._keeping.begin()
            self._event("call_started", caller=self.facts.caller, dialled=self.facts.dialled,
                        diverting=self.facts.diverting)  # fmt: skip
            await self._greet(began)
            outcome = await (self._talk() if seated else self._no_seat())
        except VoiceFailed:
            log.exception("call %s: no voice; the dial plan rings a person", self.facts.call_id)
            outcome = "failed"
        finally:
            if seated and self._seats is not None:
                self._seats.give_back()
            self._hush()
            self.story.outcome = outcome
            # Before the line goes: the dial plan asks at once whom to ring next.
            self._event(
                "decided", outcome=outcome, hand_over_to=self.story.hand_over_to, ticket_no=self.story.ticket_no
            )
            await asyncio.shield(self._finish(ear, began))
        return self.story

    async def _finish(self, ear: asyncio.Task[None], began: float) -> None:
        ear.cancel()
        await asyncio.gather(ear, return_exceptions=True)
        self.story.seconds = round(self._clock() - began, 3)
        self.story.recording = self._recording.path
        await self._line.hang_up()
        await asyncio.to_thread(self._recording.close)
        owed = self.story.outcome in ("hung_up", "failed", "stopped") and self._unsettled()
        ticket_no = await self._keeping.end(self.story.outcome, owed, self._ear.taker.cut_offs)
        self.story.ticket_no = self.story.ticket_no or ticket_no
        self._event("call_ended", outcome=self.story.outcome, hand_over_to=self.story.hand_over_to,
                    story=self.story.as_json())  # fmt: skip

    def _unsettled(self) -> bool:
        """Promise 4: nothing is logged of this call, and a question is open or an answer was not heard."""
        if self._opening and not any(turn.intent for turn in self.story.turns):
            return False  # who does not want to talk to a machine that calls is not called back for it
        return self.story.ticket_no is None and (self._open_question or bool(self._left.left))

    async def _greet(self, began: float) -> None:
        notice = prompts().notice_of(self._settings.site.name)
        self.story.greeting = [notice]
        self._event("said", sentences=[notice])
        spoken = await self._mouth.speak([notice], firm=1)
        if spoken.started_at is not None:
            self.story.first_audio = round(spoken.started_at - began, 4)
        try:
            self._recording.begin()
        except (OSError, KeyRefused):
            log.exception("call %s cannot be recorded", self.facts.call_id)

    async def _talk(self) -> str:
        greeting = self._opening.sentence if self._opening else prompts().greeting
        self.story.greeting.append(greeting)
        self._event("said", sentences=[greeting])
        if self._ear.inbox.empty():
            self._left = await self._mouth.speak([greeting], interrupted=self._ear.taker.insists)
        while True:
            noticed = await self._next()
            if isinstance(noticed, Gone):
                return "hung_up"
            if isinstance(noticed, _Stopped):
                await self._speak([prompts().stopping], firm=1)
                return "stopped"
            if isinstance(noticed, Silent):
                done = await self._silent()
            elif isinstance(noticed, Pressed):
                done = await self._pressed(noticed)
            elif isinstance(noticed, Said):
                done = await self._said(noticed)
            else:
                done = ""
            if done:
                return done

    async def _next(self) -> Noticed | _Stopped:
        if self._ear.inbox.empty():
            if self._stopping.is_set() and not self._ear.taker.in_turn and not self._ear.busy:
                return _Stopped()
            self._ear.taker.expect()
            self._waiting = True
        taking = asyncio.ensure_future(self._ear.inbox.get())
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({taking, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done() and not self._ear.taker.in_turn and not self._ear.busy:
                return _Stopped()
            return await taking
        finally:
            self._waiting = False
            self._ear.taker.rest()
            taking.cancel()
            stopping.cancel()

    async def _silent(self) -> str:
        silence = prompts().silence
        if self._opening and self._silences:
            return "goodbye"
        sentence = silence[min(self._silences, len(silence) - 1)]
        self._silences += 1
        if self._silences < len(silence):
            await self._speak([sentence])
            return ""
        turn = self._new_turn(TurnStory())
        turn.ticket_no = await self._keep(self._heard("", (), ""), "silent")
        self._tell_turn(turn)
        return await self._hand_over(turn, [sentence])

    async def _pressed(self, key: Pressed) -> str:
        keys = {**prompts().keys, **self._opening.keys} if self._opening else prompts().keys
        text = keys.get(key.digit)
        self._event("key", digit=key.digit, text=text)
        if text is None:
            return ""
        self._silences = 0
        at = self._clock()
        self._look()
        turn = self._new_turn(TurnStory(heard=text, key=key.digit))
        return await self._answer(turn, self._heard(text, (), ""), at, at)

    async def _said(self, said: Said) -> str:
        speech = said.speech
        self._silences = 0
        if not said.failed and not speech.text and said.voiced < _COUGH_S:
            # A cough or a door: go on where Gege was stopped.
            self._hush()
            left, self._left = self._left, Spoken(None, ())
            if left.left:
                self._left = await self._mouth.resume(left, interrupted=self._ear.taker.insists)
            return ""
        turn = self._new_turn(
            TurnStory(
                speech.text,
                speech.alternatives,
                round(speech.unknown_share, 3),
                recording=said.recording,
                seconds={"speech": round(speech.seconds, 3), "end_of_speech": round(said.waited, 3)},
            ),
            ago=self._clock() - said.ended_at,
        )
        heard = self._heard(speech.text, speech.alternatives, said.recording)
        self._event("heard", text=speech.text, alternatives=list(speech.alternatives), recording=said.recording)
        if said.failed:
            return await self._broken(turn, heard, "recogniser_failed")
        return await self._answer(turn, heard, said.ended_at, said.recognised_at, said.unfinished)

    async def _answer(
        self, turn: TurnStory, heard: Heard, ended_at: float, recognised_at: float, unfinished: bool = False
    ) -> str:
        patience = self._settings.capacity.dialogue_s
        try:
            reply = await asyncio.wait_for(
                self._dialogue.turn(heard), min(patience, _GONE_S) if self._ear.over else patience
            )
        except Exception:
            log.exception("call %s: the dialogue broke", self.facts.call_id)
            return await self._broken(turn, heard, "dialogue_failed")
        answered_at = self._clock()
        self._take(turn, reply)
        self._ear.question = str(reply.detail.get("asks", ""))
        self._open_question = reply.understanding.fallback or plain(reply.text).rstrip().endswith("?")
        # Danger is not to be talked over; nor is the answer to somebody who has spoken for a minute.
        firm = 1 if unfinished or reply.understanding.intent == _DANGER else 0
        spoken = await self._speak(reply.sentences, turn, firm=firm)
        turn.seconds["recognise"] = round(recognised_at - ended_at, 4)
        turn.seconds["dialogue"] = round(answered_at - recognised_at, 4)
        if spoken.started_at is not None:
            turn.seconds["first_audio"] = round(spoken.started_at - ended_at, 4)
        self._event("timing", **turn.seconds)
        self._tell_turn(turn)
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
        logs.note(ticket=reply.ticket_no)
        self.story.ticket_no = reply.ticket_no or self.story.ticket_no
        self._event("understood", intent=meaning.intent, confidence=turn.confidence, fallback=meaning.fallback,
                    ticket_no=reply.ticket_no)  # fmt: skip


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
