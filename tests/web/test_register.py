"""The register on the desk: three taps from a household, what is wrong told beside it, two who want one wish, the day."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
import pytest_asyncio
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import delete, select

from bot.database import now
from bot.doors.devices import Devices
from bot.doors.looks import Looks
from bot.doors.models import Look
from bot.grid.models import Household, HouseholdContact, Staff
from bot.grid.registry import Registry
from bot.grid.search import HouseholdSearch
from bot.notify.links import Links
from bot.register.book import Book
from bot.register.changing import Changing
from bot.register.day import Days
from bot.register.due import make_tasks
from bot.register.kind_files import read_kinds
from bot.register.models import Entry
from bot.register.photos import Photos
from bot.register.survey import Survey
from bot.register.wishes import Wishes
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.lists import Lists
from bot.web.desk.home import HomePage
from bot.web.desk.households import HouseholdPages
from bot.web.desk.live import Live
from bot.web.desk.new import NewPage
from bot.web.desk.register import RegisterPage
from bot.web.desk.register_day import DayLines, DayPage
from bot.web.desk.register_edit import RegisterEditPages
from bot.web.desk.register_entry import RegisterEntryPages
from bot.web.desk.register_survey import SurveyPage
from bot.web.desk.register_wishes import WishesPage
from bot.web.desk.ticket_steps import TicketSteps
from bot.web.signing_in import SignIn
from tests.web.browsing import chromium, no_faults, page_of
from tests.web.test_households import county
from tests.web.two_grids import KEY, StaffSite, csrf_of, frame_of, staff_app, ticket_routes

ZONE = ZoneInfo("Asia/Shanghai")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
SCRIPT = "<script>alert(1)</script>"


@dataclass
class Site(StaffSite):
    app: web.Application
    book: Book
    home: Path

    @property
    def today(self) -> dt.date:
        return now().astimezone(ZONE).date()

    async def form(
        self, path: str, post_to: str = "", photo: bytes | io.BytesIO | None = None, **fields: str
    ) -> tuple[int, str]:
        """Open a page, fill its first form, and post it as a browser does."""
        page = (await self.get(path))[1]
        hidden = dict(re.findall(r'name="(csrf|nonce|kind|task|back|household)" value="([^"]*)"', page))
        chosen = dict(re.findall(r'type="radio" name="([^"]+)" value="([^"]*)" checked', page))
        form = FormData({**hidden, **chosen, **fields})
        if photo is not None:
            form.add_field("photo", photo, filename="me.jpg", content_type="image/jpeg")
        answer = await self.client.post(post_to or path.split("?")[0], data=form)
        return answer.status, await answer.text()

    def entries(self) -> list[Entry]:
        with self.database.reading() as session:
            return list(session.scalars(select(Entry).order_by(Entry.id)))


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = county(tmp_path)
    with database.session() as session:
        session.add_all(
            [Staff(staff_no=no, name=name, role="team", phone="") for no, name in (("T1", "贺"), ("T2", "秦"))]
        )
    desk, registry, kinds = TicketDesk(database), Registry.load(database), read_kinds(tmp_path)
    sign_in, looks = SignIn(Devices(database)), Looks(database)
    frame, book, search = frame_of(sign_in), Book(database, kinds), HouseholdSearch(database, registry)
    changing = Changing(database, kinds)
    day = DayLines(Days(database, kinds), kinds, ZONE)
    screens = [
        HomePage(frame, Lists(database), Live(database), tasks=day.of),
        HouseholdPages(frame, search, registry, desk, book, looks, ZONE),
        NewPage(frame, desk, registry, book),
        RegisterPage(frame, book, looks, ZONE),
        RegisterEntryPages(
            frame, book, changing, Wishes(database, kinds, desk), Photos(tmp_path), registry, search, looks, ZONE
        ),
        RegisterEditPages(frame, book, changing, Photos(tmp_path), ZONE),
        DayPage(frame, Lists(database), day),
        WishesPage(frame, book, looks, ZONE),
        SurveyPage(frame, Survey(database, kinds), registry, looks, ZONE),
        TicketSteps(frame, desk),
    ]
    routes = [route for screen in screens for route in screen.routes()]
    routes += ticket_routes(database, desk, registry, sign_in, Settings(home=tmp_path))
    app = staff_app(database, registry, desk, sign_in, *routes)
    async with TestClient(TestServer(app)) as client:
        yield Site(client, Links(KEY, database), desk, database, app, book, tmp_path)
    database.dispose()


async def test_a_visit_is_three_taps_from_the_household_and_stands_there_with_its_next_date(site: Site) -> None:
    await site.sign_in("M24")
    _, page = await site.get("/desk/household/4211001")
    links = re.findall(r'href="(/desk/register/new\?kind=visit[^"]*)"', page)
    assert len(links) == 1 and "＋记一笔" in page, "the first tap opens, the second chooses, the third keeps"
    status, after = await site.form(links[0].replace("&amp;", "&"))
    assert status == 200 and "记下了" in after and "章素芬" in after, "back where one came from"
    due = site.today + dt.timedelta(days=30)
    assert f"下一回 {due}　二轮走访" in after
    [entry] = site.entries()
    assert (entry.kind, entry.household_no, entry.fields, entry.by) == ("visit", "4211001", {"met": "met"}, "M24")


async def test_plus_offers_a_report_a_visit_and_a_note(site: Site) -> None:
    await site.sign_in("M24")
    for path in ("/desk/new", "/desk/register/new", "/desk/register/new?kind=visit"):
        page = (await site.get(path))[1]
        assert all(each in page for each in ("报一件事", "走访", "随手记"))
    assert (await site.form("/desk/register/new?kind=note", words="大门换了锁"))[0] == 200
    assert [one.kind for one in site.entries()] == ["note"]


async def test_a_household_is_found_by_name_or_place_and_several_are_offered(site: Site) -> None:
    await site.sign_in("D1")
    status, page = await site.form("/desk/register/new?kind=visit", household="石桥路21号")
    assert status == 200 and [one.household_no for one in site.entries()] == ["4211002"]
    status, page = await site.form("/desk/register/new?kind=visit", household="章素芬", topics="讲了漏保")
    assert status == 400 and "4211001" in page and "4211003" in page and "讲了漏保" in page
    assert len(site.entries()) == 1


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        ("visit", {}, "这里要写"),
        ("visit", {"household": "4211003"}, "您的格上没有这一户"),
        ("dunning", {"household": "4211001", "promised": "2020-01-01"}, "已经过了"),
        ("talk", {"community": "东门社区", "people": "很多"}, "只写数字"),
        ("talk", {"community": "月亮社区"}, "没有这个社区"),
        ("note", {"words": "记", "day": "2099-01-01"}, "还没到的日子"),
        ("note", {"words": "记", "day": "nonsense"}, "日子没看懂"),
        ("visit", {"household": "4211001", "met": "jumped"}, "选一样"),
    ],
)
async def test_what_is_wrong_is_told_beside_it_and_what_was_typed_stays(
    site: Site, kind: str, fields: dict[str, str], told: str
) -> None:
    await site.sign_in("M24")
    status, page = await site.form(f"/desk/register/new?kind={kind}", **fields)
    assert status == 400 and told in page and not site.entries()
    assert fields.get("words", "") in page


async def test_a_double_tap_is_one_entry(site: Site) -> None:
    await site.sign_in("M24")
    page = (await site.get("/desk/register/new?kind=note"))[1]
    form = dict(re.findall(r'name="(csrf|nonce|kind)" value="([^"]*)"', page))
    answers = await asyncio.gather(
        *(site.client.post("/desk/register/new", data={**form, "words": "两下"}) for _ in range(3))
    )
    assert {one.status for one in answers} == {200} and len(site.entries()) == 1


async def test_a_script_in_every_field_is_text(site: Site) -> None:
    await site.sign_in("M24")
    for kind in ("home_check", "praise", "note", "wish", "pair"):
        fields = {"place": SCRIPT, "what": SCRIPT, "who": SCRIPT, "words": SCRIPT, "wish": SCRIPT, "person": SCRIPT,
                  "partner": SCRIPT, "needs": SCRIPT, "household": "4211001", "task": SCRIPT, "back": SCRIPT}  # fmt: skip
        if kind == "home_check":
            del fields["household"]
        assert (await site.form(f"/desk/register/new?kind={kind}", **fields))[0] == 200
    for one in site.entries():
        for path in ("/desk/register", f"/desk/register/{one.id}", "/desk/wishes", "/desk/household/4211001"):
            assert "<script>alert" not in (await site.get(path))[1]
    assert "<script>alert" not in (await site.form("/desk/register/new?kind=visit", household=SCRIPT, back=SCRIPT))[1]


async def test_a_photo_of_twelve_megabytes_is_kept_and_what_is_no_photo_is_told(site: Site) -> None:
    await site.sign_in("M24")
    path = "/desk/register/new?kind=note"
    status, page = await site.form(path, words="杆歪了", photo=b"<svg onload=alert(1)>")
    assert status == 400 and "不是照片" in page and "杆歪了" in page and not site.entries()
    assert (await site.form(path, words="杆歪了", photo=io.BytesIO(PNG + bytes(12 << 20))))[0] == 200
    [entry] = site.entries()
    answer = await site.client.get(f"/desk/register/{entry.id}/photo")
    assert len(await answer.read()) > 12 << 20 and answer.headers["Content-Type"] == "image/png"
    await site.sign_in("M25")
    assert (await site.get(f"/desk/register/{entry.id}/photo"))[0] == 403


async def test_anothers_entry_is_not_read_and_a_made_up_one_is_told(site: Site) -> None:
    await site.sign_in("M24")
    await site.form("/desk/register/new?kind=visit&household=4211001")
    [entry] = site.entries()
    await site.sign_in("M25")
    assert (await site.get(f"/desk/register/{entry.id}"))[0] == 403
    assert "石桥路12号" not in (await site.get("/desk/register"))[1]
    assert (await site.get("/desk/register/999999999999"))[0] == 404


async def test_an_entry_is_put_right_and_says_what_it_said_before(site: Site) -> None:
    await site.sign_in("M24")
    await site.form("/desk/register/new?kind=visit&household=4211001", topics="讲了漏保")
    [entry] = site.entries()
    path = f"/desk/register/{entry.id}"
    assert f"{path}/edit" in (await site.get(path))[1]
    status, page = await site.form(f"{path}/edit", topics=f"讲了漏保和{SCRIPT}", seen="0")
    assert status == 200 and "原来的也留着" in page and "讲了漏保 → 讲了漏保和" in page and "归程" in page
    assert "<script>alert" not in page
    status, page = await site.form(f"{path}/edit", topics="第三种", seen="0")
    assert status == 409 and "归程刚改过这一条" in page and "第三种" in page, "what was typed stays"
    status, page = await site.form(f"{path}/edit", day="2099-01-01", seen="1")
    assert status == 400 and "还没到的日子" in page
    await site.sign_in("M25")
    assert (await site.get(f"{path}/edit"))[0] == 403


async def test_a_mistake_is_struck_out_and_can_still_be_found(site: Site) -> None:
    await site.sign_in("M24")
    await site.form("/desk/register/new?kind=note", words="记错的话")
    [entry] = site.entries()
    path = f"/desk/register/{entry.id}"
    page = (await site.form(f"{path}/edit", verb="remove", why="不是这一户", seen="0"))[1]
    assert "划掉了：不是这一户" in page and f"{path}/edit" not in page
    assert "记错的话" not in (await site.get("/desk/register"))[1]
    assert "记错的话" in (await site.get("/desk/register?state=removed"))[1]
    assert (await site.form(f"{path}/edit", verb="remove", seen="1"))[0] == 403


async def test_a_list_that_shows_households_is_one_look_with_how_many(site: Site) -> None:
    await site.sign_in("M24")
    for words in ("一", "二"):
        await site.form("/desk/register/new?kind=note&household=4211001", words=words)
    for _ in range(3):
        await site.get("/desk/register")
        await site.get("/desk/search?q=章素芬")
        await site.get("/desk/wishes")
    with site.database.reading() as session:
        looks = [(one.what, one.ref, one.many) for one in session.scalars(select(Look)) if one.many is not None]
    assert looks == [("list", "register", 2), ("search", "household", 1)], "again within ten minutes is the same look"


async def test_a_household_that_has_gone_leaves_its_entries_readable(site: Site) -> None:
    await site.sign_in("M24")
    await site.form("/desk/register/new?kind=visit&household=4211001")
    with site.database.session() as session:
        session.execute(delete(HouseholdContact).where(HouseholdContact.household_no == "4211001"))
        session.execute(delete(Household).where(Household.household_no == "4211001"))
    [entry] = site.entries()
    status, page = await site.get(f"/desk/register/{entry.id}")
    assert status == 200 and "已经不在册了" in page and "石桥路12号" in page


async def test_the_second_who_claims_a_wish_is_told_who_has_it(site: Site) -> None:
    await site.sign_in("S24")
    assert (await site.form("/desk/register/new?kind=wish", wish="一盏台灯", person="章大爷"))[0] == 200
    [wish] = site.entries()
    assert (await site.get("/desk/wishes"))[0] == 403, "a supervisor enters, and reads nobody else's"
    await site.sign_in("T1")
    board = (await site.get("/desk/wishes"))[1]
    assert "一盏台灯" in board and "我来办" in board
    csrf = csrf_of(board)
    first = await site.client.post(
        f"/desk/register/{wish.id}", data={"csrf": csrf, "verb": "claim", "back": "/desk/wishes"}
    )
    assert "归您办了" in await first.text()
    await site.sign_in("T2")
    status, page = await site.form(f"/desk/register/{wish.id}", verb="claim")
    assert status == 200 and "贺先一步认领了" in page
    await site.sign_in("T1")
    await site.form(f"/desk/register/{wish.id}", verb="fulfil")
    assert "写一句" in (await site.form(f"/desk/register/{wish.id}", verb="said"))[1]
    done = (await site.form(f"/desk/register/{wish.id}", verb="said", word="好了，亮得很"))[1]
    assert "办成了" in done and "好了，亮得很" in done
    assert "好了，亮得很" in (await site.get("/desk/wishes"))[1]


async def test_the_day_has_tickets_first_and_then_the_street_and_can_be_put_off(site: Site) -> None:
    make_tasks(site.database, site.book.kinds, site.today)
    await site.sign_in("M24")
    _, page = await site.get("/desk/day")
    visits = re.findall(r"首轮走访</span> <a[^>]*><b>([^<]*)", page)
    assert visits == ["石桥路21号", "石桥路12号"], "the odd side, and back on the even one"
    assert "今天走" in (await site.get("/desk"))[1], "单 leads there"
    number = page.split('action="/desk/day/')[1].split('"')[0]
    assert "明天再说" in (await site.form("/desk/day", f"/desk/day/{number}", verb="later"))[1]
    rest = (await site.get("/desk/day"))[1]
    assert f"/desk/day/{number}" not in rest
    other = rest.split('action="/desk/day/')[1].split('"')[0]
    assert "为什么" in (await site.form("/desk/day", f"/desk/day/{other}", verb="drop"))[1]
    assert "划掉了" in (await site.form("/desk/day", f"/desk/day/{other}", verb="drop", why="拆了"))[1]
    await site.sign_in("M25")
    assert "已经有人办了" in (await site.form("/desk/day", f"/desk/day/{number}", verb="later"))[1]


async def test_a_survey_is_drawn_asked_and_counted_with_its_n(site: Site) -> None:
    await site.sign_in("M24")
    assert (await site.get("/desk/survey"))[0] == 403
    await site.sign_in("T1")
    status, page = await site.form("/desk/survey", each="1", seed="签", to="T1")
    assert status == 200 and "抽好了" in page
    assert "一户不差" in (await site.form("/desk/survey", "/desk/survey/1/again"))[1]
    link = re.findall(r'href="(/desk/register/new\?kind=survey[^"]*)"', page)[0].replace("&amp;", "&")
    assert (await site.form(link, content="good"))[0] == 200
    assert "100%（1/1）" in (await site.get("/desk/survey"))[1]
    assert "1到200户" in (await site.form("/desk/survey", each="many", to="T1"))[1]
    assert "选一个" in (await site.form("/desk/survey", each="3", to="M24"))[1]


async def test_a_sheet_keeps_account_numbers_as_text_runs_nothing_and_is_written_down(site: Site) -> None:
    await site.sign_in("M24")
    await site.form("/desk/register/new?kind=note&household=4211001", words="=cmd|'/C calc'!A0")
    answer = await site.client.get("/desk/register.xlsx")
    [sheet] = openpyxl.load_workbook(io.BytesIO(await answer.read())).worksheets
    cells = [cell for cell in list(sheet.rows)[1] if cell.value is not None]
    assert "4211001" in [cell.value for cell in cells] and {cell.data_type for cell in cells} <= {"s", "n"}
    with site.database.reading() as session:
        assert "register" in {one.what for one in session.scalars(select(Look))}


async def test_a_step_of_a_long_case_is_pressed_on_its_page_and_says_what_comes_next(site: Site) -> None:
    report = Report(
        "reconnect", "我明天去交钱", "s", Caller.by("phone", "13800000000"), household_no="4211001", grid_no="24"
    )
    number = site.desk.report(report).ticket_no
    await site.sign_in("M24")
    page = (await site.get(f"/desk/{number}"))[1]
    assert "他答应哪天交" in page and "同意送电" in page and "电送上了" not in page
    tomorrow = (site.today + dt.timedelta(days=1)).isoformat()
    status, page = await site.form(f"/desk/{number}", f"/desk/{number}/step", step="promised", day=tomorrow)
    assert status == 200 and "记下了" in page and "答应交" in page
    for fields, told in (({"day": "x"}, "没看懂"), ({"step": "supply_on"}, "做不了")):
        assert told in (await site.form(f"/desk/{number}", f"/desk/{number}/step", **{"step": "promised", **fields}))[1]
    await site.sign_in("M25")
    assert (await site.get(f"/desk/{number}"))[0] == 403
    page = (await site.get("/desk/new"))[1]
    csrf = csrf_of(page)
    answer = await site.client.post(
        f"/desk/{number}/step", data={"csrf": csrf, "step": "decided"}, allow_redirects=False
    )
    assert answer.status == 303
    assert [one.kind for one in site.desk.activities(number)].count("step") == 1


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844), (320, 640), (1440, 900)])
async def test_every_page_can_be_used_by_everybody(site: Site, scheme: str, size: tuple[int, int]) -> None:
    make_tasks(site.database, site.book.kinds, site.today)
    await site.sign_in("T1")
    await site.form("/desk/register/new?kind=wish", wish="一盏台灯")
    await site.form("/desk/survey", each="1", seed="签", to="T1")
    [wish] = site.entries()
    pages = {
        "M24": ["/desk", "/desk/day", "/desk/register", "/desk/register/new", "/desk/household/4211001", "/desk/new",
                "/desk/register/new?kind=dunning&household=4211001", "/desk/register/new?kind=talk"],
        "T1": ["/desk/wishes", "/desk/survey", f"/desk/register/{wish.id}", "/desk/register/new?kind=survey",
               f"/desk/register/{wish.id}/edit"],
    }  # fmt: skip
    view = {"width": size[0], "height": size[1]}
    async with chromium() as browser:
        for who, paths in pages.items():
            async with page_of(browser, site.app, viewport=view, color_scheme=scheme) as page:
                await site.enter(page, who)
                for path in paths:
                    await page.goto(path)
                    await no_faults(page)


@pytest.mark.slow
async def test_from_a_household_to_a_kept_visit_are_three_taps_with_a_thumb(site: Site) -> None:
    async with chromium() as browser, page_of(browser, site.app, viewport={"width": 390, "height": 844}) as page:
        await site.enter(page, "M24")
        await page.goto("/desk/household/4211001")
        await page.click("summary:has-text('＋记一笔')")
        await page.click(".kinds a:text-is('走访')")
        await page.click("text=记下来")
        await page.wait_for_selector("p.say[role=status]")
        assert "记下了" in await page.inner_text("p.say[role=status]")
    assert [one.household_no for one in site.entries()] == ["4211001"]
