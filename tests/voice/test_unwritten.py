"""A call that the database does not know yet is not lost with the process."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from bot.database import Database
from bot.lines.line import CallFacts
from bot.tickets.desk import TicketDesk
from bot.tickets.models import Call, Ticket
from bot.voice.call_life import Decision
from bot.voice.settling import Settling
from bot.voice.unwritten import Begun, Unwritten

FACTS = CallFacts("call-1", "13900000001", "0715-3391024", "")
_AWAY = OperationalError("", {}, Exception("server closed the connection unexpectedly"))


class Away:
    """A desk whose database is away until it is `back`."""

    def __init__(self, desk: TicketDesk) -> None:
        self._desk, self.back = desk, False

    def __getattr__(self, name: str) -> Any:
        if not self.back and name in ("begin_call", "call_back", "end_call", "together"):

            def away(*_: Any) -> None:
                raise _AWAY

            return away
        return getattr(self._desk, name)


@pytest.fixture
def files(tmp_path: Path) -> Unwritten:
    return Unwritten(tmp_path)


def left(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "run" / "calls").glob("*"))


def owed(database: Database) -> list[tuple[str, str]]:
    with database.reading() as session:
        return [(one.kind, one.reporter) for one in session.scalars(select(Ticket))]


async def test_who_was_greeted_while_the_database_was_away_is_called_back_after_a_death(
    database: Database, files: Unwritten, tmp_path: Path
) -> None:
    desk = TicketDesk(database)
    settling = Settling(Away(desk), unwritten=files)  # type: ignore[arg-type]
    assert not await settling.begun(FACTS, "audiosocket")
    (file,) = left(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o600 and "13900000001" not in file.name
    # the process dies here; another one starts
    assert Unwritten(tmp_path).settle(desk.begin_call, desk.call_back) == 1
    assert owed(database) == [("callback", "13900000001")] and left(tmp_path) == []
    assert Unwritten(tmp_path).settle(desk.begin_call, desk.call_back) == 0 and len(owed(database)) == 1


async def test_who_hung_up_while_the_database_was_away_is_called_back_as_soon_as_it_is_there(
    database: Database, files: Unwritten, tmp_path: Path
) -> None:
    away = Away(TicketDesk(database))
    settling = Settling(away, unwritten=files)  # type: ignore[arg-type]
    await settling.begun(FACTS, "audiosocket")
    settling.decided(FACTS.call_id, Decision("hung_up", unsettled=True))
    assert await settling.over(FACTS.call_id) is None
    settling.sweep()
    await settling.close()
    assert owed(database) == [] and len(left(tmp_path)) == 1
    away.back = True
    settling.sweep()
    await settling.close()
    assert owed(database) == [("callback", "13900000001")] and left(tmp_path) == []
    settling.sweep()
    await settling.close()
    assert len(owed(database)) == 1 and FACTS.call_id not in settling


async def test_a_call_that_is_a_row_leaves_no_file(database: Database, files: Unwritten, tmp_path: Path) -> None:
    settling = Settling(TicketDesk(database), unwritten=files)
    assert await settling.begun(FACTS, "audiosocket")
    assert left(tmp_path) == []


async def test_a_death_between_row_and_file_makes_no_second_call_back(
    database: Database, files: Unwritten, tmp_path: Path
) -> None:
    desk, call = TicketDesk(database), Begun("call-1", "13900000001", "", "", "sip")
    files.note(call)
    desk.begin_call(*call)
    assert files.settle(desk.begin_call, desk.call_back) == 0
    assert len(desk.recover()) == 1 and len(owed(database)) == 1


async def test_a_disk_that_takes_nothing_is_no_reason_not_to_answer(
    database: Database, files: Unwritten, tmp_path: Path
) -> None:
    (tmp_path / "run").write_text("in the way", "utf-8")
    assert await Settling(TicketDesk(database), unwritten=files).begun(FACTS, "audiosocket")
    with database.reading() as session:
        assert session.scalars(select(Call.id)).all() == ["call-1"]


async def test_half_a_file_is_put_aside(database: Database, files: Unwritten, tmp_path: Path) -> None:
    files.note(Begun("call-1", "13900000001", "", "", "sip"))
    files.note(Begun("call-2", "13900000002", "", "", "sip"))
    first = min(left(tmp_path))
    await asyncio.to_thread(first.write_text, '{"call_id": "cal', "utf-8")
    desk = TicketDesk(database)
    assert files.settle(desk.begin_call, desk.call_back) == 1 and len(owed(database)) == 1
    assert [one.suffix for one in left(tmp_path)] == [".broken"]
