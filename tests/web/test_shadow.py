"""试听 as people use it: the sound beside the proposal, 对 or 改 in a second, live and back on what was counted."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from bot.database import now
from bot.doors.devices import Devices
from bot.doors.looks import Looks
from bot.doors.models import Look
from bot.grid.models import Community, Feeder, Household, Transformer
from bot.grid.registry import Registry
from bot.learning.book import CorrectionBook
from bot.notify.links import Links
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.due import timers
from bot.tickets.intake.caller import Caller
from bot.tickets.lists import Lists
from bot.tickets.models import Kind, ShadowSwitch
from bot.web.desk.home import HomePage
from bot.web.desk.live import Live
from bot.web.desk.shadow import ShadowPage
from bot.web.signing_in import SignIn
from tests.postgres import site_database
from tests.web.browsing import chromium, no_faults, page_of
from tests.web.two_grids import KEY, StaffSite, frame_of, staff_app, ticket_routes, two_grids

HOUSE = "4200000001"


@dataclass
class Site(StaffSite):
    app: Any
    reports: int = 0

    def report(self, kind: str = Kind.outage, ago: float = 1, **more: Any) -> str:
        self.reports += 1
        values = {"place": "沿河路8号", "grid_no": "24", **more}
        report = Report(kind, "屋里黑了", f"s{self.reports}", Caller.by("phone", f"1390000{self.reports:04}"), **values)
        return self.desk.report(report, now() - dt.timedelta(minutes=ago)).ticket_no


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = site_database(tmp_path)
    two_grids(database)
    with database.session() as session:
        session.add_all([Community(id=1, name="桃溪社区"), Feeder(id=1, name="沿河线")])
        session.flush()
        session.add(Transformer(id=1, name="沿河一台区", feeder_id=1))
        session.flush()
        session.add(
            Household(
                household_no=HOUSE, householder="王建国", community_id=1, address="下津路3号", transformer_id=1, grid_no="24"
            )
        )  # fmt: skip
    desk, registry, settings = TicketDesk(database), Registry.load(database), Settings(home=tmp_path)
    sign_in, live = SignIn(Devices(database)), Live(database)
    frame, zone = frame_of(sign_in), ZoneInfo("Asia/Shanghai")
    screens = (
        HomePage(frame, Lists(database), live),
        ShadowPage(frame, database, desk, registry, Looks(database), CorrectionBook(database), zone),
    )

    def app() -> web.Application:
        routes = [route for screen in screens for route in screen.routes()]
        routes += ticket_routes(database, desk, registry, sign_in, settings)
        made = staff_app(database, registry, desk, sign_in, *routes)
        made.on_shutdown.append(live.close)
        return made

    async with TestClient(TestServer(app())) as client:
        yield Site(client, Links(KEY, database), desk, database, app)
    database.dispose()


async def test_shadow_to_live(site: Site) -> None:
    """A county that does not trust the machine yet listens first, counts, and switches on; and back when it was wrong."""
    await site.sign_in("D1")
    assert "换好了，1样" in (await site.form("/desk/shadow", grid="24", kind="outage", on="yes"))[1]
    first, second, third = site.report(ago=3), site.report(ago=2), site.report(ago=1)

    page = (await site.get("/desk/shadow"))[1]
    assert page.index(first) < page.index(second) < page.index(third) and "3张等着" in page
    assert "停电</span> 沿河路8号" in page and "24号网格" in page and "还等" in page
    with site.database.reading() as session:
        assert {first, second, third} <= set(session.scalars(select(Look.ref)))

    assert "好，往下办了" in (await site.form(f"/desk/shadow/{first}", verb="right"))[1]
    assert "好，往下办了" in (await site.form(f"/desk/shadow/{second}", verb="right"))[1]
    told = (await site.form(f"/desk/shadow/{third}", verb="wrong", kind="breaker_fault", household=HOUSE))[1]
    assert "改好了" in told and "对67%（3张）" in told, "counted, with how many"
    card = site.desk.ticket(third)
    assert card is not None and (card.kind, card.household_no) == ("breaker_fault", HOUSE)
    [correction] = CorrectionBook(site.database).corrections()
    assert (correction.ticket_no, correction.kind, correction.household_no) == (third, "outage", HOUSE)

    assert "换好了" in (await site.form("/desk/shadow", grid="24", kind="outage", on="no"))[1]
    live = site.report(ago=0)
    assert "没有等着的" in (await site.get("/desk/shadow"))[1]
    assert [one.template for one in site.desk.notifications(live)] == ["reported"], "live: nobody is asked any more"
    CorrectionBook(site.database).write(live, "D1", kind="arrears")
    page = (await site.get("/desk/shadow"))[1]
    assert "上线后1张，改过1张" in page and "值班" in page and "退回试听" in page
    await site.form("/desk/shadow", grid="24", kind="outage", on="yes")
    with site.database.reading() as session:
        rows = session.scalars(select(ShadowSwitch).order_by(ShadowSwitch.id)).all()
    assert [(one.on, one.by, one.right, one.judged) for one in rows] == [
        (True, "D1", 0, 0),
        (False, "D1", 2, 3),
        (True, "D1", 2, 3),
    ]


async def test_a_manager_judges_his_own_on_the_tickets_page_too_and_switches_nothing(site: Site) -> None:
    site.desk.shadow.switch(["24"], ["outage"], True, "D1")
    number = site.report()
    await site.sign_in("M24")
    page = (await site.get(f"/desk/{number}"))[1]
    assert "待确认" in page and f'action="/desk/shadow/{number}"' in page and "待确认" in (await site.get("/desk"))[1]
    assert (await site.form("/desk/shadow", grid="24", kind="outage", on="no"))[0] == 403
    assert "好，往下办了" in (await site.form(f"/desk/shadow/{number}", verb="right", back="ticket"))[1]
    assert f'action="/desk/shadow/{number}"' not in (await site.get(f"/desk/{number}"))[1]


async def test_two_people_at_once_and_a_double_tap(site: Site) -> None:
    site.desk.shadow.switch(["24"], ["outage"], True, "D1")
    number = site.report()
    site.desk.shadow.judge(number, "D1")
    await site.sign_in("M24")
    for verb in ("right", "wrong"):
        told = (await site.form(f"/desk/shadow/{number}", verb=verb, kind="arrears"))[1]
        assert "值班已经看过了" in told
    assert site.desk.ticket(number).kind == "outage"  # type: ignore[union-attr]
    assert CorrectionBook(site.database).corrections() == [], "what came too late taught nobody anything"


async def test_too_late_and_wrong_numbers_are_told_and_nothing_typed_is_lost(site: Site) -> None:
    site.desk.shadow.switch(["24"], ["outage"], True, "D1")
    number = site.report(ago=2)
    await site.sign_in("M24")
    status, page = await site.form(f"/desk/shadow/{number}", verb="wrong", kind="care", household="4299")
    assert status == 409 and "没有这个户号" in page and 'value="4299"' in page and 'value="care" selected' in page
    timers.fire_due(site.database, now() + dt.timedelta(minutes=30))
    assert "已经往下走了" in (await site.form(f"/desk/shadow/{number}", verb="right"))[1]


async def test_another_grids_people_neither_see_nor_judge(site: Site) -> None:
    site.desk.shadow.switch(["24"], ["outage"], True, "D1")
    number = site.report()
    await site.sign_in("M25")
    assert number not in (await site.get("/desk/shadow"))[1]
    assert "不归您管" in (await site.form(f"/desk/shadow/{number}", verb="right"))[1]
    assert site.desk.shadow.waiting("D1")[1] == 1
    await site.sign_in("S24")
    assert (await site.get("/desk/shadow"))[0] == 403


@pytest.mark.slow
async def test_the_page_fits_a_hand_and_has_no_serious_fault(site: Site) -> None:
    """At 390, 320 and 1440 px, in light and in dark."""
    site.desk.shadow.switch(["24"], ["outage", "care"], True, "D1")
    number = site.report(ago=2)
    site.report("care", household_no=HOUSE, place="")
    async with chromium() as browser:
        for scheme, width in (("light", 390), ("dark", 320), ("dark", 1440)):
            for device in Devices(site.database).list("D1"):
                Devices(site.database).end("D1", device.id)
            async with page_of(
                browser, site.app(), viewport={"width": width, "height": 844}, color_scheme=scheme
            ) as page:
                await site.enter(page, "D1")
                for path in ("/desk/shadow", f"/desk/{number}"):
                    await page.goto(path)
                    await page.locator(".wrong summary").first.click()
                    await no_faults(page)
                    button = await page.locator(".verdict button").first.bounding_box()
                    assert button["height"] >= 44
