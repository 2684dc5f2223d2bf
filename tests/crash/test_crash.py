"""Nothing that a resident was told is lost, said twice or left open, wherever the service dies.

`gege bench crash --kills 1000` does the same for as long as one likes."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from bot.bench.crash.checker import check
from bot.bench.crash.house import House, house
from bot.bench.crash.residents import DANGER, OUTAGE, answer_to
from bot.bench.crash.run import Wanted, crash
from bot.bench.crash.told import Told
from bot.database import open_database
from bot.grid.sample import make_sample
from bot.tickets.desk import TicketDesk
from tests.postgres import fresh_url

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

Scene = tuple[Path, str]
#: of the county on PostgreSQL
_HOUSEHOLDS = 1_200

#: commit points that every short run comes by
_OFTEN = ("bot.dialogue.turns:settle", "bot.tickets.arrivals:Arrivals.begin_call", "bot.notify.relay:Relay._settle")
#: what is written when the service dies
PLACES = {
    "what was heard, and nothing else": "after:bot.tickets.arrivals:Arrivals.keep",
    "everything, and it is not committed": "before:bot.dialogue.turns:settle",
    "everything, and nobody has heard it": "after:bot.dialogue.turns:settle",
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def site(kind: str, county: Path, folder: Path) -> Iterator[Scene]:
    """The sample county on SQLite, a smaller one on PostgreSQL."""
    if kind == "sqlite":
        for file in county.glob("gege.sqlite*"):
            shutil.copy(file, folder)
        yield folder, ""
        return
    for url in fresh_url(kind, folder):
        opened = open_database(url)
        make_sample(opened, folder / "sample", households=_HOUSEHOLDS)
        opened.dispose()
        yield folder, url


@pytest.fixture
def scene(kind: str, county: Path, tmp_path: Path) -> Iterator[Scene]:
    """One for a run of its own."""
    yield from site(kind, county, tmp_path)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home_of_all(
    kind: str, county: Path, dialogue_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """One nursery for all chosen places: to start it takes longer than all that a test does with it."""
    with contextlib.contextmanager(site)(kind, county, tmp_path_factory.mktemp("crash")) as (home, database):
        async with house(home, database) as it:
            yield it


@pytest_asyncio.fixture(loop_scope="module")
async def one(home_of_all: House) -> AsyncIterator[House]:
    """Nothing is served when a test begins, and nothing when it has ended. Each has sessions of its own."""
    yield home_of_all
    await home_of_all.kill()


async def test_killed_at_commit_points_and_at_random_it_loses_nothing_and_says_nothing_twice(
    scene: Scene, dialogue_model: Path
) -> None:
    home, database = scene
    run = await crash(home, Wanted(kills=4, seed=5, only=_OFTEN, browsers=2, chats=2, callers=1), database)
    assert run.told.acknowledged and run.told.broken_calls and {"page", "telegram", "wechat"} <= set(run.told.answers)
    assert any(run.told.died[place] for place in run.told.died if place), run.told.died
    assert not run.told.missed
    assert run.clean, (run.found, run.unlisted)


async def test_the_checker_finds_a_service_that_answers_before_it_has_committed(one: House) -> None:
    await one.start("ack-before-commit")
    reply = (await one.turn("early-danger-1", DANGER))["reply"]
    await one.kill()
    told = Told(acknowledged={"web-early-danger-1": reply}, conversations={"web-early-danger-1"})
    assert "在叫人" in reply and check(one.database_url, told).lost == [f"web-early-danger-1: {reply}"]


# ---- death at chosen places ----------------------------------------------------------------------


def session_of(number: int, place: str) -> str:
    return f"chosen-place-{number}-{list(PLACES).index(place)}"


async def read_back(one: House, session: str) -> None:
    """A resident has been read back what is to be logged, and then the service is down."""
    await one.start()
    reply = (await one.turn(session, OUTAGE))["reply"]
    while "对不对" not in reply:
        reply = (await one.turn(session, answer_to(reply)))["reply"]
    await one.kill()


async def dies(one: House, place: str, session: str, text: str, id: str) -> None:
    await one.start(f"die:{PLACES[place]}")
    with pytest.raises((aiohttp.ClientError, OSError)):
        await one.turn(session, text, id)
    await one.dead()


def kinds(one: House, session: str) -> list[str]:
    database = open_database(one.database_url)
    try:
        return [card.kind for card in TicketDesk(database).tickets() if card.session == f"web-{session}"]
    finally:
        database.dispose()


def sweep(one: House) -> None:
    """Thirty minutes later."""
    database = open_database(one.database_url)
    try:
        TicketDesk(database).sweep(stale_after=dt.timedelta(seconds=-1))
    finally:
        database.dispose()


@pytest.mark.parametrize("place", PLACES)
async def test_the_same_turn_again_is_logged_once_and_answered(one: House, place: str) -> None:
    session = session_of(1, place)
    await read_back(one, session)
    await dies(one, place, session, "对", "confirming-turn")
    assert kinds(one, session) == (["outage"] if PLACES[place] == "after:bot.dialogue.turns:settle" else [])
    await one.start()
    assert "记下了" in (await one.turn(session, "对", "confirming-turn"))["reply"]
    await one.kill()
    sweep(one)
    assert kinds(one, session) == ["outage"]


@pytest.mark.parametrize("place", PLACES)
async def test_typed_again_with_a_new_id_it_is_one_ticket(one: House, place: str) -> None:
    session = session_of(2, place)
    await read_back(one, session)
    await dies(one, place, session, "对", "confirming-turn")
    await one.start()
    assert (await one.turn(session, "对", "another-turn-id"))["reply"]
    await one.kill()
    sweep(one)
    assert kinds(one, session) == ["outage"]


@pytest.mark.parametrize("place", PLACES)
async def test_nobody_comes_back_and_half_an_hour_later_it_is_one_ticket(one: House, place: str) -> None:
    session = session_of(3, place)
    await read_back(one, session)
    await dies(one, place, session, "对", "confirming-turn")
    sweep(one)
    sweep(one)
    assert kinds(one, session) == ["outage"]


@pytest.mark.parametrize("place", PLACES)
async def test_a_first_sentence_again_is_the_same_question_and_no_yes(one: House, place: str) -> None:
    session, complaint = session_of(4, place), "我要投诉你们服务态度太差"
    await dies(one, place, session, complaint, "opening-turn")
    await one.start()
    first = (await one.turn(session, complaint, "opening-turn"))["reply"]
    assert first and "记下" not in first and kinds(one, session) == []
    assert (await one.turn(session, complaint, "opening-turn"))["reply"] == first
    assert kinds(one, session) == []
