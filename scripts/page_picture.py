"""Draw docs/pictures/page.png: a report by a resident at /demo, and what her manager receives, as the service has it today.

`PYTHONPATH=. uv run python scripts/page_picture.py` (a trained model in models/dialogue, Chromium and fonts-noto-cjk)."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from bot.app.parts import open_site, running
from bot.grid.sample import make_sample
from bot.settings import Settings
from bot.speech.ear_card import card_in_use
from bot.speech.recogniser_of import make_recogniser
from bot.web.app import make_app
from tests.voice.doubles import ToneVoice
from tests.web.browsing import chromium, page_of

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "page.png"
SAID = ("我屋里停电了，隔壁也没有", "桃溪社区沿河路一百一十八号", "对")
VIEW = {"width": 1280, "height": 1010}


async def tell(page: Any) -> None:
    """The resident's side, sentence by sentence, until the manager has it."""
    await page.goto("/demo")
    for number, sentence in enumerate(SAID, start=1):
        await page.get_by_label("打字讲").fill(sentence)
        await page.get_by_role("button", name="发送").click()
        await page.locator(".you .bubble").nth(number - 1).wait_for()
        await page.locator(".gege .bubble").nth(number).wait_for()
    await page.locator("#ticket_no", has_text="GD").wait_for()
    await page.locator(".notice", has_text="已送").first.wait_for()


async def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        database = open_site(settings)
        make_sample(database, Path(home) / "sample")
        database.dispose()
        async with running(settings) as service:
            app = make_app(
                service.dialogue, make_recogniser(settings), ToneVoice(), service.desk, service.registry, settings, intake=service.intake,
                sample=lambda: True, ear=card_in_use(settings),
            )  # fmt: skip
            async with (
                chromium() as browser,
                page_of(browser, app, viewport=VIEW, device_scale_factor=1.5) as page,
            ):
                await tell(page)
                await page.evaluate("scrollTo(0, 0)")
                await page.mouse.move(0, 0)
                await page.screenshot(path=PICTURE)


if __name__ == "__main__":
    asyncio.run(main())
