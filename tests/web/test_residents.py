"""What a resident's browser may do without script: write, come back, follow a report, answer; and what it never learns."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.database import now
from bot.settings import Settings
from bot.settings.accounts import WebhookAccount
from bot.settings.settings import NotifySettings
from bot.tickets.desk import Report
from bot.tickets.following import CODE_LIFE, CODES_A_DAY, TRIES
from bot.tickets.intake.caller import Caller
from bot.tickets.models import Notification, Rating
from bot.web.app import make_app
from bot.web.cases import COOKIE
from tests.voice.doubles import ToneVoice, reply
from tests.web.conftest import Grids, Site

NUMBER = "13907150001"


@dataclass
class Browser:
    """One browser: its cookie, and the page that it shows."""

    client: TestClient[web.Request, web.Application]
    text: str = ""
    status: int = 0
    path: str = ""

    async def open(self, path: str = "/") -> str:
        answer = await self.client.get(path, headers={"Accept": "text/html"})
        return await self._took(answer)

    async def post(self, path: str, **fields: str) -> str:
        answer = await self.client.post(path, data=fields, headers={"Accept": "text/html"})
        return await self._took(answer)

    async def say(self, text: str, **more: str) -> str:
        return await self.post("/say", text=text, once=self.once, **more)

    async def _took(self, answer: Any) -> str:
        self.status, self.path, self.text = answer.status, str(answer.url.relative()), await answer.text()
        return self.text

    @property
    def once(self) -> str:
        return (re.search(r'name="once" value="(\w+)"', self.text) or ["", ""])[1]

    @property
    def reports(self) -> list[str]:
        return re.findall(r'href="(/mine/\w+)"', self.text)

    @property
    def session(self) -> str:
        cookies = {one.key: one.value for one in self.client.session.cookie_jar}
        return f"web-{cookies[COOKIE]}"


Browsers = Callable[[], Browser]


@pytest_asyncio.fixture
async def browser(site: Site) -> AsyncIterator[Browsers]:
    """Makes browsers of one site, which can send an SMS."""
    settings = Settings(home=site.home, notify=NotifySettings(webhook=WebhookAccount(url="http://127.0.0.1:1/")))
    app = make_app(
        site.dialogue, None, ToneVoice(), site.desk, Grids(), settings,
        managers=lambda grid: [],
    )  # fmt: skip
    server, made = TestServer(app), []

    def another() -> Browser:
        made.append(TestClient(server))
        return Browser(made[-1])

    await server.start_server()
    yield another
    for client in made:
        await client.session.close()
    await server.close()


async def test_grandmother_writes_with_an_old_telephone_and_comes_back_to_the_talk(
    browser: Browsers, site: Site
) -> None:
    hers = browser()
    page = await hers.open("/?grid=24")
    assert '<form id="write"' in page and 'href="tel:95598"' in page and 'href="tel:119"' in page
    assert "24号网格" in page and 'href="tel:0715-3390000"' in page, "the green button is a telephone without script"
    page = await hers.say("我屋里停电了", caller=NUMBER, grid="24")
    assert hers.path == "/?grid=24" and "记下了" in page and "我屋里停电了" in page
    assert site.dialogue.heard[0].dialled == "grid_24" and site.dialogue.heard[0].caller.address == NUMBER
    page = await hers.open("/")
    assert "记下了" in page and page.count('class="you"') == 1, "reloading says nothing again"
    assert len(site.dialogue.heard) == 1 and hers.reports
    for word in ("工单", "GD", "听懂", "%", "M24"):
        assert word not in re.sub(r"<(script|style|link)[^>]*>|/static/\S+|\"/api/\S+", "", page), word


async def test_an_example_is_one_tap_and_a_double_tap_is_one_report(browser: Browsers, site: Site) -> None:
    hers = browser()
    await hers.open()
    once = hers.once
    for _ in range(2):
        await hers.post("/say", example="我屋里停电了", text="", once=once)
    assert len({heard.id for heard in site.dialogue.heard}) == 1 and len(site.desk.tickets()) == 1
    await hers.post("/say", text="还有，冰箱里有药", once=once)
    assert len({heard.id for heard in site.dialogue.heard}) == 2, "another sentence on the same page is another one"


async def test_a_browser_that_forgets_forgets_everything_and_a_stranger_sees_nothing(
    browser: Browsers, site: Site
) -> None:
    hers, other = browser(), browser()
    await hers.open()
    await hers.say("我屋里停电了")
    (mine,) = hers.reports
    assert (await other.open()).count('class="you"') == 0 and not other.reports
    assert "停电了" not in await other.open(mine) and other.status == 404
    for act in ("add", "call_off", "good", "number"):
        await other.post(mine, act=act, text=NUMBER)
        assert other.status == 404
    (ticket,) = site.desk.tickets()
    assert (ticket.state, ticket.reporter) == ("reported", "")
    await hers.post("/anew")
    assert "我屋里停电了</div>" not in hers.text and not hers.reports
    await hers.open(mine)
    assert hers.status == 404


async def test_a_report_is_followed_added_to_and_called_off(browser: Browsers, site: Site) -> None:
    hers = browser()
    await hers.open()
    await hers.say("我屋里停电了")
    (mine,) = hers.reports
    page = await hers.open(mine)
    assert "归程" in page and 'href="tel:13907150024"' in page and "我屋里停电了" in page and "师傅打不到您" in page
    await hers.post(mine, act="number", text="139 0715 0001")
    (ticket,) = site.desk.tickets()
    assert (ticket.reporter, ticket.assurance) == (NUMBER, "typed") and "师傅打不到您" not in hers.text
    await hers.post(mine, act="add", text="院子里有狗")
    assert "师傅看得到" in hers.text
    assert [one.note for one in site.desk.activities(ticket.ticket_no) if one.kind == "added"] == ["院子里有狗"]
    assert "院子里有狗" in await hers.open("/"), "and it stands in the talk"
    site.desk.acknowledge(ticket.ticket_no, "M24")
    site.desk.estimate(ticket.ticket_no, "M24", now() + dt.timedelta(hours=1))
    assert "师傅估计" in await hers.open(mine)
    await hers.post(mine, act="call_off")
    found = site.desk.ticket(ticket.ticket_no)
    assert found and found.state == "cancelled" and "告诉师傅不用来了" in hers.text
    await hers.post(mine, act="call_off")
    assert "没算" in hers.text, "a second press says so"


async def test_who_was_served_is_asked_on_the_page_and_answers_there(browser: Browsers, site: Site) -> None:
    hers = browser()
    await hers.open()
    await hers.say("我屋里停电了")
    (mine,) = hers.reports
    (ticket,) = site.desk.tickets()
    assert "满意" not in await hers.open(mine)
    await hers.post(mine, act="bad")
    assert "没算" in hers.text, "nobody rates what is not done"
    site.desk.acknowledge(ticket.ticket_no, "M24")
    site.desk.resolve(ticket.ticket_no, "M24")
    assert "满不满意" in await hers.open("/"), "the first page asks"
    await hers.open(mine)
    await hers.post(mine, act="not_fixed", text="又黑了")
    found = site.desk.ticket(ticket.ticket_no)
    assert found and found.state == "reported" and "我又催他们了" in hers.text
    site.desk.acknowledge(ticket.ticket_no, "M24")
    site.desk.resolve(ticket.ticket_no, "M24")
    await hers.post(mine, act="fair", text="慢了点")
    found = site.desk.ticket(ticket.ticket_no)
    assert found and found.state == "closed" and "比较满意" in await hers.open(mine)
    with site.database.reading() as session:
        asked = session.query(Rating).order_by(Rating.id).all()
    assert [one.answer for one in asked][-1] == "fair"


async def test_nobody_is_counted_as_asked_whom_nobody_can_ask(site: Site) -> None:
    report = Report("outage", "停电了", "call-1", Caller.by("phone", ""), place="沿河路1号", grid_no="24")
    number = site.desk.report(report).ticket_no
    site.desk.acknowledge(number, "M24")
    site.desk.resolve(number, "M24")
    with site.database.reading() as session:
        assert session.query(Rating).count() == 0


async def test_a_danger_is_not_called_off_and_danger_in_a_note_is_a_report(browser: Browsers, site: Site) -> None:
    hers = browser()
    await hers.open()
    await hers.say("我屋里停电了")
    (mine,) = hers.reports
    await hers.post(mine, act="add", text="电线断了掉在路上，还在冒火")
    assert hers.path == "/" and len(site.dialogue.heard) == 2, "it went the way of every danger"
    danger = Report("hazard", "电线断了", hers.session, Caller.by("web"), place="下津路口", grid_no="24", urgent=True)
    number = site.desk.report(danger).ticket_no
    await hers.open()
    newest = hers.reports[0]
    assert "到现场看过" in await hers.open(newest) and 'value="call_off"' not in hers.text
    await hers.post(newest, act="call_off")
    found = site.desk.ticket(number)
    assert found and found.state == "reported"


async def test_the_words_of_safety_are_shown_before_the_turn_is_written(browser: Browsers, site: Site) -> None:
    """Of danger the answer comes before its row: the page that follows the form must not be empty."""

    class Unwritten(list[Any]):
        pass

    async def turn(heard: Any) -> Any:
        site.desk.keep(heard)
        return reply("人先出去，到外面打119。")

    site.dialogue.turn = turn  # type: ignore[method-assign]
    hers = browser()
    await hers.open()
    assert "到外面打119" in await hers.say("屋里着火了")


async def test_what_was_given_to_a_person_is_said_on_the_page(browser: Browsers, site: Site) -> None:
    site.dialogue.answers[:] = [RuntimeError("broken")]
    hers = browser()
    await hers.open()
    assert "会有人跟您联系" in await hers.say("我屋里停电了")


# ---- from another browser ---------------------------------------------------------------------------


def phoned(site: Site, number: str = NUMBER, said: str = "我屋里停电了，钥匙在花盆下面") -> str:
    report = Report("outage", said, f"call-{number}", Caller.by("phone", number), place="沿河路9号", grid_no="24")
    return site.desk.report(report).ticket_no


def sent(site: Site) -> list[tuple[str, str, str]]:
    """(channel, address, code) of every code that was sent."""
    with site.database.reading() as session:
        rows = session.query(Notification).filter(Notification.template == "page_code").order_by(Notification.id)
        return [(row.channel, row.address, row.detail["code"]) for row in rows]


@pytest.fixture
def sms(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site tells residents by SMS."""
    from dataclasses import replace

    following = site.desk.following
    monkeypatch.setattr(following, "_rules", replace(following._rules, sms_news=True))


@pytest.mark.usefixtures("sms")
@pytest.mark.parametrize("by", ["number", "telephone", "spaced"])
async def test_who_telephoned_follows_the_report_on_a_page_with_the_code_that_went_to_the_telephone(
    browser: Browsers, site: Site, by: str
) -> None:
    ticket_no = phoned(site)
    hers = browser()
    await hers.open("/find")
    where = {"number": ticket_no.lower(), "telephone": NUMBER, "spaced": f"+86 {NUMBER[:3]} {NUMBER[3:]}"}[by]
    await hers.post("/find", where=where)
    ((channel, address, code),) = sent(site)
    assert (channel, address) == ("sms", NUMBER) and hers.path == "/find/code" and code not in hers.text
    page = await hers.post("/find/code", code=f" {code[:3]} {code[3:]}")
    (mine,) = hers.reports
    assert "停电了" in page and 'class="you"' not in page
    page = await hers.open(mine)
    assert "沿河路" not in page and ticket_no not in page and "归程" in page
    later = phoned(site, said="又停了")
    assert len(site.desk.following.reports(hers.session)) == 1 and later != ticket_no, "what is reported later is not"


@pytest.mark.usefixtures("sms")
async def test_hit_and_miss_look_alike_and_a_wrong_code_learns_nothing(browser: Browsers, site: Site) -> None:
    ticket_no = phoned(site)
    site.desk.report(Report("outage", "停电了", "web-x", Caller.by("web", "13900000009"), place="街", grid_no="24"))
    pages = []
    for where in (ticket_no, "GD9911110001", NUMBER, "13911112222", "13900000009", "乱写", "'; drop table", "9" * 60):
        other = browser()
        await other.open("/find")
        await other.post("/find", where=where)
        pages.append((other.status, other.path, other.text))
        wrong = await other.post("/find/code", code="000000" if sent(site)[-1][2] != "000000" else "111111")
        pages.append((other.status, other.path, wrong))
    asked, tried = pages[::2], pages[1::2]
    assert len(set(asked)) == 1 and len(set(tried)) == 1 and not [one for one in pages if "/mine/" in one[2]]
    assert {address for _, address, _ in sent(site)} == {NUMBER}, "a number that was typed gets no message"


@pytest.mark.usefixtures("sms")
async def test_a_code_is_for_one_page_a_few_tries_and_a_short_while(browser: Browsers, site: Site) -> None:
    phoned(site)
    hers, other = browser(), browser()
    for one in (hers, other):
        await one.open("/find")
    await hers.post("/find", where=NUMBER)
    ((_, _, code),) = sent(site)
    await other.post("/find/code", code=code)
    assert not other.reports and "没有对上" in other.text, "a code that somebody read over a shoulder"
    following, page = site.desk.following, hers.session
    assert not following.enter(page, code, now() + CODE_LIFE + dt.timedelta(seconds=1))
    for _ in range(TRIES):
        following.enter(page, "12")
    assert not following.enter(page, code), "too many tries"
    for _ in range(2 * CODES_A_DAY):
        await hers.post("/find", where=NUMBER)
        following.ask(f"web-{len(sent(site))}-{_}", NUMBER)
    assert len(sent(site)) == CODES_A_DAY, "a telephone is not rung sore from other browsers"
    assert not following.enter("web-nobody", code)


async def test_where_nothing_can_be_sent_the_page_says_whom_to_ring(site: Site) -> None:
    async with TestClient(TestServer(site.app)) as client:
        page = await (await client.get("/find")).text()
        assert 'action="/find"' not in page and 'href="tel:0715-3390000"' in page
        await client.post("/find", data={"where": NUMBER})
    with site.database.reading() as session:
        assert session.query(Notification).filter(Notification.template == "page_code").count() == 0


async def test_errors_are_pages_with_a_way_on(browser: Browsers, site: Site) -> None:
    hers = browser()
    await hers.open("/nothing")
    assert hers.status == 404 and 'href="/"' in hers.text and 'href="tel:95598"' in hers.text
    await hers.open()
    await hers.say("停" * 5001)
    assert hers.status == 413 and 'href="/"' in hers.text and "Traceback" not in hers.text
    await hers.open("/?grid=999")
    assert "999" not in re.sub(r'value="\w+"|/static/\w+', "", hers.text), "there is no such grid"
    await hers.open("/privacy")
    assert hers.status == 200 and "180" in hers.text and "录音" in hers.text


async def test_the_cookie_holds_a_random_name_and_nothing_else(browser: Browsers) -> None:
    one, other = browser(), browser()
    answer = await one.client.get("/")
    told = answer.headers.getall("Set-Cookie")
    assert len(told) == 1 and re.fullmatch(
        rf"{COOKIE}=[0-9a-f]{{32}}; HttpOnly; Max-Age=604800; Path=/; SameSite=Lax", told[0]
    )
    await one.open()
    await other.open()
    assert one.session != other.session
    await one.client.get("/", headers={"Cookie": f"{COOKIE}=../../x"})
