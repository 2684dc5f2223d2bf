"""The month on one sheet: every figure with its count, misses with their evidence, answered before they count."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from openpyxl import load_workbook
from sqlalchemy import update

from bot.database import Database
from bot.doors.devices import Devices
from bot.grid.models import Community, Feeder, Household, Transformer
from bot.grid.registry import Registry
from bot.notify.links import Links
from bot.settings import Settings
from bot.statistics.month import Share, of_month
from bot.statistics.sheets import Sheet, as_csv, as_xlsx
from bot.tickets.cards import NotYours
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.due.timers import fire_due
from bot.tickets.intake.caller import Caller
from bot.tickets.models import Ticket
from bot.tickets.pleas import Pleas, Verdict
from bot.web.desk.report import ReportPage
from bot.web.signing_in import SignIn
from tests.postgres import site_database
from tests.web.browsing import chromium, no_faults, page_of
from tests.web.two_grids import KEY, StaffSite, csrf_of, frame_of, staff_app, ticket_routes, two_grids

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN = dt.datetime(2026, 10, 5, 9, 0, tzinfo=ZONE)
EVIL = '=HYPERLINK("http://evil.example")'


@dataclass
class Site(StaffSite):
    app: web.Application


def report(desk: TicketDesk, at: dt.datetime, name: str, grid: str = "24", **more: str) -> str:
    """An outage of its own place."""
    caller = Caller.by("phone", f"1390000{abs(hash(name)) % 10000:04}")
    return desk.report(
        Report("outage", "停电了", name, caller, place=f"石桥路{name}号", grid_no=grid, **more), at
    ).ticket_no


def minutes(count: float) -> dt.timedelta:
    return dt.timedelta(minutes=count)


def october(database: Database) -> dict[str, str]:
    """Four reports of grid 24 and one of 25 in October, one in September; what became of each."""
    desk = TicketDesk(database)
    report(desk, BEGIN - dt.timedelta(days=20), "0")
    good, late, lost, bad = (report(desk, BEGIN + dt.timedelta(days=n), str(n + 1)) for n in range(4))
    other = report(desk, BEGIN + dt.timedelta(days=6), "9", grid="25")
    for number, day in ((good, 0), (bad, 3)):
        at = BEGIN + dt.timedelta(days=day)
        desk.acknowledge(number, "M24", at + minutes(2))
        desk.on_site(number, "M24", "", at + minutes(20))
        desk.resolve(number, "M24", "", at + minutes(40))
    desk.answers.answer(good, "good", at=BEGIN + minutes(60))
    desk.answers.answer(bad, "bad", comment=EVIL, at=BEGIN + dt.timedelta(days=3, hours=1))
    desk.acknowledge(late, "M24", BEGIN + dt.timedelta(days=1) + minutes(2))
    fire_due(database, BEGIN + dt.timedelta(days=1) + minutes(59))
    desk.on_site(late, "M24", "", BEGIN + dt.timedelta(days=1) + minutes(70))
    desk.cancel(lost, "resident", "", BEGIN + dt.timedelta(days=2) + minutes(15))
    return {"good": good, "late": late, "lost": lost, "bad": bad, "other": other}


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = site_database(tmp_path)
    two_grids(database)
    desk, registry, sign_in = TicketDesk(database), Registry.load(database), SignIn(Devices(database))
    now = dt.datetime(2026, 10, 20, 12, tzinfo=ZONE)
    page = ReportPage(frame_of(sign_in), database, registry, "崇阳供电", ZONE, lambda: now)
    tickets = ticket_routes(database, desk, registry, sign_in, Settings(home=tmp_path))
    app = staff_app(database, registry, desk, sign_in, *page.routes(), *tickets)
    async with TestClient(TestServer(app)) as client:
        yield Site(client, Links(KEY, database), desk, database, app)
    database.dispose()


async def test_every_figure_stands_on_its_count(site: Site) -> None:
    october(site.database)
    it = of_month(site.database, 2026, 10, ZONE)
    mine = it.by_grid["24"]
    assert (it.all.reports, mine.reports, it.before.reports) == (4, 3, 1), "what was taken back is no report"
    assert mine.there == Share(2, 3) and mine.settled == Share(2, 2) and mine.content == Share(1, 2)
    assert it.by_day[4] == 1 and sum(it.by_day) == 4 and len(it.by_day) == 31
    assert dict(it.arrival)[30] == 2 and dict(it.arrival)[90] == 1
    assert it.all.content.value == 0.5 and it.by_grid["25"].content.value is None


async def test_what_was_missed_has_its_evidence(site: Site) -> None:
    numbers = october(site.database)
    misses = {one.ticket_no: one for one in of_month(site.database, 2026, 10, ZONE).misses}
    assert misses.keys() >= {numbers["late"], numbers["bad"]} and numbers["good"] not in misses
    late = misses[numbers["late"]]
    assert late.what == "on_site_due" and late.times["on_site"] - late.times["reported"] == minutes(70)
    assert misses[numbers["bad"]].comment == EVIL


async def test_a_household_that_reports_again_within_a_week_counts_also_over_a_months_end(site: Site) -> None:
    first = dt.datetime(2026, 9, 28, 9, tzinfo=ZONE)
    with site.database.session() as session:
        session.add_all([Community(id=1, name="东门社区"), Feeder(id=1, name="东门线")])
        session.flush()
        session.add(Transformer(id=1, name="东门1台区", feeder_id=1))
        session.flush()
        session.add(
            Household(household_no="1", householder="章", community_id=1, address="1号", transformer_id=1, grid_no="24")
        )
    for number, day in enumerate((0, 5, 20)):
        at = first + dt.timedelta(days=day)
        card = site.desk.report(
            Report(
                "arrears", "欠费", f"s{number}", Caller.by("phone", f"1391{number}"), household_no="1", grid_no="24"
            ),
            at,
        )
        site.desk.acknowledge(card.ticket_no, "M24", at)
        site.desk.resolve(card.ticket_no, "M24", "", at + minutes(5))
    assert of_month(site.database, 2026, 10, ZONE).all.again == Share(1, 2)


async def test_the_head_reads_one_sheet_and_a_manager_his_own_misses(site: Site) -> None:
    numbers = october(site.database)
    await site.sign_in("D1")
    _, page = await site.get("/desk/report?month=2026-10")
    assert all(each in page for each in ("2026年10月", "比上月多3件", "24号网格", numbers["late"], numbers["bad"]))
    assert "<script>" not in page.replace("<script src", "") and "&#34;http://evil" in page
    await site.sign_in("M25")
    _, page = await site.get("/desk/report?month=2026-10")
    assert numbers["late"] not in page and "24号网格" in page
    await site.sign_in("S24")
    assert (await site.get("/desk/report"))[0] == 403


async def test_a_miss_can_be_answered_and_is_judged_by_somebody_else(site: Site) -> None:
    number = october(site.database)["late"]
    await site.sign_in("M24")
    csrf = csrf_of((await site.get("/desk/report"))[1])
    form = {"csrf": csrf, "month": "2026-10", "ticket_no": number, "words": "桥断了，绕了一圈"}
    assert "写上了" in await (await site.client.post("/desk/report/plea", data=form)).text()
    assert (await site.client.post("/desk/report/verdict", data={**form, "verdict": "excused"})).status == 403
    await site.sign_in("D1")
    page = (await site.get("/desk/report?month=2026-10"))[1]
    csrf = csrf_of(page)
    assert "桥断了" in page
    answer = await site.client.post("/desk/report/verdict", data={**form, "csrf": csrf, "verdict": "excused"})
    assert "不算" in await answer.text()
    it = of_month(site.database, 2026, 10, ZONE)
    assert [one.verdict for one in it.misses if one.ticket_no == number] == ["excused"]


def test_nobody_judges_their_own_case(site: Site) -> None:
    number = october(site.database)["bad"]
    pleas = Pleas(site.database)
    with pytest.raises(NotYours):
        pleas.plead(number, "M25", "不是我")
    with site.database.session() as session:
        session.execute(update(Ticket).where(Ticket.ticket_no == number).values(owner="D1"))
    with pytest.raises(NotYours):
        pleas.judge(number, "D1", Verdict.excused)


async def test_sheets_keep_numbers_that_are_names_and_run_nothing(site: Site) -> None:
    october(site.database)
    await site.sign_in("D1")
    book = load_workbook(io.BytesIO(await (await site.client.get("/desk/report.xlsx?month=2026-10")).read()))
    assert book.sheetnames == ["分网格", "超时和不满意"]
    cells = [cell for row in book["超时和不满意"].iter_rows() for cell in row]
    [evil] = [cell for cell in cells if cell.value == EVIL]
    assert evil.data_type == "s"
    rows = list(
        csv.reader(
            io.StringIO((await (await site.client.get("/desk/report.csv?month=2026-10")).read()).decode("utf-8-sig"))
        )
    )
    assert rows[1][0] == "24号网格" and rows[1][1] == "3"


@pytest.mark.parametrize("evil", ["=1+1", "+86", "-1", "@a", "\t=1", " =1", "＝1"])
def test_a_formula_in_any_cell_is_text(evil: str) -> None:
    sheet = Sheet("s", ["a"], [[evil], ["0042110"]])
    assert as_csv(sheet).decode("utf-8-sig").splitlines()[1].strip('"').startswith("'")
    book = load_workbook(io.BytesIO(as_xlsx([sheet])))
    assert [row[0].value for row in book["s"].iter_rows(min_row=2)] == [evil, "0042110"]
    assert all(row[0].data_type == "s" for row in book["s"].iter_rows(min_row=2))


@pytest.mark.slow
async def test_it_is_one_page_of_a4_and_readable_for_everybody(site: Site) -> None:
    october(site.database)
    async with chromium() as browser:
        for scheme, width in (("light", 1440), ("dark", 1440), ("light", 390)):
            options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
            async with page_of(browser, site.app, refused=404, **options) as page:
                await site.enter(page, "D1")
                await page.goto("/desk/report?month=2026-10")
                await no_faults(page)
                pdf = await page.pdf(prefer_css_page_size=True)
                assert b"/Count 1" in pdf, "one page of A4"
