"""Calling out through Asterisk: its manager interface rings, and who answers comes to our AudioSocket.

Tried with Asterisk 22.10.1: OriginateResponse has Reason 0 for busy, declined, congested and unknown alike, before or after
the event Hangup of the channel, whose Cause (Q.850) and, with PJSIP, TechCause (the SIP status) tell them apart. ChannelId
makes the channel's Uniqueid ours, so that its events are found, on another connection too."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import uuid as uuids
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.lines.ami import Ami, AmiAccount, AmiFailed, signed_in
from bot.lines.audiosocket import AudioSocketLine, AudioSocketServer
from bot.lines.dialling import Connected, Rung, outcome_of, outcome_of_cause
from bot.lines.line import CallFacts

log = logging.getLogger(__name__)

#: Reason of an OriginateResponse: the channel's last control frame (Asterisk: include/asterisk/frame.h)
_TIME_OVER, _BUSY = "3", "5"
#: beyond the time of ringing, Asterisk tells how it ended within (s)
_GRACE_S = 5.0
#: Hangup and OriginateResponse come in any order, within (s)
_APART_S = 1.0
#: a channel that was answered connects to our AudioSocket within (s)
_CONNECT_S = 5.0
#: an exchange that could not be used is asked after the others for (s)
_LATER_S = 30.0


@dataclass
class AnsweredCall:
    """A call that somebody took, on an AudioSocket."""

    line: AudioSocketLine
    done: asyncio.Event

    async def hang_up(self) -> None:
        self.done.set()
        await self.line.hang_up()


@dataclass
class _Ringing:
    """A number that is rung, whichever exchange does it; `leg` names channel and AudioSocket."""

    number: str
    until: float
    leg: str = field(default_factory=lambda: str(uuids.uuid4()))
    taken: asyncio.Future[AnsweredCall] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def answer(self, line: AudioSocketLine, facts: CallFacts) -> None:
        if self.taken.done():
            return  # too late: nobody waits any more
        call = AnsweredCall(line, asyncio.Event())
        self.taken.set_result(call)
        await call.done.wait()

    @property
    def left_s(self) -> float:
        return max(0.0, self.until - asyncio.get_running_loop().time())


class AmiDialler:
    """Rings by Originate; one connection for each call, so that no call waits for another."""

    def __init__(
        self, exchanges: Sequence[AmiAccount], server: AudioSocketServer, *, shown: str = "",
        channel: str = "PJSIP/{number}@trunk", audiosocket: str = "127.0.0.1:9092",
    ) -> None:  # fmt: skip
        """`exchanges`: the second is asked where the first cannot be used; `shown`: the number that whoever is rung sees;
        `channel`: what Asterisk dials; `audiosocket`: where it reaches ours."""
        self._exchanges, self._shown = tuple(exchanges), shown
        self._server, self._channel, self._audiosocket = server, channel, audiosocket
        #: when an exchange could not be used the last time
        self._failed_at: dict[AmiAccount, float] = {}
        self._silent: set[AmiAccount] = set()

    async def ring(self, number: str, within_s: float) -> Rung[Connected]:
        """Ring a number; see Dialler."""
        if not number.isdecimal():
            return Rung("refused", detail="no number")
        clock = asyncio.get_running_loop().time
        ringing = _Ringing(number, clock() + within_s)
        self._server.announce(ringing.leg, answer=ringing.answer, later_s=within_s + _GRACE_S)
        problems: list[str] = []
        try:
            for exchange in sorted(self._exchanges, key=self._lately_failed):
                try:
                    rung = await self._by(exchange, ringing)
                except AmiFailed as problem:
                    if len(self._exchanges) > 1 and not self._lately_failed(exchange):
                        log.error("%s; the other exchange is asked", problem)
                    self._failed_at[exchange] = clock()
                    problems.append(str(problem))
                else:
                    self._failed_at.pop(exchange, None)
                    return rung
            return Rung("failed", detail="; ".join(problems))
        finally:
            ringing.taken.cancel()

    def _lately_failed(self, exchange: AmiAccount) -> bool:
        at = self._failed_at.get(exchange)
        return at is not None and asyncio.get_running_loop().time() - at < _LATER_S

    async def _by(self, exchange: AmiAccount, ringing: _Ringing) -> Rung[Connected]:
        """How ringing by one exchange ended. Raises AmiFailed when it did not, or when that cannot be known."""
        order = {
            "Channel": self._channel.format(number=ringing.number), "ChannelId": ringing.leg, "Application": "AudioSocket",
            "Data": f"{ringing.leg},{self._audiosocket}", "Timeout": str(max(1, int(ringing.left_s * 1000))), "Async": "true",
        }  # fmt: skip
        if self._shown:
            order["CallerID"] = self._shown
        async with signed_in(exchange) as ami:
            await ami.ask("Originate", **order)
            with contextlib.suppress(AmiFailed):
                return await self._followed(exchange, ami, ringing, _Told(ringing.leg))
        # The connection is lost, and the telephone may ring on: every connection is told how it ends.
        async with signed_in(exchange) as ami:
            return await self._followed(exchange, ami, ringing, _Told(ringing.leg, began=True))

    async def _followed(self, exchange: AmiAccount, ami: Ami, ringing: _Ringing, told: _Told) -> Rung[Connected]:
        ended = asyncio.ensure_future(told.until_over(ami))
        try:
            waiting: set[asyncio.Future[object]] = {ended, ringing.taken}  # type: ignore[arg-type]
            await asyncio.wait(waiting, timeout=ringing.left_s + _GRACE_S, return_when=asyncio.FIRST_COMPLETED)
            if ended.done() and not ringing.taken.done():
                ended.result()
        except asyncio.CancelledError:
            await _let_go(ended)
            await self._stop(ami, ringing)
            raise
        finally:
            await _let_go(ended)
        if told.answered:
            await asyncio.wait({ringing.taken}, timeout=_CONNECT_S)
        if ringing.taken.done():
            return Rung("answered", ringing.taken.result())
        if told.answered:
            advice = "see [asterisk.ami] audiosocket and [asterisk] allowed"
            log.error("a call was answered, but Asterisk did not connect it to %s; %s", self._audiosocket, advice)
            return Rung("no_answer")
        if not told.over:
            self._nothing_told(exchange, told)
            await self._stop(ami, ringing)
            return Rung("no_answer")
        return told.rung(self._channel)

    def _nothing_told(self, exchange: AmiAccount, told: _Told) -> None:
        if not told.began and exchange not in self._silent:
            self._silent.add(exchange)
            advice = f"give {exchange.user} read=call in manager.conf, or nobody is ever found busy"
            log.error("%s does not tell how ringing ends: %s", exchange, advice)

    @staticmethod
    async def _stop(ami: Ami, ringing: _Ringing) -> None:
        """Nobody wants it any more; an account that may not hang up lets it ring until its time is over."""
        with contextlib.suppress(AmiFailed):
            await ami.ask("Hangup", Channel=ringing.leg, Cause="16")


@dataclass
class _Told:
    """What an exchange tells of one channel, until it is known how ringing ended."""

    leg: str
    began: bool = False
    response: dict[str, str] | None = None
    hangup: dict[str, str] | None = None

    @property
    def answered(self) -> bool:
        return self.response is not None and self.response.get("Response") == "Success"

    @property
    def over(self) -> bool:
        return self.response is not None or self.hangup is not None

    async def until_over(self, ami: Ami) -> None:
        """Until both have come, or one of them and a while. Raises AmiFailed."""
        while not self.over:
            self._take(await ami.event())
        with contextlib.suppress(TimeoutError, AmiFailed):
            async with asyncio.timeout(_APART_S):
                while not self.answered and (self.response is None or self.hangup is None):
                    self._take(await ami.event())

    def _take(self, event: dict[str, str]) -> None:
        if event.get("Uniqueid") != self.leg:
            return
        if event["Event"] == "OriginateResponse":
            self.response = event
        elif event["Event"] == "Hangup":
            self.hangup = event
        else:
            self.began = True

    def rung(self, channel: str) -> Rung[Connected]:
        """The outcome of a call that nobody took."""
        reason = (self.response or {}).get("Reason", "")
        if reason == _TIME_OVER:
            return Rung("no_answer")
        if reason == _BUSY:
            return Rung("busy")
        if self.hangup is None:
            return Rung("failed", detail=f"Asterisk has no way to dial {channel}; see [asterisk.ami] channel")
        cause, status = self.hangup.get("Cause", ""), self.hangup.get("TechCause", "")
        said = f"cause {cause} ({self.hangup.get('Cause-txt', '')})"
        if status.isdecimal() and 300 <= int(status) < 700:
            return Rung(outcome_of(int(status)), detail=f"{status}, {said}")
        return Rung(outcome_of_cause(int(cause) if cause.isdecimal() else 0), detail=said)


async def _let_go(task: asyncio.Future[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
