"""Four evenings and mornings at the desk, in a browser: a stairwell, a storm night, a month's end, a lost telephone."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from bot.database import Database, now, open_database
from bot.doors.looks import CASE, HOUSEHOLD
from bot.doors.models import Device, Look
from bot.grid.models import Role
from bot.grid.sample import make_sample
from bot.notify.links import Purpose
from bot.tickets.due.timers import fire_due
from bot.tickets.models import Outage
from tests.web.browsing import chromium
from tests.web.desk_site import DeskSite, desk_site

pytestmark = pytest.mark.slow

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
OFFICE = {"viewport": {"width": 1440, "height": 900}}
#: what a browser without a telephone says of tel:, and of a page that is refused on purpose
_NO_FAULT = re.compile(r"scheme does not have a registered handler|status of 4[01][03]")


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A small sample county; each story has a copy."""
    folder = tmp_path_factory.mktemp("county")
    database = open_database(f"sqlite:///{folder / 'gege.sqlite'}")
    database.migrate()
    make_sample(database, folder / "sample", households=1_600)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.dispose()
    yield folder / "gege.sqlite"


@asynccontextmanager
async def a_site(county: Path, home: Path) -> AsyncIterator[DeskSite]:
    shutil.copy(county, home / "gege.sqlite")
    database = open_database(f"sqlite:///{home / 'gege.sqlite'}")
    try:
        async with desk_site(home, database) as site:
            yield site
    finally:
        database.dispose()


@asynccontextmanager
async def screen(browser: Any, site: DeskSite, **options: Any) -> AsyncIterator[Any]:
    """Somebody's browser; what goes wrong in it fails the story."""
    faults: list[str] = []
    context = await browser.new_context(base_url=site.url, **options)
    page = await context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda line: line.type == "error" and faults.append(line.text))
    yield page
    await context.close()
    assert [fault for fault in faults if not _NO_FAULT.search(fault)] == []


def acts(site: DeskSite, number: str) -> list[tuple[str, str, str]]:
    return [(one.kind, one.by, one.note) for one in site.desk.activities(number)]


def looked(database: Database, what: str, ref: str) -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(Look.staff_no).where(Look.what == what, Look.ref == ref)))


async def test_a_stairwell_from_the_message_to_the_note_with_a_thumb(county: Path, tmp_path: Path) -> None:
    async with a_site(county, tmp_path) as site, chromium() as browser:
        manager, grid = site.manager()
        home = site.homes(grid)[5]
        number = site.report(home, said="三楼一下子黑了，冰箱里有药")
        async with screen(browser, site, **PHONE) as page:
            # one tap on the message: the telephone is let in, and the case is there
            await page.goto(await site.link(manager))
            await page.wait_for_url(f"**/desk/{number}")
            assert looked(site.database, CASE, number) == {manager}
            assert looked(site.database, HOUSEHOLD, home.household_no) == {manager}
            # the second tap rings the resident; it and the next step are there without scrolling
            call = page.get_by_role("link", name="打电话")
            for one in (call, page.locator(".bar").get_by_role("button", name="我来接单")):
                box = await one.bounding_box()
                assert box and box["y"] >= 0 and box["y"] + box["height"] <= 844 and box["height"] >= 44
            assert await call.get_attribute("href") == f"tel:{site.desk.ticket(number).reporter}"  # type: ignore[union-attr]
            # a browser without a telephone would wait for one
            await call.evaluate("one => one.addEventListener('click', event => event.preventDefault())")
            await call.click()
            await page.locator(".bar").get_by_role("button", name="我来接单").click()
            await page.get_by_text("接好了，归您管。").wait_for()
            await page.locator(".bar").get_by_role("button", name="我到现场了").click()
            await page.get_by_text("记下了：您到现场了。").wait_for()
            await page.get_by_role("button", name="已修好，来电了").click()
            await page.locator("#act").get_by_role("button", name="处理好了").click()
            await page.get_by_text("会问他好了没有").wait_for()
            await page.goto("/desk")
            assert number not in await page.content(), "what is done leaves the list"
        done = acts(site, number)
        assert [kind for kind, by, _ in done if by == manager] == ["rang", "acknowledged", "on_site", "resolved"]
        assert done[-1][2] == "已修好，来电了"


async def test_a_storm_night_shows_what_nobody_is_looking_at(county: Path, tmp_path: Path) -> None:
    async with a_site(county, tmp_path) as site, chromium() as browser:
        manager, grid = site.manager()
        mine, duty = site.homes(grid), site.someone(Role.duty)

        def storm() -> tuple[str, str]:
            dark = [one for one in site.homes() if one.grid_no != grid][:198]
            for at, home in enumerate(dark):
                site.report(home, said="黑了", ago=60 - at / 4)
            alone = site.report(mine[-1], "care", "屋里有人吸氧，机器停了", ago=2, urgent=True)
            return site.report(mine[-2], "hazard", "电线断了掉在路上", ago=1, urgent=True), alone

        danger, alone = await asyncio.to_thread(storm)
        async with screen(browser, site, **OFFICE) as page:
            await site.sign_in(page, duty)
            await page.get_by_role("link", name="值班").click()
            wall = page.locator("#wall")
            assert await page.locator(".counts .open b").inner_text() == "200"
            assert await page.locator(".counts .dangers b").inner_text() == "1"
            first = wall.locator("section").first.locator("article").first
            assert danger in str(await first.locator("a.what").get_attribute("href")), "danger stands first"
            # the outages hold nearly all of it, and each says how many told of it
            with site.database.reading() as session:
                outages = session.scalars(select(Outage)).all()
            shown = wall.locator("section[aria-labelledby=outages] article")
            assert await shown.count() == min(24, len(outages)) > 0
            told = [int(re.sub(r"\D", "", text)) for text in await shown.locator(".clock b.num").all_inner_texts()]
            assert told == sorted(told, reverse=True) and told[0] > 5
            # one press takes the danger, and stays
            await first.get_by_role("button", name="我来接").click()
            await page.wait_for_url("**/desk/wall")
            assert site.desk.ticket(danger).owner == duty  # type: ignore[union-attr]
            # one is passed to another grid's manager, with the reason
            await page.locator(f'a.what[href="/desk/{alone}"]').click()
            other = next(no for no, _ in site.parts.registry.managers() if no != grid)
            heir = dict(site.parts.registry.managers())[other].staff_no
            await page.get_by_text("别的办法").click()
            await page.fill("[name=to]", heir)
            await page.get_by_label("为什么转").fill("他离得近")
            await page.get_by_role("button", name="转给别人").click()
            await page.get_by_text("转好了。").wait_for()
            assert site.desk.ticket(alone).owner == heir  # type: ignore[union-attr]
            # a new danger comes to the wall by itself
            await page.goto("/desk/wall")
            await page.wait_for_timeout(2_500)
            new = await asyncio.to_thread(site.report, mine[-4], "hazard", "变压器冒火了", 0.1, urgent=True)
            await page.locator(f'a.what[href="/desk/{new}"]').wait_for()
        assert manager != heir and looked(site.database, CASE, alone) == {duty}


def a_month(site: DeskSite) -> tuple[str, str, str]:
    """Reports of yesterday's month; → (month, one that came late, one that was not liked)."""
    manager, grid = site.manager()
    homes, end = site.homes(grid), now().replace(day=1) - dt.timedelta(days=3)
    numbers = []
    for at, home in enumerate(homes[: 7 * 9 : 9]):
        opened = end - dt.timedelta(days=at)
        ago = (now() - opened).total_seconds() / 60
        number = site.report(home, ago=ago)
        site.desk.acknowledge(number, manager, opened + dt.timedelta(minutes=3))
        if at == 0:
            fire_due(site.database, opened + dt.timedelta(minutes=59))
        site.desk.on_site(number, manager, "", opened + dt.timedelta(minutes=70 if at == 0 else 25))
        site.desk.resolve(number, manager, "", opened + dt.timedelta(minutes=80))
        answer = "bad" if at == 1 else "good"
        comment = "来了两个人，讲话冲" if at == 1 else ""
        site.desk.answers.answer(number, answer, comment=comment, at=opened + dt.timedelta(hours=3))
        numbers.append(number)
    return f"{end:%Y-%m}", numbers[0], numbers[1]


async def test_a_months_end_is_read_answered_judged_printed_and_taken_away(county: Path, tmp_path: Path) -> None:
    async with a_site(county, tmp_path) as site, chromium() as browser:
        manager, _ = site.manager()
        month, late, bad = await asyncio.to_thread(a_month, site)
        head = site.someone(Role.admin) or site.someone(Role.duty)
        async with screen(browser, site, **PHONE) as page:
            await page.goto(site.parts.links.url(Purpose.sign_in, "", manager))
            await page.locator("button").click()
            await page.goto(f"/desk/report?month={month}")
            miss = page.locator(".miss", has_text=late)
            await miss.get_by_placeholder("讲清楚为什么").fill("桥断了，绕了一圈")
            await miss.get_by_role("button", name="申辩").click()
            await page.get_by_text("写上了，等人评。").wait_for()
        async with screen(browser, site, **OFFICE) as page:
            await site.sign_in(page, head)
            await page.goto(f"/desk/report?month={month}")
            text = await page.locator(".sheet").inner_text()
            assert "这个月报了7件" in text and "6/7" in text and "来了两个人，讲话冲" in text
            miss = page.locator(".miss", has_text=late)
            assert "桥断了，绕了一圈" in await miss.inner_text()
            await miss.get_by_role("button", name="不算").click()
            await page.get_by_text("评好了。").wait_for()
            assert "不算" in await page.locator(".miss", has_text=late).locator(".tag").inner_text()
            assert b"/Count 1" in await page.pdf(prefer_css_page_size=True), "one page of A4"
            async with page.expect_download() as waiting:
                await page.get_by_role("link", name="下载表格").click()
            book = load_workbook(io.BytesIO(Path(await (await waiting.value).path()).read_bytes()))
        rows = [[str(cell.value) for cell in row] for row in book["超时和不满意"].iter_rows()]
        assert {late, bad} <= {cell for row in rows for cell in row}
        [judged] = [row for row in rows if late in row]
        assert "桥断了，绕了一圈" in judged and "不算" in judged


async def test_a_lost_telephone_is_out_at_once_and_the_new_one_gets_in(county: Path, tmp_path: Path) -> None:
    async with a_site(county, tmp_path) as site, chromium() as browser:
        manager, grid = site.manager()
        number = site.report(site.homes(grid)[3])
        message = await site.link(manager)
        async with screen(browser, site, **PHONE) as lost, screen(browser, site, **OFFICE) as page:
            await lost.goto(message)
            await lost.wait_for_url(f"**/desk/{number}")
            await site.sign_in(page, site.someone(Role.duty))
            await page.goto(f"/desk/people?q={manager}")
            await page.get_by_role("link", name="看").click()
            await page.get_by_role("button", name="手机丢了").click()
            await page.get_by_text("关掉了：1台设备").wait_for()
            # whoever found it sees nothing more, and the message in it opens nothing
            await lost.goto(f"/desk/{number}")
            assert "这一页给员工用" in await lost.content() and "停电" not in await lost.content()
            answer = await lost.goto(message)
            assert answer.status >= 400 and "链接" in await lost.content()
            await page.get_by_role("button", name="给他登录链接").click()
            await page.get_by_text("叫他用手机扫这个码").wait_for()
            link = re.findall(r"http\S+/t/[\w.-]+", await page.inner_text("main"))[0]
            async with screen(browser, site, **PHONE) as new:
                await new.goto(link)
                await new.locator("button").click()
                await new.wait_for_url("**/desk")
                assert number in await new.content()
                await new.goto("/desk/me")
                assert await new.get_by_text("这一台").count() == 1
        with site.database.reading() as session:
            devices = session.scalars(select(Device).where(Device.staff_no == manager).order_by(Device.id)).all()
        assert [one.ended_at is None for one in devices] == [False, True]
        assert devices[0].ended_by == site.someone(Role.duty)
