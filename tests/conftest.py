"""What every room's tests may use: a trained model, a small county, a running service; and no site is ever touched."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

# Before anything of Gege's is imported: a test that forgets its own GEGE_HOME must not find a site's.
_nowhere = tempfile.mkdtemp(prefix="gege-tests-")
atexit.register(shutil.rmtree, _nowhere, ignore_errors=True)
os.umask(0o077)  # as the program does, before a file is made
os.environ.update(GEGE_HOME=_nowhere, RASA_TELEMETRY_ENABLED="false")
for _name in ("GEGE_DATABASE_URL", "GEGE_DEBUG"):
    os.environ.pop(_name, None)

import pytest  # noqa: E402

from bot.app.parts import Parts, open_site, running  # noqa: E402
from bot.dialogue import turns  # noqa: E402
from bot.grid.sample import HOUSEHOLDS, make_sample  # noqa: E402
from bot.settings import PROJECT, Settings  # noqa: E402
from tests.loop_guard import LoopGuard  # noqa: E402
from tests.postgres import database, database_url, sqlite_database  # noqa: E402

# On a machine that tests share a turn may take long: who wants the words of safety first says so.
turns.SAFETY_WORDS_S = 20.0

__all__ = ["database", "database_url", "sqlite_database"]

_guard = LoopGuard()
_guard.watch()


@pytest.fixture(autouse=True)
def _no_database_in_the_event_loop() -> Iterator[None]:
    """Fails the test in which a coroutine of the service asks the database without `asyncio.to_thread`."""
    _guard.found.clear()
    yield
    found = list(dict.fromkeys(_guard.found))
    assert not found, "the database was asked in the event loop:\n" + "\n".join(found)


@pytest.fixture(scope="session")
def dialogue_model() -> Path:
    """The trained dialogue model; trains once when it is missing or stale."""
    from bot.dialogue import rasa_lite
    from bot.dialogue.training import train

    with warnings.catch_warnings():
        # Rasa's libraries complain once, when they are first imported, and put their own filters before ours.
        warnings.simplefilter("ignore")
        rasa_lite.install()
        import rasa.core.agent  # noqa: F401
    return train(PROJECT / "models" / "dialogue")


def _site(folder: Path, households: int) -> Path:
    opened = open_site(Settings(home=folder))
    try:
        make_sample(opened, folder / "sample", households=households)
    finally:
        opened.dispose()
    return folder


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GEGE_HOME with 4,800 invented households in all 16 grids; copy it, never write to it."""
    return _site(tmp_path_factory.mktemp("county"), 4_800)


@pytest.fixture(scope="session")
def full_county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with all 57,600 households (five seconds); copy it, never write to it."""
    return _site(tmp_path_factory.mktemp("full-county"), HOUSEHOLDS)


@pytest.fixture
def home(county: Path, tmp_path: Path) -> Path:
    """A copy of the county for one test."""
    for file in county.glob("gege.sqlite*"):
        shutil.copy(file, tmp_path)
    return tmp_path


@pytest.fixture
async def service(home: Path, dialogue_model: Path) -> AsyncIterator[Parts]:
    """The service with the real Rasa model, without background tasks (loads Rasa: two seconds)."""
    async with running(Settings(home=home), relay=False) as started:
        yield started


#: a second database and a second adapter are for the whole suite; the first of each is quick
SLOW_WAYS = {"postgresql", "http"}
#: what these start takes seconds: a browser, Rasa, the whole county
SLOW_FIXTURES = {"browser", "service", "full_county"}


#: the folders of tests/ that were collected whole -> whether `make quick` sees something of them
ROOMS = pytest.StashKey[dict[str, bool]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is slow by what a test needs, so that `make quick` stays under a minute and sees every room."""
    collected: dict[Path, dict[str, bool]] = {}
    for item in items:
        ways = item.callspec.params.values() if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ()
        needs = set(getattr(item, "fixturenames", ()))
        alone = item.path.parent.name not in ("dialogue", "turns")  # these share one service
        if any(isinstance(way, str) and way in SLOW_WAYS for way in ways) or (alone and SLOW_FIXTURES & needs):
            item.add_marker(pytest.mark.slow)
        files = collected.setdefault(item.path.parent, {})
        files[item.path.name] = files.get(item.path.name, False) or item.get_closest_marker("slow") is None
    config.stash[ROOMS] = {
        folder.name: any(files.values())
        for folder, files in collected.items()
        if {file.name for file in folder.glob("test_*.py")} <= files.keys()
    }
