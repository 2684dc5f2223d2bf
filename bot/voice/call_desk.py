"""What a call needs of the ticket desk, and what of it must survive whatever fails: what could not be understood."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from bot.dialogue.port import Reply
from bot.foundation.widths import plain
from bot.lines.line import CallFacts
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

    def together(self) -> AbstractContextManager[Any]:
        """What is commanded within is one transaction."""

    def begin_call(self, id: str, caller: str, dialled: str, diverting: str, front_end: str, /) -> Any:
        """Commit the call's row."""

    def end_call(self, id: str, outcome: str, /) -> Any:
        """The call is over; False when it was closed before."""

    def call_back(self, call_id: str, outcome: str, /) -> Sequence[Any]:
        """The call is over before its business was done: its caller is owed a call back, the first of the tickets."""

    def rest(self, session: str, /) -> Any:
        """The conversation is over: what is open in it becomes tickets."""

    def add(self, ticket_no: str, /, *, note: str, facts: Mapping[str, Any], by: str) -> Any:
        """Add what became known to a ticket."""


class Keeping:
    """One call's dealings with the desk while it goes on; no method raises, and none keeps the caller waiting."""

    def __init__(self, facts: CallFacts, intake: Intake, paces: CallerPaces | None) -> None:
        self._facts, self._intake, self._paces = facts, intake, paces

    async def begin(self, row: Awaitable[Any]) -> float:
        """Wait a moment for the call's row, which is written before a word is spoken; → seconds that this caller needs
        beyond the usual wait."""
        pace = asyncio.ensure_future(asyncio.to_thread(self._pace))
        await asyncio.wait({pace, asyncio.ensure_future(row)}, timeout=_GREETING_S)
        return pace.result() if pace.done() else 0.0

    def _pace(self) -> float:
        try:
            return self._paces.added(self._facts.caller) if self._paces else 0.0
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

    async def learn(self, cut_offs: int) -> None:
        """The call is over, and its caller was cut off so often."""
        try:
            if self._paces:
                await asyncio.to_thread(self._paces.learn, self._facts.caller, cut_offs)
        except Exception:
            log.exception("the pace of a caller could not be kept")


def _look_at(done: asyncio.Future[str | None]) -> None:
    if not done.cancelled() and (problem := done.exception()):
        log.error("the intake broke at last: %s", problem)
