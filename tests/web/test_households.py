"""户 and ＋: one box finds a household by anything that is known of it, and only where one may look; a report by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from bot.database import Database
from bot.doors.devices import Devices
from bot.doors.looks import Looks
from bot.doors.models import Look
from bot.doors.passwords import Passwords
from bot.grid.importer import import_csv
from bot.grid.registry import Registry
from bot.grid.search import HouseholdSearch
from bot.notify.links import Links
from bot.register.book import Book
from bot.register.kind_files import read_kinds
from bot.settings import Settings
from bot.tickets.desk import TicketDesk
from bot.web.desk.door import DoorPages
from bot.web.desk.households import HouseholdPages
from bot.web.desk.new import NewPage
from bot.web.signing_in import SignIn
from tests.postgres import site_database
from tests.web.two_grids import KEY, StaffSite, frame_of, staff_app, ticket_routes

HOUSEHOLDS = """household_no,householder,phone,community,compound,address,transformer,feeder,grid_no,tags,balance,months_owed,ytd_kwh
4211001,章素芬,15800000001,东门社区,,石桥路12号,东门1台区,东门线,24,vulnerable,-320.5,3,812
4211002,张大山,15800000002,东门社区,,石桥路21号,东门1台区,东门线,24,,10,0,90
4211003,章素芬,15800000003,西门社区,,枫林街12号,西门1台区,西门线,25,,0,0,55
"""
STAFF = """staff_no,name,role,phone,grid_nos,telegram_id,wecom,dingtalk
M24,归程,manager,13907150024,24,,,
M25,望舒,manager,13907150025,25,,,
C1,抢修一,crew,13907150030,24;25,,,
D1,值班,duty,13907150031,,,,
S24,主任,supervisor,13907150032,24,,,
"""


@dataclass
class Site(StaffSite):
    search: HouseholdSearch

    async def report(self, **fields: str) -> tuple[int, str]:
        return await self.form("/desk/new", **fields)


def county(tmp_path: Path) -> Database:
    database = site_database(tmp_path)
    for name, text in (("households.csv", HOUSEHOLDS), ("staff.csv", STAFF)):
        (tmp_path / name).write_text(text, "utf-8")
        import_csv(database, tmp_path / name)
    return database


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = county(tmp_path)
    desk, registry, settings = TicketDesk(database), Registry.load(database), Settings(home=tmp_path)
    sign_in, looks, zone = SignIn(Devices(database)), Looks(database), ZoneInfo("Asia/Shanghai")
    frame, search, book = frame_of(sign_in), HouseholdSearch(database, registry), Book(database, read_kinds(tmp_path))
    routes = [
        *HouseholdPages(frame, search, registry, desk, book, looks, zone).routes(),
        *NewPage(frame, desk, registry, book).routes(),
        *DoorPages(frame, sign_in, Passwords(database, KEY, "崇阳供电"), registry, zone).routes(),
        *ticket_routes(database, desk, registry, sign_in, settings),
    ]
    async with TestClient(TestServer(staff_app(database, registry, desk, sign_in, *routes))) as client:
        yield Site(client, Links(KEY, database), desk, database, search)
    database.dispose()


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("4211001", {"4211001"}), ("42110", {"4211001", "4211002"}), ("158 0000 0002", {"4211002"}),
        ("+8615800000001", {"4211001"}), ("章素芬", {"4211001"}), ("张素芬", {"4211001"}), ("石桥路二十一号", {"4211002"}),
        ("枫林街12号", set()), ("4211003", set()), ("%", set()), ("", set()), ("' OR 1=1", set()),
    ],
)  # fmt: skip
async def test_one_box_finds_what_is_meant_on_ones_own_grid(site: Site, written: str, found: set[str]) -> None:
    got = {one.household.household_no for one in site.search.find(written, {"24"})}
    assert got >= found and "4211003" not in got
    if not found:
        assert not got or written.startswith("枫林")


async def test_the_duty_desk_finds_all_and_a_crew_none(site: Site) -> None:
    assert {one.household.household_no for one in site.search.find("章素芬", None)} == {"4211001", "4211003"}
    assert site.search.find("章素芬", frozenset()) == []
    await site.sign_in("C1")
    assert "没有这一户" in (await site.get("/desk/search?q=章素芬"))[1]
    assert (await site.get("/desk/household/4211001"))[0] == 403


async def test_a_household_is_known_before_one_knocks_and_the_look_is_written_down(site: Site) -> None:
    await site.sign_in("M24")
    _, page = await site.get("/desk/household/4211001")
    assert all(each in page for each in ("章素芬", "要照顾", "欠3个月", "320.5", "15800000001", "东门1台区"))
    with site.database.reading() as session:
        looks = session.scalars(select(Look)).all()
    assert [(one.staff_no, one.what, one.ref) for one in looks] == [("M24", "household", "4211001")]


async def test_another_grids_household_is_not_shown_and_a_made_up_one_is_told(site: Site) -> None:
    await site.sign_in("M24")
    status, page = await site.get("/desk/household/4211003")
    assert status == 403 and "章素芬" not in page
    assert (await site.get("/desk/household/nothing"))[0] == 404


async def test_a_search_leaves_no_words_behind(site: Site) -> None:
    await site.sign_in("M24")
    await site.get("/desk/search?q=章素芬")
    with site.database.reading() as session:
        [look] = session.scalars(select(Look)).all()
    assert (look.what, look.ref) == ("search", "household")


async def test_a_tickets_number_leads_to_the_ticket(site: Site) -> None:
    await site.sign_in("M24")
    answer = await site.client.get("/desk/search?q=gd2611280001", allow_redirects=False)
    assert answer.headers["Location"] == "/desk/GD2611280001"


async def test_a_report_by_hand_is_a_report_like_any_other(site: Site) -> None:
    await site.sign_in("M24")
    status, page = await site.report(
        kind="breaker_fault", said="漏保合不上", place="石桥路12号", phone="0715-8000001", urgent="on"
    )
    [card] = site.desk.tickets()
    assert status == 200 and "记下了" in page and card.ticket_no in page
    assert (card.kind, card.household_no, card.grid_no, card.owner, card.urgent) == (
        "breaker_fault", "4211001", "24", "M24", True,
    )  # fmt: skip
    assert card.caller.number == "07158000001" and card.facts["entered_by"] == "M24"


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"kind": "outage", "said": "", "place": "石桥路12号"}, "写一句"),
        ({"kind": "outage", "said": "停电"}, "在哪里"),
        ({"kind": "nonsense", "said": "停电", "place": "石桥路"}, "选一样"),
        ({"kind": "outage", "said": "停电", "household_no": "999"}, "没有这个户号"),
        ({"kind": "outage", "said": "停电", "place": "石桥路", "phone": "abc"}, "只写数字"),
    ],
)
async def test_what_is_missing_is_told_beside_it_and_nothing_typed_is_lost(
    site: Site, fields: dict[str, str], told: str
) -> None:
    await site.sign_in("M24")
    status, page = await site.report(**fields)
    assert status == 400 and told in page and not site.desk.tickets()
    assert all(value in page for value in fields.values() if value != "nonsense")
