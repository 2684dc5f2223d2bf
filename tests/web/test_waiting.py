"""When too many write at once: kept on the disk and told so, answered later in order; danger at once; a death forgets nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.dialogue.port import Reply, Understanding
from bot.foundation.lateness import Lateness
from bot.settings import Settings
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.waiting import WaitingShelf
from bot.web.app import make_app
from bot.web.waiting import WaitingTurns
from bot.web.words import words
from tests.voice.doubles import ToneVoice
from tests.waiting import until
from tests.web.conftest import Grids, KeptDialogue, Site

ONE, OTHER = "0123456789abcdef", "fedcba9876543210"


class Slow(KeptDialogue):
    """One turn at a time, and none while the gate is shut."""

    def __init__(self, site: Site, lateness: Lateness) -> None:
        super().__init__([], desk=site.desk)
        self.gate, self._lock, self._lateness = asyncio.Event(), asyncio.Lock(), lateness

    async def turn(self, heard: Heard) -> Reply:
        with self._lateness.turn():
            if "断了掉" not in heard.text:
                async with self._lock:
                    await self.gate.wait()
            hazard = "断了掉" in heard.text
            said = Understanding(heard.text, "report_hazard" if hazard else "report_outage", 0.9, False)
            self.answers.append(Reply((f"{heard.text}，晓得了。",), said))
            return await super().turn(heard)


@pytest.fixture
def crowd(site: Site, tmp_path: Path) -> Callable:
    @asynccontextmanager
    async def opened() -> AsyncIterator[tuple[TestClient, Slow, WaitingTurns]]:
        lateness = Lateness()
        dialogue = Slow(site, lateness)
        waiting = WaitingTurns(dialogue, WaitingShelf(site.database), lateness, 0.2)
        app = make_app(
            dialogue, None, ToneVoice(), site.desk, Grids(), Settings(home=tmp_path), waiting=waiting,
        )  # fmt: skip
        background = waiting.background()
        running = asyncio.create_task(background.run())
        try:
            async with TestClient(TestServer(app)) as client:
                yield client, dialogue, waiting
        finally:
            dialogue.gate.set()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    return opened


async def _says(client: TestClient, session: str, text: str, id: str) -> dict:
    answer = await client.post("/api/turn", json={"session": session, "text": text, "id": id})
    assert answer.status == 200
    return await answer.json()


async def _stuck(client: TestClient) -> asyncio.Task:
    """Somebody whose turn does not come out."""
    first = asyncio.create_task(_says(client, ONE, "我屋里停电了", "turn-aaaa"))
    await asyncio.sleep(0.4)
    return first


async def test_who_would_wait_is_told_that_it_is_kept_and_is_answered_in_order_later(
    crowd: Callable, site: Site
) -> None:
    async with crowd() as (client, dialogue, waiting):
        first = await _stuck(client)
        kept = await asyncio.wait_for(_says(client, OTHER, "停电了", "turn-bbbb"), 2.0)
        again = await _says(client, OTHER, "在桃花源", "turn-cccc")
        assert kept["waiting"] and again["waiting"] and kept["reply"] == words().waiting
        shelf = WaitingShelf(site.database)
        assert [one.text for one in shelf.all()] == ["停电了", "在桃花源"], "before it is told it is on the disk"
        assert (await _says(client, OTHER, "停电了", "turn-bbbb"))["waiting"] and len(shelf.all()) == 2
        page = await (await client.get("/", cookies={"gege_talk": OTHER})).text()
        assert words().waiting in page and "data-waits" in page, "the page says so, and looks again"
        dialogue.gate.set()
        assert not (await first).get("waiting")
        await until(lambda: waiting.count == 0)
        found = await _says(client, OTHER, "停电了", "turn-bbbb")
        assert found["reply"] == "停电了，晓得了。" and not found.get("waiting")
        assert [one.text for one in dialogue.heard] == ["我屋里停电了", "停电了", "在桃花源"], "each once, in order"
        await until(lambda: shelf.all() == [])


async def test_danger_never_waits_nor_what_is_said_of_it_afterwards(crowd: Callable) -> None:
    async with crowd() as (client, dialogue, waiting):
        first = await _stuck(client)
        found = await asyncio.wait_for(_says(client, OTHER, "电线断了掉在路上", "turn-dddd"), 2.0)
        assert not found.get("waiting") and "晓得了" in found["reply"]
        place = asyncio.create_task(_says(client, OTHER, "在桃花源三组", "turn-eeee"))
        await asyncio.sleep(0.3)
        assert waiting.count == 0 and not place.done(), "it stands in the line and is not sent away"
        dialogue.gate.set()
        await asyncio.gather(first, place)


async def test_what_was_kept_before_a_death_is_answered_after_it(crowd: Callable, site: Site) -> None:
    WaitingShelf(site.database).put([Heard("web-x-1", f"web-{OTHER}", "停电了")])
    async with crowd() as (client, dialogue, waiting):
        dialogue.gate.set()
        await until(lambda: [one.id for one in dialogue.heard] == ["web-x-1"])
        await until(lambda: WaitingShelf(site.database).all() == [])
        page = await client.get("/", cookies={"gege_talk": OTHER})
        assert "停电了，晓得了。" in await page.text()
