"""Behind a link: one tap does one thing once; names and addresses need a sign-in; strangers learn nothing."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from bot.calling.call_backs import CallBacks
from bot.calling.ledger import Ledger
from bot.chat.store import ChatShelf
from bot.database import now
from bot.doors.devices import Devices
from bot.grid.registry import Registry
from bot.notify.links import Links, Purpose
from bot.recordings.files import keep_file
from bot.recordings.room import keep_recording, name_for
from bot.settings import CallingSettings, Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.tickets.models import Rating, Ticket
from bot.web.signing_in import COOKIE, SignIn
from tests.busy_database import BUSY_S, LATE_S, busy, ticking
from tests.calling.phones import Network
from tests.postgres import site_database
from tests.voice.doubles import ToneVoice
from tests.waiting import until
from tests.web.two_grids import KEY, StaffSite, csrf_of, staff_app, ticket_routes, two_grids

HOUSE = "沿河路二百零六号"


@dataclass
class Site(StaffSite):
    ticket_no: str
    shelf: ChatShelf
    settings: Settings

    async def post(self, path: str, **form: str) -> tuple[int, str]:
        response = await self.client.post(path, data=form)
        return response.status, await response.text()


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = site_database(tmp_path)
    two_grids(database)
    desk, registry = TicketDesk(database), Registry.load(database)
    card = desk.report(
        Report(
            "outage",
            "<script>alert(1)</script>停电了",
            "s",
            Caller.by("phone", "13900000001"),
            place=HOUSE,
            householder="<b>黄素芬</b>",
            grid_no="24",
        )
    )
    settings = Settings(home=tmp_path)
    name = keep_recording(settings, name_for("phone", "u1"), b"\x01\x00" * 8000, 8000)
    desk.keep(Heard("u1", "s", "停电了", recording=name, caller=Caller.by("phone")))
    links, sign_in = Links(KEY, database), SignIn(Devices(database))
    shelf = ChatShelf(database, tmp_path)
    app = staff_app(
        database, registry, desk, sign_in, *ticket_routes(database, desk, registry, sign_in, settings, shelf)
    )
    async with TestClient(TestServer(app)) as client:
        yield Site(client, links, desk, database, card.ticket_no, shelf, settings)
    database.dispose()


def state(site: Site) -> str:
    with site.database.reading() as session:
        return session.scalars(select(Ticket.state)).one()


async def test_opening_a_link_does_nothing_and_the_button_does(site: Site) -> None:
    link = f"/t/{site.links.token(Purpose.take, site.ticket_no, 'M24')}"
    for _ in range(3):  # previews of a messenger
        status, page = await site.get(link)
        assert status == 200 and "我来接单" in page and state(site) == "reported"
    status, page = await site.post(link)
    assert status == 200 and "归您管" in page and state(site) == "acknowledged"


async def test_a_link_shows_nothing_of_the_case(site: Site) -> None:
    link = f"/t/{site.links.token(Purpose.take, site.ticket_no, 'M24')}"
    for _, page in (await site.get(link), await site.post(link)):
        assert not any(secret in page for secret in (HOUSE, "黄素芬", "13900000001"))


async def test_what_is_typed_when_taking_a_case_is_in_its_history(site: Site) -> None:
    await site.sign_in("M24")
    case = f"/desk/{site.ticket_no}"
    csrf = csrf_of((await site.get(case))[1])
    assert "我十分钟到" in (await site.post(case, verb="take", note="我十分钟到", csrf=csrf))[1]
    [taken] = [one for one in site.desk.activities(site.ticket_no) if one.kind == "acknowledged"]
    assert (taken.by, taken.note) == ("M24", "我十分钟到")


async def test_a_number_that_a_resident_typed_is_shown_as_such(site: Site) -> None:
    """Nobody vouches for it: Gege does not ring it, staff decide whether they do."""
    card = site.desk.report(Report("outage", "停电", "s3", Caller.by("web", "13812345678"), grid_no="24"))
    await site.sign_in("M24")
    _, page = await site.get(f"/desk/{card.ticket_no}")
    assert "13812345678" in page and "tel:13812345678" not in page and "没有核实" in page
    assert "没有核实" not in (await site.get(f"/desk/{site.ticket_no}"))[1]


async def test_the_second_press_is_told_who_has_it(site: Site) -> None:
    mine, theirs = (site.links.token(Purpose.take, site.ticket_no, who) for who in ("M24", "D1"))
    await site.post(f"/t/{mine}")
    assert "用过了" in (await site.post(f"/t/{mine}"))[1]
    assert "归程已经接了" in (await site.post(f"/t/{theirs}"))[1]


async def test_a_press_after_the_end_is_answered_plainly(site: Site) -> None:
    site.desk.cancel(site.ticket_no)
    status, page = await site.post(f"/t/{site.links.token(Purpose.take, site.ticket_no, 'M24')}")
    assert status == 200 and "已经了结" in page and state(site) == "cancelled"


@pytest.mark.parametrize(("bend", "words"), [("forged", "不对"), ("expired", "过期")])
async def test_a_bad_link_gets_a_plain_sentence(site: Site, bend: str, words: str) -> None:
    long_ago = now() - dt.timedelta(days=30)
    token = site.links.token(Purpose.take, site.ticket_no, "M24", long_ago if bend == "expired" else None)
    token = token[:-3] + "abc" if bend == "forged" else token
    for status, page in (await site.get(f"/t/{token}"), await site.post(f"/t/{token}")):
        assert status in (404, 410) and words in page and state(site) == "reported"


async def test_a_case_is_closed_to_strangers(site: Site) -> None:
    for path in (f"/desk/{site.ticket_no}", "/desk/GD9999999999"):
        status, page = await site.get(path)
        assert status == 403 and "登录" in page and HOUSE not in page


async def test_who_signs_in_sees_the_whole_case_and_everything_is_escaped(site: Site) -> None:
    await site.sign_in("M24")
    status, page = await site.get(f"/desk/{site.ticket_no}")
    assert status == 200 and HOUSE in page and 'href="tel:13900000001"' in page
    assert "<script>alert" not in page and "<b>黄" not in page and "&lt;script&gt;" in page


async def test_who_signs_in_reads_what_the_message_kept_back(site: Site) -> None:
    site.desk.add(site.ticket_no, facts={"other_phone": "13900001234", "child": "yes", "since": "<i>昨日</i>"})
    site.desk.correct_place(site.ticket_no, place="沿河路二百零八号")
    await site.sign_in("M24")
    _, page = await site.get(f"/desk/{site.ticket_no}")
    assert "要打另一个号" in page and "13900001234" in page and "有小孩" in page and "<i>" not in page
    assert "沿河路二百零八号" in page and f"{HOUSE} → 沿河路二百零八号" in page


async def test_a_sign_in_link_works_once(site: Site) -> None:
    token = site.links.token(Purpose.sign_in, "", "M24")
    first = await site.client.post(f"/t/{token}", allow_redirects=False)
    assert (first.status, first.headers["Location"]) == (303, "/desk")
    assert (await site.post(f"/t/{token}"))[0] == 410


async def test_another_grids_manager_and_a_supervisor_see_nothing(site: Site) -> None:
    for who in ("M25", "S24"):
        await site.sign_in(who)
        status, page = await site.get(f"/desk/{site.ticket_no}")
        assert status == 403 and HOUSE not in page


async def test_the_duty_desk_sees_it_and_can_act(site: Site) -> None:
    await site.sign_in("D1")
    _, page = await site.get(f"/desk/{site.ticket_no}")
    csrf = csrf_of(page)
    status, page = await site.post(f"/desk/{site.ticket_no}", csrf=csrf, verb="take", note="我去")
    assert status == 200 and "归您管" in page and state(site) == "acknowledged"


async def test_a_foreign_form_changes_nothing(site: Site) -> None:
    await site.sign_in("D1")
    for csrf in ("", "0" * 64):
        assert (await site.post(f"/desk/{site.ticket_no}", csrf=csrf, verb="take"))[0] == 403
    response = await site.client.post(
        f"/t/{site.links.token(Purpose.take, site.ticket_no, 'M24')}", headers={"Origin": "https://evil.example"}
    )
    assert response.status == 403 and state(site) == "reported"


@pytest.mark.parametrize("cookie", ["", "D1", "D1|99999999999|", "D1|99999999999|" + "0" * 64, "|||", "D1|é|x"])
async def test_a_made_up_cookie_is_no_sign_in(site: Site, cookie: str) -> None:
    response = await site.client.get(f"/desk/{site.ticket_no}", headers={"Cookie": f"{COOKIE}={cookie}"})
    assert response.status == 403


async def test_the_recording_is_heard_by_those_who_may_see_the_case(site: Site) -> None:
    path = f"/case/{site.ticket_no}/recording/0"
    assert (await site.client.get(path)).status == 403
    await site.sign_in("M25")
    assert (await site.client.get(path)).status == 403
    await site.sign_in("M24")
    response = await site.client.get(path)
    assert response.content_type == "audio/wav" and (await response.read()).endswith(b"\x01\x00" * 100)
    for wrong in ("1", "-1", "x", "٣"):
        assert (await site.client.get(f"/case/{site.ticket_no}/recording/{wrong}")).status == 404


async def test_a_voice_note_that_nobody_can_play_is_said_so_and_downloaded_by_whose_it_is(site: Site) -> None:
    name = keep_file(site.settings, name_for("files", "wechat", "m1"), b"#!AMR\nabc")
    site.shelf.attach("wechat:wm1", site.ticket_no, name, "amr", "0" * 64)
    path = f"/case/{site.ticket_no}/sound/0"
    assert (await site.get(path))[0] == 403
    await site.sign_in("M25")
    assert (await site.get(path))[0] == 403
    await site.sign_in("M24")
    _, page = await site.get(f"/desk/{site.ticket_no}")
    assert "AMR 格式" in page and path in page
    response = await site.client.get(path)
    assert await response.read() == b"#!AMR\nabc"
    assert f"{site.ticket_no}-0.amr" in response.headers["Content-Disposition"]
    assert (await site.get(f"/case/{site.ticket_no}/sound/1"))[0] == 404


async def test_a_picture_says_whose_it_is(site: Site) -> None:
    for by, data in (("resident", b"\x89PNG\r\n\x1a\n1"), ("M24", b"\x89PNG\r\n\x1a\n2")):
        site.shelf.keep_picture("telegram:1", site.ticket_no, data, by=by)
    await site.sign_in("M24")
    _, page = await site.get(f"/desk/{site.ticket_no}")
    assert page.count("<figcaption") == 2 and ">居民发的<" in page and ">归程<" in page


async def test_a_number_is_shown_to_whose_it_is_after_signing_in_and_that_is_written_down(site: Site) -> None:
    link = f"/t/{site.links.token(Purpose.ring, site.ticket_no, 'M24')}"
    page = f"/case/{site.ticket_no}/ring"
    assert (await site.get(page))[0] == 403
    await site.sign_in("M25")
    response = await site.client.get(link, allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, page), (
        "a link shows whose case it is to nobody else"
    )
    assert (await site.get(page))[0] == 403
    assert not [one for one in site.desk.activities(site.ticket_no) if one.kind == "rang"]
    await site.sign_in("M24")
    for _ in range(2):
        status, text = await site.get(page)
        assert status == 200 and 'href="tel:13900000001"' in text
    rang = [one for one in site.desk.activities(site.ticket_no) if one.kind == "rang"]
    assert [one.by for one in rang] == ["M24"]
    assert "打过电话" in (await site.get(f"/desk/{site.ticket_no}"))[1]


async def test_one_press_puts_through_and_only_who_has_the_case(site: Site) -> None:
    waits, registry = asyncio.Event(), Registry.load(site.database)
    network, ledger = Network(n139=waits), Ledger(site.database, CallingSettings())
    call_backs = CallBacks(site.desk, registry, network, ToneVoice(), ledger, site="崇阳供电")  # type: ignore[arg-type]
    sign_in = SignIn(Devices(site.database))
    routes = ticket_routes(site.database, site.desk, registry, sign_in, site.settings, call_backs=call_backs)
    app = staff_app(site.database, registry, site.desk, sign_in, *routes)
    page = f"/case/{site.ticket_no}/ring"
    assert (await site.post(page, number="13900000001"))[0] == 403, "a stranger"
    async with TestClient(TestServer(app)) as site.client:
        await site.sign_in("M25")
        assert (await site.get(page))[0] == (await site.post(page))[0] == 403
        await site.sign_in("M24")
        _, text = await site.get(page)
        assert "格格帮我接通" in text and 'href="tel:13900000001"' in text
        csrf = csrf_of(text)
        assert (await site.post(page, number="13900000001"))[0] == 403, "a form of another site"
        assert "不是这张单的" in (await site.post(page, csrf=csrf, number="13911111111"))[1]
        assert network.rung == []
        assert "接了请按 1" in (await site.post(page, csrf=csrf, number="13900000001"))[1]
        assert "等一下再按" in (await site.post(page, csrf=csrf, number="13900000001"))[1]
        await until(lambda: network.rung == ["139"])
    await call_backs.close()
    assert network.given_up == ["139"]


async def test_a_chats_number_is_nobodys_telephone(site: Site) -> None:
    number = site.desk.report(
        Report("outage", "停电", "s2", Caller.by("telegram", "5012345678"), grid_no="24")
    ).ticket_no
    await site.sign_in("M24")
    status, text = await site.get(f"/case/{number}/ring")
    assert status == 200 and "tel:" not in text and "没有电话号码" in text
    assert not [one for one in site.desk.activities(number) if one.kind == "rang"]


async def test_a_resident_without_a_messenger_rates_by_a_link_of_the_sms_once(site: Site) -> None:
    site.desk.acknowledge(site.ticket_no, "M24")
    site.desk.resolve(site.ticket_no, "M24")
    link = f"/t/{site.links.token(Purpose.rate, site.ticket_no, '')}"
    status, page = await site.get(link)
    assert status == 200 and all(word in page for word in ("满意", "比较满意", "不满意", "还没好"))
    assert not any(secret in page for secret in (HOUSE, "黄素芬", "13900000001"))
    for form in ({}, {"answer": "wonderful"}):  # not used up by who forgot to choose
        assert "先选一个" in (await site.post(link, **form))[1]
    status, page = await site.post(link, answer="bad", comment="<b>来晚了</b>")
    assert status == 200 and "监督员" in page
    assert "用过了" in (await site.post(link, answer="good"))[1]
    with site.database.reading() as session:
        assert [(row.answer, row.comment) for row in session.scalars(select(Rating))] == [("bad", "<b>来晚了</b>")]


async def test_a_rating_that_comes_too_late_is_told_so(site: Site) -> None:
    link = f"/t/{site.links.token(Purpose.rate, site.ticket_no, '')}"
    assert "评不了" in (await site.post(link, answer="good"))[1]


async def test_a_link_for_rating_opens_no_case(site: Site) -> None:
    for purpose in (Purpose.rate, Purpose.take):
        token = site.links.token(purpose, site.ticket_no, "")
        assert (await site.get(f"/desk/{site.ticket_no}"))[0] == 403
        if purpose is Purpose.take:
            assert (await site.post(f"/t/{token}"))[0] == 410
    assert state(site) == "reported"


@pytest.mark.slow
async def test_no_page_of_staff_holds_up_the_calls_while_somebody_else_writes(site: Site) -> None:
    """Calls send 20 ms of sound from the same loop: what waits for the database waits in a thread."""
    await site.sign_in("M24")
    case = f"/desk/{site.ticket_no}"
    csrf = csrf_of((await site.get(case))[1])
    take = site.links.token(Purpose.take, site.ticket_no, "M24")
    asked = (
        lambda: site.post(f"/t/{take}"),
        lambda: site.post(f"/t/{site.links.token(Purpose.rate, site.ticket_no, '')}", answer="good"),
        lambda: site.post(case, verb="site", csrf=csrf),
        lambda: site.get(f"/case/{site.ticket_no}/ring"),
        lambda: site.post(f"/t/{site.links.token(Purpose.sign_in, '', 'M24')}"),
    )
    for ask in asked:
        async with ticking() as ticks:
            # Each step of a request meets a writer: what waits in the loop stops it as long as that one writes.
            with busy(site.database, BUSY_S / 2, times=4):
                status, _ = await ask()
            assert status == 200
        assert ticks.latest_s < LATE_S
