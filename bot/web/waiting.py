"""When too many write at once: who would wait too long is told so and kept, and is answered in his order when there is room."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable

from bot.dialogue.danger import HAZARD
from bot.dialogue.port import Dialogue, Reply
from bot.foundation.background import Background
from bot.foundation.lateness import Lateness
from bot.foundation.recent import Recent
from bot.tickets.intake.danger import danger_in
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.waiting import WaitingShelf

log = logging.getLogger(__name__)

#: what waits is looked at so often (s)
_LOOK_S = 0.2
#: and so often whether a service that is gone has left something
_LEFT_S = 2.0
#: who begins now gives way to who is in the middle of a report: the share of the patience that he has
_BEGINS = 0.5
#: so many of those that waited are with the dialogue at the same time
_AT_ONCE = 8
#: whoever waits asks again after so long (s), at the least and at the most
_ASKS_S = (8.0, 120.0)
#: sessions that speak of danger, and answers that were found behind, that are remembered
_REMEMBERED = 2000


class WaitingTurns:
    """Decides who waits, keeps him, and answers him later. Danger never waits."""

    def __init__(self, dialogue: Dialogue, shelf: WaitingShelf, lateness: Lateness, patience_s: float) -> None:
        """`patience_s`: a turn that would wait longer is kept; 0: none is."""
        self._dialogue, self._shelf, self._lateness, self._patience_s = dialogue, shelf, lateness, patience_s
        self._queue: deque[Heard] = deque()
        #: what waits or is being answered
        self._ids: set[str] = set()
        self._sessions: Counter[str] = Counter()
        self._danger: Recent[str, bool] = Recent(_REMEMBERED)
        self._answers: Recent[str, Reply] = Recent(_REMEMBERED)
        self._coming: list[tuple[Heard, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._taking: set[asyncio.Task[None]] = set()
        #: answered, and their rows are still there: after a death the same id is the same turn
        self._done: list[str] = []
        self._looks_at = 0.0
        #: told of each answer that was found behind
        self.on_answer: Callable[[Heard, Reply], None] = lambda heard, reply: None

    @property
    def count(self) -> int:
        """Turns that wait or are being answered."""
        return len(self._ids)

    @property
    def again_s(self) -> int:
        """In so many seconds it is worth asking for an answer: thousands of pages that ask sooner are a storm of their own."""
        return round(min(_ASKS_S[1], max(_ASKS_S[0], self.count * self._lateness.pace_s)))

    def must_wait(self, heard: Heard, begins: bool) -> bool:
        """Whether this turn would wait too long; `begins`: it is the first of its conversation."""
        if not self._patience_s or heard.id in self._answers:
            return False
        if heard.id in self._ids:
            return True
        if danger_in(heard.text) is not None or heard.session in self._danger:
            return False
        if self._sessions[heard.session]:
            return True  # in the order in which they were written
        return self._lateness.turns_s > self._patience_s * (_BEGINS if begins else 1.0)

    async def keep(self, heard: Heard) -> None:
        """On the disk when it returns. Raises what the database raises."""
        if heard.id in self._ids:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._coming.append((heard, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await done

    def saw(self, heard: Heard, reply: Reply) -> None:
        """What was answered: whoever speaks of danger does not wait from now on."""
        if reply.understanding.intent == HAZARD or reply.question == "danger":
            self._danger[heard.session] = True
        else:
            self._danger.pop(heard.session, None)

    def answer(self, id: str) -> Reply | None:
        """What was answered behind to a turn that waited."""
        return self._answers.get(id)

    def background(self) -> Background:
        """Answers who waits."""
        return Background("turns that wait", _LOOK_S, self._work)

    # ---- behind ---------------------------------------------------------------------------------

    async def _write(self) -> None:
        """All that came meanwhile is one transaction: a disk takes hundreds of sentences as fast as one."""
        while self._coming:
            batch, self._coming = self._coming, []
            try:
                await asyncio.to_thread(self._shelf.put, [heard for heard, _ in batch])
            except Exception as problem:
                for _, done in batch:
                    if not done.done():
                        done.set_exception(problem)
                continue
            for heard, done in batch:
                self._add(heard)
                if not done.done():
                    done.set_result(None)

    def _add(self, heard: Heard) -> None:
        if heard.id not in self._ids:
            self._ids.add(heard.id)
            self._sessions[heard.session] += 1
            self._queue.append(heard)

    async def _work(self) -> None:
        if (at := time.monotonic()) >= self._looks_at:
            for heard in await asyncio.to_thread(self._shelf.left):
                if heard.id not in self._answers:
                    self._add(heard)
            self._looks_at = at + _LEFT_S
        self._fill()
        if self._done:
            await asyncio.to_thread(self._shelf.done, done := list(self._done))
            del self._done[: len(done)]

    def _fill(self) -> None:
        while self._queue and self._has_room():
            task = asyncio.create_task(self._take(self._queue.popleft()))
            self._taking.add(task)
            task.add_done_callback(self._taken)

    def _has_room(self) -> bool:
        """One is always on its way: who waits is not left behind by those who come."""
        in_time = self._lateness.turns_s < self._patience_s * _BEGINS
        return not self._taking or (in_time and len(self._taking) < _AT_ONCE)

    def _taken(self, task: asyncio.Task[None]) -> None:
        self._taking.discard(task)
        self._fill()

    async def _take(self, heard: Heard) -> None:
        try:
            reply = await self._dialogue.turn(heard)
            self._answers[heard.id] = reply
            self.saw(heard, reply)
            self.on_answer(heard, reply)
            self._done.append(heard.id)
        except Exception:
            # Its row is still there: it is taken again at the next start, and the same id is one turn.
            log.exception("a turn that waited was not answered")
        finally:
            self._ids.discard(heard.id)
            self._sessions[heard.session] -= 1
            if not self._sessions[heard.session]:
                del self._sessions[heard.session]
