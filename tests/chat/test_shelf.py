"""The messengers' rows: a code links one chat only, old rows go, what is still waited for stays."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlalchemy import func, select

from bot.chat.awaited_word import Waiting
from bot.chat.inbox import Inbox, Kept
from bot.chat.models import LinkCode, LinkTry, SeenUpdate, StaffWait
from bot.chat.store import ChatShelf
from bot.database import Database, now, open_database
from bot.grid.models import Staff
from bot.notify.tidy import tidying

LONG_AGO = dt.timedelta(days=8)


def staff(database: Database) -> None:
    with database.session() as session:
        session.add(Staff(staff_no="D1", name="值班", role="duty", phone="4"))


def test_a_code_that_is_sent_twice_at_the_same_instant_links_one(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    staff(database)
    first, second = ChatShelf(database, tmp_path), ChatShelf(open_database(database_url), tmp_path)
    for turn in range(10):
        code = first.new_code("D1")
        together = threading.Barrier(2)

        def link(shelf: ChatShelf, chat: str, code: str = code, together: threading.Barrier = together) -> str | None:
            together.wait()
            return shelf.link("telegram", chat, code)

        with ThreadPoolExecutor(2) as pool:
            names = list(pool.map(link, (first, second), (f"7{turn}", f"8{turn}")))
        assert sorted(map(str, names)) == ["None", "值班"]
    second._database.dispose()


async def test_old_rows_go_and_what_may_come_again_stays(database: Database, tmp_path: Path) -> None:
    shelf, at = ChatShelf(database, tmp_path), now()
    with database.session() as session:
        for name, when in (("old", at - LONG_AGO), ("new", at)):
            session.add(SeenUpdate(id=name, at=when))
            session.add(LinkTry(chat=name, at=when))
            session.add(LinkCode(hash=name, staff_no="D1", expires_at=when))
            session.add(StaffWait(staff_no=name, ticket_no="GD1", kind="comment", since=when))

    tidied = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tidy(at: dt.datetime) -> None:
        shelf.tidy(at)
        loop.call_soon_threadsafe(tidied.set)

    backgrounds = tidying(database, 180, {"chats": tidy})
    for one in backgrounds:
        one.start()
    async with asyncio.timeout(10):
        await tidied.wait()
    for one in backgrounds:
        await one.stop()
    with database.reading() as session:
        assert list(session.scalars(select(SeenUpdate.id))) == ["new"]
        assert list(session.scalars(select(LinkTry.chat))) == ["new"]
        assert list(session.scalars(select(LinkCode.hash))) == ["new"]
        assert list(session.scalars(select(StaffWait.staff_no))) == ["new"]


def test_an_update_is_kept_once_however_often_it_comes(database: Database) -> None:
    inbox = Inbox(database, "telegram")
    one = Kept("telegram-1", "501", {"update_id": 1})
    assert inbox.keep([one, one]) == [one]
    assert inbox.keep([one]) == [] and inbox.waiting() == [one]
    inbox.done(one.id, ())
    assert inbox.keep([one]) == [] and inbox.waiting() == []
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SeenUpdate)) == 1


def test_what_is_waited_for_survives_a_restart_and_not_ten_minutes(database: Database) -> None:
    at = now()
    Waiting(database).begin("M24", "GD1", "comment", at)
    after = Waiting(database)
    wait = after.of("M24", at + dt.timedelta(minutes=9))
    assert wait is not None and (wait.ticket_no, wait.kind) == ("GD1", "comment")
    assert after.of("M24", at + dt.timedelta(minutes=11)) is None and after.of("A24", at) is None
    after.begin("M24", "GD2", "wrong", at)
    assert after.of("M24", at).ticket_no == "GD2"  # type: ignore[union-attr]
    after.end("M24")
    assert after.of("M24", at) is None
