"""What a dial plan does behind AudioSocket, for calls that come by SIP: people are rung, one after the other.

Gege rings them through its trunk, else through the exchange that the call came from; whoever takes it hears what the case
is, and is joined with the caller. An exchange that takes no call from us is asked to transfer the caller (REFER)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from bot.lines.dialling import outcome_of, say_why
from bot.lines.line import CallFacts, Line, LineEvent, Playback
from bot.lines.sip.call import SipCall
from bot.lines.sip.media import SipLine
from bot.lines.sip.server import SipServer
from bot.telephone.exchange_ways import ExchangeWays
from bot.telephone.handover import HandOvers
from bot.telephone.put_through import ring_and_talk
from bot.telephone.ring_plan import ANSWERED, CALLER_LEFT, CallPlan

#: Asterisk's words for how ringing ended, so that both front ends follow one plan
_STATUS = {"answered": ANSWERED, "busy": "BUSY", "no_answer": "NOANSWER"}
_UNAVAILABLE = "CHANUNAVAIL"


class SipHandOver:
    """Answers SIP calls: the conversation first, then whoever has to be rung."""

    def __init__(
        self,
        hand_overs: HandOvers,
        converse: Callable[[Line, CallFacts], Awaitable[None]],
        ways: ExchangeWays,
        *,
        ring_s: float = 25.0,
    ) -> None:
        """`converse` runs a call and hangs its line up; `ways` remembers what exchanges do for us; `ring_s`: how long each
        one is rung."""
        self._hand_overs, self._converse = hand_overs, converse
        self._ways, self._ring_s = ways, ring_s
        #: callers for whom somebody is rung, or who talk with somebody
        self.joined = 0
        #: the server whose calls these are, and whose trunk people are rung through; it needs us first
        self.server: SipServer | None = None

    async def __call__(self, line: SipLine, facts: CallFacts) -> None:
        """One call, to the end of its last conversation."""
        plan = self._hand_overs.expect(facts, "sip")
        try:
            # As in a dial plan, before a word is spoken: whoever has heard Gege is called back, whatever dies.
            await self._hand_overs.write_down(plan, wait=True)
            await self._converse(_Kept(line), facts)
            call = self.server.call_of(line) if self.server is not None else None
            step = await self._hand_overs.advance(plan, CALLER_LEFT if line.ended.is_set() else "")
            while step.number and call is not None:
                await self._hand_overs.tell_caller(line, step.told)
                status = await self._ring(call, plan, step.number)
                step = await self._hand_overs.advance(plan, status)
            await self._hand_overs.tell_caller(line, step.told)
        finally:
            # Whatever broke, the line goes down now: what is still open is owed.
            await self._hand_overs.advance(plan, CALLER_LEFT)

    async def _ring(self, call: SipCall, plan: CallPlan, number: str) -> str:
        """Ring one person and let both talk; how it ended, in Asterisk's words."""
        if call.over:
            return CALLER_LEFT
        assert self.server is not None
        trunk, host = self.server.gateway, call.dialog.peer[0]
        if trunk is None and not self._ways.calls(host):
            return await self._transfer(call, number)
        gateway = trunk or self.server.through(call.dialog.peer)
        ring = self.server.ring(number, self._ring_s, gateway, plan.facts.caller)
        self.joined += 1
        try:
            came = await ring_and_talk(
                call,
                ring,
                lambda line: self._hand_overs.tell_case(plan, line, call.line.ended),
                None if trunk else self._ways,
            )
        finally:
            self.joined -= 1
        if came.outcome == "answered":
            self._ways.took(host)
            return CALLER_LEFT if call.over and not call.moved else ANSWERED
        if call.over:
            return CALLER_LEFT
        say_why(came, "a person for a caller")
        if trunk is None and self._ways.transfers_instead(host, came.code, came.detail):
            return await self._transfer(call, number)
        if came.outcome in ("busy", "no_answer"):
            self._ways.took(host)
        return _status_of(came.outcome)

    async def _transfer(self, call: SipCall, number: str) -> str:
        """The exchange rings, and takes the caller away from us when it does; only its final word is believed."""
        moved = call.moved
        referred = await call.refer(number, self._ring_s + 5.0)
        if referred.known:
            return _status_of(outcome_of(referred.status)) if referred.status else CALLER_LEFT
        # Who took one transfer and refuses the next has lost our caller with the first: somebody calls back.
        return CALLER_LEFT if call.over or moved else _UNAVAILABLE


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
