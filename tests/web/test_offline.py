"""The stairwell: thirty seconds without a signal lose nothing, are sent once, and are told; the worker is a real one."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import io
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer
from playwright.async_api import Error
from sqlalchemy import func, select

from bot.chat.models import Attachment
from bot.database import now
from bot.doors.devices import Devices
from bot.doors.models import Device, SentPress
from bot.doors.passwords import Passwords
from bot.doors.sent import Sent
from bot.grid.registry import Registry
from bot.notify.links import Links, Purpose
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.lists import Lists
from bot.web import app as web_app
from bot.web.desk.door import DoorPages
from bot.web.desk.home import HomePage
from bot.web.desk.live import Live
from bot.web.desk.offline import late_note
from bot.web.signing_in import SignIn
from tests.postgres import site_database
from tests.web.browsing import chromium, no_faults
from tests.web.two_grids import KEY, StaffSite, csrf_of, frame_of, staff_app, ticket_routes, two_grids

ZONE = ZoneInfo("Asia/Shanghai")
#: a large photograph, made by the browser: noise packs badly
NOISE = """new Promise((done) => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 4032, height: 3024 });
  const paint = canvas.getContext("2d"), points = paint.createImageData(4032, 3024);
  const words = new Uint32Array(points.data.buffer);
  for (let at = 0, seed = 7; at < words.length; at++) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    words[at] = seed | 0xff000000;
  }
  paint.putImageData(points, 0, 0);
  canvas.toBlob((blob) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(",")[1]);
    reader.readAsDataURL(blob);
  }, "image/jpeg", 0.96);
})"""
#: APP1: EXIF with one entry, orientation 6 (turn it right to see it upright)
SIDEWAYS = (
    b"\xff\xe1\x00\x22Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01"
    b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
)
IN_ORDER = ["acknowledged", "on_site", "commented", "resolved"]
PNG = b"\x89PNG\r\n\x1a\n" + b"1" * 400


@dataclass
class Site(StaffSite):
    app: Any

    def report(self, place: str = "沿河路8号") -> str:
        report = Report("outage", "屋里黑了", f"s{place}", Caller.by("phone", "13900000001"), place=place, grid_no="24")
        return self.desk.report(report, now() - dt.timedelta(minutes=5)).ticket_no

    def acts(self, number: str) -> list[tuple[str, str]]:
        return [(one.kind, one.note) for one in self.desk.activities(number)][1:]

    async def post(self, path: str, **fields: str) -> Any:
        """As the page's script sends it."""
        with self.database.reading() as session:
            csrf = session.scalars(select(Device.csrf).order_by(Device.id.desc())).first()
        headers = {"Accept": "application/json"}
        answer = await self.client.post(path, data={"csrf": str(csrf), **fields}, headers=headers)
        return await answer.json()


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = site_database(tmp_path)
    two_grids(database)
    desk, registry, settings = TicketDesk(database), Registry.load(database), Settings(home=tmp_path)
    sign_in = SignIn(Devices(database))
    frame = frame_of(sign_in)

    def app() -> web.Application:
        live = Live(database)
        screens = (
            HomePage(frame, Lists(database), live),
            DoorPages(frame, sign_in, Passwords(database, KEY, "崇阳供电"), registry, ZONE),
        )
        routes = [route for screen in screens for route in screen.routes()]
        routes += ticket_routes(database, desk, registry, sign_in, settings)
        made = staff_app(database, registry, desk, sign_in, *routes)
        made.on_shutdown.append(live.close)
        return made

    async with TestClient(TestServer(app())) as client:
        yield Site(client, Links(KEY, database), desk, database, app)
    database.dispose()


# ---- the server's half ------------------------------------------------------------------------------


async def test_a_press_that_comes_twice_does_nothing_twice_and_gets_the_first_answer(site: Site) -> None:
    number = site.report()
    await site.sign_in("M24")
    first = await site.post(f"/desk/{number}", verb="take", note="十分钟到", press="a1")
    assert first == {"done": True, "said": "接好了，归您管。", "to": f"/desk/{number}"}
    assert await site.post(f"/desk/{number}", verb="take", note="十分钟到", press="a1", ago="40") == first
    assert site.acts(number) == [("acknowledged", "十分钟到")]
    for _ in range(2):
        await site.post(f"/desk/{number}", verb="comment", note="门口有狗", press="a2")
    assert [kind for kind, _ in site.acts(number)].count("commented") == 1


async def test_a_page_that_was_gone_back_to_presses_anew(site: Site) -> None:
    number = site.report()
    await site.sign_in("M24")
    for note in ("门口有狗", "狗拴了", "门口有狗"):
        await site.post(f"/desk/{number}", verb="comment", note=note, press="same")
    assert [note for _, note in site.acts(number)] == ["门口有狗", "狗拴了"], "the third is the first one again"


async def test_a_photo_that_comes_twice_is_one(site: Site) -> None:
    number = site.report()
    await site.sign_in("M24")
    page = (await site.get(f"/desk/{number}"))[1]
    csrf = csrf_of(page)
    for _ in range(2):
        form = FormData({"csrf": csrf, "press": "p1"})
        form.add_field("photo", PNG, filename="a.png", content_type="image/png")
        assert "照片存好了" in await (await site.client.post(f"/desk/{number}/photo", data=form)).text()
    with site.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Attachment)) == 1


async def test_a_photo_of_sixteen_megabytes_goes_and_a_larger_one_is_told_plainly(site: Site) -> None:
    number = site.report()
    await site.sign_in("M24")
    csrf = csrf_of((await site.get(f"/desk/{number}"))[1])
    for size, told in ((12_000_000, "照片存好了"), (17_000_000, "照片太大了，最多16 MB")):
        form = FormData({"csrf": csrf})
        form.add_field("photo", io.BytesIO(PNG + b"0" * size), filename="a.png", content_type="image/png")
        assert told in await (await site.client.post(f"/desk/{number}/photo", data=form)).text()
    assert web_app.MAX_BODY < 12_000_000, "only a photo may be so large"


def test_what_was_pressed_without_a_signal_says_when() -> None:
    at = dt.datetime(2026, 11, 23, 3, 5, tzinfo=dt.UTC)
    assert late_note("换了空开", 3600, ZONE, at) == "换了空开（没信号，10:05按的）"
    assert late_note("", 3600, ZONE, at) == "没信号，10:05按的" and late_note("好", 20, ZONE, at) == "好"


async def test_presses_are_forgotten_when_no_telephone_sends_them_any_more(site: Site) -> None:
    sent = Sent(site.database)
    sent.once("M24", "a", "x", lambda: (True, "好"))
    sent.forget(now() + dt.timedelta(days=31))
    with site.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(SentPress)) == 0


async def test_what_breaks_is_not_remembered_as_done(site: Site) -> None:
    def breaks() -> tuple[bool, str]:
        raise RuntimeError("the database went away")

    sent = Sent(site.database)
    with pytest.raises(RuntimeError):
        sent.once("M24", "a", "x", breaks)
    assert sent.once("M24", "a", "x", lambda: (True, "好")) == (True, "好")


async def test_a_telephone_that_was_put_out_is_told_to_forget_all(site: Site) -> None:
    answer = await site.client.get("/desk")
    assert (answer.status, answer.headers["Gege-Wipe"]) == (403, "pages"), "a stranger, or a time that ran out"
    await site.sign_in("M24")
    Devices(site.database).end("M24", by="D1")
    assert (await site.client.get("/desk")).headers["Gege-Wipe"] == "all"
    assert "Gege-Wipe" not in (await site.client.get("/desk/sign-in")).headers
    assert (await site.client.get("/desk/sign-in?out")).headers["Gege-Wipe"] == "all"


# ---- a real browser with a real worker --------------------------------------------------------------


@asynccontextmanager
async def telephone(site: Site, monkeypatch: pytest.MonkeyPatch, **options: Any) -> AsyncIterator[tuple[Any, Any]]:
    """A telephone that M24 is signed in on; (context, page), the worker runs."""
    monkeypatch.setenv("PW_EXPERIMENTAL_SERVICE_WORKER_NETWORK_EVENTS", "1")  # the worker has no signal either
    faults: list[str] = []
    async with chromium() as browser, TestServer(site.app()) as server:
        options = {"viewport": {"width": 390, "height": 844}, "base_url": str(server.make_url("/")), **options}
        context = await browser.new_context(**options)
        page = await context.new_page()
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        await page.goto(f"/t/{site.links.token(Purpose.sign_in, '', 'M24')}")
        await page.click("button")
        await page.wait_for_url("**/desk")
        if options.get("service_workers") != "block":
            await page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
            await page.reload()
            await until(page, "navigator.serviceWorker.controller !== null")
        yield context, page
        await context.close()
    assert faults == []


async def until(page: Any, holds: str) -> None:
    """Wait for something on the page; `wait_for_function` would evaluate strings there, which our policy forbids."""
    for _ in range(600):
        with suppress(Error):  # the page is just being loaded anew
            if await page.evaluate(holds):
                return
        await asyncio.sleep(0.05)
    raise AssertionError(f"it never came: {holds}")


async def kept_pages(page: Any) -> list[str]:
    found = await page.evaluate(
        "caches.open('gege-pages').then(c => c.keys()).then(k => k.map(r => new URL(r.url).pathname))"
    )
    return sorted(one for one in found if one != "/desk/offline")


@pytest.mark.slow
async def test_stairwell(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """He takes it, goes down to the meters, is there, mends it: all without a signal; upstairs all of it goes, once."""
    number = site.report()
    async with telephone(site, monkeypatch) as (context, page):
        await page.goto(f"/desk/{number}")
        await page.fill("#note", "十分钟到")
        await page.click("#act button.next")
        await page.wait_for_selector("text=接好了，归您管")
        assert site.acts(number) == [("acknowledged", "十分钟到")]

        await context.set_offline(True)
        await page.click("#act button.next")
        await page.wait_for_selector("#waiting:not([hidden])")
        assert "1条等信号再发" in await page.inner_text("#waiting") and "到现场" in await page.inner_text("#waiting")
        await page.goto(f"/desk/{number}")
        await page.wait_for_selector("text=没信号，看到的是")  # what he looked at can be read
        await page.fill("#note", "换了空开")
        await page.click("#act button[value=comment]")
        await page.wait_for_selector("text=2条等信号再发")
        assert "换了空开" in await page.inner_text("#waiting") and len(site.acts(number)) == 1
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)
            await no_faults(page)
        assert await page.inner_text("#act button.next") == "处理好了", "what comes next, as far as he knows"
        await page.click("#act button.next")
        await page.wait_for_selector("text=3条等信号再发")
        assert await page.is_disabled("#act button.next")
        await page.goto("/desk")
        assert "沿河路8号" in await page.inner_text("#list"), "the list, too"
        await page.goto("/desk/search")
        assert "没有存过" in await page.inner_text("body")

        await page.goto(f"/desk/{number}")
        await page.wait_for_selector("text=3条等信号再发")  # what waits is drawn some time after the page
        await context.set_offline(False)
        drawn = "document.querySelector('#waiting').innerText"
        await until(page, f"{drawn}.includes('发出去了') && !{drawn}.includes('等信号再发')")
        assert [kind for kind, _ in site.acts(number)] == IN_ORDER, "each once"


@pytest.mark.slow
async def test_when_somebody_else_was_first_he_is_told_and_his_words_are_there(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = site.report()
    async with telephone(site, monkeypatch) as (context, page):
        await page.goto(f"/desk/{number}")
        await context.set_offline(True)
        await page.fill("#note", "我骑车，二十分钟到")
        await page.click("#act button.next")
        await page.wait_for_selector("text=1条等信号再发")
        site.desk.acknowledge(number, "D1")
        await context.set_offline(False)
        await page.wait_for_selector("text=有一条没办成")
        told = await page.inner_text("#waiting")
        assert "值班已经接了" in told and "我骑车，二十分钟到" in told
        await page.click("text=记成备注")
        await page.wait_for_selector("text=发出去了")
        assert ("commented", "我骑车，二十分钟到") in site.acts(number)


@pytest.mark.slow
async def test_an_answer_that_was_lost_on_the_way_makes_nothing_twice(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = site.report()
    site.desk.acknowledge(number, "M24")
    async with telephone(site, monkeypatch) as (context, page):
        await page.goto(f"/desk/{number}")
        calls: list[str] = []

        async def lose(route: Any) -> None:
            if route.request.method != "POST":
                await route.continue_()
                return
            calls.append(route.request.url)
            if len(calls) > 1:
                await route.continue_()
                return
            await route.fetch()  # the server has done it
            await route.abort()

        await context.route(f"**/desk/{number}", lose)
        await page.fill("#note", "门口有狗")
        await page.click("#act button[value=comment]")
        await page.wait_for_selector("text=发出去了")  # by the worker, or by the page: whoever is first
        assert len(calls) == 2 and len(site.acts(number)) == 2


@pytest.mark.slow
async def test_a_photo_without_a_signal_waits_and_goes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    number = site.report()
    async with telephone(site, monkeypatch) as (context, page):
        await page.goto(f"/desk/{number}")
        await context.set_offline(True)
        picture = await page.screenshot()
        await page.set_input_files(
            "input[type=file]", {"name": "meter.png", "mimeType": "image/png", "buffer": picture}
        )
        await until(page, "document.querySelector('input[type=file]').files[0].name === 'photo.jpg'")
        await page.click("form.photo button")
        await page.wait_for_selector("text=1条等信号再发")
        assert "照片一张" in await page.inner_text("#waiting")
        await page.reload()
        await context.set_offline(False)
        await page.wait_for_selector("text=发出去了")
        with site.database.reading() as session:
            [one] = session.scalars(select(Attachment))
        assert one.by == "M24" and one.kind == "jpg"


@pytest.mark.slow
async def test_a_sideways_photo_of_twelve_megabytes_arrives_upright_and_small(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As a telephone makes it: 4032 x 3024, lying on its side (EXIF orientation 6)."""
    number = site.report()
    async with telephone(site, monkeypatch) as (_, page):
        await page.goto(f"/desk/{number}")
        made = base64.b64decode(await page.evaluate(NOISE))
        photo = made[:2] + SIDEWAYS + made[2:]
        assert 12_000_000 < len(photo) < 16_000_000
        picture = tmp_path / "meter.jpg"
        picture.write_bytes(photo)
        await page.set_input_files("input[type=file]", picture)
        await until(page, "document.querySelector('input[type=file]').files[0].name === 'photo.jpg'")
        await page.click("form.photo button")
        await page.wait_for_selector("text=照片存好了")
    with site.database.reading() as session:
        [one] = session.scalars(select(Attachment))
    kept = (tmp_path / one.file).read_bytes()
    frame = kept.index(b"\xff\xc0") + 5
    height, width = struct.unpack(">HH", kept[frame : frame + 4])
    assert (width, height) == (1200, 1600) and b"Exif" not in kept and len(kept) < 4_000_000


@pytest.mark.slow
async def test_the_telephone_keeps_nothing_of_who_signed_out_or_was_put_out(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = site.report()
    async with telephone(site, monkeypatch) as (context, page):
        await page.goto(f"/desk/{number}")
        await until(page, "caches.match('/desk/" + number + "').then(Boolean)")
        await context.set_offline(True)
        await page.click("#act button.next")
        await page.wait_for_selector("text=1条等信号再发")
        Devices(site.database).end("M24", by="D1")  # 手机丢了
        await context.set_offline(False)
        await page.wait_for_selector("text=给员工用")  # with the first word from the server
        await until(page, "caches.open('gege-pages').then(c => c.keys()).then(k => k.length === 1)")
        assert await kept_pages(page) == []
        await page.goto(f"/t/{site.links.token(Purpose.sign_in, '', 'M24')}")
        await page.click("button")
        await page.wait_for_url("**/desk")
        assert await page.is_hidden("#waiting") and site.acts(number) == []

        await page.goto(f"/desk/{number}")
        await until(page, "caches.match('/desk/" + number + "').then(Boolean)")
        await page.goto("/desk/me")
        await page.click("button.alarm")
        await page.wait_for_url("**/desk/sign-in?out")
        await until(page, "caches.open('gege-pages').then(c => c.keys()).then(k => k.length === 1)")


@pytest.mark.slow
async def test_somebody_elses_pages_go_when_another_one_signs_in(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    number = site.report()
    async with telephone(site, monkeypatch) as (context, page):
        await page.goto(f"/desk/{number}")
        await until(page, "caches.match('/desk/" + number + "').then(Boolean)")
        await context.clear_cookies()
        await page.goto(f"/t/{site.links.token(Purpose.sign_in, '', 'M25')}")
        await page.click("button")
        await page.wait_for_url("**/desk")
        await until(page, "caches.match('/desk/" + number + "').then((one) => !one)")
        assert await kept_pages(page) in ([], ["/desk"])


@pytest.mark.slow
async def test_a_browser_that_keeps_nothing_leaves_the_form_as_it_was_typed_and_says_so(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = site.report()
    async with telephone(site, monkeypatch, service_workers="block") as (context, page):
        await context.add_init_script("delete Navigator.prototype.serviceWorker")
        await page.goto(f"/desk/{number}")
        await context.set_offline(True)
        await page.fill("#note", "换了空开")
        await page.click("#act button.next")
        await page.wait_for_selector("text=没发出去，写的还在")
        assert await page.input_value("#note") == "换了空开"
        await context.set_offline(False)
        await page.click("#act button.next")
        await page.wait_for_selector("text=接好了，归您管")
        assert site.acts(number) == [("acknowledged", "换了空开")]
