"""What a dial plan does behind AudioSocket, for calls that come by SIP: people are rung, one after the other.

With a trunk Gege rings them itself and joins the two calls (whoever is rung hears first what the case is); without one
the exchange that the call came from is asked to ring (REFER), and where it does not know how, Gege rings through it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from bot.lines.bridge import join, ring_back
from bot.lines.dialling import Rung, outcome_of
from bot.lines.line import CallFacts, Line, LineEvent, Playback
from bot.lines.sip.call import SipCall
from bot.lines.sip.gateway import Gateway
from bot.lines.sip.media import SipLine
from bot.lines.sip.message import host_port
from bot.lines.sip.server import SipServer
from bot.speech.speak import Voice, VoiceFailed
from bot.telephone.handover import HandOvers
from bot.telephone.ring_plan import ANSWERED, CALLER_LEFT, CallPlan
from bot.voice.mouth import say
from bot.voice.prompts import prompts

log = logging.getLogger(__name__)

#: Asterisk's words for how ringing ended, so that both front ends follow one plan
_STATUS = {"answered": ANSWERED, "busy": "BUSY", "no_answer": "NOANSWER"}
_UNAVAILABLE = "CHANUNAVAIL"


class SipHandOver:
    """Answers SIP calls: the conversation first, then whoever has to be rung."""

    def __init__(
        self,
        hand_overs: HandOvers,
        converse: Callable[[Line, CallFacts], Awaitable[None]],
        voice: Voice | None,
        *,
        ring_s: float = 25.0,
    ) -> None:
        """`converse` runs a call and hangs its line up; `ring_s`: how long each one is rung."""
        self._hand_overs, self._converse, self._voice = hand_overs, converse, voice
        self._ring_s = ring_s
        #: conversations between people that go on
        self.joined = 0
        #: the server whose calls these are, and whose trunk people are rung through; it needs us first
        self.server: SipServer | None = None

    async def __call__(self, line: SipLine, facts: CallFacts) -> None:
        """One call, to the end of its last conversation."""
        plan = self._hand_overs.expect(facts, "sip")
        try:
            await self._converse(_Kept(line), facts)
            call = self.server.call_of(line) if self.server is not None else None
            step = await self._hand_overs.advance(plan, CALLER_LEFT if line.ended.is_set() else "")
            while step.number and call is not None:
                if step.told:
                    await self._say(line, getattr(prompts(), step.told))
                status = await self._ring(call, plan, step.number)
                step = await self._hand_overs.advance(plan, status)
            if step.told:
                await self._say(line, getattr(prompts(), step.told))
        finally:
            # Whatever broke, the line goes down now: what is still open is owed.
            await self._hand_overs.advance(plan, CALLER_LEFT)

    async def _ring(self, call: SipCall, plan: CallPlan, number: str) -> str:
        """Ring one person and let both talk; how it ended, in Asterisk's words."""
        if call.over:
            return CALLER_LEFT
        assert self.server is not None
        if self.server.gateway is None:
            referred = await call.refer(number, self._ring_s + 5.0)
            if referred.known:
                return _status_of(outcome_of(referred.status)) if referred.status else CALLER_LEFT
            if call.over:
                return CALLER_LEFT
            gateway = Gateway(call.dialog.peer, host_port(*call.dialog.peer))
        else:
            gateway = self.server.gateway
        return await self._join(call, plan, number, gateway)

    async def _join(self, call: SipCall, plan: CallPlan, number: str, gateway: Gateway) -> str:
        assert self.server is not None
        hearing = asyncio.create_task(ring_back(call.line))
        asking = asyncio.create_task(self.server.ring(number, self._ring_s, gateway))
        leaving = asyncio.create_task(call.line.ended.wait())
        try:
            await asyncio.wait({asking, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                return CALLER_LEFT
            rung: Rung[SipCall] = asking.result()
            if rung.call is None:
                log.warning("a person was not reached: %s %s", rung.outcome, rung.detail)
                return _status_of(rung.outcome)
            try:
                if await self._hand_overs.tell_case(plan, rung.call.line, call.line.ended):
                    hearing.cancel()
                    call.line.drop()
                    self.joined += 1
                    try:
                        await join(call.line, rung.call.line)
                    finally:
                        self.joined -= 1
            finally:
                await rung.call.hang_up()
            return CALLER_LEFT if call.line.ended.is_set() else ANSWERED
        finally:
            for task in (hearing, asking, leaving):
                task.cancel()
            await asyncio.gather(hearing, asking, leaving, return_exceptions=True)
            if asking.done() and not asking.cancelled() and not asking.exception() and (left := asking.result().call):
                await left.hang_up()

    async def _say(self, line: SipLine, sentence: str) -> None:
        if self._voice is None:
            return
        try:
            await say(line, self._voice, sentence)
        except VoiceFailed:
            log.exception("a sentence for a hand-over could not be spoken")


def _status_of(outcome: str) -> str:
    return _STATUS.get(outcome, _UNAVAILABLE)


class _Kept:
    """A line whose conversation ends without hanging up: somebody may be rung next."""

    def __init__(self, line: SipLine) -> None:
        self._line = line

    @property
    def rate(self) -> int:
        return self._line.rate

    @property
    def backlog(self) -> int:
        return self._line.backlog

    @property
    def on_sent(self) -> Callable[[bytes], None] | None:
        return self._line.on_sent

    @on_sent.setter
    def on_sent(self, told: Callable[[bytes], None] | None) -> None:
        self._line.on_sent = told

    def events(self) -> AsyncIterator[LineEvent]:
        return self._line.events()

    def play(self, pcm: bytes) -> Playback:
        return self._line.play(pcm)

    def drop(self) -> None:
        self._line.drop()

    async def hang_up(self) -> None:
        # The recording ends with the conversation: two people talk in private.
        self._line.on_sent = None
