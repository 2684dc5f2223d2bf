"""What messengers deliver is a row before it is confirmed, and is handled from that row: at least once, chat by chat."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from bot.chat.models import KeptUpdate, SeenUpdate
from bot.chat.outgoing import Said, owe
from bot.database import Database, DatabaseBusy, now
from bot.foundation import logs
from bot.foundation.backoff import Backoff
from bot.foundation.recent import Recent
from bot.replicas.place import ALONE, Owner

log = logging.getLogger(__name__)

#: an update that fails so often is given up, and logged
TRIES = 5
_REMEMBERED = 1_000
_AGAIN = Backoff(first_s=0.5, most_s=8.0, tries=TRIES)


@dataclass(frozen=True)
class Kept:
    """One update. `id` is unique with all messengers ("telegram-7"); updates of one `chat` are handled in order."""

    id: str
    chat: str
    raw: dict[str, Any]


class Inbox:
    """The rows of one messenger; every command is one transaction.

    Of several services each handles what it has kept; what belongs to one that is gone is taken by the others."""

    def __init__(self, database: Database, channel: str, owner: Owner = ALONE) -> None:
        self._database, self.channel, self._owner = database, channel, owner

    def keep(self, updates: Sequence[Kept]) -> list[Kept]:
        """Write them down for good; those that are new. Once this returns the messenger may forget them."""
        if not updates:
            return []
        try:
            return self._keep(updates)
        except IntegrityError:
            return self._keep(updates)  # another service was given the same, and was first

    def _keep(self, updates: Sequence[Kept]) -> list[Kept]:
        names, living = [one.id for one in updates], self._owner.living()
        with self._database.session() as session:
            known = {
                *session.scalars(select(SeenUpdate.id).where(SeenUpdate.id.in_(names))),
                *session.scalars(select(KeptUpdate.id).where(KeptUpdate.id.in_(names))),
            }
            fresh = [one for one in {one.id: one for one in updates}.values() if one.id not in known]
            # Whoever is handling what came before in a chat handles what comes after it: a chat has an order.
            others = select(KeptUpdate.chat, KeptUpdate.service).where(
                KeptUpdate.channel == self.channel,
                KeptUpdate.chat.in_({one.chat for one in fresh}),
                KeptUpdate.service.in_(living - {self._owner.id}),
            )
            whose = {row.chat: row.service for row in session.execute(others)}
            session.add_all(
                KeptUpdate(
                    id=one.id,
                    channel=self.channel,
                    chat=one.chat,
                    raw=one.raw,
                    service=whose.get(one.chat, self._owner.id),
                )
                for one in fresh
            )
        return [one for one in fresh if one.chat not in whose]

    def waiting(self) -> list[Kept]:
        """What was kept, is ours and not handled, oldest first; what a fallen service left is ours from now on."""
        living = self._owner.living()
        left = (KeptUpdate.channel == self.channel) & KeptUpdate.service.not_in(living | {self._owner.id})
        with self._database.reading() as session:
            found = session.scalar(select(KeptUpdate.seq).where(left).limit(1))
        if found is not None:
            with self._database.session() as session:
                session.execute(update(KeptUpdate).where(left).values(service=self._owner.id))
        with self._database.reading() as session:
            rows = session.scalars(
                select(KeptUpdate)
                .where(KeptUpdate.channel == self.channel, KeptUpdate.service == self._owner.id)
                .order_by(KeptUpdate.seq)
            )
            return [Kept(row.id, row.chat, row.raw) for row in rows]

    def done(self, id: str, said: Sequence[Said]) -> None:
        """It was handled, and this is owed for it; both or neither."""
        with self._database.noting() as session:
            session.execute(delete(KeptUpdate).where(KeptUpdate.id == id))
            session.merge(SeenUpdate(id=id, at=now()))
            owe(session, id, said, self._owner.id)

    def failed(self, id: str) -> int:
        """It could not be handled; how often that has happened."""
        with self._database.noting() as session:
            row = session.scalar(select(KeptUpdate).where(KeptUpdate.id == id))
            if row is None:
                return TRIES
            row.attempts += 1
            return row.attempts


class InOrder:
    """Handles kept updates as they come: one after the other within a chat, chats beside each other."""

    def __init__(
        self,
        inbox: Inbox,
        handle: Callable[[Kept], Awaitable[Sequence[Said]]],
        owed: Callable[[Sequence[Said]], None],
        sorry: Callable[[Kept], Awaitable[Sequence[Said]]],
        *,
        at_once: int = 16,
        again: Backoff = _AGAIN,
    ) -> None:
        """`handle` gives what is to be shown; `owed` is told when that is written down; `sorry` is
        what becomes of an update that failed too often."""
        self._inbox, self._handle, self._owed, self._sorry, self._again = inbox, handle, owed, sorry, again
        self._room = asyncio.Semaphore(at_once)
        self._lines: dict[str, list[Kept]] = {}
        #: handled lately: whoever looks for what was left behind may have read it just before
        self._done: Recent[str, bool] = Recent(_REMEMBERED)
        self._tasks: set[asyncio.Task[None]] = set()

    def put(self, updates: Sequence[Kept]) -> None:
        """They have been kept: handle them, each once."""
        for one in updates:
            if one.id in self._done or one.id in {known.id for known in self._lines.get(one.chat, ())}:
                continue
            if one.chat in self._lines:
                self._lines[one.chat].append(one)
                continue
            self._lines[one.chat] = [one]
            task = asyncio.create_task(self._work(one.chat))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Let go; what was not finished is there at the next start."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self, chat: str) -> None:
        line = self._lines[chat]
        try:
            while line:
                async with self._room:
                    await self._one(line[0])
                self._done[line[0].id] = True
                line.pop(0)
        finally:
            del self._lines[chat]

    async def _one(self, kept: Kept) -> None:
        """Until it is done, or has failed too often; those behind it in the chat wait."""
        logs.note(update=kept.id)
        while True:
            try:
                said = await self._handle(kept)
                await asyncio.to_thread(self._inbox.done, kept.id, said)
            except Exception as problem:
                # No words of a resident in the log: only what went wrong.
                log.error("update %s could not be handled: %s", kept.id, type(problem).__name__)
                if await self._give_up(kept):
                    return
            else:
                self._owed(said)
                return

    async def _last_word(self, kept: Kept) -> Sequence[Said]:
        """What becomes of it; an update that not even that can be made of must not come again for ever."""
        try:
            return await self._sorry(kept)
        except (SQLAlchemyError, DatabaseBusy):
            raise  # the database is away: later
        except Exception:
            log.exception("update %s reaches nobody", kept.id)
            return []

    async def _give_up(self, kept: Kept) -> bool:
        try:
            tries = await asyncio.to_thread(self._inbox.failed, kept.id)
            wait = self._again.wait(tries)
            if wait is None:
                log.error("update %s is given up after %d tries", kept.id, tries)
                said = await self._last_word(kept)
                await asyncio.to_thread(self._inbox.done, kept.id, said)
                self._owed(said)
                return True
        except Exception:
            log.exception("the updates' rows cannot be written; trying again")
            wait = self._again.most_s
        await asyncio.sleep(wait)
        return False
