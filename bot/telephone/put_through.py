"""One person rung for one SIP caller: told the case, joined with the caller, and left to the exchange where it can."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from bot.lines.bridge import hearing_ringing, join, while_up
from bot.lines.dialling import Rung
from bot.lines.sip.call import SipCall
from bot.lines.sip.media import SipLine
from bot.telephone.exchange_ways import ExchangeWays
from bot.telephone.ring_plan import ANSWERED, CALLER_LEFT

log = logging.getLogger(__name__)

#: who hangs up sooner has not been reached (s): a mailbox, or a hand that wanted to refuse
REACHED_S = 3.0
NOT_TAKEN = "NOANSWER"
#: the exchange is asked to connect the two; its last word may come behind the end of a call (s)
_LAST_WORD_S = 1.0


async def ring_and_talk(
    caller: SipCall,
    ring: Coroutine[Any, Any, Rung[SipCall]],
    whisper: Callable[[SipLine], Coroutine[Any, Any, None]],
    ways: ExchangeWays | None,
) -> Rung[SipCall] | str:
    """Ring one person, tell him the case, let both talk. How it ended, in Asterisk's words; the Rung when nobody took it.

    The caller hears ring-back until the two are joined. `ways`: how the exchange of both connects them without us, None
    when Gege stays between them in any case."""
    person: SipCall | None = None
    try:
        async with hearing_ringing(caller.line):
            rung = await while_up(ring, caller.line)
            if rung is None:
                return CALLER_LEFT
            if rung.call is None:
                return rung
            person = rung.call
            await while_up(whisper(person.line), caller.line, person.line)
        return await _Talk(caller, person, ways).run()
    finally:
        if person is not None:
            await person.hang_up()


class _Talk:
    """What goes on between a caller and somebody who has taken our call; `run` once."""

    def __init__(self, caller: SipCall, person: SipCall, ways: ExchangeWays | None) -> None:
        self._caller, self._person, self._ways = caller, person, ways

    async def run(self) -> str:
        """How it ended."""
        if self._caller.over or self._person.over:
            return self._missed  # one of them left in the whisper
        began = time.monotonic()
        connected = await self._talk()
        if connected is None:
            return CALLER_LEFT
        return ANSWERED if connected or time.monotonic() - began >= REACHED_S else self._missed

    @property
    def _missed(self) -> str:
        return CALLER_LEFT if self._caller.over else NOT_TAKEN

    async def _talk(self) -> bool | None:
        """Let them talk. True: the exchange has connected them without us; None: it took the caller away and did not
        say what became of him; False: one of them has hung up."""
        talking = asyncio.create_task(join(self._caller.line, self._person.line))
        leaving = asyncio.create_task(self._leave())
        try:
            await asyncio.wait((talking, leaving), return_when=asyncio.FIRST_COMPLETED)
            if leaving.done() and leaving.result() is not True:
                await talking
            elif not leaving.done() and self._caller.moved:
                await asyncio.wait((leaving,), timeout=_LAST_WORD_S)
            connected = leaving.result() if leaving.done() else False
            return connected if connected or self._caller.over else False
        finally:
            for task in (talking, leaving):
                task.cancel()
            await asyncio.gather(talking, leaving, return_exceptions=True)

    async def _leave(self) -> bool | None:
        """Ask the exchange to connect the two, once they have talked for a while: only then has the person been reached,
        and nothing is lost when it refuses."""
        host = self._caller.dialog.peer[0]
        ways = self._ways
        if ways is None or host != self._person.dialog.peer[0] or not ways.leaves(host) or not self._caller.connects:
            return False
        await asyncio.sleep(REACHED_S)
        referred = await self._caller.connect(self._person)
        if referred.known and 200 <= referred.status < 300:
            ways.connected(host)
            return True
        ways.stays(host, referred.status)
        return None if referred.known and not referred.status else False
