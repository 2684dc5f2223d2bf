"""The residents' page in a real browser: with script and without, in two tabs, without a network, in every light and size."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer

from bot.web import assets
from tests.web.browsing import chromium, no_faults, page_of
from tests.web.conftest import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: bytes, packed: what a first look at the page loads
FIRST_VIEW = 30_000


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Any]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="module")
async def offline(browser: Any, site: Site) -> AsyncIterator[Any]:
    """A page whose console may note that a request failed."""
    async with TestServer(site.app) as server:
        context = await browser.new_context(base_url=str(server.make_url("/")))
        yield await context.new_page()
        await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Any, site: Site) -> AsyncIterator[Any]:
    async with page_of(browser, site.app) as page:
        yield page


async def say(page: Any, sentence: str) -> None:
    await page.get_by_label("打字讲").fill(sentence)
    await page.get_by_role("button", name="发送").click()


async def test_a_resident_types_and_comes_back_to_the_case(page: Any, site: Site, tmp_path: Path) -> None:
    await page.goto("/?grid=24")
    assert await page.get_by_label("回电号码").input_value() == "", "nobody is somebody else by chance"
    await page.get_by_label("回电号码").fill("139 0715 0001")
    await say(page, "我屋里停电了")
    await page.locator("#mine .report", has_text="停电了").wait_for()
    assert "记下了" in await page.locator(".gege .bubble").last.inner_text()
    assert "24号网格" in await page.locator(".served").inner_text()
    assert site.dialogue.heard[0].dialled == "grid_24" and site.dialogue.heard[0].caller.address == "13907150001"
    for word in ("工单", "GD", "听懂", "网格员那边", "%"):
        assert word not in await page.locator("body").inner_text()
    await page.screenshot(path=os.environ.get("GEGE_PAGE_PNG", str(tmp_path / "page.png")))
    await page.reload()
    assert await page.locator(".you .bubble").all_inner_texts() == ["我屋里停电了"]
    await say(page, "还没来电")
    await page.locator(".you .bubble", has_text="还没来电").wait_for()
    await page.locator(".gege .bubble").nth(2).wait_for()
    assert len({heard.session for heard in site.dialogue.heard}) == 1
    await page.get_by_role("button", name="新的对话").click()
    await page.wait_for_url(re.compile("#write$"))
    assert await page.locator("#mine").is_hidden() and await page.locator(".you").count() == 0
    await page.reload()
    assert await page.locator("#mine").is_hidden()


async def test_she_follows_her_report_the_next_day_and_says_how_content_she_is(page: Any, site: Site) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto("/")
    await say(page, "我屋里停电了")
    await page.locator("#mine .report").wait_for()
    (ticket,) = site.desk.tickets()
    await asyncio.to_thread(site.desk.acknowledge, ticket.ticket_no, "M24")
    await asyncio.to_thread(site.desk.resolve, ticket.ticket_no, "M24")
    await page.goto("/")
    await page.locator("#mine .report", has_text="满不满意").click()
    await page.get_by_label("还想讲一句").fill("归师傅来得快")
    await page.get_by_role("button", name="满意", exact=True).click()
    await page.get_by_text("谢谢您！").wait_for()
    found = await asyncio.to_thread(site.desk.ticket, ticket.ticket_no)
    assert found and found.state == "closed"


async def test_what_is_written_without_a_network_waits_and_arrives_once(offline: Any, site: Site) -> None:
    page = offline
    await page.goto("/")
    await page.route("**/say", lambda route: route.abort())
    await say(page, "电线断了")
    await page.locator(".unsent", has_text="电线断了").wait_for()
    assert "您的话还在" in await page.locator("#told").inner_text() and site.dialogue.heard == []
    await page.reload()
    await page.locator(".unsent", has_text="电线断了").wait_for()
    await page.unroute("**/say")
    await page.locator("#told", has_text="发出去了").wait_for(timeout=15_000)
    assert await page.locator(".you .bubble").all_inner_texts() == ["电线断了"]
    assert [heard.text for heard in site.dialogue.heard] == ["电线断了"]


async def test_an_answer_that_was_lost_on_the_way_is_asked_for_again_and_not_reported_twice(
    offline: Any, site: Site
) -> None:
    page = offline
    await page.goto("/")

    async def lost(route: Any) -> None:
        await route.fetch()
        await route.abort()

    await page.route("**/say", lost)
    await say(page, "我屋里停电了")
    await page.locator(".unsent").wait_for()
    await page.unroute("**/say")
    await page.locator("#mine .report").wait_for(timeout=15_000)
    assert len(site.desk.tickets()) == 1 and await page.locator(".you").count() == 1


async def test_half_a_sentence_is_there_after_a_reload(page: Any) -> None:
    await page.goto("/")
    await page.get_by_label("打字讲").fill("我屋里停")
    await page.reload()
    assert await page.get_by_label("打字讲").input_value() == "我屋里停"


async def test_two_tabs_are_one_conversation(page: Any, site: Site) -> None:
    await page.goto("/")
    other = await page.context.new_page()
    await other.goto("/")
    await say(page, "我屋里停电了")
    await page.locator("#mine .report").wait_for()
    await other.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await other.locator(".you .bubble", has_text="我屋里停电了").wait_for()
    await say(other, "冰箱里有药")
    await other.locator(".gege .bubble").nth(2).wait_for()
    assert len({heard.session for heard in site.dialogue.heard}) == 1


async def test_grandmothers_telephone_runs_no_script_and_everything_is_there(browser: Any, site: Site) -> None:
    small: dict[str, Any] = {"java_script_enabled": False, "viewport": {"width": 320, "height": 640}}
    async with page_of(browser, site.app, **small) as page:
        await page.goto("/?grid=24")
        await page.get_by_role("button", name="我屋里停电了").click()
        await page.locator("#mine .report").wait_for()
        await say(page, "冰箱里有药")
        assert await page.locator(".you .bubble").all_inner_texts() == ["我屋里停电了", "冰箱里有药"]
        await page.locator("#mine .report").last.click()
        await page.locator("summary").click()
        await page.get_by_role("button", name="不用来了").click()
        await page.get_by_text("告诉师傅不用来了").wait_for()
    assert sorted(one.state for one in site.desk.tickets()) == ["cancelled", "reported"]


async def test_a_browser_that_cannot_read_the_telephones_script_still_writes(browser: Any, site: Site) -> None:
    """X5 of 2019 knows no private fields: the module is not read, and nothing else breaks."""
    faults: list[str] = []
    async with TestServer(site.app) as server:
        context = await browser.new_context(base_url=str(server.make_url("/")))
        page = await context.new_page()
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        await page.route(
            "**/dial.js", lambda route: route.fulfill(content_type="text/javascript", body="class A { ## }")
        )
        await page.goto("/")
        assert str(await page.locator("#dial").get_attribute("href")).startswith("tel:")
        await say(page, "我屋里停电了")
        await page.locator("#mine .report").wait_for()
        await context.close()
    assert len(faults) == 1 and "dial" not in faults[0]


async def test_markup_in_words_is_only_words(page: Any, site: Site) -> None:
    site.sample = True
    evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>停电'
    for path, known in (("/", "#mine .report"), ("/demo", "#ticket_no")):
        await page.goto(path)
        await page.get_by_label("打字讲").fill(evil)
        await page.keyboard.press("Enter")
        await page.locator(known).first.wait_for()
        assert await page.evaluate("window.hit") is None
        assert await page.locator(".you .bubble").first.inner_text() == evil
        assert await page.locator("#talk img, #staff img, #mine img").count() == 0


async def test_who_tries_the_sample_sees_both_sides(page: Any, site: Site, tmp_path: Path) -> None:
    site.sample = True
    await page.goto("/demo?grid=24")
    assert await page.get_by_label("回电号码").input_value() == "13907150000"
    assert await page.locator(".three li").count() == 3 and await page.locator('.three a[href="/desk"]').count() == 1
    assert "耳朵" in await page.locator(".three .heardby").inner_text()
    await say(page, "我屋里停电了")
    await page.locator("#ticket_no", has_text="GD").wait_for()
    assert "停电" in await page.locator(".you .under").last.inner_text()
    assert "归程" in await page.locator(".notice").first.inner_text()
    await page.screenshot(path=os.environ.get("GEGE_DEMO_PNG", str(tmp_path / "demo.png")))
    await page.get_by_role("button", name="新的对话").click()
    await page.wait_for_url(re.compile("/demo"))
    assert await page.locator("#ticket_no").count() == 0 and await page.locator(".you").count() == 0


async def test_a_telephones_first_screen_shows_what_can_be_tried_the_ear_and_where_to_write(
    page: Any, site: Site
) -> None:
    site.sample = True
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto("/demo?grid=24")
    for what in (".three .heardby", '.three a[href="/desk"]', ".dial", 'button[type="submit"]:visible'):
        box = await page.locator(what).first.bounding_box()
        assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 844, what
    assert not await page.locator(".three .wide").is_visible(), "the two sides do not stand side by side here"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844), (320, 640), (1440, 900)])
async def test_everybody_can_use_every_page(browser: Any, site: Site, scheme: str, size: tuple[int, int]) -> None:
    site.sample = True
    view: dict[str, Any] = {"viewport": {"width": size[0], "height": size[1]}, "color_scheme": scheme}
    async with page_of(browser, site.app, refused=404, **view) as page:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        await page.goto("/?grid=24")
        await looked_at(page)
        await say(page, "我屋里停电了")
        await page.locator("#mine .report").wait_for()
        await looked_at(page)
        mine = await page.locator("#mine .report").first.get_attribute("href")
        (ticket, *_) = site.desk.tickets()
        await asyncio.to_thread(site.desk.acknowledge, ticket.ticket_no, "M24")
        await page.goto(mine)
        await looked_at(page)
        await asyncio.to_thread(site.desk.resolve, ticket.ticket_no, "M24")
        for path in (mine, "/", "/find", "/find/code", "/privacy", "/phone?grid=24", "/demo", "/nothing"):
            await page.goto(path)
            await looked_at(page)


async def looked_at(page: Any) -> None:
    """The same for everybody (`no_faults`), and nothing is too small for a thumb."""
    await no_faults(page)
    small = await page.evaluate(
        """[...document.querySelectorAll("button, .button, input:not([type=hidden]), textarea, .numbers a, .report")]
        .filter((one) => one.offsetParent).map((one) => [one.outerHTML.slice(0, 80), one.getBoundingClientRect().height])
        .filter(([_, height]) => height < 44)"""
    )
    assert small == [], page.url


async def test_at_twice_the_text_size_nothing_is_cut(browser: Any, site: Site) -> None:
    async with page_of(browser, site.app, viewport={"width": 320, "height": 640}) as page:
        await page.goto("/?grid=24")
        await page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
        size = await page.evaluate("parseFloat(getComputedStyle(document.querySelector('.bubble')).fontSize)")
        assert size >= 36
        await say(page, "我屋里停电了")
        await page.locator("#mine .report").click()
        await page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320


async def test_a_first_look_is_light(browser: Any, site: Site) -> None:
    """All that the first view loads, packed, whatever a browser then keeps."""
    loaded: dict[str, int] = {}
    async with page_of(browser, site.app) as page:

        async def weigh(answer: Any) -> None:
            loaded[answer.url.split("/")[-1]] = len(gzip.compress(await answer.body()))

        page.on("response", lambda answer: asyncio.ensure_future(weigh(answer)))
        await page.goto("/")
        await page.wait_for_load_state("networkidle")
    assert "resident.js" in loaded and sum(loaded.values()) <= FIRST_VIEW, loaded


async def test_the_page_prints_the_talk_and_the_report(page: Any) -> None:
    await page.goto("/")
    await say(page, "我屋里停电了")
    await page.locator("#mine .report").wait_for()
    await page.emulate_media(media="print")
    assert await page.locator(".you .bubble").first.is_visible() and await page.locator("#mine .report").is_visible()
    assert not await page.locator("#write").is_visible() and not await page.locator("#dial").is_visible()


async def test_no_page_is_a_file() -> None:
    assert not list(assets.STATIC.glob("*.html"))
