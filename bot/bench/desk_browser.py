"""First paint of the desk on a cheap telephone with a bad line, in Chromium (Playwright, a tool of the tests)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.notify.links import Links, Purpose

CHROMIUM = Path("/usr/bin/chromium")
#: 400 kbit/s, 400 ms there and back, a processor four times slower
_LINE = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
_SLOWER = 4
_TIMES = 3
_PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


async def first_paints(
    url: str,
    links: Links,
    people: Mapping[str, str],
    paths: Mapping[str, Sequence[str]],
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Milliseconds until something is painted, the middle of three, with nothing kept and with files kept (a second visit)."""
    from playwright.async_api import async_playwright

    found: dict[str, Any] = {}
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        for role, wanted in paths.items():
            context = await browser.new_context(base_url=url, viewport={"width": 390, "height": 844})
            page = await context.new_page()
            await page.goto(f"/t/{links.token(Purpose.sign_in, '', people[role])}")
            await page.click("button")
            state = await context.storage_state()
            await context.close()
            for path in wanted:
                progress(f"first paint of {path} …")
                fresh: list[float] = []
                again: list[float] = []
                for _ in range(_TIMES):
                    context = await browser.new_context(
                        base_url=url, viewport={"width": 390, "height": 844}, storage_state=state
                    )
                    page = await context.new_page()
                    line = await context.new_cdp_session(page)
                    await line.send("Network.enable")
                    await line.send("Network.emulateNetworkConditions", _LINE)
                    await line.send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
                    for times in (fresh, again):
                        await page.goto(path, wait_until="load")
                        times.append(await page.evaluate(_PAINTED) or 0.0)
                    await context.close()
                middle = {"first": round(sorted(fresh)[1]), "again": round(sorted(again)[1])}
                found[f"{re.sub('GD[0-9]+', 'GD…', path)} ({role})"] = middle
        await browser.close()
    return found
