"""The way in: a message's link lets a first telephone in and no second; desks need password and code; one act shuts all."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import pyotp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select, update

from bot.database import now
from bot.doors.devices import Devices
from bot.doors.looks import CASE, Looks
from bot.doors.models import Device, Look
from bot.doors.passwords import DoorRefused, Passwords
from bot.doors.shutting import Shutting
from bot.grid.models import Staff
from bot.grid.registry import Registry
from bot.notify.links import Links, Purpose
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.lists import Lists
from bot.web.desk.door import DoorPages
from bot.web.desk.home import HomePage
from bot.web.desk.live import Live
from bot.web.signing_in import COOKIE, SignIn
from tests.postgres import site_database
from tests.web.two_grids import KEY, StaffSite, csrf_of, frame_of, staff_app, ticket_routes, two_grids

WORD = "长长的一句密码不好猜"


class Clock:
    """The site's time, set by the test."""

    def __init__(self) -> None:
        self.at = now()

    def __call__(self) -> dt.datetime:
        return self.at

    def later(self, **by: float) -> None:
        self.at += dt.timedelta(**by)


@dataclass
class Site(StaffSite):
    ticket_no: str
    passwords: Passwords
    devices: Devices
    clock: Clock
    app: web.Application
    clients: list[TestClient[web.Request, web.Application]] = field(default_factory=list)

    async def browser(self) -> TestClient[web.Request, web.Application]:
        """Another browser, with no cookie."""
        client: TestClient[web.Request, web.Application] = TestClient(self.client.server)
        self.clients.append(client)
        return client

    def link(self, purpose: Purpose, staff_no: str) -> str:
        return f"/t/{self.links.token(purpose, self.ticket_no, staff_no)}"

    @property
    def case(self) -> str:
        return f"/desk/{self.ticket_no}"


@pytest_asyncio.fixture(params=[True])
async def site(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    database, clock = site_database(tmp_path), Clock()
    two_grids(database)
    desk, registry, zone = TicketDesk(database), Registry.load(database), ZoneInfo("Asia/Shanghai")
    card = desk.report(Report("outage", "停电了", "s", Caller.by("phone", "13900000001"), grid_no="24"))
    devices = Devices(database, clock)
    sign_in, passwords = SignIn(devices), Passwords(database, KEY, "崇阳供电", clock)
    frame = frame_of(sign_in)
    screens = (
        DoorPages(frame, sign_in, passwords, registry, zone),
        HomePage(frame, Lists(database), Live(database)),
    )  # fmt: skip
    settings = Settings(home=tmp_path)
    routes = [route for screen in screens for route in screen.routes()]
    routes += ticket_routes(database, desk, registry, sign_in, settings)
    app = staff_app(database, registry, desk, sign_in, *routes, personal=request.param)
    async with TestClient(TestServer(app)) as client:
        made = Site(client, Links(KEY, database), desk, database, card.ticket_no, passwords, devices, clock, app)
        yield made
        for other in made.clients:
            await other.session.close()
    database.dispose()


async def csrf(client: TestClient[web.Request, web.Application]) -> str:
    return csrf_of(await (await client.get("/desk/me")).text())


async def test_a_messages_link_lets_the_first_telephone_in_and_leads_to_the_case(site: Site) -> None:
    link = site.link(Purpose.open, "M24")
    shown = await site.client.get(link)  # a messenger's preview, too
    assert shown.status == 200 and "归程" in await shown.text() and not site.devices.any("M24")
    entered = await site.client.post(link, allow_redirects=False)
    assert (entered.status, entered.headers["Location"]) == (303, site.case)
    assert (await site.client.get(site.case)).status == 200
    site.clock.later(days=29)
    assert (await site.client.get(site.case)).status == 200
    site.clock.later(days=2)
    assert (await site.client.get(site.case)).status == 403, "after thirty days"


async def test_a_forwarded_link_opens_nothing_for_somebody_else(site: Site) -> None:
    link = site.link(Purpose.open, "M24")
    await site.client.post(link)
    stranger = await site.browser()
    answer = await stranger.post(link, allow_redirects=False)
    assert answer.status == 403 and "登录" in await answer.text() and "停电了" not in await answer.text()
    assert (await stranger.get(site.case)).status == 403


@pytest.mark.parametrize("site", [False], indirect=True)
async def test_where_robots_write_into_groups_a_link_lets_nobody_in(site: Site) -> None:
    answer = await site.client.post(site.link(Purpose.ring, "M24"), allow_redirects=False)
    assert answer.status == 403 and not site.devices.any("M24")


async def test_a_link_that_was_asked_for_lets_a_second_telephone_in_once(site: Site) -> None:
    await site.client.post(site.link(Purpose.open, "M24"))
    second, asked = await site.browser(), site.link(Purpose.sign_in, "M24")
    assert (await second.post(asked, allow_redirects=False)).headers["Location"] == "/desk"
    assert (await second.get(site.case)).status == 200
    third = await site.browser()
    assert (await third.post(asked, allow_redirects=False)).status == 410
    assert len(site.devices.list("M24")) == 2


async def test_one_device_is_put_out_or_all_of_them(site: Site) -> None:
    await site.sign_in("M24")
    second, third = await site.browser(), await site.browser()
    for client in (second, third):
        await client.post(site.link(Purpose.sign_in, "M24"), allow_redirects=False)
    mine = {one.id for one in site.devices.list("M24")}
    page = await (await site.client.get("/desk/me")).text()
    assert page.count("这一台") == 1 and all(f'value="{each}"' in page for each in mine)
    first_two = sorted(mine)[1]
    await site.client.post("/desk/me/out", data={"csrf": await csrf(site.client), "device": str(first_two)})
    assert (await second.get(site.case)).status == 403 and (await third.get(site.case)).status == 200
    await site.client.post("/desk/me/out", data={"csrf": await csrf(site.client)})
    assert (await third.get(site.case)).status == (await site.client.get(site.case)).status == 403


async def test_nobody_puts_out_somebody_elses_device(site: Site) -> None:
    await site.sign_in("M24")
    other = await site.browser()
    await other.post(site.link(Purpose.sign_in, "M25"), allow_redirects=False)
    [theirs] = site.devices.list("M24")
    await other.post("/desk/me/out", data={"csrf": await csrf(other), "device": str(theirs.id)})
    assert (await site.client.get(site.case)).status == 200


async def test_a_form_of_another_device_is_refused(site: Site) -> None:
    await site.sign_in("M24")
    other = await site.browser()
    await other.post(site.link(Purpose.sign_in, "M25"), allow_redirects=False)
    answer = await site.client.post("/desk/me/out", data={"csrf": await csrf(other)})
    assert answer.status == 403 and site.devices.any("M24")


async def test_a_role_is_the_databases_at_every_request_and_who_has_left_is_out(site: Site) -> None:
    await site.sign_in("M24")
    assert (await site.client.get("/desk")).status == 200
    with site.database.session() as session:
        session.execute(update(Staff).where(Staff.staff_no == "M24").values(role="supervisor"))
    assert (await site.client.get("/desk")).status == 403
    with site.database.session() as session:
        session.execute(update(Device).values(staff_no="GONE"))
    assert (await site.client.get("/desk")).status == 403


async def test_a_desk_needs_password_and_code_and_a_messages_link_is_not_enough(site: Site) -> None:
    answer = await site.client.post(site.link(Purpose.open, "D1"), allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/desk/sign-in") and not site.devices.any("D1")
    second = site.passwords.begin("D1")
    totp = pyotp.TOTP(second.secret)
    site.passwords.set("D1", WORD, second.secret, totp.at(site.clock.at))
    site.clock.later(seconds=60)
    form = {"staff_no": "D1", "password": WORD, "code": totp.at(site.clock.at)}
    for wrong in ({"code": "000000"}, {"password": "short"}, {"staff_no": "M24"}, {"staff_no": "nobody"}):
        answer = await site.client.post("/desk/sign-in", data={**form, **wrong}, allow_redirects=False)
        assert answer.status == 403 and "有一样不对" in await answer.text()
    answer = await site.client.post("/desk/sign-in", data=form, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/desk")
    site.clock.later(hours=13)
    assert (await site.client.get("/desk")).status == 403, "a desk stays open for half a day"


async def test_a_code_opens_one_door_and_guessing_waits_longer_and_longer(site: Site) -> None:
    second = site.passwords.begin("D1")
    totp = pyotp.TOTP(second.secret)
    site.passwords.set("D1", WORD, second.secret, totp.at(site.clock.at))
    with pytest.raises(DoorRefused, match="wrong"):
        site.passwords.check("D1", WORD, totp.at(site.clock.at))  # the code that set it
    for _ in range(4):
        with pytest.raises(DoorRefused, match="wrong"):
            site.passwords.check("D1", "guess" * 3, "123456")
    site.clock.later(seconds=30)
    with pytest.raises(DoorRefused, match="wrong"):  # not told that it waits: nobody learns who has a password
        site.passwords.check("D1", WORD, totp.at(site.clock.at))
    site.clock.later(minutes=2)
    site.passwords.check("D1", WORD, totp.at(site.clock.at))


async def test_who_was_let_in_by_a_link_sets_a_password_with_a_code_of_the_new_telephone(site: Site) -> None:
    await site.sign_in("D1")
    page = await (await site.client.get("/desk/password")).text()
    secret = page.split('class="num">')[1].split("<")[0]
    form = {"csrf": csrf_of(page), "password": WORD, "code": "000000"}
    answer = await site.client.post("/desk/password", data=form, allow_redirects=False)
    assert answer.status == 400 and not site.passwords.has("D1") and secret in await answer.text()
    form["code"] = pyotp.TOTP(secret).at(site.clock.at)
    assert (await site.client.post("/desk/password", data=form, allow_redirects=False)).status == 303
    assert site.passwords.has("D1")


async def test_a_lost_telephone_is_shut_out_in_one_act(site: Site) -> None:
    await site.sign_in("M24")
    link, asked = site.link(Purpose.open, "M24"), site.link(Purpose.sign_in, "M24")
    told: list[str] = []
    also: list[str] = []
    shutting = Shutting(site.database, [lambda _session, who, _at: also.append(who)], [told.append], site.clock)
    site.clock.at = now()  # links are as old as they are
    assert shutting.shut("M24", "D1").devices == 1
    assert (told, also) == (["M24"], ["M24"])
    assert (await site.client.get(site.case)).status == 403
    for path in (link, asked):
        answer = await site.client.post(path, allow_redirects=False)
        assert answer.status == 410 and "停用" in await answer.text()
    fresh = f"/t/{site.links.token(Purpose.sign_in, '', 'M24', site.clock.at + dt.timedelta(seconds=2))}"
    assert (await site.client.post(fresh, allow_redirects=False)).status == 303, "the new telephone gets in"


async def test_a_look_is_a_row_once_and_can_be_told(site: Site) -> None:
    await site.sign_in("M24")
    key = next(one.value for one in site.client.session.cookie_jar if one.key == COOKIE)
    who, looks = site.devices.of(key), Looks(site.database, site.clock)
    assert who is not None
    for _ in range(3):
        looks.note(who, CASE, site.ticket_no)
    site.clock.later(minutes=11)
    looks.note(who, CASE, site.ticket_no)
    with site.database.reading() as session:
        assert len(session.scalars(select(Look)).all()) == 2
    assert {one.staff_no for one in looks.at([(CASE, site.ticket_no)])} == {"M24"}


async def test_a_form_that_cannot_be_read_gets_a_plain_page(site: Site) -> None:
    await site.sign_in("M24")
    answer = await site.client.post("/desk/me/out", data={"csrf": await csrf(site.client), "device": "many"})
    assert answer.status == 400 and "请再按一次" in await answer.text() and site.devices.any("M24")


async def test_a_cookie_of_another_site_or_time_is_nobody(site: Site) -> None:
    for made_up in ("", "x", "M24|99999999999|abc", "密", "\x00"):
        answer = await site.client.get("/desk", headers={"Cookie": f"{COOKIE}={made_up!r}"})
        assert answer.status == 403
