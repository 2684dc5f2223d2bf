"""From a resident's first word to the rating, with the real dialogue model, the outbox, and a double of the messenger."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select, update

from bot.app.messengers import messengers
from bot.app.parts import Parts, running
from bot.bench.doubles.telegram import TelegramServer, telegram_server
from bot.bench.doubles.wecom import wechat_server
from bot.database import open_database
from bot.grid.models import Staff
from bot.grid.registry import Registry
from bot.notify.wecom_crypto import WeComCrypto
from bot.settings import NotifySettings, Settings, WebSettings
from bot.settings.accounts import TelegramAccount, WeComAccount
from bot.tickets.models import Rating

# Rasa is loaded for each.
pytestmark = pytest.mark.slow

RESIDENT, MANAGER = 501, 601
KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")


def house_and_manager(home: Path, **address: str) -> tuple[str, str]:
    """(a house that stands alone, staff_no of its manager), who has these ids with messengers."""
    database = open_database(f"sqlite:///{home / 'gege.sqlite'}")
    registry = Registry.load(database)
    for row in range(registry.county.size):
        name = registry.county.names.get(registry.county.addresses[row].rstrip("0123456789号"))
        if name and not registry.county.compounds[row] and len(name) == 1:
            card = registry.household(registry.county.numbers[row])
            assert card is not None
            manager = registry.staff(card.grid_no, "manager")[0]
            with database.session() as session:
                session.execute(update(Staff).where(Staff.staff_no == manager.staff_no).values(**address))
            database.dispose()
            return registry.county.addresses[row], manager.staff_no
    raise AssertionError("the sample has no such house")


@contextlib.asynccontextmanager
async def serving(home: Path, **accounts: Any) -> AsyncIterator[tuple[Parts, list[web.RouteDef]]]:
    """The service as `gege serve` wires it, without telephone and page."""
    web_settings = WebSettings(public_url="https://gege.example")
    settings = Settings(home=home, web=web_settings, notify=NotifySettings(**accounts))
    async with running(settings) as service, messengers(service, None, lambda line: None) as routes:
        yield service, routes


async def until(found: Callable[[], Any]) -> Any:
    """What `found` gives as soon as it is something."""
    async with asyncio.timeout(60):
        while not (value := found()):
            await asyncio.sleep(0.02)
    return value


def rating(service: Parts) -> list[tuple[str | None, str]]:
    with service.database.reading() as session:
        return [(row.answer, row.comment) for row in session.scalars(select(Rating))]


def shown(server: TelegramServer, chat: int, words: str) -> dict[str, Any] | None:
    """The message to a chat that has these words."""
    sent = [form for form in server.of("sendMessage") if int(form["chat_id"]) == chat and words in form["text"]]
    return sent[-1] if sent else None


def button(form: dict[str, Any], label: str) -> str:
    keys = [key for row in json.loads(form["reply_markup"])["inline_keyboard"] for key in row]
    return str(next(key["callback_data"] for key in keys if key["text"] == label))


async def test_telegram_from_the_first_word_to_the_rating(home: Path, dialogue_model: Path) -> None:
    place, staff_no = house_and_manager(home, telegram_id=str(MANAGER))
    async with telegram_server() as server:
        account = TelegramAccount(token="1:a", base_url=server.url + "/bot", base_file_url=server.url + "/file/bot")
        async with serving(home, telegram=account) as (service, _):
            for words, answer in (("我屋里停电了", "哪"), (place, place), ("对", "记下了")):
                server.message(RESIDENT, words)
                await until(lambda answer=answer: shown(server, RESIDENT, answer))
            number = service.desk.tickets()[0].ticket_no

            told = await until(lambda: shown(server, MANAGER, number))
            assert place not in told["text"] and "停电" in told["text"], "a door passes through no third party"
            server.press(MANAGER, button(told, "接单"))
            await until(lambda: shown(server, MANAGER, "归您管"))
            await until(lambda: shown(server, RESIDENT, "接了，正在安排"))
            card = service.desk.ticket(number)
            assert card and (card.state, card.owner) == ("acknowledged", staff_no)

            server.press(MANAGER, f"done:{number}")
            await until(lambda: shown(server, MANAGER, "处理好了"))
            server.message(MANAGER, "换了保险")
            await until(lambda: shown(server, MANAGER, f"{number} 记下了。"))
            asked = await until(lambda: shown(server, RESIDENT, "满不满意"))
            server.press(RESIDENT, button(asked, "满意"))
            await until(lambda: shown(server, RESIDENT, "谢谢您"))
            assert rating(service) == [("good", "")]
            card = service.desk.ticket(number)
            assert card and card.state == "closed"
            assert [one.note for one in service.desk.activities(number) if one.kind == "commented"] == ["换了保险"]


async def test_who_wants_a_person_gets_one_and_danger_is_heard_all_the_same(home: Path, dialogue_model: Path) -> None:
    database = open_database(f"sqlite:///{home / 'gege.sqlite'}")
    grid_no, manager = Registry.load(database).managers()[0]
    with database.session() as session:
        session.execute(update(Staff).where(Staff.staff_no == manager.staff_no).values(telegram_id=str(MANAGER)))
    database.dispose()
    async with telegram_server() as server:
        account = TelegramAccount(token="1:a", base_url=server.url + "/bot", base_file_url=server.url + "/file/bot")
        async with serving(home, telegram=account) as (service, _):
            server.message(RESIDENT, f"/start grid_{grid_no}")
            await until(lambda: shown(server, RESIDENT, "格格"))  # the first screen
            server.message(RESIDENT, "找人")
            (card,) = await until(service.desk.tickets)
            assert (card.kind, card.owner) == ("callback", manager.staff_no)
            # Not by the outbox: at night it would wait for the morning.
            server.press(MANAGER, f"talk:{card.ticket_no}")
            await until(lambda: shown(server, RESIDENT, "来跟您讲了"))
            server.message(RESIDENT, "我想问下几时来抄表")
            await until(lambda: shown(server, MANAGER, "居民：我想问下几时来抄表"))
            server.message(MANAGER, "明天上午")
            await until(lambda: shown(server, RESIDENT, "师傅：明天上午"))
            server.message(RESIDENT, "哎呀电线断了掉在路上")
            await until(lambda: shown(server, RESIDENT, "莫靠近"))
            await until(lambda: shown(server, MANAGER, "居民：哎呀电线断了掉在路上"))
            assert "hazard" in [one.kind for one in service.desk.tickets()]
            server.press(MANAGER, f"end:{card.ticket_no}")
            await until(lambda: shown(server, RESIDENT, "讲完了"))


async def test_wecom_from_the_first_word_to_the_rating(home: Path, dialogue_model: Path) -> None:
    place, staff_no = house_and_manager(home, wecom="cheng")
    crypto = WeComCrypto("tok", KEY, "ww1")
    async with wechat_server() as wechat:
        account = WeComAccount(
            corp_id="ww1", agent_id=1, secret="a", token="tok", aes_key=KEY, kf_secret="s", open_kfid="wk1",
            base_url=wechat.url,
        )  # fmt: skip
        async with serving(home, wecom=account) as (service, routes), contextlib.AsyncExitStack() as stack:
            app = web.Application()
            app.router.add_routes(routes)
            client = await stack.enter_async_context(TestClient(TestServer(app)))

            async def callback(path: str, inner: str) -> str:
                encrypted, stamp = crypto.encrypt(inner), str(int(time.time()))
                query = {"msg_signature": crypto.signature(stamp, "n", encrypted), "timestamp": stamp, "nonce": "n"}
                response = await client.post(path, params=query, data=f"<xml><Encrypt>{encrypted}</Encrypt></xml>")
                assert response.status == 200
                found = re.search(
                    "<Encrypt>(.*?)</Encrypt>.*?<MsgSignature>(.*?)<.*?<TimeStamp>(.*?)<", await response.text()
                )
                return crypto.decrypt(found[2], found[3], "gege", found[1], time.time()) if found else ""

            async def resident(**body: str) -> None:
                wechat.says(**body)
                await callback("/wecom/kf", "<xml><Event>kf_msg_or_event</Event><OpenKfId>wk1</OpenKfId></xml>")

            async def staff(words: str) -> str:
                inner = (
                    f"<FromUserName>cheng</FromUserName><Content>{words}</Content><MsgId>{time.monotonic_ns()}</MsgId>"
                )
                return await callback("/wecom/app", f"<xml>{inner}</xml>")

            def to_resident(words: str) -> Any:
                return [one for one in wechat.sent if words in json.dumps(one, ensure_ascii=False)]

            for words, answer in (("我屋里停电了", "哪"), (place, place), ("对", "记下了")):
                await resident(content=words)
                await until(lambda answer=answer: to_resident(answer))
            number = service.desk.tickets()[0].ticket_no

            (told,) = await until(lambda: [one for one in wechat.told if number in one["text"]["content"]])
            assert told["touser"] == "cheng" and place not in told["text"]["content"]
            assert "接单:https://gege.example/t/" in told["text"]["content"]
            assert "归您管" in await staff(f"接单 {number}")
            await until(lambda: to_resident("接了，正在安排"))
            assert "处理好了" in await staff(f"已处理 {number}")
            assert "记下了" in await staff("换了保险")
            (asked,) = await until(lambda: to_resident("满不满意"))
            menu = {one["click"]["content"]: one["click"]["id"] for one in asked["msgmenu"]["list"]}
            await resident(content="不满意", menu_id=menu["不满意"])
            await until(lambda: to_resident("监督员"))
            assert rating(service) == [("bad", "")]
            card = service.desk.ticket(number)
            assert card and (card.state, card.owner) == ("resolved", staff_no)
            roles = {one.role for one in service.desk.notifications(number)}
            assert "supervisor" in roles, "the supervisor hears of it"
