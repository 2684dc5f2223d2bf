"""WeCom's callbacks against a double of its server: staff press by words, residents write to 微信客服, strangers get nothing."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.bench.doubles.wecom import WeChatServer, wechat_server
from bot.chat import wecom
from bot.chat.awaited_word import Waiting
from bot.chat.inbox import Inbox
from bot.chat.outgoing import Outgoing
from bot.chat.residents import Residents
from bot.chat.staff import StaffChat
from bot.chat.store import ChatShelf
from bot.chat.takeover import Takeovers
from bot.chat.wecom import RESIDENTS, WeComChat
from bot.database import Database
from bot.foundation.backoff import Backoff
from bot.grid.models import Grid, GridStaff, Staff
from bot.grid.registry import Registry
from bot.notify.wecom_crypto import WINDOW, WeComCrypto
from bot.recordings.files import open_file
from bot.recordings.room import open_recording
from bot.settings import Settings
from bot.settings.accounts import WeComAccount
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from tests.chat.telegram_site import AMR, Dialogue
from tests.postgres import site_database
from tests.speech.test_amr import encoded, needs_library, tone
from tests.voice.doubles import ScriptedRecogniser

KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")
crypto = WeComCrypto("tok", KEY, "ww1")


@dataclass
class Site:
    client: TestClient[web.Request, web.Application]
    wechat: WeChatServer
    desk: TicketDesk
    shelf: ChatShelf
    heard: list[Any]
    database: Database
    chat: WeComChat
    home: Path
    dialogue: Dialogue
    account: WeComAccount
    parts: tuple[Residents, StaffChat, ChatShelf, Inbox, Outgoing]

    async def send(self, path: str, inner: str, at: float | None = None, token: str = "tok") -> tuple[int, str]:
        """A callback as WeCom makes it; → status and the decrypted answer."""
        theirs = WeComCrypto(token, KEY, "ww1")
        encrypted, stamp = theirs.encrypt(inner), str(int(at or time.time()))
        query = {"msg_signature": theirs.signature(stamp, "n", encrypted), "timestamp": stamp, "nonce": "n"}
        body = f"<xml><ToUserName>ww1</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        response = await self.client.post(path, params=query, data=body)
        text = await response.text()
        found = re.search("<Encrypt>(.*?)</Encrypt>", text)
        if not found:
            return response.status, ""
        signature, when = (re.search(f"<{tag}>(.*?)</", text) for tag in ("MsgSignature", "TimeStamp"))
        assert signature and when
        return response.status, crypto.decrypt(signature.group(1), when.group(1), "gege", found.group(1), time.time())

    async def staff_writes(self, text: str, user: str = "cheng", id: str = "") -> str:
        id = id or str(time.monotonic_ns())
        inner = (
            f"<xml><ToUserName>ww1</ToUserName><FromUserName>{user}</FromUserName><MsgType>text</MsgType>"
            f"<Content><![CDATA[{text}]]></Content><MsgId>{id}</MsgId></xml>"
        )
        status, answer = await self.send("/wecom/app", inner)
        assert status == 200
        return re.sub("<.*?>", "", answer.partition("<Content>")[2])

    async def knock(self, answers: int) -> list[str]:
        """微信客服 says that there is something; → the texts that we sent."""
        inner = "<xml><Event>kf_msg_or_event</Event><Token>x</Token><OpenKfId>wk1</OpenKfId></xml>"
        assert (await self.send("/wecom/kf", inner))[0] == 200
        async with asyncio.timeout(10):
            while len(self.wechat.sent) < answers:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)
        return [one["text"]["content"] for one in self.wechat.sent]


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = site_database(tmp_path)
    with database.session() as session:
        session.add(Grid(grid_no="24"))
        session.add(Staff(staff_no="M24", name="程归", role="manager", phone="1", wecom="cheng"))
        session.add(Staff(staff_no="D1", name="值班", role="duty", phone="4", wecom="duty"))
        session.flush()
        session.add(GridStaff(grid_no="24", staff_no="M24"))
    desk, shelf, heard = TicketDesk(database), ChatShelf(database, tmp_path), []
    async with wechat_server() as wechat:
        takeovers = Takeovers(database)
        dialogue = Dialogue(heard, desk)
        residents = Residents(dialogue, desk, shelf, None, Settings(home=tmp_path), takeovers)  # type: ignore[arg-type]
        staff = StaffChat(
            desk, Registry.load(database), None, ZoneInfo("Asia/Shanghai"), Waiting(database), shelf, takeovers
        )
        account = WeComAccount(
            corp_id="ww1", token="tok", aes_key=KEY, kf_secret="s", open_kfid="wk1", base_url=wechat.url
        )
        outgoing = Outgoing(database, again=Backoff(0.05, 60.0))
        parts = (residents, staff, shelf, Inbox(database, RESIDENTS), outgoing)
        chat = WeComChat(account, *parts)
        await chat.start()
        await outgoing.start()
        app = web.Application()
        app.router.add_routes(chat.routes())
        async with TestClient(TestServer(app)) as client:
            yield Site(client, wechat, desk, shelf, heard, database, chat, tmp_path, dialogue, account, parts)
        await outgoing.close()
        await chat.close()
    database.dispose()


def ticket(site: Site) -> str:
    return site.desk.report(Report("outage", "停电了", "s", Caller.by("phone"), grid_no="24")).ticket_no


async def test_wecom_sees_that_the_address_is_ours(site: Site) -> None:
    encrypted, stamp = crypto.encrypt("3141592653"), str(int(time.time()))
    query = {
        "msg_signature": crypto.signature(stamp, "n", encrypted),
        "timestamp": stamp,
        "nonce": "n",
        "echostr": encrypted,
    }
    response = await site.client.get("/wecom/app", params=query)
    assert await response.text() == "3141592653"


async def test_staff_take_a_ticket_in_words(site: Site) -> None:
    number = ticket(site)
    assert "归您管" in await site.staff_writes(f"接单 {number}")
    assert "到现场" in await site.staff_writes(f"到场{number.lower()}")
    assert "预计时间记下了" in await site.staff_writes(f"预计 {number} 60")
    assert "明天8点" in await site.staff_writes(f"预计 {number} 明早八点")
    assert "明天9点" in await site.staff_writes("明早九点")
    assert site.desk.ticket(number).state == "on_site"  # type: ignore[union-attr]
    assert "接单 单号" in await site.staff_writes("你好", user="duty")


async def test_a_callback_that_comes_again_is_taken_once(site: Site) -> None:
    number = ticket(site)
    assert await site.staff_writes(f"接单 {number}", id="77")
    assert await site.staff_writes(f"接单 {number}", id="77") == ""


async def test_an_answer_that_comes_too_late_for_wecom_goes_as_a_message(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wecom, "_ANSWER_S", -1.0)
    number = ticket(site)
    assert await site.staff_writes(f"接单 {number}", id="77") == ""
    async with asyncio.timeout(10):
        while not site.wechat.told:
            await asyncio.sleep(0.02)
    (told,) = site.wechat.told
    assert told["touser"] == "cheng" and "归您管" in told["text"]["content"]


async def test_a_callback_that_is_repeated_while_it_is_answered_is_taken_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, pressed = ticket(site), 0
    press = StaffChat.press

    def slowly(*given: Any, **named: Any) -> Any:
        nonlocal pressed
        pressed += 1
        time.sleep(0.5)
        return press(*given, **named)

    monkeypatch.setattr(StaffChat, "press", slowly)
    answers = await asyncio.gather(*(site.staff_writes(f"接单 {number}", id="77") for _ in range(3)))
    assert pressed == 1 and sorted(answers)[:2] == ["", ""] and "归您管" in sorted(answers)[2]


async def test_a_long_user_id_is_heard_again_and_again(site: Site) -> None:
    user = "u" * 64
    assert "值班" in await site.staff_writes(f"绑定 {site.shelf.new_code('D1')}", user=user)
    number = ticket(site)
    assert "归您管" in await site.staff_writes(f"接单 {number}", user=user)
    assert "到现场" in await site.staff_writes(f"到场 {number}", user=user)


async def test_a_stranger_gets_nothing_and_a_code_links(site: Site) -> None:
    number = ticket(site)
    assert await site.staff_writes(f"接单 {number}", user="nobody") == ""
    code = site.shelf.new_code("D1")
    assert "值班" in await site.staff_writes(f"绑定 {code}", user="nobody")
    assert "归您管" in await site.staff_writes(f"接单 {number}", user="nobody")


@pytest.mark.parametrize("bend", ["signature", "time", "rubbish", "empty"])
async def test_what_is_not_wecoms_is_refused(site: Site, bend: str) -> None:
    inner = f"<xml><FromUserName>cheng</FromUserName><Content>接单 {ticket(site)}</Content><MsgId>1</MsgId></xml>"
    if bend == "signature":
        status, _ = await site.send("/wecom/app", inner, token="other")
    elif bend == "time":
        status, _ = await site.send("/wecom/app", inner, at=time.time() - WINDOW - 5)
    else:
        response = await site.client.post("/wecom/app", data="" if bend == "empty" else b"\xff<xml>" * 1000)
        status = response.status
    assert status == 403 and site.desk.tickets()[0].state == "reported"


async def test_signed_rubbish_is_a_bad_request(site: Site) -> None:
    assert (await site.send("/wecom/app", "no xml at all"))[0] == 400


async def test_residents_are_answered_page_by_page_and_once(site: Site) -> None:
    for text in ("屋里停电了", "电费几多", "谢谢"):
        site.wechat.says(content=text)
    assert await site.knock(3) == ["记下了。", "听到:电费几多", "听到:谢谢"]
    site.wechat.says(content="还在么")
    assert (await site.knock(4))[3:] == ["听到:还在么"]
    assert [one.text for one in site.heard] == ["屋里停电了", "电费几多", "谢谢", "还在么"]
    (card,) = site.desk.tickets()
    assert (card.channel, card.reporter) == ("wechat", "wm1")


async def test_a_voice_that_cannot_be_opened_reaches_a_person(site: Site) -> None:
    site.wechat.media["v"] = AMR
    site.wechat.says("voice", media_id="v")
    (text,) = await site.knock(1)
    assert "有人" in text
    (card,) = site.desk.tickets()
    (sound,) = site.shelf.sounds(card.ticket_no)
    assert (card.kind, sound.kind) == ("unclear", "amr")
    assert open_file(Settings(home=site.home), sound.file) == site.wechat.media["v"]


@needs_library
async def test_a_voice_note_of_wechats_is_understood_and_heard_on_the_case_page(site: Site) -> None:
    residents = site.parts[0]
    residents._recogniser = ScriptedRecogniser(["我屋里停电了"])  # type: ignore[assignment]
    site.wechat.media["v"] = encoded(tone(1.0))
    site.wechat.says("voice", media_id="v")
    assert await site.knock(1) == ["记下了。"]
    (card,) = site.desk.tickets()
    assert card.kind == "outage" and len(site.heard) == 1
    assert open_recording(Settings(home=site.home), site.heard[0].recording).startswith(b"RIFF")


async def test_a_picture_that_comes_in_many_segments_is_whole(site: Site) -> None:
    site.wechat.media["p"] = b"\xff\xd8\xff" + bytes(700_000)
    site.wechat.says("image", media_id="p")
    site.wechat.says(content="屋里停电了")
    await site.knock(2)
    (picture,) = site.shelf.pictures(site.desk.tickets()[0].ticket_no)
    assert (site.home / picture.file).read_bytes() == site.wechat.media["p"]


async def test_staff_send_a_picture_after_done(site: Site) -> None:
    number = ticket(site)
    await site.staff_writes(f"接单 {number}")
    await site.staff_writes(f"已处理 {number}")
    site.wechat.media["p"] = b"\xff\xd8\xff" + bytes(100)
    inner = "<xml><FromUserName>cheng</FromUserName><MsgType>image</MsgType><MediaId>p</MediaId><MsgId>9</MsgId></xml>"
    _, answer = await site.send("/wecom/app", inner)
    assert "照片放进" in answer
    assert [one.by for one in site.shelf.pictures(number)] == ["M24"]


async def test_what_came_while_the_service_was_away_is_read_when_it_comes_up(site: Site) -> None:
    site.wechat.says(content="一")
    await site.knock(1)
    site.wechat.says(content="二")
    await site.chat.start()
    async with asyncio.timeout(10):
        while len(site.wechat.sent) < 2:
            await asyncio.sleep(0.02)
    assert [one.text for one in site.heard] == ["一", "二"]


async def test_a_knock_at_a_moment_when_wechat_is_away_is_not_forgotten(site: Site) -> None:
    site.wechat.away = [web.Response(status=502)]
    site.wechat.says(content="屋里停电了")
    assert await site.knock(1) == ["记下了。"]


async def test_what_was_read_is_not_lost_when_the_service_is_killed(site: Site) -> None:
    site.dialogue.stuck = True
    site.wechat.says(content="屋里停电了")
    await site.knock(0)
    await asyncio.wait_for(site.dialogue.begun.wait(), 10)
    await site.chat.close()
    assert site.shelf.cursor("wk1") == "1" and not site.wechat.sent
    site.dialogue.stuck = False
    again = WeComChat(site.account, *site.parts)
    await again.start()
    async with asyncio.timeout(10):
        while not site.wechat.sent:
            await asyncio.sleep(0.02)
    await again.close()
    assert [card.kind for card in site.desk.tickets()] == ["outage"] and len(site.wechat.sent) == 1


@pytest.mark.slow
async def test_an_answer_that_wechat_refuses_for_a_moment_comes_later_under_the_same_number(site: Site) -> None:
    site.wechat.bad = [{"errcode": -1, "errmsg": "system busy"}]
    site.wechat.says(content="在吗")
    await site.knock(2)
    first, second = site.wechat.sent
    assert first["msgid"] == second["msgid"] and first["text"] == second["text"]


async def test_what_the_service_itself_sent_is_not_answered(site: Site) -> None:
    site.wechat.rows.append(
        {"msgid": "x", "origin": 5, "external_userid": "wm1", "msgtype": "text", "text": {"content": "停电"}}
    )
    site.wechat.says(content="你好")
    assert await site.knock(1) == ["听到:你好"]


async def test_a_resident_chooses_from_the_menu_that_asks_them(site: Site) -> None:
    number = site.desk.report(Report("outage", "停电了", "s", Caller.by("wechat", "wm1"), grid_no="24")).ticket_no
    site.desk.acknowledge(number, "M24")
    site.desk.resolve(number, "M24")
    site.wechat.says(content="不满意", menu_id=f"bad:{number}")
    (text,) = await site.knock(1)
    assert "监督员" in text
