"""What comes in and goes out: a file is looked at first, spoiled cells are found, nobody enters twice; somebody leaves."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer
from openpyxl import Workbook, load_workbook

from bot.app.staff_side import dismissed
from bot.chat.store import ChatShelf, shut
from bot.database import now
from bot.doors.devices import Devices
from bot.doors.passwords import Passwords
from bot.doors.shutting import Shutting
from bot.grid import workbooks
from bot.grid.importer import examine
from bot.grid.problems import ImportRefused
from bot.grid.registry import Registry
from bot.notify.links import SHELL, Links, Purpose
from bot.tickets.cards import TicketRefused
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.dismissing import dismiss
from bot.tickets.intake.caller import Caller
from bot.tickets.outside import Outside, OutsideTicket, kind_of
from bot.web.desk.door import DoorPages
from bot.web.desk.imports import ImportPages, reason
from bot.web.desk.people import PeoplePages
from bot.web.desk.roster import RosterPages
from bot.web.outside_api import OutsideApi
from bot.web.signing_in import SignIn
from tests.grid.test_map import collection, feature
from tests.web.test_households import HOUSEHOLDS, county
from tests.web.two_grids import KEY, StaffSite, csrf_of, frame_of, staff_app

HEAD = HOUSEHOLDS.splitlines()[0].split(",")
ROW = ["0042110009", "王五", "15800000009", "东门社区", "", "石桥路33号", "东门1台区", "东门线", "24", "", 0, 0, 70]
TOKEN = "a-token-of-95598"


@dataclass
class Site(StaffSite):
    registry: Registry
    app: web.Application

    async def csrf(self, path: str = "/desk/imports") -> str:
        return csrf_of((await self.get(path))[1])

    async def send(self, path: str, data: bytes, name: str = "county.xlsx") -> tuple[int, str]:
        form = FormData({"csrf": await self.csrf()})
        form.add_field("file", data, filename=name)
        answer = await self.client.post(path, data=form)
        return answer.status, await answer.text()


def book(*rows: list[Any], merged: str = "") -> bytes:
    made = Workbook()
    for row in rows:
        made.active.append(row)
    if merged:
        made.active.merge_cells(merged)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database, zone = county(tmp_path), ZoneInfo("Asia/Shanghai")
    desk, registry, sign_in = TicketDesk(database), Registry.load(database), SignIn(Devices(database))
    frame, links, shelf = frame_of(sign_in), Links(KEY, database, "https://gege.example"), ChatShelf(database, tmp_path)
    shutting = Shutting(database, [shut])

    dismisses = partial(dismissed, database, desk, shutting, registry)
    routes = [
        *ImportPages(frame, database, registry, desk, zone).routes(),
        *RosterPages(frame, database, registry, zone).routes(),
        *PeoplePages(frame, sign_in, registry, shutting, links, shelf.new_code, dismisses, zone).routes(),
        *DoorPages(frame, sign_in, Passwords(database, KEY, "崇阳供电"), registry, zone).routes(),
        *OutsideApi(Outside(database, desk), registry, TOKEN).routes(),
    ]
    app = staff_app(database, registry, desk, sign_in, *routes)
    async with TestClient(TestServer(app)) as client:
        yield Site(client, links, desk, database, registry, app)
    database.dispose()


# ---- files ------------------------------------------------------------------------------------------


async def test_a_workbook_is_looked_at_first_and_imported_on_the_second_press(site: Site) -> None:
    await site.sign_in("D1")
    data = book(["崇阳县供电用户表"], HEAD, ROW, ["4211001", *ROW[1:]])
    status, page = await site.send("/desk/imports", data)
    assert status == 200 and "用户表，2行：新的1行，更新1行" in page and site.registry.household("0042110009") is None
    token = page.split('name="token" value="')[1].split('"')[0]
    assert "导好了：用户表2行" in (await site.form("/desk/imports/take", token=token))[1]
    card = site.registry.household("0042110009")
    assert card is not None and card.householder == "王五", "its zeros are kept"
    assert "放久了" in (await site.form("/desk/imports/take", token=token))[1], "a double tap imports once"


async def test_a_head_of_two_rows_whose_cells_were_merged_is_read(site: Site) -> None:
    upper = ["户号", "户主", "电话", "地方", None, None, "电网", None, "网格号", "标签", "余额", "欠费月数", "本年电量"]
    lower = [None, None, None, "社区", "小区", "地址", "台区", "线路", None, None, None, None, None]
    found = examine(site.database, "x.xlsx", book(upper, lower, ROW, merged="D1:F1"))
    assert not found.problems and found.rows[0]["community"] == "东门社区"


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("household_no", 421100000000000123, "被表格软件缩短了"), ("household_no", "#N/A", "公式或者出错"),
        ("grid_no", dt.date(2026, 3, 1), "改成日期了"), ("household_no", None, "没填"), ("phone", "abc", "不是电话号码"),
        ("ytd_kwh", -3, "不是整数"), ("tags", "富人", "没有这个标签：富人"), ("balance", "欠", "不是金额"),
    ],
)  # fmt: skip
async def test_what_a_spreadsheet_spoiled_is_found_with_its_line_and_reason(
    site: Site, column: str, value: Any, told: str
) -> None:
    await site.sign_in("D1")
    row = list(ROW)
    row[HEAD.index(column)] = value
    status, page = await site.send("/desk/imports", book(HEAD, ROW[:0] or list(ROW), row))
    assert status == 400 and told in page and "第3行" in page and 'name="token"' not in page


async def test_several_grids_in_one_cell_are_several(site: Site) -> None:
    text = "工号,姓名,角色,电话,网格号,telegram_id,wecom,dingtalk\nA9,梁五,网格协管员,13900000009,24、25,,,\n"
    found = examine(site.database, "staff.csv", text.encode("gb18030"))
    assert not found.problems and found.rows[0]["grid_nos"] == ["24", "25"]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04nothing", b"\x00\x01", b"a,b\n1,2\n", "户号\n1\n".encode("utf-16")])
async def test_what_is_no_such_file_gets_plain_words(site: Site, data: bytes) -> None:
    await site.sign_in("D1")
    status, page = await site.send("/desk/imports", data, "x.csv")
    assert status == 400 and ("看不了" in page or "先选一个文件" in page)


async def test_a_map_comes_in_on_the_same_page_and_a_wrong_shape_is_told(site: Site) -> None:
    await site.sign_in("D1")
    good = feature("Point", [114.0, 29.5], 台区="东门1台区")
    bad = feature("Point", [114.0, 29.5], 台区="月亮台区")
    status, page = await site.send("/desk/imports", collection(good, bad), "map.geojson")
    assert status == 400 and "第2个图形" in page and "没有这个台区：月亮台区" in page and 'name="token"' not in page
    status, page = await site.send("/desk/imports", collection(good), "map.geojson")
    assert status == 200 and "地图，1个图形" in page
    token = page.split('name="token" value="')[1].split('"')[0]
    assert "地图1个图形" in (await site.form("/desk/imports/take", token=token))[1]


def test_a_workbook_that_claims_to_be_huge_is_refused_before_it_is_unpacked(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbooks, "load_workbook", lambda *_, **__: pytest.fail("it was unpacked"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/sheet1.xml", "w") as part:
        for _ in range(201):
            part.write(bytes(1 << 20))
    assert len(out.getvalue()) < 1 << 20
    with pytest.raises(ImportRefused, match="too large"):
        examine(site.database, "x.xlsx", out.getvalue())


def test_every_reason_has_words_of_ours() -> None:
    source = Path(__file__).parents[2] / "bot" / "grid"
    texts = "".join(
        (source / name).read_text("utf-8") for name in ("cells.py", "importer.py", "workbooks.py", "geojson.py")
    )
    raised = re.findall(r'(?:ValueError|refuse)\((?:0, |[^"]*?)f?"([^"]+)"', texts)
    raised += re.findall(r'_Wrong\([^,]+, f?"([^"]+)"', texts)
    found = raised + re.findall(r'Problem\([^"]*"?[^"]*"?, f?"([^"]+)"\)', texts)
    said = [one for one in found if re.search("[a-z]{3}", one)]
    assert len(said) > 15
    for one in said:
        chinese = reason(re.sub(r"\{[^}]*\}", "7", one)).replace("xlsx", "")
        assert not re.search("[a-z]{4}", chinese) and chinese != "不对", one


async def test_what_goes_out_comes_in_again(site: Site) -> None:
    await site.sign_in("D1")
    for name, kind in (("households", "households"), ("staff", "staff")):
        data = await (await site.client.get(f"/desk/exports/{name}.xlsx")).read()
        found = examine(site.database, f"{name}.xlsx", data)
        assert (found.kind, found.fresh, found.problems) == (kind, 0, []) and found.known == len(found.rows) > 0
    assert (await site.client.get("/desk/exports/passwords.xlsx")).status == 404


async def test_files_are_the_desks(site: Site) -> None:
    await site.sign_in("M24")
    for path in ("/desk/imports", "/desk/exports/households.xlsx", "/desk/staff"):
        assert (await site.get(path))[0] == 403


# ---- 95598 ------------------------------------------------------------------------------------------


async def test_a_table_of_95598s_comes_in_once_with_both_numbers(site: Site) -> None:
    await site.sign_in("D1")
    rows = [["工单编号", "业务类型", "受理内容", "用电地址", "户号", "联系电话"],
            ["95598-2026-1", "故障报修", "家里没电", "石桥路12号", "4211001", "13912345678"],
            ["95598-2026-2", "投诉", "讲了没人来", "", "", ""]]  # fmt: skip
    assert "收了2张" in (await site.send("/desk/imports/95598", book(*rows)))[1]
    assert "收了0张，2张以前收过" in (await site.send("/desk/imports/95598", book(*rows)))[1]
    cards = {card.facts["outside_no"]: card for card in site.desk.tickets()}
    first = cards["95598-2026-1"]
    assert (len(cards), first.kind, first.household_no, first.owner) == (2, "outage", "4211001", "M24")
    assert cards["95598-2026-2"].kind == "complaint"
    site.desk.acknowledge(first.ticket_no, "M24")
    out = load_workbook(io.BytesIO(await (await site.client.get("/desk/exports/95598.xlsx")).read()))
    [row] = [row for row in out.active.iter_rows(min_row=2, values_only=True) if row[1] == "95598-2026-1"]
    assert row[0] == first.ticket_no and row[3] == "已接单" and row[12]


async def test_95598_hands_down_over_http_and_asks_what_became_of_it(site: Site) -> None:
    path, sign = "/api/95598/tickets", {"Authorization": f"Bearer {TOKEN}"}
    body = {"number": "N1", "said": "电线掉在路上", "sort": "安全隐患", "household_no": "4211001", "extra": [1]}
    assert (await site.client.post(path, json=body)).status == 401
    answers = [await site.client.post(path, json=body, headers=sign) for _ in range(2)]
    assert [one.status for one in answers] == [201, 200]
    told = await answers[1].json()
    assert told == {"number": "N1", "ticket_no": site.desk.tickets()[0].ticket_no, "fresh": False}
    assert site.desk.tickets()[0].urgent
    [found] = await (await site.client.get(f"{path}?number=N1", headers=sign)).json()
    assert (found["kind"], found["state"], found["grid_no"]) == ("hazard", "reported", "24")
    for wrong in (
        {},
        {"number": "", "said": "x"},
        {"number": "1" * 99, "said": "x"},
        {**body, "at": "2026-01-01T00:00:00"},
    ):
        assert (await site.client.post(path, json=wrong, headers=sign)).status == 422
    assert (await site.client.post(path, data=b"[" * 9000, headers=sign)).status == 400


@pytest.mark.parametrize(
    ("sort", "said", "kind"),
    [("", "有人触电", "hazard"), ("电费", "", "arrears"), ("x", "y", "callback"), ("care", "", "care")],
)
def test_their_sorts_are_our_kinds(sort: str, said: str, kind: str) -> None:
    assert kind_of(sort, said) == kind


def test_a_ticket_without_a_number_or_words_is_refused(site: Site) -> None:
    outside = Outside(site.database, site.desk)
    for wrong in (OutsideTicket("", "x"), OutsideTicket("1", " "), OutsideTicket("1" * 41, "x")):
        with pytest.raises(Exception, match="number|nothing"):
            outside.take(wrong, None, None)


# ---- people -----------------------------------------------------------------------------------------


def report(site: Site, name: str) -> str:
    return site.desk.report(
        Report("outage", "停电", name, Caller.by("phone", name), place=name, grid_no="24")
    ).ticket_no


async def test_who_made_a_way_in_is_written_down_and_whether_it_was_used(site: Site) -> None:
    await site.sign_in("D1")
    assert "登录链接</h2>" not in (await site.get("/desk/people/M25"))[1]
    page = (await site.form("/desk/people/M25", act="link"))[1]
    assert "值班做的，没用" in page
    url = re.search(r"https://gege.example(/t/[^<]+)", page)
    assert url is not None
    phone = TestClient(site.client.server)
    assert (await phone.post(url[1], allow_redirects=False)).status == 303
    await phone.session.close()
    assert re.search(r"值班做的，\S+ ?\S*用了", (await site.get("/desk/people/M25"))[1])
    site.links.sign_in_url("M25", SHELL)
    assert "服务器上做的，没用" in (await site.get("/desk/people/M25"))[1]


async def test_who_leaves_hands_over_everything_and_is_out(site: Site) -> None:
    numbers = [report(site, f"石桥路{n}号") for n in range(3)]
    site.desk.acknowledge(numbers[0], "M24")
    leaver = TestClient(site.client.server)
    await leaver.post(f"/t/{site.links.token(Purpose.sign_in, '', 'M24')}", allow_redirects=False)
    assert (await leaver.get("/desk/me")).status == 200
    await site.sign_in("D1")
    status, page = await site.form("/desk/people/M24", act="left", to="M25")
    assert status == 200 and "归程离职了，3张单交出去了" in page
    assert {site.desk.ticket(one).owner for one in numbers} == {"M25"}  # type: ignore[union-attr]
    assert (await leaver.get("/desk/me")).status == 403 and (await site.get("/desk/people/M24"))[0] == 404
    assert [one.staff_no for one in site.registry.staff("24", "manager")] == ["M25"]
    assert site.desk.ticket(report(site, "石桥路99号")).owner == "M25"  # type: ignore[union-attr]
    with pytest.raises(TicketRefused):
        site.desk.acknowledge(numbers[1], "M24")
    await leaver.session.close()


def test_nobody_leaves_to_nobody_and_then_nothing_was_done(site: Site) -> None:
    number = report(site, "石桥路1号")
    for to in ("M24", "nobody", "S24"):
        with pytest.raises(TicketRefused):
            dismiss(site.database, site.desk, "M24", to, "D1")
    assert site.desk.ticket(number).owner == "M24" and site.registry.person("M24") is not None  # type: ignore[union-attr]


async def test_somebody_is_added_and_changed_by_the_same_rules_as_a_file(site: Site) -> None:
    await site.sign_in("D1")
    fields = {"staff_no": "A24", "name": "梁光", "role": "assistant", "phone": "13911112222", "grid_nos": "24"}
    assert (await site.form("/desk/staff", **fields))[0] == 200
    assert [one.name for one in site.registry.staff("24", "assistant")] == ["梁光"]
    status, page = await site.form("/desk/staff", **{**fields, "phone": "abc", "name": ""})
    assert status == 400 and "不是电话号码" in page and "没填" in page and "A24" in page
    await site.form("/desk/staff", **{**fields, "name": "梁光兴", "grid_nos": "24;25"})
    assert [one.name for one in site.registry.staff("25", "assistant")] == ["梁光兴"]


async def test_a_leave_stands_in_the_calendar_and_cases_go_to_who_stands_in(site: Site) -> None:
    await site.sign_in("D1")
    today = now().astimezone(ZoneInfo("Asia/Shanghai")).date()
    fields = {"who": "M24", "stands_in": "M25", "begins": f"{today}", "ends": f"{today + dt.timedelta(days=2)}"}
    assert "写上了" in (await site.form("/desk/roster", **fields))[1]
    _, page = await site.get("/desk/roster")
    assert "归程请假，望舒顶" in page
    assert "这样不行" in (await site.form("/desk/roster", **fields))[1], "the same days twice"
    assert "这样不行" in (await site.form("/desk/roster", **{**fields, "who": "M25", "stands_in": "M24"}))[1], (
        "a circle"
    )
    assert "归程回来了" in (await site.form("/desk/roster/back", who="M24"))[1]


async def test_a_manager_writes_his_own_leave_and_nobody_elses(site: Site) -> None:
    await site.sign_in("M24")
    today = f"{now().date() + dt.timedelta(days=3)}"
    fields = {"stands_in": "M25", "begins": today, "ends": today}
    assert "这样不行" in (await site.form("/desk/roster", **fields, who="M25"))[1]
    assert "写上了" in (await site.form("/desk/roster", **fields, who="M24"))[1]
