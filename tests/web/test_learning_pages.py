"""A case is corrected in a form; the duty desk sees what Gege learned and is the second person; others see nothing."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.database import now
from bot.doors.devices import Devices
from bot.doors.looks import Looks
from bot.grid.registry import Registry
from bot.learning.book import CorrectionBook
from bot.learning.figures import overview
from bot.learning.lexicon_words import candidates, keep
from bot.learning.models import Decision, LearningRun
from bot.learning.runs import RunLog
from bot.notify.links import Links, Purpose
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.web.learning import LearningPages
from bot.web.signing_in import SignIn
from bot.web.staff import StaffPages
from tests.postgres import site_database
from tests.web.browsing import chromium, page_of
from tests.web.two_grids import KEY, StaffSite, staff_app, ticket_routes, two_grids


@dataclass
class Site(StaffSite):
    app: Callable[[], web.Application]
    book: CorrectionBook

    def ticket(self, kind: str = "outage", said: str = "屋里梭子断了") -> str:
        return self.desk.report(Report(kind, said, said, Caller.by("phone"), grid_no="24")).ticket_no

    async def post(self, path: str, csrf: str | None = None, **form: str) -> tuple[int, str]:
        response = await self.client.post(path, data={"csrf": await self.csrf() if csrf is None else csrf, **form})
        return response.status, await response.text()

    async def csrf(self) -> str:
        page = (await self.get("/desk/" + self.desk.tickets()[0].ticket_no))[1]
        found = re.search('name="csrf" value="([^"]+)"', page)
        return found.group(1) if found else ""


@pytest_asyncio.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    database = site_database(tmp_path)
    two_grids(database, D2=("夜班", "duty"))
    desk, registry, settings = TicketDesk(database), Registry.load(database), Settings(home=tmp_path)
    links, sign_in = Links(KEY, database), SignIn(Devices(database))
    staff = StaffPages(desk, registry, sign_in, Looks(database), settings)

    def app() -> web.Application:
        learning = LearningPages(database, staff, sign_in, settings)
        screens = ticket_routes(database, desk, registry, sign_in, settings)
        made = staff_app(database, registry, desk, sign_in, *screens, *learning.routes())
        return made

    async with TestClient(TestServer(app())) as client:
        yield Site(client, links, desk, database, app, CorrectionBook(database))
    database.dispose()


async def test_a_manager_corrects_words_and_kind_of_a_case(site: Site) -> None:
    number = site.ticket()
    await site.sign_in("M24")
    assert "屋里梭子断了</textarea>" in (await site.get(f"/desk/{number}"))[1]
    status, page = await site.post(
        f"/case/{number}/correction", words="屋里闸刀断了", kind="breaker_fault", household=""
    )
    assert status == 200 and "下次学" in page
    [kept] = site.book.corrections()
    assert (kept.words, kept.intent, kept.by) == ("屋里闸刀断了", "report_breaker_fault", "M24")
    assert (
        "已经记过了"
        in (await site.post(f"/case/{number}/correction", words="屋里闸刀断了", kind="breaker_fault", household=""))[1]
    )
    assert len(site.book.corrections()) == 1


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"words": "屋里梭子断了", "kind": "outage"}, "没有改什么"),
        ({"words": "x" * 200}, "汉字"),
        ({"household": "nowhere"}, "户号"),
        ({"kind": "<script>"}, "没有这一类"),
        ({"words": "停" * 5000}, "太长"),
    ],
)
async def test_what_cannot_be_taken_is_said_plainly(site: Site, form: dict[str, str], told: str) -> None:
    number = site.ticket()
    await site.sign_in("M24")
    status, page = await site.post(f"/case/{number}/correction", **form)
    assert status == 200 and told in page and "<script>" not in page


@pytest.mark.parametrize("who", ["", "M25", "S24"])
async def test_who_may_not_see_a_case_corrects_nothing(site: Site, who: str) -> None:
    number = site.ticket()
    if who:
        await site.sign_in(who)
    assert (await site.post(f"/case/{number}/correction", kind="care"))[0] == 403
    assert site.book.corrections() == []


async def test_a_foreign_form_changes_nothing(site: Site) -> None:
    number = site.ticket("hazard")
    waiting = site.book.write(number, "M24", kind="care")
    await site.sign_in("D1")
    for csrf in ("", "0" * 64):
        assert (await site.post(f"/case/{number}/correction", csrf, kind="outage"))[0] == 403
        assert (await site.post(f"/learning/{waiting.id}", csrf, verb="confirm"))[0] == 403
    assert [one.state for one in site.book.corrections()] == ["waiting"]


@pytest.mark.parametrize("who", ["", "M24", "S24"])
async def test_the_page_is_the_duty_desks(site: Site, who: str) -> None:
    waiting = site.book.write(site.ticket("hazard", "电线断了"), "M24", kind="care")
    if who:
        await site.sign_in(who)
    status, page = await site.get("/learning")
    assert status == 403 and "电线断了" not in page
    assert (await site.post(f"/learning/{waiting.id}", verb="confirm"))[0] == 403


async def test_a_second_person_decides_once_and_both_are_told(site: Site) -> None:
    waiting = site.book.write(site.ticket("hazard", "电线断了"), "D2", kind="care")
    await site.sign_in("D2")
    assert "要别人看" in (await site.get("/learning"))[1]
    assert "您定不了" in (await site.post(f"/learning/{waiting.id}", verb="confirm"))[1]
    await site.sign_in("D1")
    assert "把危险改成了别的" in (await site.get("/learning"))[1]
    assert "这一条不对" in (await site.post(f"/learning/{waiting.id}", verb="refuse"))[1]
    assert "已经有人定过" in (await site.post(f"/learning/{waiting.id}", verb="confirm"))[1]
    assert site.book.corrections()[0].state == "refused"


@pytest.mark.parametrize("number", ["x", "-1", "999", "9" * 30, "٣"])
async def test_a_made_up_number_is_no_error(site: Site, number: str) -> None:
    site.ticket()
    await site.sign_in("D1")
    assert (await site.post(f"/learning/{number}", verb="confirm"))[0] in (200, 403)


async def test_an_empty_site_has_a_page_too(site: Site) -> None:
    await site.sign_in("D1")
    status, page = await site.get("/learning")
    assert status == 200 and "还没有" in page


async def test_accuracy_counts_a_ticket_once_however_often_it_was_corrected(site: Site) -> None:
    first = site.ticket()
    site.ticket(said="停电了")
    site.book.write(first, "M24", words="屋里闸刀断了")
    site.book.write(first, "D1", words="屋里闸刀断了", kind="breaker_fault")
    week = overview(site.database, ZoneInfo("Asia/Shanghai"), now()).weeks[-1]
    assert (week.tickets, week.corrected, week.right) == (2, 1, 0.5)


def sample(site: Site) -> None:
    """Eleven weeks of a station: fewer corrections every week, a run on every Sunday."""
    said = {
        "屋里梭子断了": "屋里闸刀断了",
        "我屋里冇店了": "我屋里冇电了",
        "火表不专了": "火表不转了",
        "门口梭子坏了": "门口闸刀坏了",
    }
    for back in range(11, -1, -1):
        at = now() - dt.timedelta(weeks=back)
        for number in range(40):
            text = list(said)[number % 4]
            report = Report("outage", text, f"{back}-{number}", Caller.by("phone"), grid_no="24")
            ticket = site.desk.report(report, at=at).ticket_no
            if number < 3 + back:
                site.book.write(ticket, "M24", words=said[text], kind="outage", at=at)
        site.book.judge_again()
        runs = RunLog(site.database)
        right = 0.985 - 0.004 * back
        kept = back not in (4, 8)
        figures = {"clean": {"intent_accuracy": right if kept else right - 0.009, "hazard_recall": 1.0}}
        before = {"clean": {"intent_accuracy": right - 0.004, "hazard_recall": 1.0}}
        learned = [one.id for one in site.book.corrections("accepted")]
        card = runs.end(
            runs.begin(), Decision.in_service if kept else Decision.kept_old, "", learned if kept else (),
            counts={"corrections": len(learned)}, before=before, after=figures,
        )  # fmt: skip
        with site.database.session() as session:
            session.get_one(LearningRun, card.id).began_at = at
    site.book.write(site.ticket("hazard", "电线断了,掉在路上"), "M24", kind="care")


@pytest.mark.slow
async def test_the_page_in_a_browser(site: Site, tmp_path: Path) -> None:
    sample(site)
    keep(candidates(site.book.corrections(), lambda text, one: text))
    cookie = site.links.token(Purpose.sign_in, "", "D1")
    async with chromium() as browser, page_of(browser, site.app()) as page:
        await page.goto(f"/t/{cookie}")
        await page.click("button")
        await page.goto("/learning")
        assert await page.locator("svg .heard").count() > 10
        assert "梭子" in await page.inner_text("table >> nth=0")
        await page.screenshot(path=os.environ.get("GEGE_LEARNING_PNG", str(tmp_path / "learning.png")), full_page=True)
        await page.click("button[value=confirm]")
        assert "对的" in await page.inner_text("[role=status]")
    assert site.book.corrections("waiting") == []
