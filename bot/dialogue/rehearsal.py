"""A report that touches nobody: a whole turn of danger, from what is heard to what is owed, and then taken back."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bot.database import Database, Unit
from bot.dialogue.port import Reply
from bot.foundation.errors import Broken
from bot.foundation.words import load
from bot.tickets.intake.answered import answer
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard

#: its conversation; no row of it is ever committed
SESSION = "rehearsal"


class NotProved(Broken):
    """A rehearsed report did not come to where a real one has to come."""


class _TakenBack(BaseException):
    """The end of every rehearsal; no error, so that nobody on the way takes it for one."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


@dataclass(frozen=True)
class _Words:
    """rehearsal.yml."""

    said: str


@functools.cache
def _words() -> _Words:
    return load(_Words, Path(__file__).with_name("rehearsal.yml"))


def rehearsed() -> Heard:
    """What is said in a rehearsal: danger, because that is logged in one turn, and because it matters most."""
    return Heard(uuid.uuid4().hex, SESSION, _words().said, caller=Caller())


async def rehearse(
    database: Database,
    heard: Heard,
    keep: Callable[[Heard], bool],
    say: Callable[[], Awaitable[Reply]],
    in_thread: Callable[[Callable[[], Unit]], Awaitable[Unit]],
) -> None:
    """Take the turn as `settle` does (bot/dialogue/turns.py), and roll all of it back: no ticket, no message, no number.

    Nothing that waits for a commit happens: nobody is nudged, rung or counted. Raises NotProved, and what `say` raises."""
    try:
        with database.within(await in_thread(database.begin)) as unit:
            keep(heard)
            reply = await say()
            answer(unit.connection, heard.id, reply.as_json())
            raise _TakenBack(reply)
    except _TakenBack as done:
        if not done.reply.ticket_no or not done.reply.sentences:
            raise NotProved("a rehearsed report of danger made no ticket") from None
