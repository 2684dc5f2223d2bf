"""What fails around a service: that it fails as it should, and that a service whose disk fills keeps its word."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.bench.crash.run import Wanted, crash
from bot.bench.crash.troubles import DiskFull, NetworkFails, NoTrouble, Trouble, small_disk
from bot.bench.doubles.postgres import PostgresServer
from bot.database import open_database
from bot.grid.sample import make_sample

_HOUSEHOLDS = 1_200


@pytest.fixture(scope="module")
def server() -> PostgresServer:
    return PostgresServer(durable=True)


class Always(random.Random):
    """Dice that show one thing."""

    def __init__(self, how: str) -> None:
        super().__init__(1)
        self._how = how

    def choice(self, _: Sequence[str]) -> str:  # type: ignore[override]
        return self._how

    def uniform(self, a: float, b: float) -> float:
        return min(b, 0.5)

    def random(self) -> float:
        return 0.9


def answers(url: str, within_s: float) -> bool:
    database = open_database(url)
    began = time.monotonic()
    try:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    except Exception:
        return False
    finally:
        database.dispose()
    return time.monotonic() - began < within_s


@pytest.mark.slow
@pytest.mark.parametrize("how", ["broken", "silent", "slow"])
async def test_a_wire_that_fails_fails_and_is_whole_again(server: PostgresServer, how: str) -> None:
    wire = NetworkFails(server)
    async with wire.there():
        url = wire.url(server.url)
        assert url != server.url and await asyncio.to_thread(answers, url, 5.0)
        striking = asyncio.create_task(wire.strike(Always(how)))
        await asyncio.sleep(0.05)
        assert not await asyncio.to_thread(answers, url, 0.4)
        await striking
        assert await asyncio.to_thread(answers, url, 5.0)


async def run(home: Path, troubles: Sequence[Trouble]) -> None:
    opened = open_database(f"sqlite:///{home / 'gege.sqlite'}")
    opened.migrate()
    make_sample(opened, home / "sample", households=_HOUSEHOLDS)
    opened.dispose()
    wanted = Wanted(kills=1, seed=7, at_random=True, troubles=troubles, troubled=1, browsers=2, chats=1, callers=1)
    found = await crash(home, wanted)
    assert found.told.troubles and found.told.acknowledged, found.told
    # What failed goes to a person, and the conversation may end with a case of its own beside it: two, and never none.
    loses = ("lost", "empty", "calls_without_one_call_back", "never_sent", "taken_and_lost", "same_number", "damaged")
    assert not any(getattr(found.found, name) for name in loses), found.found
    assert found.unlisted == []


@pytest.mark.slow
async def test_a_disk_that_fills_loses_nothing_that_was_promised(tmp_path: Path, dialogue_model: Path) -> None:
    home = tmp_path / "home"
    try:
        with small_disk(home):
            await run(home, [DiskFull(home)])
    except NoTrouble as why:
        pytest.skip(f"NOT TESTED: {why}")
