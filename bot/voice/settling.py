"""Settles every call: keeps each one's life while it goes on, and carries what comes of it to the desk, once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.lines.line import CallFacts
from bot.voice.call_desk import CallDesk
from bot.voice.call_life import CallLife, Decision, End, Stage, Verdict
from bot.voice.events import Settled, Watcher, nobody_watches
from bot.voice.prompts import prompts
from bot.voice.unwritten import Begun, Unwritten

log = logging.getLogger(__name__)

#: a call that is settled is remembered so long (s): a dial plan may still ask
_REMEMBERED_S = 3600.0
_MOST_CALLS = 20_000
#: a write that is on its way is waited for so long (s) when the service stops
_LAST_WRITES_S = 5.0


@dataclass
class _Kept:
    """One call, and what of it is written."""

    facts: CallFacts
    front_end: str
    life: CallLife
    #: its row: True once it is committed
    row: asyncio.Task[bool] | None = None
    writing: asyncio.Task[None] | None = None
    written: bool = False
    ticket_no: str | None = None


class Settling:
    """The calls of a telephone, or the one of a conversation that nobody steers (tests, `gege call`)."""

    def __init__(
        self,
        desk: CallDesk,
        *,
        unwritten: Unwritten | None = None,
        watcher: Watcher = nobody_watches,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`unwritten` keeps calls that have no row yet; `watcher` is told what came of each."""
        self._desk, self._watcher, self._clock = desk, watcher, clock
        self._unwritten = unwritten or Unwritten()
        self._calls: dict[str, _Kept] = {}

    def __contains__(self, call_id: str) -> bool:
        return call_id in self._calls

    def expect(self, facts: CallFacts, front_end: str, *, followed: bool) -> CallLife:
        """A call that may come; the one that is known already stays."""
        if (kept := self._calls.get(facts.call_id)) is None:
            while len(self._calls) >= _MOST_CALLS:
                del self._calls[next(iter(self._calls))]
            kept = self._calls[facts.call_id] = _Kept(facts, front_end, CallLife(self._clock(), followed=followed))
        return kept.life

    def write_down(self, call_id: str) -> asyncio.Future[bool]:
        """The call's row, before a word is spoken; asked twice, it is written once."""
        kept = self._calls[call_id]
        if kept.row is None:
            kept.row = asyncio.create_task(self._row(kept))
        return asyncio.shield(kept.row)

    # ---- what a call says of itself (bot.voice.call_parts.Steering) ------------------------------

    def begun(self, facts: CallFacts, front_end: str) -> asyncio.Future[bool]:
        """Gege has taken the call. → its row."""
        self.expect(facts, front_end, followed=False).take(self._clock())
        return self.write_down(facts.call_id)

    def decided(self, call_id: str, decision: Decision) -> None:
        """The conversation is over; the line is still up."""
        self._calls[call_id].life.decide(decision, self._clock())

    async def over(self, call_id: str) -> str | None:
        """The line is down. → the ticket that came of the call; None also where somebody is to be rung yet."""
        kept = self._calls[call_id]
        kept.life.hang_up(self._clock())
        if writing := self.look(call_id):
            await asyncio.wait({writing})
        return kept.ticket_no

    # ---- what comes of it -----------------------------------------------------------------------

    def look(self, call_id: str) -> asyncio.Task[None] | None:
        """Something happened in a call: a verdict that it brought is carried to the desk."""
        kept = self._calls.get(call_id)
        if kept is None or kept.life.verdict is None or kept.written:
            return None
        if kept.life.taken and not kept.life.line_down:
            return None  # the conversation is still working on what was said
        if kept.writing is None or kept.writing.done():
            kept.writing = asyncio.create_task(self._carry(kept, kept.life.verdict))
        return kept.writing

    def sweep(self) -> None:
        """Time has passed: what nobody says anything more of is settled, what could not be written is tried again."""
        at = self._clock()
        for call_id, kept in list(self._calls.items()):
            kept.life.unheard(at)
            self.look(call_id)
            gone = kept.life.stage is Stage.settled and kept.written
            if gone and (not kept.life.followed or at - kept.life.since > _REMEMBERED_S):
                del self._calls[call_id]

    async def close(self) -> None:
        """Let what is being written come to its end; what is open then becomes a call-back at the next start."""
        writing = {kept.writing for kept in self._calls.values() if kept.writing and not kept.writing.done()}
        if writing:
            await asyncio.wait(writing, timeout=_LAST_WRITES_S)

    async def _carry(self, kept: _Kept, verdict: Verdict) -> None:
        facts = kept.facts
        if kept.row is not None:
            await asyncio.shield(kept.row)
        try:
            kept.ticket_no = await asyncio.to_thread(self._end, kept, verdict)
        except Exception:
            # Nothing is lost: it is tried again, and what is an open row or a file then is a call-back at the next start.
            log.exception("the end of call %s was not kept; it is tried again", facts.call_id)
            return
        kept.written = True
        try:
            self._watcher(Settled(facts.call_id, kept.front_end, verdict.outcome, kept.ticket_no))
        except Exception:
            log.exception("a watcher of call %s broke", facts.call_id)

    async def _row(self, kept: _Kept) -> bool:
        """First the file, which waits for nobody."""
        await self._unwritten.note_soon(_begun(kept))
        return await asyncio.to_thread(self._begin, kept)

    def _begin(self, kept: _Kept) -> bool:
        call = _begun(kept)
        try:
            self._desk.begin_call(*call)
        except Exception:
            log.exception("call %s has no row; it goes on", call.call_id)
            return False
        self._unwritten.forget(call.call_id)
        return True

    def _end(self, kept: _Kept, verdict: Verdict) -> str | None:
        """The call's end, and no file of it any more. → the ticket of the call, or its call-back's."""
        ticket_no = self._write(kept, verdict)
        self._unwritten.forget(kept.facts.call_id)
        return ticket_no

    def _write(self, kept: _Kept, verdict: Verdict) -> str | None:
        """One transaction; of a call that was closed before, nothing."""
        call_id = kept.facts.call_id
        decision = kept.life.decision
        ticket_no = decision.ticket_no if decision else None
        with self._desk.together():
            if verdict.end is not End.call_back:
                self._desk.end_call(call_id, verdict.outcome)
            elif ticket_no is None:
                if kept.row is None or not kept.row.result():
                    self._desk.begin_call(*_begun(kept))
                cards = self._desk.call_back(call_id, verdict.outcome)
                return str(cards[0].ticket_no) if cards else None
            elif self._desk.end_call(call_id, verdict.outcome):
                facts = {"call_back": verdict.outcome}
                self._desk.add(ticket_no, note=prompts().unreached_note, facts=facts, by="gege")
            self._desk.rest(call_id)
        return ticket_no


def _begun(kept: _Kept) -> Begun:
    facts = kept.facts
    return Begun(facts.call_id, facts.caller, facts.dialled, facts.diverting, kept.front_end)
