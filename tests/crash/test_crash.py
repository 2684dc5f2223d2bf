"""Nothing that a resident was told is lost, said twice or left open, wherever the service dies.

`gege bench crash --kills 1000` does the same for as long as one likes."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.bench.crash.checker import check
from bot.bench.crash.house import House, house
from bot.bench.crash.residents import DANGER, OUTAGE, answer_to
from bot.bench.crash.run import Wanted, crash
from bot.bench.crash.told import Told
from bot.database import open_database
from bot.tickets.desk import TicketDesk

pytestmark = pytest.mark.slow

#: commit points that every short run comes by
_OFTEN = ("bot.dialogue.turns:settle", "bot.tickets.arrivals:Arrivals.begin_call", "bot.notify.relay:Relay._settle")
#: what is written when the service dies
PLACES = {
    "what was heard, and nothing else": "after:bot.tickets.arrivals:Arrivals.keep",
    "everything, and it is not committed": "before:bot.dialogue.turns:settle",
    "everything, and nobody has heard it": "after:bot.dialogue.turns:settle",
}


@pytest.fixture
def scene(county: Path, database_url: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """(GEGE_HOME, database): the sample county on SQLite, an empty one on PostgreSQL."""
    if database_url.startswith("postgresql"):
        return tmp_path_factory.mktemp("crash"), database_url
    place = tmp_path_factory.mktemp("crash")
    for file in county.glob("gege.sqlite*"):
        shutil.copy(file, place)
    return place, ""


async def test_killed_at_commit_points_and_at_random_it_loses_nothing_and_says_nothing_twice(
    scene: tuple[Path, str], dialogue_model: Path
) -> None:
    home, database = scene
    run = await crash(home, Wanted(kills=4, seed=5, only=_OFTEN, browsers=2, chats=2, callers=1), database)
    assert run.told.acknowledged and run.told.broken_calls and {"page", "telegram", "wechat"} <= set(run.told.answers)
    assert any(run.told.died[place] for place in run.told.died if place), run.told.died
    assert run.clean, (run.found, run.unlisted)


async def test_the_checker_finds_a_service_that_answers_before_it_has_committed(
    home: Path, dialogue_model: Path
) -> None:
    async with house(home) as one:
        await one.start("ack-before-commit")
        reply = (await one.turn("early-danger-1", DANGER))["reply"]
        await one.kill()
    told = Told(acknowledged={"web-early-danger-1": reply}, conversations={"web-early-danger-1"})
    assert "在叫人" in reply and check(one.database_url, told).lost == [f"web-early-danger-1: {reply}"]


# ---- death at chosen places ----------------------------------------------------------------------


@contextlib.asynccontextmanager
async def read_back(scene: tuple[Path, str], session: str) -> AsyncIterator[House]:
    """A service whose resident has been read back what is to be logged, and then it is down."""
    async with house(*scene) as one:
        await one.start()
        reply = (await one.turn(session, OUTAGE))["reply"]
        while "对不对" not in reply:
            reply = (await one.turn(session, answer_to(reply)))["reply"]
        await one.kill()
        yield one


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
async def test_the_same_turn_again_is_logged_once_and_answered(
    scene: tuple[Path, str], dialogue_model: Path, place: str
) -> None:
    async with read_back(scene, "chosen-place-1") as one:
        await dies(one, place, "chosen-place-1", "对", "confirming-turn")
        assert kinds(one, "chosen-place-1") == (
            ["outage"] if PLACES[place] == "after:bot.dialogue.turns:settle" else []
        )
        await one.start()
        assert "记下了" in (await one.turn("chosen-place-1", "对", "confirming-turn"))["reply"]
        await one.kill()
        sweep(one)
        assert kinds(one, "chosen-place-1") == ["outage"]


@pytest.mark.parametrize("place", PLACES)
async def test_typed_again_with_a_new_id_it_is_one_ticket(
    scene: tuple[Path, str], dialogue_model: Path, place: str
) -> None:
    async with read_back(scene, "chosen-place-2") as one:
        await dies(one, place, "chosen-place-2", "对", "confirming-turn")
        await one.start()
        assert (await one.turn("chosen-place-2", "对", "another-turn-id"))["reply"]
        await one.kill()
        sweep(one)
        assert kinds(one, "chosen-place-2") == ["outage"]


@pytest.mark.parametrize("place", PLACES)
async def test_nobody_comes_back_and_half_an_hour_later_it_is_one_ticket(
    scene: tuple[Path, str], dialogue_model: Path, place: str
) -> None:
    async with read_back(scene, "chosen-place-3") as one:
        await dies(one, place, "chosen-place-3", "对", "confirming-turn")
        sweep(one)
        sweep(one)
        assert kinds(one, "chosen-place-3") == ["outage"]


@pytest.mark.parametrize("place", PLACES)
async def test_a_first_sentence_again_is_the_same_question_and_no_yes(
    scene: tuple[Path, str], dialogue_model: Path, place: str
) -> None:
    complaint = "我要投诉你们服务态度太差"
    async with house(*scene) as one:
        await dies(one, place, "chosen-place-4", complaint, "opening-turn")
        await one.start()
        first = (await one.turn("chosen-place-4", complaint, "opening-turn"))["reply"]
        assert first and "记下" not in first and kinds(one, "chosen-place-4") == []
        assert (await one.turn("chosen-place-4", complaint, "opening-turn"))["reply"] == first
        assert kinds(one, "chosen-place-4") == []
