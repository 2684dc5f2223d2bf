"""One telephone call: greet, listen, understand, answer, until it is settled, handed over, or hung up."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import Any

from bot.dialogue.port import Reply
from bot.foundation import logs
from bot.lines.line import CallFacts, Line
from bot.recordings.keys import KeyRefused
from bot.speech.speak import VoiceFailed
from bot.tickets.intake.heard import Heard
from bot.voice.call_desk import CallDesk, leaves_open
from bot.voice.call_life import Decision
from bot.voice.call_parts import CallParts, KnownOutage, Opening, Steering
from bot.voice.caller_voice import only_shows_that_he_listens
from bot.voice.ear import Gone, Noticed, Said, Silent
from bot.voice.events import (
    CallEnded,
    CallStarted,
    Decided,
    KeyPressed,
    Spoke,
    Timing,
    Understood,
    WordsHeard,
)
from bot.voice.keypad import Keyed
from bot.voice.message_taking import MessageTaking
from bot.voice.mouth import Spoken
from bot.voice.prompts import prompts
from bot.voice.record import CallStory, TurnStory

log = logging.getLogger(__name__)

__all__ = ["CallDesk", "KnownOutage", "Opening", "PhoneCall", "Steering", "answering"]

#: sound without words and shorter than this (s of voice) was a cough
_COUGH_S = 1.0
#: the dialogue has so long (s) when the caller has hung up already: the call-back is due within 5 s
_GONE_S = 2.0
_DANGER = "report_hazard"
#: who was told of his outage has so long (s) to hang up before he gets a seat; looked at so often
_LEAVES_S, _LOOK_S = 1.5, 0.05


class _Stopped:
    """The service stops and the call was told so."""


class PhoneCall:
    """One call on one line; `run` it once."""

    def __init__(self, line: Line, facts: CallFacts, **parts: Any) -> None:
        """`parts`: those of CallParts. Without a recogniser, or without a seat, the caller leaves a message."""
        self.parts = self._call = CallParts(line, facts, **parts)
        self._messages = MessageTaking(self._call)
        #: what was heard last was not the caller: he is waited for as before
        self._nobody = False

    @property
    def listening(self) -> bool:
        """Gege waits for the caller, and nothing that the caller did is still being worked on."""
        quiet = self._call.ear.inbox.empty() and not self._call.ear.taker.in_turn and self._call.line.backlog < 5
        return self._call.waiting and quiet and not self._call.ear.busy

    def apologise(self) -> None:
        """The service stops: at the next pause the caller hears so, and is called back."""
        self._call.stopping.set()

    async def run(self) -> CallStory:
        """The whole call. Whatever happens, the line is hung up, and whoever settles the call is told."""
        facts, began = self._call.facts, self._call.clock()
        logs.note(call=self._call.facts.call_id)
        log.info("a call begins (%s)", self._call.front_end)
        self._call.line.on_sent = self._call.sent
        ear = asyncio.create_task(self._call.ear.listen())
        seated, outcome = False, "failed"
        try:
            row = self._call.steering.begun(facts, self._call.front_end)
            self._call.patience.added = await self._call.keeping.begin(row)
            self._call.tell(CallStarted(facts.call_id, facts.caller, facts.dialled, facts.diverting))
            await self._greet(began)
            outcome = await self._told_before()
            if not outcome:
                seated = self._call.recogniser is not None and (self._call.seats is None or self._call.seats.take())
                outcome = await (self._talk() if seated else self._messages.no_seat())
        except VoiceFailed:
            log.exception("call %s: no voice; the dial plan rings a person", self._call.facts.call_id)
            outcome = "failed"
        finally:
            if seated and self._call.seats is not None:
                self._call.seats.give_back()
            self._call.comfort.stop()
            self._call.story.outcome = outcome
            log.info("the call is over for Gege: %s", outcome)
            # Before the line goes: the dial plan asks at once whom to ring next.
            self._decide()
            await asyncio.shield(self._finish(ear, began))
        return self._call.story

    async def _finish(self, ear: asyncio.Task[None], began: float) -> None:
        ear.cancel()
        await asyncio.gather(ear, return_exceptions=True)
        self._call.story.seconds = round(self._call.clock() - began, 3)
        self._call.story.recording = self._call.recording.path
        await self._call.line.hang_up()
        await asyncio.to_thread(self._call.recording.close)
        story = self._call.story
        self._call.tell(CallEnded(story.call_id, self._call.front_end, story))
        try:
            story.ticket_no = await self._call.steering.over(story.call_id) or story.ticket_no
        except Exception:
            log.exception("call %s is not settled", story.call_id)
        await self._call.keeping.learn(self._call.ear.taker.cut_offs)

    def _decide(self) -> None:
        story = self._call.story
        decision = Decision(story.outcome, story.hand_over_to, story.ticket_no, self._unsettled())
        try:
            self._call.steering.decided(story.call_id, decision)
        except Exception:  # whatever breaks there, the line goes down
            log.exception("call %s: nobody may be rung after it", story.call_id)
        self._call.tell(Decided(story.call_id, story.outcome, story.hand_over_to, story.ticket_no))

    def _unsettled(self) -> bool:
        """Promise 4: nothing is logged of this call, and a question is open or an answer was not heard."""
        if self._call.opening and not any(turn.intent for turn in self._call.story.turns):
            return False  # who does not want to talk to a machine that calls is not called back for it
        return self._call.story.ticket_no is None and (self._call.open_question or bool(self._call.left.left))

    async def _greet(self, began: float) -> None:
        notices = prompts().notices_of(self._call.settings)
        self._call.story.greeting = list(notices)
        self._call.lately.extend(notices)
        self._call.tell(Spoke(self._call.facts.call_id, tuple(notices)))
        spoken = await self._call.mouth.speak(notices, firm=len(notices))
        if spoken.started_at is not None:
            self._call.story.first_audio = round(spoken.started_at - began, 4)
        try:
            self._call.recording.begin()
        except (OSError, KeyRefused):
            log.exception("call %s cannot be recorded", self._call.facts.call_id)

    async def _told_before(self) -> str:
        """While seats are scarce, an outage that is known where he calls from is told before he takes one; who called for
        that hangs up. → how the call ended by it; empty when it goes on."""
        seats = self._call.seats
        if self._call.opening or self._call.recogniser is None or seats is None or not seats.scarce:
            return ""
        known = await self._call.known()
        if not known.sentences:
            return ""
        await self._call.speak(known.sentences)
        ear, until = self._call.ear, self._call.clock() + _LEAVES_S
        while not ear.gone and ear.inbox.empty() and (ear.over or self._call.clock() < until):
            await asyncio.sleep(_LOOK_S)
        return "told" if ear.gone and known.own else ""

    async def _talk(self) -> str:
        greeting = self._call.opening.sentence if self._call.opening else prompts().greeting
        self._call.story.greeting.append(greeting)
        self._call.lately.append(greeting)
        self._call.tell(Spoke(self._call.facts.call_id, (greeting,)))
        if self._call.ear.inbox.empty():
            self._call.left = await self._call.mouth.speak([greeting], interrupted=self._call.ear.taker.insists)
        while True:
            noticed = await self._next()
            if isinstance(noticed, Gone):
                return "hung_up"
            if isinstance(noticed, _Stopped):
                await self._call.speak([prompts().stopping], firm=1)
                return "stopped"
            if isinstance(noticed, Silent):
                done = await self._silent()
            elif isinstance(noticed, Keyed):
                done = await self._keyed(noticed)
            elif isinstance(noticed, Said):
                done = await self._said(noticed)
            else:
                done = ""
            if done:
                return done

    async def _next(self) -> Noticed | _Stopped:
        if self._call.ear.inbox.empty():
            if self._call.stopping.is_set() and not self._call.ear.taker.in_turn and not self._call.ear.busy:
                return _Stopped()
            self._call.ear.taker.expect(self._call.absence.patience, still=self._nobody)
            self._nobody = False
            self._call.waiting = True
        taking = asyncio.ensure_future(self._call.ear.inbox.get())
        stopping = asyncio.ensure_future(self._call.stopping.wait())
        try:
            await asyncio.wait({taking, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done() and not self._call.ear.taker.in_turn and not self._call.ear.busy:
                return _Stopped()
            return await taking
        finally:
            self._call.waiting = False
            self._call.ear.taker.rest()
            taking.cancel()
            stopping.cancel()

    async def _silent(self) -> str:
        if self._call.absence.waits():
            await self._call.speak([prompts().still_here])
            return ""
        silence = prompts().silence
        if self._call.opening and self._call.silences:
            return "goodbye"
        if self._call.nothing_open:
            return await self._nothing_more()
        sentence = silence[min(self._call.silences, len(silence) - 1)]
        self._call.silences += 1
        if self._call.silences < len(silence):
            await self._call.speak([sentence])
            return ""
        turn = self._call.new_turn(TurnStory())
        # A case that is logged is what the person is rung for; silence is no second one.
        turn.ticket_no = self._call.story.ticket_no or await self._call.keep(self._call.heard("", (), ""), "silent")
        self._call.tell_turn(turn)
        return await self._call.hand_over(turn, [sentence])

    async def _nothing_more(self) -> str:
        """His business is done and he says nothing: he is asked once, then told goodbye."""
        self._call.silences += 1
        if self._call.silences == 1:
            await self._call.speak([prompts().anything_else])
            return ""
        await self._call.speak([prompts().farewell], firm=1)
        return "goodbye" if self._call.ear.inbox.empty() else ""

    async def _keyed(self, keyed: Keyed) -> str:
        self._call.tell(KeyPressed(self._call.facts.call_id, keyed.digits, keyed.text))
        self._call.silences = 0
        at = self._call.clock()
        turn = self._call.new_turn(TurnStory(heard=keyed.text, key=keyed.digits))
        return await self._answer(turn, self._call.heard(keyed.text, keyed.others, ""), at, at)

    async def _said(self, said: Said) -> str:
        speech = said.speech
        if self._call.seats is not None:
            self._call.seats.lateness.recognised(said.recognised_at - said.ended_at)
        if not said.failed and not self._call.caller_voice.is_his(said, self._call.lately):
            log.info("call %s: a voice that is not the caller's answers nothing", self._call.facts.call_id)
            return await self._go_on()
        if (said.under_gege or self._call.left.left) and not said.failed and only_shows_that_he_listens(said):
            return await self._go_on()
        if not said.failed and not speech.text and said.voiced < _COUGH_S:
            # A cough or a door.
            return await self._go_on()
        self._call.silences = 0
        self._call.ear.taker.learn()
        turn = self._call.new_turn(
            TurnStory(
                speech.text,
                speech.alternatives,
                round(speech.unknown_share, 3),
                recording=said.recording,
                seconds={"speech": round(speech.seconds, 3), "end_of_speech": round(said.waited, 3)},
                line=self._measured(said),
            ),
            ago=self._call.clock() - said.ended_at,
        )
        heard = self._call.heard(speech.text, speech.alternatives, said.recording, speech.ear, speech.unclear)
        words = WordsHeard(
            self._call.facts.call_id, speech.text, tuple(speech.alternatives), said.recording, speech.unclear
        )
        self._call.tell(words)
        if said.failed:
            return await self._messages.broken(turn, heard, "recogniser_failed")
        return await self._answer(turn, heard, said.ended_at, said.recognised_at, said.unfinished)

    def _measured(self, said: Said) -> dict[str, float]:
        level = {"level_db": round(20 * math.log10(said.level / 32768), 1)} if said.level else {}
        return {**self._call.ear.figures, **level}

    async def _go_on(self) -> str:
        """Nothing was said to Gege: she goes on where she was stopped, or waits as before."""
        left, self._call.left = self._call.left, Spoken(None, ())
        if left.left:
            self._call.left = await self._call.mouth.resume(left, interrupted=self._call.ear.taker.insists)
        else:
            self._nobody = True
        return ""

    async def _answer(
        self, turn: TurnStory, heard: Heard, ended_at: float, recognised_at: float, unfinished: bool = False
    ) -> str:
        patience = self._call.settings.capacity.dialogue_s
        try:
            reply = await asyncio.wait_for(
                self._call.dialogue.turn(heard), min(patience, _GONE_S) if self._call.ear.over else patience
            )
        except Exception:
            log.exception("call %s: the dialogue broke", self._call.facts.call_id)
            return await self._messages.broken(turn, heard, "dialogue_failed")
        answered_at = self._call.clock()
        self._take(turn, reply)
        self._call.ear.question = str(reply.detail.get("asks") or reply.question or "")
        gone = bool(reply.detail.get("wait"))
        self._call.absence.begin(gone)
        self._call.open_question = gone or leaves_open(reply)
        done = bool(self._call.story.ticket_no) or not self._call.open_question
        self._call.nothing_open = done and not gone and not reply.question
        # Danger is not to be talked over; nor is the answer to somebody who has spoken for a minute.
        firm = 1 if unfinished or reply.understanding.intent == _DANGER else 0
        spoken = await self._call.speak(reply.sentences, turn, firm=firm)
        turn.seconds["recognise"] = round(recognised_at - ended_at, 4)
        turn.seconds["dialogue"] = round(answered_at - recognised_at, 4)
        if spoken.started_at is not None:
            turn.seconds["first_audio"] = round(spoken.started_at - ended_at, 4)
        self._call.tell(Timing(self._call.facts.call_id, dict(turn.seconds)))
        self._call.tell_turn(turn)
        if reply.hand_over:
            self._call.story.hand_over_to = reply.hand_over_to
            return "hand_over"
        # Whoever speaks into the goodbye has something to add.
        return "goodbye" if reply.ended and self._call.ear.inbox.empty() and not self._call.ear.taker.insists else ""

    def _take(self, turn: TurnStory, reply: Reply) -> None:
        meaning = reply.understanding
        turn.intent, turn.confidence = meaning.intent, round(meaning.confidence, 4)
        turn.fallback, turn.entities = meaning.fallback, dict(meaning.entities)
        turn.ticket_no = reply.ticket_no
        logs.note(ticket=reply.ticket_no)
        self._call.story.ticket_no = reply.ticket_no or self._call.story.ticket_no
        self._call.tell(
            Understood(self._call.facts.call_id, meaning.intent, turn.confidence, meaning.fallback, reply.ticket_no)
        )


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
