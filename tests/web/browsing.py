"""A real browser for the pages' tests: Chromium, headless, with a microphone that plays a file."""

from __future__ import annotations

import asyncio
import re
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from axe_playwright_python.async_playwright import Axe

from bot.recordings.room import look_into, name_for
from bot.settings import Settings
from bot.speech.audio import Samples

CHROMIUM = Path("/usr/bin/chromium")


@asynccontextmanager
async def chromium(microphone: Path | None = None, *, allowed: bool = True) -> AsyncIterator[Any]:
    """`microphone`: a WAV file, played once from the moment on when a page opens the microphone; without one it beeps.

    `allowed` False: the person does not let the page use it."""
    if not CHROMIUM.exists():
        warnings.warn("NOT TESTED: pages in a browser; apt-get install -y chromium fonts-noto-cjk", stacklevel=2)
        pytest.skip("chromium is not installed")
    from playwright.async_api import async_playwright

    # Sanic (Rasa), when another test has loaded it, leaves uvloop's policy behind, which has no child watcher.
    asyncio.set_event_loop_policy(asyncio.DefaultEventLoopPolicy())
    arguments = ["--no-sandbox", "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required"]
    if allowed:
        arguments.append("--use-fake-ui-for-media-stream")
    if microphone is not None:
        arguments.append(f"--use-file-for-fake-audio-capture={microphone}%noloop")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield browser
        await browser.close()


@asynccontextmanager
async def page_of(browser: Any, app: web.Application, *, refused: int = 0, **options: Any) -> AsyncIterator[Any]:
    """A fresh page of a fresh site; what goes wrong in it fails the test, but for answers with the status `refused`,
    which a browser notes as faults."""
    faults: list[str] = []
    async with TestServer(app) as server:
        options = {"viewport": {"width": 1280, "height": 800}, "base_url": str(server.make_url("/")), **options}
        context = await browser.new_context(**options)
        page = await context.new_page()
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("console", lambda line: line.type == "error" and faults.append(line.text))
        yield page
        await context.close()
    assert [fault for fault in faults if not refused or f"status of {refused}" not in fault] == []


#: what a screen reader says first of these is their name
_NAMED = ("button", "link", "textbox", "combobox", "checkbox", "radio", "img", "navigation", "searchbox", "spinbutton")
_SPOKEN = re.compile(r"^\s*- (?P<role>[a-z]+)(?: \"(?P<name>(?:[^\"\\]|\\.)*)\")?(?P<rest>.*)$")


#: buttons whose words are wider than they are
_CUT = """[...document.querySelectorAll('button, a.button')]
    .filter((one) => one.offsetParent && one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent.trim())"""


async def no_faults(page: Any) -> None:
    """Nothing serious or moderate for axe, nothing wider than the screen, and a screen reader has a name for whatever can
    be pressed or filled in, one heading of the page before all others, and no level left out."""
    found = (await Axe().run(page)).response["violations"]
    wrong = [one for one in found if one["impact"] in ("serious", "critical", "moderate")]
    told = [(one["id"], [node["html"][:200] for node in one["nodes"]][:2]) for one in wrong]
    assert not told, (page.url, told)
    wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{page.url} is wider than the screen by {wide}"
    cut = await page.evaluate(_CUT)
    assert not cut, f"{page.url}: words that do not fit on what is pressed: {cut}"
    heard = spoken(await page.locator("body").aria_snapshot())
    nameless = [role for role, name, _ in heard if role in _NAMED and not name]
    assert not nameless, f"{page.url}: without a name: {nameless}"
    levels = [level for role, _, level in heard if role == "heading"]
    assert levels[:1] == [1] and levels.count(1) == 1, f"{page.url}: headings {levels}"
    assert all(after <= before + 1 for before, after in pairwise(levels)), f"{page.url}: {levels}"
    assert [role for role, *_ in heard].count("main") == 1, f"{page.url}: what is the page's own?"


def spoken(snapshot: str) -> list[tuple[str, str, int]]:
    """(role, name, level of a heading) of what a screen reader comes by, in its order (Playwright's aria snapshot)."""
    found = []
    for line in snapshot.splitlines():
        if one := _SPOKEN.match(line):
            level = re.search(r"\[level=(\d)\]", one["rest"])
            # Some have their only words behind a colon.
            name = one["name"] or one["rest"].partition(":")[2].strip()
            found.append((one["role"], name, int(level[1]) if level else 0))
    return found


def both_directions(home: Path, call_id: str) -> tuple[Samples, Samples]:
    """(what the caller said, what Gege said) of a recorded call, at 16 kHz."""
    opened = look_into(Settings(home=home), name_for(call_id, "call"))
    assert (opened.rate, opened.channels) == (16000, 2)
    both = np.frombuffer(opened.pcm, "<i2").astype(np.int16).reshape(-1, 2)
    return both[:, 0].copy(), both[:, 1].copy()
