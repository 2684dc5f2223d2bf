"""What of a call must survive whatever fails: its row, what could not be understood, the call-back it owes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Protocol

from bot.dialogue.port import Reply
from bot.foundation.widths import plain
from bot.lines.line import CallFacts
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.unclear import Intake
from bot.voice.patience import CallerPaces

log = logging.getLogger(__name__)

#: the caller does not wait longer than this (s) for the database before he hears the first word
_GREETING_S = 0.15
#: nor longer than this for anything to be kept; it goes on behind
_KEEPING_S = 4.0


def leaves_open(reply: Reply) -> bool:
    """Whether somebody who hangs up after this answer has something left to say or to hear (promise 4)."""
    return reply.understanding.fallback or plain(reply.text).rstrip().endswith("?")


class CallDesk(Protocol):
    """What a call needs of the ticket desk (bot.tickets.desk); all may block and run in a thread."""

    def begin_call(self, id: str, caller: str, dialled: str, diverting: str, front_end: str, /) -> Any:
        """Commit the call's row."""

    def end_call(self, id: str, outcome: str, /) -> Any:
        """The call is over."""

    def call_back(self, call_id: str, outcome: str, /) -> Sequence[Any]:
        """The call is over before its business was done: its caller is owed a call back, the first of the tickets."""

    def rest(self, session: str, /) -> Any:
        """The conversation is over: what is open in it becomes tickets."""


class Keeping:
    """One call's dealings with the desk; no method raises, and none keeps the caller waiting."""

    def __init__(
        self, facts: CallFacts, desk: CallDesk, intake: Intake, paces: CallerPaces | None, front_end: str
    ) -> None:
        self._facts, self._desk, self._intake = facts, desk, intake
        self._paces, self._front_end = paces, front_end
        self._begun: asyncio.Future[float] | None = None

    async def begin(self) -> float:
        """Write the call down before a word is spoken; → seconds that this caller needs beyond the usual wait."""
        self._begun = asyncio.ensure_future(asyncio.to_thread(self._begin))
        done, _ = await asyncio.wait({self._begun}, timeout=_GREETING_S)
        return self._begun.result() if done else 0.0

    def _begin(self) -> float:
        facts = self._facts
        try:
            self._desk.begin_call(facts.call_id, facts.caller, facts.dialled, facts.diverting, self._front_end)
        except Exception:
            log.exception("call %s has no row; it goes on", facts.call_id)
        try:
            return self._paces.added(facts.caller) if self._paces else 0.0
        except Exception:
            log.exception("the pace of a caller could not be read")
            return 0.0

    async def keep(self, heard: Heard, reason: str) -> str | None:
        """Give what could not be understood to a person; the ticket's number, None when that is not sure yet."""
        keeping = asyncio.ensure_future(self._intake(heard, reason))
        try:
            return await asyncio.wait_for(asyncio.shield(keeping), _KEEPING_S)
        except TimeoutError:
            log.error("call %s: the intake takes long; it goes on behind", self._facts.call_id)
            keeping.add_done_callback(_look_at)
        except Exception:
            log.exception("call %s: the intake broke; the recording is %s", self._facts.call_id, heard.recording)
        return None

    async def end(self, outcome: str, owed: bool, cut_offs: int) -> str | None:
        """The call is over; `owed`: its caller is called back. → the number of that ticket."""
        if self._begun is not None:
            await asyncio.wait({self._begun})
        try:
            ticket_no = await asyncio.to_thread(self._end, outcome, owed)
        except Exception:
            log.exception("the end of call %s was not kept", self._facts.call_id)
            ticket_no = await self.keep(self._last_word(), "call_back") if owed else None
        try:
            if self._paces:
                await asyncio.to_thread(self._paces.learn, self._facts.caller, cut_offs)
        except Exception:
            log.exception("the pace of a caller could not be kept")
        return ticket_no

    def _end(self, outcome: str, owed: bool) -> str | None:
        if outcome == "handed_over" and self._facts.followed:
            return None  # open until a person has been reached: what stops us meanwhile owes a call-back
        if not owed:
            self._desk.end_call(self._facts.call_id, outcome)
            self._desk.rest(self._facts.call_id)
            return None
        cards = self._desk.call_back(self._facts.call_id, "dropped" if outcome == "hung_up" else outcome)
        return str(cards[0].ticket_no) if cards else None

    def _last_word(self) -> Heard:
        facts = self._facts
        return Heard(
            id=f"{facts.call_id}-end", session=facts.call_id, text="", caller=Caller.by(facts.channel, facts.caller),
            dialled=facts.dialled, diverting=facts.diverting, call_id=facts.call_id,
        )  # fmt: skip


def _look_at(done: asyncio.Future[str | None]) -> None:
    if not done.cancelled() and (problem := done.exception()):
        log.error("the intake broke at last: %s", problem)
