"""The first page in a real browser: type, be answered, see the ticket."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.web.browsing import chromium, page_of
from tests.web.conftest import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Any]:
    async with chromium() as browser:
        yield browser


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
    await page.locator("#what", has_text="停电了").wait_for()
    assert "记下了" in await page.locator(".gege .bubble").last.inner_text()
    assert await page.locator("#grid").inner_text() == "24 号网格"
    assert site.dialogue.heard[0].dialled == "grid_24" and site.dialogue.heard[0].caller.address == "13907150001"
    await page.locator("#case summary").click()
    assert (
        "归程" in await page.locator("#case").inner_text()
        and "我屋里停电了" in await page.locator("#said").inner_text()
    )
    for word in ("工单", "GD", "听懂", "网格员那边", "%"):
        assert word not in await page.locator("body").inner_text()
    await page.screenshot(path=os.environ.get("GEGE_PAGE_PNG", str(tmp_path / "page.png")))
    await page.reload()
    await page.locator("#what", has_text="停电了").wait_for()
    await say(page, "还没来电")
    await page.locator(".you").wait_for()
    assert len({heard.session for heard in site.dialogue.heard}) == 1
    await page.get_by_role("button", name="新的对话").click()
    assert await page.locator("#case").is_hidden() and await page.locator(".you").count() == 0
    await page.reload()
    await page.wait_for_timeout(300)
    assert await page.locator("#case").is_hidden()


async def test_an_example_is_one_tap_and_the_page_fits_a_telephone(page: Any, tmp_path: Path) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto("/")
    await page.locator("#examples button").first.click()
    await page.locator("#what", has_text="停电了").wait_for()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.screenshot(path=os.environ.get("GEGE_PHONE_PNG", str(tmp_path / "phone.png")), full_page=True)


async def test_markup_in_words_is_only_words(page: Any, site: Site) -> None:
    site.sample = True
    evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>停电'
    for path, known in (("/", "#what"), ("/demo", "#ticket_no")):
        await page.goto(path)
        await page.get_by_label("打字讲").fill(evil)
        await page.keyboard.press("Enter")
        await page.locator(known, has_text="停电" if path == "/" else "GD").wait_for()
        assert await page.evaluate("window.hit") is None
        assert await page.locator(".you .bubble").inner_text() == evil
        assert await page.locator("#talk img, #facts img, .notice img, #case img").count() == 0


async def test_who_tries_the_sample_sees_both_sides(page: Any, site: Site, tmp_path: Path) -> None:
    site.sample = True
    await page.goto("/demo?grid=24")
    assert await page.get_by_label("回电号码").input_value() == "13907150000"
    await say(page, "我屋里停电了")
    await page.locator("#ticket_no", has_text="GD").wait_for()
    assert "停电" in await page.locator(".you .under").last.inner_text()
    assert "归程" in await page.locator(".notice").first.inner_text()
    await page.screenshot(path=os.environ.get("GEGE_DEMO_PNG", str(tmp_path / "demo.png")))
    await page.get_by_role("button", name="新的对话").click()
    assert await page.locator("#ticket").is_hidden() and await page.locator(".you").count() == 0
