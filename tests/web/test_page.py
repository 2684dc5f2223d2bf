"""The first page in a real browser: type, be answered, see the ticket."""

from __future__ import annotations

import os
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer

from tests.web.conftest import Site

CHROMIUM = Path("/usr/bin/chromium")
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Any]:
    if not CHROMIUM.exists():
        warnings.warn("NOT TESTED: the page in a browser; apt-get install -y chromium fonts-noto-cjk", stacklevel=1)
        pytest.skip("chromium is not installed")
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(CHROMIUM),
            args=[
                "--no-sandbox",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Any, site: Site) -> AsyncIterator[Any]:
    """A fresh page of a fresh site; what goes wrong in it fails the test."""
    faults: list[str] = []
    async with TestServer(site.app) as server:
        page = await browser.new_page(viewport={"width": 1280, "height": 800}, base_url=str(server.make_url("/")))
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("console", lambda line: line.type == "error" and faults.append(line.text))
        yield page
        await page.close()
    assert faults == []


async def test_a_resident_types_and_sees_reply_and_ticket(page: Any, site: Site, tmp_path: Path) -> None:
    await page.goto("/?grid=24")
    await page.get_by_label("打字讲").fill("我屋里停电了")
    await page.get_by_role("button", name="发送").click()
    await page.locator("#ticket_no", has_text="GD").wait_for()
    assert "记下了" in await page.locator(".gege .bubble").last.inner_text()
    assert "停电" in await page.locator(".you .under").last.inner_text()
    assert "归程" in await page.locator(".notice").first.inner_text()
    assert await page.locator("#grid").inner_text() == "24 号网格"
    assert site.dialogue.heard[0].dialled == "grid_24" and site.dialogue.heard[0].caller == "13907150000"
    await page.screenshot(path=os.environ.get("GEGE_PAGE_PNG", str(tmp_path / "page.png")))
    await page.get_by_role("button", name="新的对话").click()
    assert await page.locator("#ticket").is_hidden() and await page.locator(".you").count() == 0


async def test_an_example_is_one_tap_and_the_page_fits_a_telephone(page: Any, tmp_path: Path) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto("/")
    await page.locator("#examples button").first.click()
    await page.locator("#ticket_no", has_text="GD").wait_for()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await page.screenshot(path=os.environ.get("GEGE_PHONE_PNG", str(tmp_path / "phone.png")), full_page=True)


async def test_the_button_is_held_to_speak(page: Any, site: Site) -> None:
    await page.goto("/")
    await page.locator("#examples button").first.wait_for()
    box = await page.locator("#hold").bounding_box()
    await page.mouse.move(box["x"] + 10, box["y"] + 10)
    await page.mouse.down()
    await page.locator("#hold.on").wait_for()
    await page.wait_for_timeout(900)
    await page.mouse.up()
    await page.locator("#ticket_no", has_text="GD").wait_for()
    assert "我屋里停电了" in await page.locator(".you").inner_text()
    assert "别的" in await page.locator(".you .under").first.inner_text()
    assert len(site.recogniser.fed[0]) > 10_000


async def test_markup_in_words_is_only_words(page: Any, site: Site) -> None:
    await page.goto("/")
    evil = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>停电'
    await page.get_by_label("打字讲").fill(evil)
    await page.keyboard.press("Enter")
    await page.locator("#ticket_no", has_text="GD").wait_for()
    assert await page.evaluate("window.hit") is None
    assert await page.locator(".you .bubble").inner_text() == evil
    assert await page.locator("#talk img, #facts img, .notice img").count() == 0
