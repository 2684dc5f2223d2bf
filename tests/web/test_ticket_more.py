"""Materials, other cases of the door, and who rides just now, as the pages show them."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from bot.database import now
from bot.doors.devices import Devices
from bot.doors.passwords import Passwords
from bot.grid.occupied import Occupations, What
from bot.grid.registry import Registry
from bot.notify.links import Links
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.web.desk.busy import BusySwitch, busy_in_words
from bot.web.desk.door import DoorPages
from bot.web.desk.wall import WallPage
from bot.web.signing_in import SignIn
from tests.postgres import site_database
from tests.web.two_grids import KEY, StaffSite, frame_of, staff_app, ticket_routes, two_grids

ZONE = ZoneInfo("Asia/Shanghai")


class Site(StaffSite):
    def report(self, kind: str = "outage", place: str = "沿河路8号", ago: float = 5) -> str:
        report = Report(
            kind, "屋里黑了", f"s{kind}{ago}", Caller.by("phone", f"139{ago:08.0f}"), place=place, grid_no="24"
        )
        return self.desk.report(report, now() - dt.timedelta(minutes=ago)).ticket_no

    async def said(self, path: str, **fields: str) -> str:
        return (await self.form(path, **fields))[1]


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = site_database(tmp_path)
    two_grids(database)
    desk, registry = TicketDesk(database), Registry.load(database)
    sign_in = SignIn(Devices(database))
    frame = frame_of(sign_in)
    busy = BusySwitch(frame, Occupations(database))
    door = DoorPages(frame, sign_in, Passwords(database, KEY, "崇阳供电"), registry, ZONE, busy.shown)
    screens = (busy, door, WallPage(frame, database, ZONE))
    routes = [route for screen in screens for route in screen.routes()]
    routes += ticket_routes(database, desk, registry, sign_in, Settings(home=tmp_path))
    async with TestClient(TestServer(staff_app(database, registry, desk, sign_in, *routes))) as client:
        yield Site(client, Links(KEY, database), desk, database)
    database.dispose()


async def test_materials_are_written_with_their_sum_and_taken_back(site: Site) -> None:
    number = site.report()
    await site.sign_in("M24")
    await site.said(f"/desk/{number}/used", what="空气开关", count="1", cny="35")
    page = await site.said(f"/desk/{number}/used", what="<script>", count="2", cny="1.50")
    assert "记上了" in page and "一共36.50元" in page and "&lt;script&gt;" in page and "<script> " not in page
    assert "没记上" in await site.said(f"/desk/{number}/used", what="开关", cny="好多钱")
    assert "一共1.50元" in await site.said(f"/desk/{number}/used", line="0")
    await site.sign_in("M25")
    assert "不归您" in await site.said(f"/desk/{number}/used", what="开关", count="1", cny="1")


async def test_another_case_of_the_door_is_one_press_away(site: Site) -> None:
    first, later = site.report(ago=30), site.report("breaker_fault", ago=5)
    other = site.report("arrears", ago=4)
    await site.sign_in("M24")
    page = (await site.get(f"/desk/{later}"))[1]
    assert "这一处还开着的单" in page and f'value="{first}"' in page and f"/desk/{other}" in page
    assert f'name="other" value="{other}"' not in page, "money is another matter"
    told = await site.said(f"/desk/{later}/join", other=first)
    assert "并好了" in told and f"/desk/{first}/used" in told, "the earlier one is shown"
    assert "并不到一起" in await site.said(f"/desk/{later}/join", other=first)


async def test_who_rides_is_told_to_who_passes_on_and_to_the_wall_and_is_called_for_danger_all_the_same(
    site: Site,
) -> None:
    site.report()
    await site.sign_in("M24")
    page = await site.said("/desk/me/busy", what="riding", span="30")
    assert "骑车中，还有30分钟" in page and "有空了" in page
    danger = site.report("hazard", ago=0)
    assert "M24" in [one.staff_no for one in site.desk.notifications(danger)]
    await site.sign_in("D1")
    assert "骑车中，还有30分钟" in (await site.get("/desk/wall"))[1]
    assert "归程（骑车中，还有30分钟）" in (await site.get(f"/desk/{danger}"))[1]
    await site.sign_in("M24")
    assert "骑车中，还有" not in await site.said("/desk/me/busy", what="free")
    assert "请再按一次" in await site.said("/desk/me/busy", what="asleep")


async def test_it_ends_by_itself(site: Site) -> None:
    busy = Occupations(site.database).set("M24", What.busy, dt.timedelta(hours=99))
    assert busy.until <= now() + dt.timedelta(hours=8)
    assert busy_in_words(busy, busy.until) == "" and "在忙，还有1分钟" in busy_in_words(
        busy, busy.until - dt.timedelta(seconds=20)
    )
    later = Occupations(site.database, lambda: busy.until)
    assert later.now() == {}
