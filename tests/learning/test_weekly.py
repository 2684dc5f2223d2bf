"""The service learns beside its work, in another process, and goes on with what was learned; a failure changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.database import Database, now
from bot.dialogue.training import fingerprint
from bot.learning.runs import RunLog
from bot.learning.weekly import learning
from bot.settings import Settings
from tests.tickets.county import on_sqlite

pytestmark = on_sqlite


class Dialogue:
    """Takes up what it is given, or breaks."""

    def __init__(self, breaks: bool = False) -> None:
        self.models: list[Path | None] = []
        self._breaks = breaks

    async def take_up(self, model: Path | None) -> bool:
        self.models.append(model)
        if self._breaks:
            raise RuntimeError("no dialogue model")
        return True


def at_this_minute(home: Path) -> Settings:
    settings = Settings(home=home, dialogue={"models": str(home)}, site={"timezone": "UTC"})  # type: ignore[arg-type]
    settings.learning.weekly = now().strftime("%a %H:%M")
    return settings


async def until(
    settings: Settings,
    database: Database,
    dialogue: object,
    run: Callable[[], Awaitable[int]],
    done: Callable[[], bool],
) -> None:
    background = learning(settings, database, dialogue, run, look_s=0.01)
    background.start()
    async with asyncio.timeout(10):
        while not done():
            await asyncio.sleep(0.01)
    await background.stop()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    return tmp_path


async def test_it_starts_once_when_its_time_has_come(home: Path, county: Database) -> None:
    started, dialogue = [], Dialogue()

    async def run() -> int:
        RunLog(county).begin()
        started.append(1)
        return 0

    await until(at_this_minute(home), county, dialogue, run, lambda: len(dialogue.models) > 3)
    assert started == [1]


async def test_it_never_starts_by_itself_when_nobody_asked_for_it(home: Path, county: Database) -> None:
    dialogue = Dialogue()

    async def run() -> int:
        raise AssertionError("nobody asked for it")

    settings = Settings(home=home, dialogue={"models": str(home)})  # type: ignore[arg-type]
    await until(settings, county, dialogue, run, lambda: len(dialogue.models) > 3)
    assert RunLog(county).runs() == []


async def test_the_model_of_the_present_sentences_is_taken_up(home: Path, county: Database) -> None:
    model, dialogue = home / f"dialogue-{fingerprint()}.tar.gz", Dialogue()
    settings = Settings(home=home, dialogue={"models": str(home)})  # type: ignore[arg-type]

    async def run() -> int:
        return 0

    await until(settings, county, dialogue, run, lambda: len(dialogue.models) > 1)
    assert set(dialogue.models) == {None}
    model.touch()
    await until(settings, county, dialogue, run, lambda: model in dialogue.models)


async def test_a_run_that_fails_and_a_model_that_is_broken_do_not_end_it(home: Path, county: Database) -> None:
    dialogue, started = Dialogue(breaks=True), []

    async def run() -> int:
        started.append(1)
        return 1

    await until(at_this_minute(home), county, dialogue, run, lambda: len(dialogue.models) > 2)
    assert len(started) > 1
