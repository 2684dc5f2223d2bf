"""公示牌 and 平面图: a board that is read from two metres and carries its grid's code; the plan says what is out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from bot.database import now
from bot.doors.devices import Devices
from bot.grid.importer import examine, take
from bot.grid.models import Transformer
from bot.grid.portraits import Portraits
from bot.grid.registry import Registry
from bot.notify.links import Links
from bot.settings import Settings
from bot.settings.settings import SiteSettings, WebSettings
from bot.statistics.plan import plan_of
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.models import Outage
from bot.web.desk.boards import BoardPages
from bot.web.desk.plan import PlanPage
from bot.web.signing_in import SignIn
from tests.grid.test_map import SQUARE, collection, feature
from tests.web.browsing import chromium, no_faults, page_of
from tests.web.test_households import county
from tests.web.two_grids import KEY, StaffSite, frame_of, staff_app

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@dataclass
class Site(StaffSite):
    app: web.Application
    home: Path

    async def photo(self, grid: str, data: bytes) -> tuple[int, str]:
        csrf = (await self.get(f"/desk/boards/{grid}"))[1].split('name="csrf" value="')
        form = FormData({"csrf": csrf[1].split('"')[0] if len(csrf) > 1 else ""})
        form.add_field("photo", data, filename="me.png", content_type="image/png")
        answer = await self.client.post(f"/desk/boards/{grid}", data=form)
        return answer.status, await answer.text()


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = county(tmp_path)
    desk, registry, sign_in = TicketDesk(database), Registry.load(database), SignIn(Devices(database))
    settings = Settings(
        home=tmp_path, web=WebSettings(public_url="https://gege.example"),
        site=SiteSettings(pay_url="https://pay.example", supervision_phone="0715-3391234"),
    )  # fmt: skip
    boards = BoardPages(frame_of(sign_in), registry, Portraits(tmp_path), settings)
    plan = PlanPage(frame_of(sign_in), database, registry)
    app = staff_app(database, registry, desk, sign_in, *boards.routes(), *plan.routes())
    async with TestClient(TestServer(app)) as client:
        yield Site(client, Links(KEY, database), desk, database, app, tmp_path)
    database.dispose()


async def test_a_board_holds_all_that_a_resident_needs(site: Site) -> None:
    await site.sign_in("M24")
    _, page = await site.get("/desk/boards/24")
    wanted = (
        "归程",
        "139 0715 0024",
        "东门社区",
        "95598",
        "12398",
        "0715-3391234",
        "扫一扫，交电费",
        "扫一扫，打字或讲话都行",
    )
    assert all(each in page for each in wanted) and page.count('class="segno"') == 2


async def test_a_manager_sees_his_own_boards_and_the_desk_all(site: Site) -> None:
    await site.sign_in("M24")
    assert "25号" not in (await site.get("/desk/boards"))[1] and (await site.get("/desk/boards/25"))[0] == 404
    await site.sign_in("D1")
    assert "25号" in (await site.get("/desk/boards"))[1] and (await site.get("/desk/boards/99"))[0] == 404


async def test_a_portrait_is_ones_own_and_is_no_path(site: Site) -> None:
    await site.sign_in("M24")
    assert "照片存好了" in (await site.photo("24", PNG))[1]
    assert "不是照片" in (await site.photo("24", b"<svg onload=alert(1)>"))[1]
    answer = await site.client.get("/desk/portraits/M24")
    assert await answer.read() == PNG and answer.headers["Content-Type"] == "image/png"
    for wrong in ("..%2F..%2Fgege.sqlite", "M25", "%00"):
        assert (await site.client.get(f"/desk/portraits/{wrong}")).status in (400, 404)
    [kept] = (site.home / "portraits").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    await site.sign_in("M25")
    assert (await site.photo("24", PNG))[0] in (403, 404)


async def test_the_plan_says_what_hangs_where_what_is_reported_and_what_is_out(site: Site) -> None:
    site.desk.report(
        Report("outage", "停电", "s", Caller.by("phone", "1"), household_no="4211001", grid_no="24", place="石桥路12号")
    )
    with site.database.session() as session:
        area = session.scalars(select(Transformer.id).where(Transformer.name == "东门1台区")).one()
        session.add(Outage(outage_no="TD1", transformer_id=area, grids=["24"], state="open", started_at=now()))
    [(feeder, [found])] = plan_of(site.database, ["24"]).feeders
    assert (feeder, found.transformer, found.households, found.reports, found.out) == (
        "东门线",
        "东门1台区",
        2,
        1,
        True,
    )
    assert (found.year_kwh, found.owing, round(found.load)) == (902, 1, 451)
    await site.sign_in("M24")
    _, page = await site.get("/desk/plan?grid=25")
    assert "东门1台区" in page and "西门" not in page, "another grid is not drawn"


async def test_a_map_that_the_county_brought_is_drawn_and_burns_where_the_plan_does(site: Site) -> None:
    await site.sign_in("M24")
    assert "地图" not in (await site.get("/desk/plan"))[1], "no map, no way to one"
    areas = (feature("Point", [114.0, 29.5], 台区="东门1台区"), feature("Point", [114.1, 29.6], 台区="西门1台区"))
    edge = feature("Polygon", SQUARE, grid_no="24")
    take(site.database, examine(site.database, "map.geojson", collection(*areas, edge)))
    site.desk.report(
        Report("outage", "停电", "s", Caller.by("phone", "1"), household_no="4211001", grid_no="24", place="石桥路12号")
    )
    _, page = await site.get("/desk/plan?grid=25&view=map")
    drawn = page.split("<svg viewBox")[1].split("</svg>")[0]
    assert 'aria-label="地图：1个台区，停电的0个，没办完的1件。"' in drawn and "东门1台区，1件没办完，2户" in drawn
    assert "西门" not in page and "asked" in drawn and 'class="edge"' in drawn, "another grid is not drawn"
    assert "示意图" in (await site.get("/desk/plan"))[1], "the schematic one is the first view"
    await site.sign_in("D1")
    _, page = await site.get("/desk/plan?grid=all&view=map")
    assert "东门1台区" in page and "西门1台区" in page
    assert "不在县里的地图上" not in (await site.get("/desk/plan?grid=25&view=map"))[1]
    assert (await site.get("/desk/plan?grid=99&view=nonsense"))[0] == 200


@pytest.mark.slow
async def test_the_map_is_read_by_a_screen_reader_and_is_one_sheet_of_paper(site: Site) -> None:
    areas = (feature("Point", [114.0, 29.5], 台区="东门1台区"), feature("Polygon", SQUARE, grid_no="24"))
    take(site.database, examine(site.database, "map.geojson", collection(*areas)))
    async with chromium() as browser, page_of(browser, site.app, refused=404) as page:
        await site.enter(page, "M24")
        await page.goto("/desk/plan?view=map")
        await no_faults(page)
        assert await page.get_by_role("img", name="地图：1个台区").count() == 1
        assert b"/Count 1" in await page.pdf(format="A4")


@pytest.mark.slow
async def test_a_board_is_one_sheet_of_a4_or_a3_and_its_name_is_read_from_two_metres(site: Site) -> None:
    async with chromium() as browser:
        for size, paper in (("a4", "A4"), ("a3", "A3")):
            async with page_of(browser, site.app, refused=404) as page:
                await site.enter(page, "M24")
                await page.goto(f"/desk/boards/24?size={size}")
                await no_faults(page)
                pdf = await page.pdf(format=paper)
                assert b"/Count 1" in pdf
                await page.emulate_media(media="print")
                tall = await page.evaluate(
                    "parseFloat(getComputedStyle(document.querySelector('.name')).fontSize) / 96 * 25.4"
                )
                # Taken as readable: six millimetres for each metre that one stands away.
                assert tall >= 12, f"{tall} mm"
