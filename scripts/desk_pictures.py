"""Draw docs/pictures/desk-*.png: the desk's screens in the sample county, on an evening with a danger and a street without power.

`PYTHONPATH=. uv run python scripts/desk_pictures.py` (Chromium and fonts-noto-cjk)."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import random
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bot.database import now, open_database
from bot.grid.models import Role
from bot.grid.sample import make_sample
from tests.web.browsing import chromium
from tests.web.desk_site import DeskSite, an_evening, desk_site

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
PHONE, OFFICE = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
#: between two telephones, pixels
_GAP = 24
_SHADES = 64


def a_month(site: DeskSite, dice: random.Random) -> None:
    """What the month so far was like: three hundred reports that were taken, reached and settled."""
    managers = {grid: person.staff_no for grid, person in site.parts.registry.managers()}
    today, homes = now(), site.homes()
    for number in range(300):
        home = dice.choice(homes)
        opened = today - dt.timedelta(minutes=dice.uniform(1_000, 26 * 1_440))
        kind = dice.choice(["outage"] * 4 + ["breaker_fault"] * 3 + ["pricing", "arrears", "care"])
        ticket = site.report(home, kind, ago=(today - opened).total_seconds() / 60 + number / 1_000)
        by = managers[home.grid_no]
        reached = opened + dt.timedelta(minutes=dice.uniform(12, 46))
        site.desk.acknowledge(ticket, by, opened + dt.timedelta(minutes=dice.uniform(1, 4)))
        site.desk.on_site(ticket, by, "", reached)
        site.desk.resolve(ticket, by, "", reached + dt.timedelta(minutes=dice.uniform(10, 60)))
        if dice.random() < 0.5:
            answer = dice.choice(("good", "good", "good", "good", "fair", "bad"))
            site.desk.answers.answer(ticket, answer, at=reached + dt.timedelta(hours=2))


async def draw(site: DeskSite) -> None:
    manager, grid = site.manager()
    burning = next(one for one in site.desk.tickets(open_only=True, limit=50) if one.kind == "breaker_fault")
    async with chromium() as browser:
        page = await (await browser.new_context(base_url=site.url, viewport=PHONE)).new_page()
        await page.goto(await site.link(manager))
        await page.wait_for_url("**/desk/GD*")
        phone = [await shot(page, path) for path in ("/desk", f"/desk/{burning.ticket_no}")]
        keep("desk-phone", await beside(browser, phone, _GAP))
        keep("desk-household", await beside(browser, [await shot(page, f"/desk/household/{burning.household_no}")]))
        page = await (await browser.new_context(base_url=site.url, viewport=OFFICE)).new_page()
        await site.sign_in(page, site.someone(Role.duty))
        for name, path in (
            ("wall", "/desk/wall"),
            ("report", "/desk/report"),
            ("boards", f"/desk/boards/{grid}"),
            ("plan", "/desk/plan?grid=all&view=map"),
        ):
            keep(f"desk-{name}", await beside(browser, [await shot(page, path)]))


async def shot(page: Any, path: str) -> bytes:
    answer = await page.goto(path)
    assert answer.ok, (path, answer.status)
    await page.wait_for_timeout(500)
    return bytes(await page.screenshot())


async def beside(browser: Any, pictures: Sequence[bytes], gap: int = 0) -> bytes:
    """Pictures beside each other, in fewer shades: a page has few, and the file is half as long."""
    shades = " ".join(f"{one / (_SHADES - 1):.3f}" for one in range(_SHADES))
    parts = "".join(f'<feFunc{each} type="discrete" tableValues="{shades}"/>' for each in "RGB")
    filters = (
        f'<filter id="f" color-interpolation-filters="sRGB"><feComponentTransfer>{parts}</feComponentTransfer></filter>'
    )
    style = f"body{{margin:0;padding:{gap}px;background:#22302a;display:inline-flex;gap:{gap}px}}img{{filter:url(#f)}}"
    shown = "".join(f'<img src="data:image/png;base64,{base64.b64encode(one).decode()}">' for one in pictures)
    page = await browser.new_page(viewport=OFFICE)
    await page.set_content(
        f'<style>{style}</style>{shown}<svg width="0" height="0" style="position:absolute">{filters}</svg>'
    )
    return bytes(await page.locator("body").screenshot())


def keep(name: str, picture: bytes, tell: Callable[[str], None] = print) -> None:
    file = PICTURES / f"{name}.png"
    file.write_bytes(picture)
    tell(f"{file}: {len(picture) / 1000:.0f} kB")


async def main() -> None:
    dice = random.Random(3)
    with tempfile.TemporaryDirectory(prefix="gege-desk-") as folder:
        home = Path(folder)
        database = open_database(f"sqlite:///{home / 'gege.sqlite'}")
        database.migrate()
        make_sample(database, home / "sample", households=1_600)
        try:
            async with desk_site(home, database) as site:
                await asyncio.to_thread(a_month, site, dice)
                await asyncio.to_thread(an_evening, site, dice)
                await draw(site)
        finally:
            database.dispose()


if __name__ == "__main__":
    asyncio.run(main())
