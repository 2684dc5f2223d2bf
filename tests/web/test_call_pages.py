"""The call log in a browser: the duty desk sees every call, a manager those of his grid, a stranger none."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.doors.devices import Devices
from bot.doors.looks import Looks
from bot.grid.registry import Registry
from bot.notify.links import Links, Purpose
from bot.recordings.room import begin_recording, name_for
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.voice.call_log import CallLog
from bot.voice.events import CallEnded, CallStarted
from bot.voice.record import CallStory, TurnStory
from bot.web.calls import CallPages
from bot.web.signing_in import SignIn
from bot.web.staff import StaffPages
from tests.postgres import site_database
from tests.web.browsing import chromium, page_of
from tests.web.two_grids import KEY, StaffSite, staff_app, two_grids

RATE = 8000


@dataclass
class Site(StaffSite):
    app: Callable[[], web.Application]
    settings: Settings

    def call(self, name: str, *, grid_no: str = "24", said: str = "<b>停电了</b>", outcome: str = "goodbye") -> str:
        """A call of ten seconds, in which the caller spoke from the third to the fifth; → its ticket."""
        ticket = self.desk.report(Report("outage", said, name, Caller.by("phone"), grid_no=grid_no))
        both = np.zeros((10 * RATE, 2), "<i2")
        both[3 * RATE : 5 * RATE, 0] = 12_000
        both[6 * RATE : 9 * RATE, 1] = -8_000
        writer = begin_recording(self.settings, name_for(name, "call"), RATE, channels=2)
        writer.write(both.tobytes())
        writer.close()
        seconds = {
            "at": 6.0,
            "end_of_speech": 1.0,
            "speech": 2.0,
            "recognise": 0.05,
            "dialogue": 0.02,
            "first_audio": 0.01,
        }
        turn = TurnStory(said, intent="report_outage", said=["您家在哪里?"], seconds=seconds)
        story = CallStory(name, "13971800123", "0715-1", greeting=["您好。"], turns=[turn], ticket_no=ticket.ticket_no)
        story.outcome, story.seconds, story.recording = outcome, 10.0, name_for(name, "call")
        log = CallLog(self.database)
        log(CallStarted(name, story.caller, story.dialled, ""))
        log(CallEnded(name, "audiosocket", story))
        log.close()
        return ticket.ticket_no


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = site_database(tmp_path)
    two_grids(database)
    desk, registry, settings = TicketDesk(database), Registry.load(database), Settings(home=tmp_path)
    links, sign_in = Links(KEY, database), SignIn(Devices(database))
    staff = StaffPages(desk, registry, sign_in, Looks(database), settings)

    def app() -> web.Application:
        calls = CallPages(database, desk, sign_in, settings)
        made = staff_app(database, registry, desk, sign_in, *staff.routes(), *calls.routes())
        return made

    async with TestClient(TestServer(app())) as client:
        yield Site(client, links, desk, database, app, settings)
    database.dispose()


async def test_the_duty_desk_sees_every_call_and_a_manager_those_of_his_grid(site: Site) -> None:
    ours, others = site.call("a"), site.call("b", grid_no="25")
    await site.sign_in("D1")
    _, page = await site.get("/calls")
    assert ours in page and others in page and page.index(others) < page.index(ours), "the newest first"
    await site.sign_in("M24")
    _, page = await site.get("/calls")
    assert ours in page and others not in page
    assert (await site.get("/calls/1"))[0] == 200
    for path in ("/calls/2", "/calls/2/recording"):
        status, page = await site.get(path)
        assert status == 403 and "13971800123" not in page


async def test_strangers_and_supervisors_see_nothing_and_what_is_no_call_is_said(site: Site) -> None:
    site.call("a")
    for staff_no in ("", "S24"):
        if staff_no:
            await site.sign_in(staff_no)
        for path in ("/calls", "/calls/1", "/calls/1/recording"):
            status, page = await site.get(path)
            assert status == 403 and "13971800123" not in page
    await site.sign_in("D1")
    for number in ("99", "a", "-1", "1e3", "9" * 30, "%E4%BA%8C"):
        assert (await site.get(f"/calls/{number}"))[0] == 404, number
    assert (await site.get("/calls?before=x"))[0] == 200


async def test_a_call_shows_what_was_heard_when_and_what_was_answered(site: Site) -> None:
    site.call("a")
    await site.sign_in("D1")
    _, page = await site.get("/calls/1")
    assert "&lt;b&gt;停电了&lt;/b&gt;" in page and "<b>停电了</b>" not in page
    assert "您家在哪里?" in page and "听写 0.05" in page and "讲完了" in page
    turn = re.search('class="turn" x="([0-9.]+)" y="0" width="([0-9.]+)"', page)
    assert turn and (float(turn[1]), float(turn[2])) == (216.0, 144.0), "from 3 s to 5 s of 10, of 720 columns"
    caller = re.search('polygon class="caller" points="([^"]+)"', page)
    assert caller
    heights = {float(x): 60 - float(y) for x, y in (point.split(",") for point in caller[1].split())}
    assert all((height > 30) == (216 <= x < 360) for x, height in heights.items() if 0 < x < 720)
    response = await site.client.get("/calls/1/recording")
    assert (await response.read())[:4] == b"RIFF" and response.headers["Cache-Control"] == "no-store"


async def test_a_call_that_goes_on_and_one_whose_sound_is_gone_are_shown(site: Site) -> None:
    site.call("a")
    (site.settings.home / name_for("a", "call")).unlink()
    log = CallLog(site.database)
    log(CallStarted("b", "", "", ""))
    log.close()
    await site.sign_in("D1")
    assert "这段录音没有了" in (await site.get("/calls/1"))[1]
    assert (await site.get("/calls/1/recording"))[0] == 404
    status, page = await site.get("/calls/2")
    assert status == 200 and "还在讲" in page and "没有号码" in page


async def seen(page: Any, expression: str) -> None:
    """The page's policy forbids it to evaluate strings, so it is asked from outside."""
    async with asyncio.timeout(15):
        while not await page.evaluate(expression):
            await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_a_press_on_a_turn_plays_from_there(site: Site) -> None:
    site.call("a", said="我屋里停电了")
    async with chromium() as browser, page_of(browser, site.app()) as page:
        await page.goto(f"/t/{site.links.token(Purpose.sign_in, '', 'D1')}")
        await page.click("button")
        await page.goto("/calls")
        await page.click("td a")
        await seen(page, "document.querySelector('audio').src.startsWith('blob:')")
        await page.click(".from")
        await seen(page, "document.querySelector('audio').currentTime >= 3")
        await seen(page, "Number(document.querySelector('.hand').getAttribute('x1')) >= 216")
        if where := os.environ.get("GEGE_PICTURES"):
            await page.screenshot(path=f"{where}/call.png", full_page=True)
