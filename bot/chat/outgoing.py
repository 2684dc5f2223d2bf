"""Answers owed to chats: rows that leave in the order of each chat, again and again until the messenger takes them."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.chat.models import OwedAnswer
from bot.database import Database, now
from bot.foundation.backoff import Backoff
from bot.notify.provider import Refused, Transient
from bot.notify.taken import Taken
from bot.replicas.place import ALONE, Owner

log = logging.getLogger(__name__)

#: between two tries, seconds, unless the messenger names a time
_AGAIN = Backoff(first_s=1.0, most_s=60.0)


#: what its names begin with among those of what was taken
_SHOWN = "answer "


@dataclass(frozen=True)
class Said:
    """One thing to be shown in one chat."""

    channel: str
    chat: str
    text: str
    #: buttons below it: (label, data)
    choices: tuple[tuple[str, str], ...] = ()
    #: with the board of the frequent reports
    board: bool = False


#: shows one answer, once; the name is its own, and the same at every try. Raises Transient or Refused.
Way = Callable[[str, Said], Awaitable[None]]


def owe(session: Session, name: str, said: Sequence[Said], service: str = "") -> None:
    """Write answers down within the caller's transaction. `name` is what they answer: the same owes nothing twice;
    `service` is whose they are to show."""
    keys = [f"{name}:{number}" for number in range(len(said))]
    known = set(session.scalars(select(OwedAnswer.key).where(OwedAnswer.key.in_(keys)))) if keys else set()
    for key, one in zip(keys, said, strict=True):
        if key not in known and one.text:
            choices = [list(pair) for pair in one.choices]
            row = OwedAnswer(key=key, channel=one.channel, chat=one.chat, text=one.text, choices=choices)
            row.board, row.service = one.board, service
            session.add(row)


@dataclass(frozen=True)
class _Owed:
    id: int
    key: str
    said: Said
    attempts: int
    created_at: dt.datetime
    due_at: dt.datetime


class Outgoing:
    """Sends what is owed. `start()` takes up what a fallen service left, and so does `look()` afterwards; `close()` leaves
    the rest to the next one."""

    def __init__(
        self,
        database: Database,
        keep_for: dt.timedelta = dt.timedelta(hours=1),
        again: Backoff = _AGAIN,
        owner: Owner = ALONE,
        taken: Taken | None = None,
    ) -> None:
        """`keep_for`: an answer that nobody takes for so long is worth nothing any more; `taken`: survives us."""
        self._taken = taken or Taken()
        self._database, self._keep_for, self._owner = database, keep_for, owner
        self._again = dataclasses.replace(again, give_up_after_s=keep_for.total_seconds())
        self._ways: dict[str, Way] = {}
        self._work: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._more: set[tuple[str, str]] = set()

    def add_ways(self, ways: Mapping[str, Way]) -> None:
        """How to show something, by channel."""
        self._ways.update(ways)

    async def start(self) -> None:
        await asyncio.to_thread(self._forget_taken)
        await self.look()

    async def look(self) -> None:
        """Take up what is ours, and what belongs to a service that is gone."""
        for channel, chat in await asyncio.to_thread(self._chats):
            self.nudge(channel, chat)

    def owed(self, said: Sequence[Said]) -> None:
        """These have been written down."""
        for one in said:
            self.nudge(one.channel, one.chat)

    def nudge(self, channel: str, chat: str) -> None:
        """There is something for this chat."""
        key = (channel, chat)
        if key in self._work:
            self._more.add(key)
        elif channel in self._ways:
            self._work[key] = asyncio.create_task(self._serve(key))

    async def say(self, name: str, said: Sequence[Said]) -> None:
        """Owe and send, for what answers no kept update."""
        await asyncio.to_thread(self._write, name, said)
        self.owed(said)

    async def close(self) -> None:
        tasks = list(self._work.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, key: tuple[str, str]) -> None:
        """Empty one chat's line."""
        try:
            while True:
                self._more.discard(key)
                try:
                    row = await asyncio.to_thread(self._first, key)
                    if row is not None:
                        await self._try(row)
                        continue
                except Exception:
                    log.exception("the answers of a chat cannot be read or marked; trying again")
                    await asyncio.sleep(self._again.most_s)
                    continue
                if key not in self._more:
                    return
        finally:
            del self._work[key]

    async def _try(self, row: _Owed) -> None:
        wait = row.due_at - now()
        if wait > dt.timedelta(0):
            # A clock that was set back must not keep a chat silent for longer than an answer lives.
            await asyncio.sleep(min(wait, self._keep_for).total_seconds())
        try:
            await self._ways[row.said.channel](row.key, row.said)
        except Refused as problem:
            log.info("a chat of %s takes no answer: %s", row.said.channel, problem)
        except Exception as problem:
            asked = problem.retry_after if isinstance(problem, Transient) else None
            age = (now() - row.created_at).total_seconds()
            seconds = self._again.wait(row.attempts + 1, asked_s=asked, age_s=age)
            if seconds is not None:
                await asyncio.to_thread(self._later, row.id, now() + dt.timedelta(seconds=seconds))
                return
            log.error("an answer of %s is given up: %s", row.said.channel, type(problem).__name__)
        else:
            self._taken.note([_taken(row.key)])
        await asyncio.to_thread(self._gone, row.id)
        self._taken.done([_taken(row.key)])

    # ---- rows -----------------------------------------------------------------------------------

    def _chats(self) -> list[tuple[str, str]]:
        left = OwedAnswer.service.not_in(self._owner.living() | {self._owner.id})
        with self._database.reading() as session:
            found = session.scalar(select(OwedAnswer.id).where(left).limit(1))
        if found is not None:
            with self._database.session() as session:
                session.execute(update(OwedAnswer).where(left).values(service=self._owner.id))
        with self._database.reading() as session:
            ours = select(OwedAnswer.channel, OwedAnswer.chat).where(OwedAnswer.service == self._owner.id)
            return [(row.channel, row.chat) for row in session.execute(ours.distinct())]

    def _first(self, key: tuple[str, str]) -> _Owed | None:
        with self._database.reading() as session:
            row = session.scalar(
                select(OwedAnswer)
                .where(OwedAnswer.channel == key[0], OwedAnswer.chat == key[1], OwedAnswer.service == self._owner.id)
                .order_by(OwedAnswer.id)
                .limit(1)
            )
            if row is None:
                return None
            choices = tuple((label, data) for label, data in row.choices)
            said = Said(row.channel, row.chat, row.text, choices, row.board)
            return _Owed(row.id, row.key, said, row.attempts, row.created_at, row.due_at)

    def _write(self, name: str, said: Sequence[Said]) -> None:
        with self._database.noting() as session:
            owe(session, name, said, self._owner.id)

    def _later(self, id: int, due_at: dt.datetime) -> None:
        with self._database.noting() as session:
            if row := session.get(OwedAnswer, id):
                row.due_at, row.attempts = due_at, row.attempts + 1

    def _forget_taken(self) -> None:
        """What a fallen service had shown, and could not mark."""
        shown = [name.removeprefix(_SHOWN) for name in self._taken.left() if name.startswith(_SHOWN)]
        if shown:
            with self._database.noting() as session:
                session.execute(delete(OwedAnswer).where(OwedAnswer.key.in_(shown)))

    def _gone(self, id: int) -> None:
        with self._database.noting() as session:
            session.execute(delete(OwedAnswer).where(OwedAnswer.id == id))


def _taken(key: str) -> str:
    return f"{_SHOWN}{key}"
