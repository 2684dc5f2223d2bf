"""Every page of the desk as somebody comes by it who does not see it: names, headings, one page's own; and nothing sticks out."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.web.signing_in import COOKIE
from tests.web.browsing import chromium, no_faults, spoken
from tests.web.whole_desk import whole_desk

#: pages that other tests do not look at in a browser, by who opens them
PAGES = {
    "M24": ("/desk/me", "/desk/search?q=4200000024", "/desk/household/4200000024", "/desk/new", "/desk/plan", "/desk/boards",
            "/desk/register/new", "/desk/register/new?kind=praise", "/desk/register/new?kind=talk", "/desk/roster"),
    "D1": ("/desk?view=all", "/desk/people", "/desk/people/M25", "/desk/staff?no=M25", "/desk/imports", "/desk/password", "/calls",
           "/calls/1", "/learning", "/desk/report", "/desk/survey"),
}  # fmt: skip


def test_a_control_without_a_name_is_found() -> None:
    heard = spoken('- main:\n  - heading "单" [level=1]\n  - button\n  - link "我" [x]\n  - textbox: 写好的\n')
    assert heard == [
        ("main", "", 0),
        ("heading", "单", 1),
        ("button", "", 0),
        ("link", "我", 0),
        ("textbox", "写好的", 0),
    ]


@pytest.mark.slow
async def test_every_page_of_the_desk_can_be_heard(tmp_path: Path) -> None:
    async with whole_desk(tmp_path) as desk, chromium() as browser:
        address = str(desk.client.make_url("/"))
        for who, paths in PAGES.items():
            key = desk.devices.admit(who, "测试机", "asked")
            context = await browser.new_context(base_url=address, viewport={"width": 390, "height": 844})
            await context.add_cookies([{"name": COOKIE, "value": key, "url": address}])
            page = await context.new_page()
            for path in paths:
                answer = await page.goto(path)
                assert answer is not None and answer.ok, (path, answer and answer.status)
                await no_faults(page)
            order = [role for role, *_ in spoken(await page.locator("body").aria_snapshot())]
            assert order.index("main") < len(order) - 1 - order[::-1].index("navigation"), (
                "what one came for, then the menu"
            )
            await context.close()
