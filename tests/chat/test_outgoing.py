"""Answers leave in order, again and again, and not for ever; of two who take a resident over, one does."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.chat.models import OwedAnswer
from bot.chat.outgoing import Outgoing, Said
from bot.chat.takeover import Takeovers, Talk
from bot.database import Database, now, open_database
from bot.foundation.backoff import Backoff
from bot.notify.provider import Refused, Transient
from bot.notify.taken import Taken


@dataclass
class Messenger:
    """Shows what it is given, after the troubles that come first."""

    troubles: list[Exception] = field(default_factory=list)
    shown: list[tuple[str, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    async def show(self, name: str, said: Said) -> None:
        self.names.append(name)
        if self.troubles:
            raise self.troubles.pop(0)
        self.shown.append((said.chat, said.text))


def owed(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(OwedAnswer)) or 0


async def until(found: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not found():
            await asyncio.sleep(0.01)


async def test_answers_of_a_chat_keep_their_order_through_every_trouble(database: Database) -> None:
    messenger = Messenger([Transient("busy"), OSError("gone"), Transient("busy", 0.05)])
    outgoing = Outgoing(database, again=Backoff(0.01, 60.0))
    outgoing.add_ways({"fake": messenger.show})
    await outgoing.say("u1", [Said("fake", "7", text) for text in "一二三"])
    await outgoing.say("u2", [Said("fake", "7", "四")])
    await until(lambda: not owed(database))
    assert [text for _, text in messenger.shown] == list("一二三四")
    assert messenger.names == ["u1:0"] * 4 + ["u1:1", "u1:2", "u2:0"], "an answer has one name at every try"
    await outgoing.close()


async def test_the_same_update_owes_nothing_twice(database: Database) -> None:
    outgoing = Outgoing(database)
    for _ in range(2):
        await outgoing.say("u1", [Said("fake", "7", "一")])
    assert owed(database) == 1, "nobody shows it yet"
    messenger = Messenger()
    outgoing.add_ways({"fake": messenger.show})
    await outgoing.start()
    await until(lambda: not owed(database))
    assert messenger.shown == [("7", "一")]
    await outgoing.close()


async def test_what_is_refused_is_let_go_and_what_nobody_takes_is_given_up(database: Database) -> None:
    messenger = Messenger([Refused("blocked"), *(Transient("busy") for _ in range(50))])
    outgoing = Outgoing(database, dt.timedelta(seconds=0.5), again=Backoff(0.1, 60.0))
    outgoing.add_ways({"fake": messenger.show})
    await outgoing.say("u1", [Said("fake", "7", "一"), Said("fake", "7", "二")])
    await until(lambda: not owed(database))
    assert not messenger.shown and 2 < len(messenger.names) < 20
    await outgoing.close()


def talk(staff_no: str, chat: str = "7") -> Talk:
    at = now()
    return Talk("telegram", chat, "GD1", staff_no, "telegram", f"chat of {staff_no}", at, at)


def test_of_two_who_take_a_resident_over_at_the_same_instant_one_does(database: Database, database_url: str) -> None:
    other = open_database(database_url)
    for turn in range(10):
        together = threading.Barrier(2)

        def begin(
            database: Database, who: str, turn: int = turn, together: threading.Barrier = together
        ) -> Talk | None:
            together.wait()
            return Takeovers(database).begin(talk(who, f"chat {turn}"))

        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(begin, (database, other), ("M24", "A24"))
        assert (first is None) != (second is None)
        loser = first or second
        assert loser is not None and loser.staff_no == ("A24" if first else "M24")
    other.dispose()


def test_who_takes_another_resident_over_lets_the_first_go(database: Database) -> None:
    takeovers = Takeovers(database)
    assert takeovers.begin(talk("M24", "7")) is None and takeovers.begin(talk("M24", "8")) is None
    assert takeovers.of_resident("telegram", "7", now()) is None
    assert takeovers.of_resident("telegram", "8", now()) is not None
    assert takeovers.begin(talk("A24", "7")) is None
    ended = takeovers.end("M24")
    assert ended is not None and ended.chat == "8" and takeovers.end("M24") is None


async def test_an_answer_that_was_shown_before_the_death_is_not_shown_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    messenger, file = Messenger(), tmp_path / "taken"

    def killed(*_: object) -> None:
        raise OSError("killed")

    with monkeypatch.context() as dying:
        dying.setattr(Outgoing, "_gone", killed)
        first = Outgoing(database, taken=Taken(file))
        first.add_ways({"fake": messenger.show})
        await first.say("u1", [Said("fake", "7", "一")])
        await until(lambda: bool(messenger.shown))
        await until(lambda: bool(Taken(file).left()))
        await first.close()
    assert owed(database) == 1
    second = Outgoing(database, taken=Taken(file))
    second.add_ways({"fake": messenger.show})
    await second.start()
    await until(lambda: not owed(database))
    await second.close()
    assert messenger.shown == [("7", "一")]
