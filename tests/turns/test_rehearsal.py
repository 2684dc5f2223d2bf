"""Before somebody calls it is proved that a report would be taken, and the proof leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select

from bot.app.parts import Parts, running
from bot.app.readiness import STARTING, Readiness, readiness_of
from bot.database import Base, Database, open_database
from bot.dialogue.rehearsal import NotProved
from bot.dialogue.turns import RasaDialogue
from bot.foundation.background import Background
from bot.grid.sample import make_sample
from bot.settings import Settings
from bot.tickets.models import Notification, Ticket
from bot.web.health import ready_route
from tests.turns.test_whole_turns import kinds, say


@pytest_asyncio.fixture
async def service(database_url: str, tmp_path: Path, dialogue_model: Path) -> AsyncIterator[Parts]:
    settings = Settings(home=tmp_path, database=database_url)
    await asyncio.to_thread(_sample, database_url, tmp_path)
    async with running(settings, relay=False) as started:
        yield started


def _sample(url: str, folder: Path) -> None:
    database = open_database(url)
    make_sample(database, folder / "sample", households=160)
    database.dispose()


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    with database.reading() as session:
        return {
            table.name: sorted(map(tuple, session.execute(select(table)).all()), key=repr)
            for table in Base.metadata.sorted_tables
        }


def _broken(*_: Any, **__: Any) -> Any:
    raise RuntimeError("the desk is broken")


@pytest.mark.slow  # a service of its own for each kind of database
async def test_a_rehearsed_danger_goes_the_whole_way_and_leaves_nothing(
    service: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialogue = service.dialogue
    assert isinstance(dialogue, RasaDialogue)
    seen: list[tuple[int, int]] = []
    report = service.desk.report

    def reported(*args: Any, **kwargs: Any) -> Any:
        found = report(*args, **kwargs)
        with service.database.reading() as session:
            tickets, owed = (session.scalar(select(func.count()).select_from(one)) for one in (Ticket, Notification))
        seen.append((tickets or 0, owed or 0))
        return found

    nudged: list[bool] = []
    monkeypatch.setattr(service.desk, "report", reported)
    monkeypatch.setattr(service.relay, "nudge", lambda: nudged.append(True))
    before = everything(service.database)
    for _ in range(2):
        await dialogue.rehearse()
    assert [tickets for tickets, _ in seen] == [1, 1], "each is a report of its own, and the same as the first"
    assert all(owed for _, owed in seen), "somebody would have been told"
    assert everything(service.database) == before
    assert not nudged
    # What breaks a report breaks the rehearsal, and waits for nobody afterwards.
    with monkeypatch.context() as patch:
        patch.setattr(service.desk, "report", _broken)
        with pytest.raises((RuntimeError, NotProved)):
            await dialogue.rehearse()
    await dialogue.rehearse()
    assert everything(service.database) == before
    assert not list((service.settings.home / "spool").glob("*"))
    assert readiness_of(service).parts() == {"report": STARTING, "disk": STARTING}, (
        "what was not proved yet is not said"
    )
    # Who reports the same afterwards is the first who does, with the day's first number.
    reply = await say(service, "电线断了掉在路上,冒火花", "a-resident")
    assert kinds(service, "a-resident") == ["hazard"]
    assert reply.ticket_no and reply.ticket_no.endswith("0001")


async def test_ready_says_which_part_fails_and_gets_well_again(tmp_path: Path) -> None:
    failing: set[str] = set()

    def loop(name: str) -> Background:
        async def work() -> None:
            if name in failing:
                raise NotProved("it does not go")

        return Background(name, 1.0, work, clock=lambda: time[0])

    time = [0.0]
    beat = loop("database")
    ready = Readiness([tmp_path], lambda: loop("report")._work(), {"database": beat})
    loops = [*ready.backgrounds, beat]
    app = web.Application()
    app.router.add_routes([ready_route(ready.parts)])
    async with TestClient(TestServer(app)) as client:

        async def asked(times: int = 1) -> tuple[int, list[str]]:
            for _ in range(times):
                for one in loops:
                    await one._once()
            async with client.get("/ready") as answer:
                return answer.status, (await answer.json())["failed"]

        assert await asked(0) == (503, ["database", "disk", "report"]), "nothing is proved yet"
        assert await asked() == (200, [])
        for part in ("report", "database"):
            failing.add(part)
            assert await asked() == (200, []), "one that fails may have met a storm"
            assert await asked() == (503, [part])
            failing.clear()
            assert await asked() == (200, [])
        time[0] += 3600
        assert await asked(0) == (503, ["database"]), "it hangs"

    full = Readiness([tmp_path], lambda: loop("report")._work(), {}, least_free=1 << 60)
    await full.backgrounds[1]._once()
    assert full.parts()["disk"] == "full"
