"""Who is signed in where: a lost telephone is out everywhere in one act, a new device is told, a demo needs nobody."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select, update

from bot.chat.awaited_word import Waiting
from bot.chat.staff import StaffChat
from bot.chat.store import ChatShelf, shut
from bot.chat.takeover import Takeovers
from bot.database import now
from bot.doors.devices import Devices
from bot.doors.passwords import Passwords
from bot.doors.shutting import Shutting
from bot.grid.importer import changed
from bot.grid.models import Staff
from bot.grid.registry import Registry
from bot.notify.links import Links, Purpose
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.lists import Lists
from bot.tickets.models import Notification
from bot.web.desk.door import DoorPages
from bot.web.desk.home import HomePage
from bot.web.desk.live import Live
from bot.web.desk.people import PeoplePages
from bot.web.desk.tryout import TryOut
from bot.web.signing_in import SignIn
from tests.postgres import site_database
from tests.web.two_grids import KEY, StaffSite, frame_of, staff_app, ticket_routes, two_grids

URL = "https://gege.example"


@dataclass
class Site(StaffSite):
    devices: Devices
    registry: Registry
    shelf: ChatShelf
    hung_up: list[str]
    sample: list[bool]


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database, zone = site_database(tmp_path), ZoneInfo("Asia/Shanghai")
    two_grids(database)
    desk, registry, settings = TicketDesk(database), Registry.load(database), Settings(home=tmp_path)
    links, devices, shelf = Links(KEY, database, URL), Devices(database), ChatShelf(database, tmp_path)
    sign_in, hung_up, sample = SignIn(devices), [], [False]
    frame, shutting = frame_of(sign_in), Shutting(database, [shut], [hung_up.append])
    routes = [
        *PeoplePages(frame, sign_in, registry, shutting, links, shelf.new_code, lambda *_: 0, zone).routes(),
        *TryOut(lambda: sample[0], sign_in, registry).routes(),
        *DoorPages(frame, sign_in, Passwords(database, KEY, "崇阳供电"), registry, zone).routes(),
        *HomePage(frame, Lists(database), Live(database)).routes(),
        *ticket_routes(database, desk, registry, sign_in, settings),
    ]
    async with TestClient(TestServer(staff_app(database, registry, desk, sign_in, *routes))) as client:
        yield Site(client, links, desk, database, devices, registry, shelf, hung_up, sample)
    database.dispose()


async def test_a_lost_telephone_is_out_of_everything_in_one_act(site: Site) -> None:
    number = site.desk.report(Report("outage", "停电", "s", Caller.by("phone", "1"), grid_no="24")).ticket_no
    lost = TestClient(site.client.server)
    link = f"/t/{site.links.token(Purpose.open, number, 'M24')}"
    await lost.post(link)
    with site.database.session() as session:
        session.execute(update(Staff).where(Staff.staff_no == "M24").values(telegram_id="77", wecom="gui"))
    chat_code = site.shelf.new_code("M24")
    await site.sign_in("D1")
    status, page = await site.form("/desk/people/M24", act="lost")
    assert status == 200 and "关掉了：1台设备" in page
    assert (await lost.get(f"/desk/{number}")).status == 403, "its device"
    assert (await lost.post(link, allow_redirects=False)).status == 410, "its links"
    assert site.shelf.link("telegram", "99", chat_code) is None, "its codes"
    assert site.shelf.staff_no("telegram", "77") is None and site.shelf.staff_no("wecom", "gui") is None, "its chats"
    assert site.hung_up == ["M24"], "its calls"
    await lost.session.close()


async def test_a_new_telephone_gets_a_link_to_scan_and_a_code_for_its_messenger(site: Site) -> None:
    await site.sign_in("D1")
    _, page = await site.form("/desk/people/M24", act="link")
    assert "<svg" in page and f"{URL}/t/" in page and "扫一次有效" in page
    _, page = await site.form("/desk/people/M24", act="code")
    code = page.split("发这个码：")[1].split("，")[0]
    assert site.shelf.link("telegram", "99", code) == "归程"
    assert "重设密码" in (await site.form("/desk/people/D1", act="link"))[1]


async def test_the_duty_desk_makes_nobody_an_administrator(site: Site) -> None:
    with site.database.session() as session:
        session.add(Staff(staff_no="A1", name="管理", role="admin", phone="139"))
        changed(session)
    site.registry.follow()
    await site.sign_in("D1")
    for act in ("link", "code", "left"):
        _, page = await site.form("/desk/people/A1", act=act, to="D1")
        assert "另一个管理员" in page and "/t/" not in page
    assert "关掉了" in (await site.form("/desk/people/A1", act="lost"))[1]


async def test_the_staff_is_looked_after_by_the_desk_alone(site: Site) -> None:
    for who in ("M24", "S24"):
        await site.sign_in(who)
        assert (await site.get("/desk/people"))[0] == 403 and (await site.get("/desk/people/M25"))[0] == 403
    await site.sign_in("D1")
    assert "归程" in (await site.get("/desk/people?q=归"))[1] and "望舒" not in (await site.get("/desk/people?q=归"))[1]
    assert (await site.get("/desk/people/nobody"))[0] == 404


async def test_a_new_device_is_told_to_its_owner(site: Site) -> None:
    await site.sign_in("M24")
    with site.database.reading() as session:
        rows = session.scalars(select(Notification).where(Notification.template == "new_device")).all()
    assert [(one.staff_no, bool(one.detail["note"])) for one in rows] == [("M24", True)]


async def test_staff_who_write_that_word_to_the_bot_get_in(site: Site, tmp_path: Path) -> None:
    chat = StaffChat(
        site.desk, site.registry, site.links, ZoneInfo("Asia/Shanghai"), Waiting(site.database), site.shelf,
        Takeovers(site.database),
    )  # fmt: skip
    shown = chat.write("M24", " 登录 ")
    assert shown is not None and f"{URL}/t/" in shown.text
    path = shown.text.split(URL)[1].split()[0]
    answer = await site.client.post(path, allow_redirects=False)
    assert answer.headers["Location"] == "/desk"
    desk = chat.write("D1", "登录", now() + dt.timedelta(seconds=1))
    assert desk is not None and f"{URL}/desk/sign-in" in desk.text and "/t/" not in desk.text


async def test_a_supervisor_is_told_how_he_hears_of_what_is_his(site: Site) -> None:
    await site.sign_in("S24")
    status, page = await site.get("/desk")
    assert status == 403 and "您是监督员" in page


async def test_the_sample_county_is_seen_as_one_of_its_staff_and_a_real_one_is_not(site: Site) -> None:
    assert (await site.client.get("/demo/desk")).status == 404
    assert (await site.client.post("/demo/desk/M24")).status == 404
    site.sample[0] = True
    page = await (await site.client.get("/demo/desk")).text()
    assert "归程（网格管理员）" in page and "值班" in page
    answer = await site.client.post("/demo/desk/M24", allow_redirects=False)
    assert answer.headers["Location"] == "/desk" and (await site.client.get("/desk")).status == 200
    assert (await site.client.post("/demo/desk/S24")).status == 404
    with site.database.reading() as session:
        assert not session.scalars(select(Notification).where(Notification.template == "new_device")).all()
