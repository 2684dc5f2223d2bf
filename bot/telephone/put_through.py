"""One person rung for one SIP caller: told the case, joined with the caller, and left to the exchange where it can."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from bot.lines.bridge import hearing_ringing, join, unless_over
from bot.lines.dialling import Rung
from bot.lines.sip.call import SipCall
from bot.lines.sip.media import SipLine
from bot.telephone.exchange_ways import ExchangeWays
from bot.voice.call_life import TALK_S

#: two who are left to the exchange have talked by now, whatever clock is asked (s)
_SURELY_S = 0.2
#: the exchange is asked to connect the two; its last word may come behind the end of a call (s)
_LAST_WORD_S = 1.0


async def ring_and_talk(
    caller: SipCall,
    ring: Coroutine[Any, Any, Rung[SipCall]],
    tell: Callable[[SipLine], Awaitable[bool]],
    ways: ExchangeWays | None,
) -> Rung[SipCall]:
    """Ring one person, tell him the case, let both talk until one of them has gone. → how the ringing ended: "answered"
    also where he left before they talked, "failed" where the caller left while it rang.

    The caller hears ring-back until the two are joined. `tell` says whether that can be done now. `ways`: how the exchange
    of both connects them without us, None when Gege stays between them in any case."""
    person: SipCall | None = None
    try:
        async with hearing_ringing(caller.line):
            rung = await unless_over(ring, caller.line.ended)
            if rung is None or rung.call is None:
                return rung or Rung("failed", detail="the caller has left")
            person = rung.call
            told = await tell(person.line)
        if told and not caller.over and not person.over:
            await _Talk(caller, person, ways).run()
        return rung
    finally:
        if person is not None:
            await person.hang_up()


class _Talk:
    """What goes on between a caller and somebody who has taken our call; `run` once."""

    def __init__(self, caller: SipCall, person: SipCall, ways: ExchangeWays | None) -> None:
        self._caller, self._person, self._ways = caller, person, ways

    async def run(self) -> None:
        """Until one of them has hung up, or the exchange has connected them without us."""
        talking = asyncio.create_task(join(self._caller.line, self._person.line))
        leaving = asyncio.create_task(self._leave())
        try:
            await asyncio.wait((talking, leaving), return_when=asyncio.FIRST_COMPLETED)
            if leaving.done() and not leaving.result():
                await talking
            elif self._caller.moved:
                # The exchange ends both calls when it has connected them; its word of that may come behind.
                await asyncio.wait((leaving,), timeout=_LAST_WORD_S)
        finally:
            for task in (talking, leaving):
                task.cancel()
            await asyncio.gather(talking, leaving, return_exceptions=True)

    async def _leave(self) -> bool:
        """Ask the exchange to connect the two, once they have talked for a while: nothing is lost when it refuses."""
        host, ways = self._caller.dialog.peer[0], self._ways
        if ways is None or host != self._person.dialog.peer[0] or not ways.leaves(host) or not self._caller.connects:
            return False
        await asyncio.sleep(TALK_S + _SURELY_S)
        referred = await self._caller.connect(self._person)
        if referred.known and 200 <= referred.status < 300:
            ways.connected(host)
            return True
        ways.stays(host, referred.status)
        return False
