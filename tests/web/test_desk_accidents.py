"""The desk under strangers' hands and accidents: guesses, planted words, odd bytes, two presses at once."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import itertools
import re
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pyotp
import pytest
import pytest_asyncio
from sqlalchemy import delete, select, update

from bot.database import now
from bot.doors.looks import CALL, CASE, EXPORT, HOUSEHOLD, PICTURE, SEARCH
from bot.doors.models import BrowserTry, Device, Look, Password
from bot.doors.passwords import DoorRefused, Passwords
from bot.grid.models import SampleCounty, Staff
from bot.notify.links import Purpose
from bot.tickets.models import Ticket
from bot.web.desk.live import _MOST_OF_ONE
from bot.web.signing_in import COOKIE
from tests.web.two_grids import KEY
from tests.web.whole_desk import PNG, WholeDesk, whole_desk, workbook

WORD = "长长的一句密码不好猜"
#: what a resident, 95598, a file or somebody of the staff may write
MARK = "<svg/onload=alert(1)>\"'><img src=x onerror=alert(2)>{{7*7}}"


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[WholeDesk]:
    async with whole_desk(tmp_path) as made:
        yield made


class Clock:
    def __init__(self) -> None:
        self.at = now()

    def __call__(self) -> dt.datetime:
        return self.at


def door(desk: WholeDesk) -> tuple[Passwords, pyotp.TOTP, Clock]:
    """The duty desk's password, set a minute ago."""
    clock = Clock()
    passwords = Passwords(desk.database, KEY, "崇阳供电", clock)
    second = passwords.begin("D1")
    totp = pyotp.TOTP(second.secret)
    passwords.set("D1", WORD, second.secret, totp.at(clock.at))
    clock.at += dt.timedelta(minutes=1)
    return passwords, totp, clock


# ---- passwords ----------------------------------------------------------------------------------


async def test_a_stranger_who_guesses_all_night_keeps_out_nobody_who_was_in_before(desk: WholeDesk) -> None:
    passwords, totp, clock = door(desk)
    known = passwords.known_browser("D1")
    with desk.database.session() as session:
        session.get_one(Password, "D1").failures = 2_000  # a night's
    for _ in range(3):
        clock.at += dt.timedelta(hours=2)  # each time the lock has gone
        with pytest.raises(DoorRefused, match="wrong"):
            passwords.check("D1", "guess", "000000")
    with pytest.raises(DoorRefused, match="wrong"):
        passwords.check("D1", WORD, totp.at(clock.at))
    passwords.check("D1", WORD, totp.at(clock.at), known)


async def test_guesses_from_a_browser_that_was_in_before_wait_too_and_alone(desk: WholeDesk) -> None:
    passwords, totp, clock = door(desk)
    stolen, own = passwords.known_browser("D1"), passwords.known_browser("D1")
    for _ in range(5):
        with pytest.raises(DoorRefused, match="wrong"):
            passwords.check("D1", "guess", "000000", stolen)
    with pytest.raises(DoorRefused, match="wait"):
        passwords.check("D1", WORD, totp.at(clock.at), stolen)
    passwords.check("D1", WORD, totp.at(clock.at), own)


async def test_a_restart_gives_a_browser_no_fresh_guesses(desk: WholeDesk) -> None:
    passwords, totp, clock = door(desk)
    known = passwords.known_browser("D1")
    for _ in range(5):
        with pytest.raises(DoorRefused, match="wrong"):
            passwords.check("D1", "guess", "000000", known)
    again = Passwords(desk.database, KEY, "崇阳供电", clock)
    with pytest.raises(DoorRefused, match="wait"):
        again.check("D1", WORD, totp.at(clock.at), known)
    clock.at += dt.timedelta(hours=2)
    again.check("D1", WORD, totp.at(clock.at), known)
    with desk.database.reading() as session:
        assert not session.scalars(select(BrowserTry)).all(), "who came in begins anew"


async def test_a_new_password_forgets_the_browsers_of_the_old_one(desk: WholeDesk) -> None:
    passwords, totp, clock = door(desk)
    known = passwords.known_browser("D1")
    passwords.set("D1", WORD, totp.secret, totp.at(clock.at))
    clock.at += dt.timedelta(minutes=1)
    for _ in range(5):
        with pytest.raises(DoorRefused):
            passwords.check("D1", "guess", "000000")
    with pytest.raises(DoorRefused, match="wrong"):
        passwords.check("D1", WORD, totp.at(clock.at), known)


async def test_nobody_learns_by_guessing_who_has_a_password(desk: WholeDesk) -> None:
    door(desk)
    stranger, told = desk.browser(), set()
    for staff_no in ["D1"] * 7 + ["M24", "nobody", "\0", "🙂" * 30] + ["nobody"] * 6:
        form = {"staff_no": staff_no, "password": "guess", "code": "000000"}
        status, _, body = await stranger.ask("POST", "/desk/sign-in", form)
        told.add((status, body.split('role="alert">')[1].split("<")[0]))
    assert len(told) == 1 and 403 in {status for status, _ in told}


async def test_of_many_guesses_at_the_same_moment_five_are_looked_at(desk: WholeDesk) -> None:
    passwords, totp, clock = door(desk)

    def one(right: bool) -> bool:
        try:
            passwords.check("D1", WORD if right else "guess", totp.at(clock.at) if right else "000000")
        except DoorRefused:
            return False
        return True

    done = await asyncio.gather(*(asyncio.to_thread(one, True) for _ in range(4)))
    assert sum(done) == 1, "one code opens one door"
    await asyncio.gather(*(asyncio.to_thread(one, False) for _ in range(12)))
    with desk.database.reading() as session:
        assert session.get_one(Password, "D1").failures <= 8


async def test_only_who_asked_for_a_link_sets_a_password_and_it_puts_the_others_out(desk: WholeDesk) -> None:
    for way in ("password", "sample"):
        with desk.database.session() as session:
            session.merge(SampleCounty(made_at=now()))
        assert (await desk.browser("D1", way).ask("GET", "/desk/password"))[0] == 403
        assert (await desk.browser("D1", way).post("/desk/password", password=WORD, code="1"))[0] == 403
    old, asked = desk.browser("D1"), desk.browser("D1")
    secret = (await asked.ask("GET", "/desk/password"))[2].split('class="num">')[1].split("<")[0]
    assert (await asked.post("/desk/password", password=WORD, code=pyotp.TOTP(secret).now()))[0] == 303
    assert (await old.ask("GET", "/desk"))[0] == 403 and (await asked.ask("GET", "/desk"))[0] == 200


# ---- sessions and links -------------------------------------------------------------------------


async def test_a_cookie_is_made_new_at_each_sign_in_and_worth_nothing_after_it_went_out(desk: WholeDesk) -> None:
    before = desk.browser("M24")
    link = f"/t/{desk.links.token(Purpose.sign_in, '', 'M25')}"
    status, headers, _ = await before.ask("POST", link)
    cookie = next(line for line in headers.splitlines() if line.startswith(f"Set-Cookie: {COOKIE}="))
    assert status == 303 and before.key not in cookie
    assert "Secure" in cookie and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert (await before.ask("GET", "/desk"))[0] == 403, "the browser is somebody else's now"
    fresh = desk.browser("M24")
    assert (await fresh.post("/desk/me/out", device=""))[0] in (303, 400)
    assert (await fresh.post("/desk/me/out"))[0] == 303
    assert (await fresh.ask("GET", f"/desk/{desk.case}"))[0] == 403, "a copy of the cookie, the back button"


async def test_every_cookie_of_a_site_with_https_goes_by_https_alone(desk: WholeDesk) -> None:
    _, headers, _ = await desk.browser("M24").post(f"/desk/{desk.case}", verb="comment", note="看过")
    assert [line for line in headers.splitlines() if line.startswith("Set-Cookie") and "Secure" not in line] == []


async def test_a_planted_cookie_does_not_become_anybodys(desk: WholeDesk) -> None:
    link = f"/t/{desk.links.token(Purpose.sign_in, '', 'M24')}"
    _, headers, _ = await desk.browser().ask("POST", link, Cookie=f"{COOKIE}=planted")
    assert f"{COOKIE}=planted" not in headers and desk.devices.of("planted") is None


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1.evil.example", "https://[", "x"])
async def test_a_foreign_page_posts_nothing_not_even_a_sign_in(desk: WholeDesk, origin: str) -> None:
    browser, link = desk.browser("M24"), f"/t/{desk.links.token(Purpose.sign_in, '', 'M24')}"
    for path in ("/desk/me/out", "/desk/sign-in", link):
        status, headers, _ = await browser.ask("POST", path, {"csrf": browser.csrf}, Origin=origin)
        assert status == 403 and "Set-Cookie" not in headers
    assert desk.devices.of(browser.key) is not None


async def test_a_foreign_host_reads_nothing(desk: WholeDesk) -> None:
    browser = desk.browser("M24")
    for host in ("evil.example", "gege.example.evil.example", "[", "gege.example@evil.example"):
        status, headers, body = await browser.ask("GET", "/desk", Host=host)
        assert status in (400, 403) and "evil" not in headers + body


async def test_looking_at_a_link_does_nothing_and_of_two_who_use_it_at_once_one_is_in(desk: WholeDesk) -> None:
    asked, opened = (f"/t/{desk.links.token(p, desk.case, 'M24')}" for p in (Purpose.sign_in, Purpose.open))
    for link in (asked, opened):
        for method in ("GET", "HEAD"):
            status, headers, _ = await desk.browser().ask(method, link)
            assert status == 200 and "Set-Cookie" not in headers
    assert not desk.devices.any("M24")
    answers = await asyncio.gather(*(desk.browser().ask("POST", asked) for _ in range(4)))
    assert sorted(status for status, *_ in answers) == [303, 410, 410, 410]


ODD_LINKS = ["x", "x" * 4000, "..", "a.b.c", "密.密", "%00", "%ff.%fe", "e30.e30", "%0d%0aX:y"]


async def test_odd_links_are_only_wrong(desk: WholeDesk) -> None:
    for token, method in itertools.product(ODD_LINKS, ("GET", "HEAD", "POST")):
        status, headers, _ = await desk.browser().ask(method, f"/t/{token}")
        assert status in (400, 404, 414) and "X:" not in headers, token[:20]


async def test_who_has_left_comes_in_by_no_link(desk: WholeDesk) -> None:
    links = [f"/t/{desk.links.token(purpose, desk.case, 'A24')}" for purpose in (Purpose.open, Purpose.sign_in)]
    admin = desk.browser("X1")
    assert (await admin.post("/desk/people/A24", act="left", to="M24"))[0] == 303
    for link in links:
        assert (await desk.browser().ask("POST", link))[0] == 410


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/desk/wall\r\nX: y", "/desk?\\evil", "/x"])
async def test_after_a_press_nobody_is_led_away(desk: WholeDesk, back: str) -> None:
    status, headers, _ = await desk.browser("D1").post(f"/desk/{desk.case}", verb="take", back=back)
    place = re.search(r"Location: (.*)", headers)
    assert status == 303 and place and place[1].startswith("/desk") and "\nX: y" not in headers


async def test_a_telephone_let_in_by_a_message_opens_no_desk_when_its_owner_gets_one(desk: WholeDesk) -> None:
    phone = desk.browser("M24", "message")
    with desk.database.session() as session:
        session.execute(update(Staff).where(Staff.staff_no == "M24").values(role="duty"))
    assert (await phone.ask("GET", "/desk"))[0] == 403


async def test_who_tried_the_sample_county_is_nobody_when_real_people_live_there(desk: WholeDesk) -> None:
    with desk.database.session() as session:
        session.add(SampleCounty(made_at=now()))
    visitor = desk.browser("D1", "sample")
    assert (await visitor.ask("GET", "/desk"))[0] == 200
    with desk.database.session() as session:
        session.execute(delete(SampleCounty))
    assert (await visitor.ask("GET", "/desk"))[0] == 403


# ---- planted words ------------------------------------------------------------------------------


async def test_what_anybody_writes_is_shown_as_words_on_every_page(desk: WholeDesk) -> None:
    with desk.database.session() as session:
        session.execute(update(Staff).where(Staff.staff_no == "M24").values(name=MARK[:60]))
        session.execute(
            update(Ticket).where(Ticket.ticket_no == desk.case).values(said=MARK, place=MARK, householder=MARK[:60])
        )
    boss = desk.browser("D1")
    await boss.post(f"/desk/{desk.case}", verb="comment", note=MARK)
    await boss.post("/desk/new", kind="care", said=MARK, place=MARK)
    pages = [
        "/desk?view=all", f"/desk/{desk.case}", "/desk/wall", "/desk/report", "/desk/boards", "/desk/boards/24",
        "/desk/plan", "/desk/people", "/desk/people/M24", "/desk/roster", "/desk/staff?no=M24", "/desk/imports",
        "/desk/household/4200000024", "/calls", "/calls/1", "/learning", f"/case/{desk.case}/ring",
        f"/desk/search?q={MARK.replace('{', '%7B').replace('&', '').replace('#', '')}",
    ]  # fmt: skip
    for path in pages:
        status, _, body = await boss.ask("GET", path)
        assert status == 200, path
        assert "<svg/onload" not in body and "<img src=x" not in body and "49" not in MARK, path


async def test_a_table_to_take_away_runs_nothing(desk: WholeDesk) -> None:
    from openpyxl import load_workbook

    boss, said = desk.browser("D1"), '=HYPERLINK("https://evil.example","点我")'
    await boss.post("/desk/new", kind="care", said=said, place="+1+1")
    boss.client.session.cookie_jar.clear()
    async with boss.client.get("/desk/exports/tickets.xlsx", headers={"Cookie": f"{COOKIE}={boss.key}"}) as answer:
        book = load_workbook(io.BytesIO(await answer.read()))
    cells = [cell for row in book.active.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells) and said in [cell.value for cell in cells]


# ---- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"<svg onload=alert(1)>", b"<html><script>1</script>", b"", b"%PDF-1.7"])
async def test_what_is_no_photograph_is_not_kept(desk: WholeDesk, data: bytes) -> None:
    browser = desk.browser("M24")
    form = aiohttp.FormData({"csrf": browser.csrf})
    form.add_field("photo", data, filename="../../x.png", content_type="image/png")
    assert (await browser.ask("POST", f"/desk/{desk.case}/photo", form))[0] == 303
    assert (await browser.ask("GET", f"/case/{desk.case}/picture/1"))[0] == 404


async def test_a_picture_that_is_a_page_as_well_is_shown_as_a_picture(desk: WholeDesk) -> None:
    browser = desk.browser("M24")
    form = aiohttp.FormData({"csrf": browser.csrf})
    form.add_field("photo", PNG + b"<script>alert(1)</script>", filename="x.html", content_type="text/html")
    await browser.ask("POST", f"/desk/{desk.case}/photo", form)
    status, headers, _ = await browser.ask("GET", f"/case/{desk.case}/picture/1")
    assert status == 200 and "Content-Type: image/png" in headers and "nosniff" in headers


def broken_workbooks() -> dict[str, bytes]:
    """Workbooks that are none, by what is wrong."""
    good = workbook([["户号", "户主"], ["1", "甲"]])

    def with_sheet(xml: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
            for one in old.namelist():
                new.writestr(one, xml if one == "xl/worksheets/sheet1.xml" else old.read(one))
        return out.getvalue()

    head = b'<?xml version="1.0"?>'
    bomb = b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
    rows = b"".join(
        b'<row r="%d"><c r="XFD%d"><v>1</v></c><c r="A%d"><v>1</v></c></row>' % (n, n, n) for n in range(1, 9)
    )
    far = b'<row r="1"><c r="A1"><v>1</v></c><c r="XFD1"><v>1</v></c></row>'
    zeros = io.BytesIO()
    with zipfile.ZipFile(zeros, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * (64 * 1024 * 1024))
    return {
        "no zip": b"PK\x03\x04" + b"x" * 200,
        "zeros": zeros.getvalue(),
        "broken xml": with_sheet(head + b"<worksheet><a"),
        "external": with_sheet(head + b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + sheet % b"&x;"),
        "laughing": with_sheet(head + b'<!DOCTYPE a [<!ENTITY a0 "ha">' + bomb + b"]>" + sheet % b"&a11;"),
        "wide": with_sheet(head + sheet % far),
        "odd rows": with_sheet(head + sheet % rows),
        "odd cells": with_sheet(head + sheet % b'<row r="x"><c r="!!" t="s"><v>99</v></c></row>'),
    }


@pytest.mark.parametrize("what", broken_workbooks())
async def test_a_workbook_that_is_none_is_told_and_breaks_nothing(desk: WholeDesk, what: str) -> None:
    browser = desk.browser("D1")
    for path in ("/desk/imports", "/desk/imports/95598"):
        form = aiohttp.FormData({"csrf": browser.csrf})
        form.add_field("file", broken_workbooks()[what], filename="x.xlsx")
        status, _, body = await browser.ask("POST", path, form)
        assert status == 400 and "root:" not in body, what


# ---- two at once --------------------------------------------------------------------------------


async def test_the_same_form_sent_twice_is_one_report_and_another_text_another(desk: WholeDesk) -> None:
    browser = desk.browser("M24")
    once = (await browser.ask("GET", "/desk/new"))[2].split('name="once" value="')[1].split('"')[0]
    fields = {"once": once, "kind": "care", "said": "表箱门坏了", "place": "雀巢巷1号"}
    answers = await asyncio.gather(*(browser.post("/desk/new", **fields) for _ in range(5)))
    places = {re.search(r"Location: (.*)", headers)[1] for _, headers, _ in answers}  # type: ignore[index]
    assert len(places) == 1
    _, headers, _ = await browser.post("/desk/new", **{**fields, "said": "另一件事"})
    assert re.search(r"Location: (.*)", headers)[1] not in places  # type: ignore[index]


async def test_of_two_who_take_a_case_at_once_one_has_it_and_both_are_told(desk: WholeDesk) -> None:
    answers = await asyncio.gather(
        *(desk.browser(who).post(f"/desk/{desk.case}", verb="take") for who in ("M24", "A24") * 3)
    )
    assert {status for status, *_ in answers} <= {303, 409}
    taken = [act for act in desk.tickets.activities(desk.case) if act.kind == "acknowledged"]
    assert len(taken) == 1


async def test_two_dismissals_at_once_and_a_press_meanwhile_break_nothing(desk: WholeDesk) -> None:
    boss, other, gone = desk.browser("D1"), desk.browser("X1"), desk.browser("M24")
    answers = await asyncio.gather(
        boss.post("/desk/people/M24", act="left", to="A24"),
        gone.post(f"/desk/{desk.case}", verb="take"),
        other.post("/desk/people/M24", act="left", to="M25"),
        gone.post(f"/desk/{desk.case}", verb="site"),
    )
    assert all(status < 500 for status, *_ in answers), [status for status, *_ in answers]
    assert (await gone.ask("GET", "/desk"))[0] == 403
    ticket = desk.tickets.ticket(desk.case)
    assert ticket is not None and ticket.owner in ("A24", "M25")


async def test_two_who_dismiss_each_other_leave_nobody_in_charge_of_a_case_who_has_gone(desk: WholeDesk) -> None:
    boss = desk.browser("D1")
    answers = await asyncio.gather(
        boss.post("/desk/people/M24", act="left", to="A24"), boss.post("/desk/people/A24", act="left", to="M24")
    )
    assert all(status < 500 for status, *_ in answers)
    ticket = desk.tickets.ticket(desk.case)
    with desk.database.reading() as session:
        assert ticket is not None and ticket.owner and session.get_one(Staff, ticket.owner).role != "left"


async def test_one_device_does_not_take_every_place_where_changes_are_told(desk: WholeDesk) -> None:
    hog, other = desk.browser("M25"), desk.browser("M24")
    open_ = []
    for _ in range(_MOST_OF_ONE + 2):
        desk.client.session.cookie_jar.clear()
        open_.append(await desk.client.get("/desk/events", headers={"Cookie": f"{COOKIE}={hog.key}"}))
    assert [one.status for one in open_].count(200) == _MOST_OF_ONE
    assert (await other.ask("GET", "/desk/events"))[0] == 200
    for one in open_:
        one.close()


# ---- odd input ----------------------------------------------------------------------------------

ODD = ("x" * 20_000, "\0", "a\0b", "\u202egnp.exe", "🙂" * 3000, "-1", "9" * 400, "9999-12-31", "0001-01-01", "../../x",
       "\ud800", "${7*7}", "<b>", "' OR 1=1 --", "%", "\r\nSet-Cookie: a=b")  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
async def test_whatever_is_typed_into_a_form_is_answered_by_a_page(desk: WholeDesk, odd: str) -> None:
    odd = odd.encode("utf-8", "replace").decode()
    boss = desk.browser("D1")
    forms: dict[str, dict[str, Any]] = {
        "/desk/sign-in": {"staff_no": odd, "password": odd, "code": odd},
        "/desk/password": {"password": odd, "code": odd},
        f"/desk/{desk.case}": {"verb": "eta", "note": odd, "when": odd, "to": odd, "back": odd},
        "/desk/new": {"kind": "care", "said": odd, "place": odd, "household_no": "", "phone": ""},
        "/desk/people/M25": {"act": "left", "to": odd},
        "/desk/imports/take": {"token": odd},
        "/desk/roster": {"who": "M25", "stands_in": odd, "begins": odd, "ends": odd},
        "/desk/roster/back": {"who": odd},
        "/desk/staff": {"staff_no": odd, "name": odd, "role": odd, "phone": odd, "grid_nos": odd},
        "/desk/report/plea": {"month": odd, "ticket_no": odd, "words": odd},
        "/desk/report/verdict": {"month": odd, "ticket_no": odd, "verdict": odd},
        f"/case/{desk.case}/ring": {"number": odd},
        f"/case/{desk.case}/correction": {"words": odd, "kind": odd, "household": odd},
        "/learning/1": {"verb": odd},
        "/desk/me/out": {"device": odd},
    }
    for path, fields in forms.items():
        if not desk.devices.of(boss.key):
            boss = desk.browser("D1")
        status, headers, body = await boss.post(path, **fields)
        assert status < 500 and "\nSet-Cookie: a=b" not in headers, f"{path}: {status}"
        assert not body.startswith("{"), f"{path}: a person reads JSON"


PATHS = [
    "/desk/report?month=9999-99", "/desk/report?month=2099-12", "/desk/report?month=2000-01", "/desk/report.xlsx?month=x",
    "/desk/roster?month=2099-12", "/desk/roster?month=2000-01", "/desk/roster?month=-1&month=2", "/desk/plan?grid=../",
    "/desk/plan?grid[]=1", "/desk/boards/..%2f..%2fx", "/desk/boards/24?size=a99", "/desk/household/%00",
    "/desk/household/" + "9" * 3000, "/desk/search?q=%00", "/desk/search?q=%25%25", "/desk/search?q=GD%EF%BC%91",
    "/desk/search?q=%ff%fe", "/desk/search?q=GD" + "9" * 70, "/desk?view=__members__", "/desk?view[]=x",
    "/desk/people/%00", "/desk/people/..%2f", "/desk/people?q=%F0%9F%99%82", "/desk/staff?no=%00",
    "/desk/portraits/..%2f..%2fkeys%2flinks.key", "/desk/exports/..%2fx.xlsx", "/desk/exports/x.xlsx",
    "/calls?before=-1", "/calls?before=" + "9" * 400, "/calls/%00", "/calls/" + "9" * 400, "/case/%00/picture/0",
    "/case/x/picture/..%2f", "/desk/GD999999999999999999", "/desk/GD1", "/desk/new?household=%3Cb%3E%00",
    "/static/..%2f..%2fx", "/nothing", "/desk/%ff",
]  # fmt: skip


async def test_whatever_is_asked_for_is_answered_by_a_page(desk: WholeDesk) -> None:
    boss = desk.browser("D1")
    for path in PATHS:
        status, headers, body = await boss.ask("GET", path)
        assert status < 500 and "Server Error" not in body, path[:60]
        assert "Content-Type: application/json" not in headers, f"{path[:60]}: a person reads JSON"


# ---- looks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "what", "ref"),
    [
        ("/desk/{case}", CASE, "{case}"), ("/case/{case}/ring", CASE, "{case}"), ("/case/{case}/picture/0", PICTURE, "{case}"),
        ("/desk/household/4200000024", HOUSEHOLD, "4200000024"), ("/desk/search?q=雀", SEARCH, "household"),
        ("/calls", CALL, "list"), ("/calls/1", CALL, "{case}"), ("/desk/exports/households.xlsx", EXPORT, "households"),
        ("/desk/exports/tickets.xlsx", EXPORT, "tickets"),
    ],
)  # fmt: skip
async def test_every_look_is_a_row_before_it_is_shown(desk: WholeDesk, path: str, what: str, ref: str) -> None:
    assert (await desk.browser("D1").ask("GET", path.format(case=desk.case)))[0] == 200
    with desk.database.reading() as session:
        looks = {(one.staff_no, one.what, one.ref) for one in session.scalars(select(Look))}
        assert session.scalar(select(Device.staff_no)) == "D1"
    assert ("D1", what, ref.format(case=desk.case)) in looks


async def test_who_took_the_table_of_households_away_is_told_at_each_of_them(desk: WholeDesk) -> None:
    await desk.browser("X1").ask("GET", "/desk/exports/households.xlsx")
    assert "管理" in (await desk.browser("M24").ask("GET", "/desk/household/4200000024"))[2]
