"""The wall in a storm: 12,000 reports stay one screen, read in a handful of questions; what nobody looks at stands first."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import event, insert

from bot.database import Database, now
from bot.doors.devices import Devices
from bot.grid.models import Feeder, Transformer
from bot.grid.registry import Registry
from bot.notify.links import Links
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.models import Outage, Ticket, Timer
from bot.tickets.wall import MOST, wall
from bot.web.desk.wall import CallNow, WallPage
from bot.web.signing_in import SignIn
from tests.postgres import site_database
from tests.web.browsing import chromium, no_faults, page_of
from tests.web.two_grids import KEY, StaffSite, csrf_of, frame_of, staff_app, ticket_routes, two_grids

REPORTS, OUTAGES = 12_000, 40
#: beyond what a sequence gives
_FIRST = 100_001


@dataclass
class Site(StaffSite):
    app: web.Application


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = site_database(tmp_path)
    two_grids(database)
    desk, registry = TicketDesk(database), Registry.load(database)
    sign_in = SignIn(Devices(database))
    calls = [CallNow(now() - dt.timedelta(minutes=3), "139····0001", "停电")]
    page = WallPage(frame_of(sign_in), database, ZoneInfo("Asia/Shanghai"), lambda: calls)
    tickets = ticket_routes(database, desk, registry, sign_in, Settings(home=tmp_path))
    app = staff_app(database, registry, desk, sign_in, *page.routes(), *tickets)
    async with TestClient(TestServer(app)) as client:
        yield Site(client, Links(KEY, database), desk, database, app)
    database.dispose()


def storm(database: Database, at: dt.datetime) -> None:
    """12,000 reports within an hour: most of 40 outages, the rest alone."""
    with database.session() as session:
        session.add(Feeder(id=1, name="东门线"))
        session.flush()
        session.execute(
            insert(Transformer), [{"id": n + 1, "name": f"东门{n + 1}台区", "feeder_id": 1} for n in range(OUTAGES)]
        )
        session.execute(
            insert(Outage),
            [{"id": n + 1, "outage_no": f"TD{n:04d}", "transformer_id": n + 1, "grids": ["24"], "state": "open",
              "started_at": at - dt.timedelta(minutes=60), "told": [], "planned": False, "cause": ""} for n in range(OUTAGES)],
        )  # fmt: skip
        session.execute(
            insert(Ticket),
            [{"id": _FIRST + n, "ticket_no": f"GD26112{n:05d}", "kind": "outage", "state": "reported", "grid_no": "24",
              "owner": "M24", "outage_id": n % OUTAGES + 1 if n % 20 else None, "urgent": n % 500 == 1, "place": f"石桥路{n}号",
              "facts": {}, "opened_at": at - dt.timedelta(seconds=n % 3600), "changed_at": at, "said": "停电了"} for n in range(REPORTS)],
        )  # fmt: skip
        session.execute(
            insert(Timer),
            [{"ticket_id": _FIRST + n, "kind": "on_site_due", "step": 0, "due_at": at + dt.timedelta(minutes=n % 90 - 30)}
             for n in range(REPORTS)],
        )  # fmt: skip


async def test_twelve_thousand_reports_are_one_screen_read_in_a_handful_of_questions(site: Site) -> None:
    at, asked = now(), []
    storm(site.database, at)
    danger = site.desk.report(Report("hazard", "线断了", "d", Caller.by("phone", "1"), grid_no="25", urgent=True), at)
    event.listen(site.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    it = wall(site.database, at)
    assert len([one for one in asked if one.lstrip().startswith("SELECT")]) <= 10
    assert (it.open, it.dangers, it.untaken, it.outages_open) == (REPORTS + 1, 1, REPORTS + 1, OUTAGES) and it.late > 0
    assert len(it.nobody) == len(it.outages) == MOST and it.nobody[0].ticket_no == danger.ticket_no
    assert it.outages[0].reports >= it.outages[-1].reports > 0 and it.outages[0].scope.endswith("台区")
    await site.sign_in("D1")
    _, page = await site.get("/desk/wall")
    assert len(page) < 120_000 and page.index(danger.ticket_no) < page.index("台区")
    assert "没列出来" in page and "12001" in page and "139····0001" in page


async def test_an_empty_night_says_so(site: Site) -> None:
    await site.sign_in("D1")
    _, page = await site.get("/desk/wall")
    assert all(each in page for each in ("都有人接了", "没有停电", "手上都没有单"))


async def test_who_is_silent_with_cases_in_hand_is_shown_with_a_way_to_ring(site: Site) -> None:
    at = now() - dt.timedelta(hours=3)
    site.desk.acknowledge(
        site.desk.report(Report("outage", "停电", "s", Caller.by("phone", "1"), grid_no="24"), at).ticket_no, "M24", at
    )
    await site.sign_in("D1")
    _, page = await site.get("/desk/wall")
    assert "没动静" in page and "打给他" in page and "手上1张" in page


async def test_the_wall_is_the_duty_desks(site: Site) -> None:
    for who, status in (("M24", 403), ("S24", 403), ("D1", 200)):
        await site.sign_in(who)
        assert (await site.get("/desk/wall"))[0] == status


async def test_one_press_on_the_wall_takes_a_case_and_stays_there(site: Site) -> None:
    number = site.desk.report(Report("outage", "停电", "s", Caller.by("phone", "1"), grid_no="24")).ticket_no
    await site.sign_in("D1")
    csrf = csrf_of((await site.get("/desk/wall"))[1])
    form = {"csrf": csrf, "verb": "take", "back": "/desk/wall"}
    answer = await site.client.post(f"/desk/{number}", data=form, allow_redirects=False)
    assert answer.headers["Location"] == "/desk/wall" and site.desk.ticket(number).owner == "D1"  # type: ignore[union-attr]


@pytest.mark.slow
async def test_the_wall_is_readable_for_everybody_in_light_and_dark(site: Site) -> None:
    storm(site.database, now())
    async with chromium() as browser:
        for scheme, width in (("light", 1440), ("dark", 1440), ("light", 390)):
            options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
            async with page_of(browser, site.app, refused=404, **options) as page:
                await site.enter(page, "D1")
                await page.goto("/desk/wall")
                await no_faults(page)
