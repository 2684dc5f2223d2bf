"""Residents who cannot be written to are asked by telephone: is your light on again, are you satisfied."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import uuid
from collections.abc import Callable
from dataclasses import replace

from bot.calling.ledger import CallRefused, Ledger
from bot.database import Database, now
from bot.dialogue.port import Dialogue, Reply, Understanding
from bot.foundation import logs
from bot.foundation.phone_numbers import to_dial
from bot.lines.dialling import Dialler, say_why
from bot.lines.line import CallFacts, Line
from bot.replicas.place import ALONE, Owner
from bot.telephone.telephone import Telephone
from bot.tickets.due.hours import Hours
from bot.tickets.intake.heard import Heard
from bot.tickets.owed.owed_calls import OwedCallCard, OwedCalls
from bot.voice.call_parts import Opening
from bot.voice.calling_prompts import words

log = logging.getLogger(__name__)

#: not understood so often: a machine, or somebody who does not want to talk to one
_MOST_AGAIN = 2
#: what one service at a time does
ASKING = "questions by telephone"
_UNDERSTOOD = Understanding("", "deny", 1.0, False)
#: so many are looked at in one go
_AT_ONCE = 50
#: the hour's calls are used up, or nobody could be rung: looked at again
_LATER = dt.timedelta(minutes=10)


class AskingDialogue:
    """The usual dialogue behind a question of ours: what is no answer and no report is asked once more, then let be."""

    def __init__(self, usual: Dialogue, question: str, unwanted: Callable[[], None]) -> None:
        self._usual, self._question, self._unwanted = usual, question, unwanted
        self._again = 0

    async def start(self) -> None:
        """The usual one runs already."""

    async def close(self) -> None:
        """The usual one goes on."""

    async def parse(self, text: str, alternatives: tuple[str, ...] = (), question: str = "") -> Understanding:
        return await self._usual.parse(text, alternatives, question)

    async def turn(self, heard: Heard) -> Reply:
        said = words()
        text = "".join(heard.text.split())
        if not text or any(word in text for word in said.no_more_words):
            await asyncio.to_thread(self._unwanted)
            return Reply((said.no_more,), replace(_UNDERSTOOD, text=heard.text), ended=True)
        meaning = await self._usual.parse(heard.text, heard.alternatives)
        if meaning.fallback and text not in _answers():
            self._again += 1
            if self._again >= _MOST_AGAIN:
                return Reply((said.goodbye,), replace(meaning, intent=""), ended=True)
            return Reply((said.again, self._question), replace(meaning, intent=""))
        return await self._usual.turn(heard)


def _answers() -> set[str]:
    return {label for keys in words().keys.values() for label in keys.values() if label}


class Questions:
    """Makes the calls that are owed, a few at a time, at decent hours."""

    def __init__(
        self,
        database: Database,
        telephone: Telephone,
        dialler: Dialler,
        ledger: Ledger,
        hours: Hours,
        *,
        lines: int = 2,
        ring_s: float = 25.0,
        again_after: dt.timedelta = dt.timedelta(hours=2),
        owner: Owner = ALONE,
    ) -> None:
        """`lines`: calls at the same time; who does not answer is tried once more `again_after`. Of several services one
        (`owner`) asks: the lines are the site's."""
        self._owner = owner
        self._owed = OwedCalls(database)
        self._telephone, self._dialler, self._ledger, self._hours = telephone, dialler, ledger, hours
        self._lines, self._ring_s, self._again_after = lines, ring_s, again_after
        self._calls: dict[int, asyncio.Task[None]] = {}

    async def tick(self, at: dt.datetime | None = None) -> int:
        """Begin to ring who is due; how many calls are going on."""
        at = at or now()
        for key in [key for key, task in self._calls.items() if task.done()]:
            del self._calls[key]
        if self._hours.disturbs(at) or self._telephone.stopping or len(self._calls) >= self._lines:
            return len(self._calls)
        if not await asyncio.to_thread(self._owner.claim, ASKING):
            return len(self._calls)
        for owed in await asyncio.to_thread(self._owed.due, at, _AT_ONCE):
            if len(self._calls) >= self._lines:
                break
            if owed.id not in self._calls and (placed := await asyncio.to_thread(self._begin, owed, at)):
                self._calls[owed.id] = asyncio.create_task(self._ask(owed, placed))
        return len(self._calls)

    async def close(self) -> None:
        """Hang up; what is owed stays owed."""
        for task in self._calls.values():
            task.cancel()
        await asyncio.gather(*self._calls.values(), return_exceptions=True)

    def _begin(self, owed: OwedCallCard, at: dt.datetime) -> int | None:
        """The ledger's number of the call; None when it may not be made now, or ever."""
        try:
            return self._ledger.begin(owed.number, owed.kind, owed.ticket_no, "", at)
        except CallRefused as refused:
            if refused.reason == "toll":
                self._owed.put_off(owed.id, at + _LATER)  # no try of theirs
            else:
                self._owed.give_up(owed.id, at)
            return None

    async def _ask(self, owed: OwedCallCard, placed: int) -> None:
        outcome = "failed"
        logs.note(ticket=owed.ticket_no)
        try:
            rung = await self._dialler.ring(to_dial(owed.number), self._ring_s)
            outcome = rung.outcome
            if rung.call is None:
                say_why(rung, f"a question about {owed.ticket_no}: the resident")
            else:
                try:
                    await self._talk(owed, rung.call.line)
                finally:
                    await rung.call.hang_up()
        except Exception:
            log.exception("a question about %s could not be asked", owed.ticket_no)
        finally:
            await asyncio.shield(asyncio.to_thread(self._settle, owed, placed, outcome))

    async def _talk(self, owed: OwedCallCard, line: Line) -> None:
        said = words()
        question = {"light_on": said.light_on, "rating": said.rating}[owed.kind]
        dialogue = AskingDialogue(self._telephone.dialogue, question, lambda: self._stop_asking(owed))
        facts = CallFacts(str(uuid.uuid4()), caller=owed.number)
        opening = Opening(question, said.keys[owed.kind])
        await self._telephone.answer(line, facts, "out", opening=opening, dialogue=dialogue)

    def _stop_asking(self, owed: OwedCallCard) -> None:
        self._ledger.unwanted(owed.number)
        self._owed.give_up(owed.id)

    def _settle(self, owed: OwedCallCard, placed: int, outcome: str) -> None:
        self._ledger.end(placed, outcome)
        if outcome == "failed":
            self._owed.put_off(owed.id, self._hours.wakes(now() + _LATER))  # no try of theirs
        else:
            self._owed.tried(owed.id, self._hours.wakes(now() + self._again_after))
