"""The desk as a manager in a stairwell uses it: what burns first, one tap to act, nothing typed is lost, always up to date."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer

from bot.database import now
from bot.doors.devices import Devices
from bot.doors.passwords import Passwords
from bot.grid.registry import Registry
from bot.notify.links import Links, Purpose
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.lists import MOST, Lists, View
from bot.tickets.models import Kind
from bot.web.desk.door import DoorPages
from bot.web.desk.home import HomePage
from bot.web.desk.live import Live
from bot.web.signing_in import SignIn
from tests.postgres import site_database
from tests.web.browsing import chromium, no_faults, page_of
from tests.web.two_grids import KEY, StaffSite, csrf_of, frame_of, staff_app, ticket_routes, two_grids

STREETS = ("沿河路8号", "桃溪路3号", "下津路21号")


@dataclass
class Site(StaffSite):
    live: Live
    app: Any

    def report(
        self, kind: str = Kind.outage, place: str = STREETS[0], ago: float = 5, by: str = "13900000001", **more: Any
    ) -> str:
        """A report by telephone, so many minutes ago."""
        caller = Caller.by("phone", by)
        report = Report(kind, "屋里黑了", f"s{place}{ago}{kind}", caller, place=place, grid_no="24", **more)
        return self.desk.report(report, now() - dt.timedelta(minutes=ago)).ticket_no


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = site_database(tmp_path)
    two_grids(database, T1=("服务队", "team"))
    desk, registry, settings = TicketDesk(database), Registry.load(database), Settings(home=tmp_path)
    sign_in, live = SignIn(Devices(database)), Live(database)
    home = HomePage(frame_of(sign_in), Lists(database), live)

    def app() -> web.Application:
        door = DoorPages(
            frame_of(sign_in), sign_in, Passwords(database, KEY, "崇阳供电"), registry, ZoneInfo("Asia/Shanghai")
        )
        routes = [*home.routes(), *door.routes(), *ticket_routes(database, desk, registry, sign_in, settings)]
        made = staff_app(database, registry, desk, sign_in, *routes)
        made.on_shutdown.append(live.close)
        return made

    async with TestClient(TestServer(app())) as client:
        yield Site(client, Links(KEY, database), desk, database, live, app)
    database.dispose()


async def test_what_burns_stands_first_then_street_by_street(site: Site) -> None:
    late = site.report(place=STREETS[1], ago=600)
    site.report(place=STREETS[2])
    site.report(place=STREETS[0], ago=9)
    danger = site.report(Kind.hazard, place="电线杆下", urgent=True)
    await site.sign_in("M24")
    _, page = await site.get("/desk")
    order = [page.index(each) for each in (danger, late)]
    assert order == sorted(order) and page.index("先办这些") < order[0] < page.index("今天还有")
    assert "超了" in page and "还剩" in page and page.count("我来接单") == 4
    lists = Lists(site.database)
    rest = [one.ticket.place for one in lists.open("M24", View.mine, now())][2:]
    assert rest == sorted(rest)


async def test_a_list_holds_what_its_reader_may_read_and_no_more(site: Site) -> None:
    number = site.report()
    lists, at = Lists(site.database), now()
    seen = {
        who: [one.ticket.ticket_no for one in lists.open(who, View.all, at)]
        for who in ("M24", "M25", "D1", "T1", "S24")
    }
    assert seen == {"M24": [number], "M25": [], "D1": [number], "T1": [number], "S24": []}
    complaint = site.desk.report(
        Report(
            "complaint", "归程讲话难听", "c", Caller.by("phone", "1"), grid_no="24", facts={"complained_of": ["M24"]}
        )
    )
    assert complaint.ticket_no not in [one.ticket.ticket_no for one in lists.open("M24", View.all, at)]


async def test_one_tap_takes_it_and_the_list_says_so(site: Site) -> None:
    number = site.report()
    await site.sign_in("M24")
    status, page = await site.form(f"/desk/{number}", verb="take", back="/desk?view=mine")
    assert status == 200 and "接好了，归您管" in page and "我到现场了" in page, "back in the list, told once"
    assert "接好了" not in (await site.get("/desk?view=mine"))[1]
    assert site.desk.ticket(number).state == "acknowledged"  # type: ignore[union-attr]


async def test_the_second_is_told_what_the_first_did_and_keeps_what_he_typed(site: Site) -> None:
    number = site.report()
    site.desk.acknowledge(number, "D1")
    await site.sign_in("M24")
    status, page = await site.form(f"/desk/{number}", verb="take", note="我骑车，二十分钟到")
    assert status == 409 and "值班已经接了" in page and "我骑车，二十分钟到</textarea>" in page


async def test_everything_else_is_done_from_the_page_too(site: Site) -> None:
    number = site.report()
    site.desk.acknowledge(number, "M24")
    await site.sign_in("M24")
    path = f"/desk/{number}"
    assert "会告诉居民" in (await site.form(path, verb="eta", when="半小时"))[1]
    assert "没看懂时间" in (await site.form(path, verb="eta", when="过一阵子"))[1]
    assert "抢修班叫了" in (await site.form(path, verb="crew"))[1]
    assert "已经叫过了" in (await site.form(path, verb="crew"))[1]
    assert "记下了" in (await site.form(path, verb="comment", note="门口有狗"))[1]
    assert "没有这个工号" in (await site.form(path, verb="pass", to="X9"))[1]
    assert "做不了" in (await site.form(path, verb="nonsense"))[1]
    kinds = [act.kind for act in site.desk.activities(number)]
    assert {"estimated", "crew_called", "commented"} <= set(kinds)
    _, page = await site.form(path, verb="pass", to="T1", note="他近")
    assert site.desk.ticket(number).owner == "T1"  # type: ignore[union-attr]


async def test_a_photo_is_kept_and_what_is_none_is_refused(site: Site) -> None:
    number = site.report()
    await site.sign_in("M24")
    csrf = csrf_of((await site.get(f"/desk/{number}"))[1])
    for data, told in ((b"\x89PNG\r\n\x1a\n1", "照片存好了"), (b"<svg onload=alert(1)>", "不是照片")):
        form = FormData({"csrf": csrf})
        form.add_field("photo", data, filename="a.png", content_type="image/png")
        answer = await site.client.post(f"/desk/{number}/photo", data=form)
        assert told in await answer.text()


async def test_who_rings_by_the_number_on_the_page_is_written_down(site: Site) -> None:
    number = site.report()
    await site.sign_in("M24")
    assert 'href="tel:13900000001"' in (await site.get(f"/desk/{number}"))[1]
    assert (await site.form(f"/desk/{number}/rang"))[0] == 204
    assert [act.by for act in site.desk.activities(number) if act.kind == "rang"] == ["M24"]


async def test_a_script_in_every_field_stays_text(site: Site) -> None:
    evil = "<script>alert(1)</script>"
    number = site.report(place=evil, householder=evil)
    await site.sign_in("M24")
    await site.form(f"/desk/{number}", verb="comment", note=evil)
    for path in ("/desk", f"/desk/{number}"):
        page = (await site.get(path))[1]
        assert evil not in page and "&lt;script&gt;" in page


async def test_a_page_that_is_open_is_told_of_every_change(site: Site) -> None:
    await site.sign_in("M24")
    await site.live._look()
    answer = await site.client.get("/desk/events")
    assert answer.headers["Content-Type"] == "text/event-stream"
    await answer.content.readuntil(b"\n\n")
    await site.live._look()
    site.report()
    await site.live._look()
    told = await asyncio.wait_for(answer.content.readuntil(b"\n\n"), 5)
    assert told.startswith(b"event: changed")
    await site.live.close()
    assert await asyncio.wait_for(answer.content.read(), 30) == b""


async def test_a_change_is_told_to_whoever_may_have_the_case_and_disturbs_nobody_else(site: Site) -> None:
    """In a storm a hundred desks are open: each asks for its own list anew, not for everybody's."""
    told = {}
    clients = {no: TestClient(site.client.server) for no in ("M24", "M25", "D1")}
    for no, client in clients.items():
        await client.post(f"/t/{site.links.token(Purpose.sign_in, '', no)}", allow_redirects=False)
        told[no] = await client.get("/desk/events")
        await told[no].content.readuntil(b"\n\n")
    await site.live._look()
    number = site.report()
    await site.live._look()
    for no in ("M24", "D1"):
        assert (await asyncio.wait_for(told[no].content.readuntil(b"\n\n"), 5)).startswith(b"event: changed")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(told["M25"].content.readuntil(b"\n\n"), 0.2)
    site.desk.pass_on(number, "M25", "D1")
    await site.live._look()
    assert (await asyncio.wait_for(told["M25"].content.readuntil(b"\n\n"), 5)).startswith(b"event: changed")
    assert (await asyncio.wait_for(told["M24"].content.readuntil(b"\n\n"), 5)).startswith(b"event: changed"), "it left"
    await site.live.close()
    for client in clients.values():
        await client.session.close()


async def test_a_list_has_an_end_and_says_how_many_are_behind_it(site: Site) -> None:
    for number in range(MOST + 3):
        site.report(place=f"石桥路{number}号", ago=number + 1, by=f"139{number:08}")
    await site.sign_in("D1")
    _, page = await site.get("/desk?view=all")
    assert page.count('class="what"') == MOST and "还有3张没列出来" in page


async def test_strangers_hear_nothing_of_changes(site: Site) -> None:
    assert (await site.client.get("/desk/events")).status == 403


@pytest.mark.slow
async def test_from_the_message_to_the_ringing_two_taps_and_no_serious_fault_for_anybody(site: Site) -> None:
    """At 390, 320 and 1440 px, in light and in dark."""
    number = site.report(Kind.hazard, urgent=True)
    site.report(place=STREETS[1], ago=600)
    async with chromium() as browser:
        for scheme, width in (("light", 390), ("dark", 320), ("dark", 1440)):
            for device in Devices(site.database).list("M24"):
                Devices(site.database).end("M24", device.id)
            link = f"/t/{site.links.token(Purpose.ring, number, 'M24')}"
            async with page_of(
                browser, site.app(), viewport={"width": width, "height": 844}, color_scheme=scheme
            ) as page:
                await page.goto(link)  # the first tap; the page goes in by itself
                await page.wait_for_url("**/ring")
                assert await page.locator("a[href='tel:13900000001']").count() == 1, "the second tap rings"
                for path in ("/desk", f"/desk/{number}", "/desk/me"):
                    await page.goto(path)
                    await no_faults(page)
