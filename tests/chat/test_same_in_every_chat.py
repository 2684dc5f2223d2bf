"""The real conversation in a browser, in Telegram and in WeChat: no keys where there are none, digits that work, nothing twice."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import fields

import pytest
from aiohttp.test_utils import TestClient, TestServer

from bot.app.parts import Parts
from bot.chat.residents import Incoming, Residents
from bot.chat.takeover import Takeovers
from bot.chat.words import words
from bot.web.app import make_app
from bot.web.words import words as page_words

#: (what is written, its number) → what is shown
Say = Callable[..., Awaitable[str]]
NONSENSE = "呜啦啦嘟噜噜"


@pytest.fixture(params=["web", "telegram", "wechat"])
async def say(request: pytest.FixtureRequest, service: Parts) -> AsyncIterator[Say]:
    """Writes in one chat and gives the answer."""
    chat = f"chat-{uuid.uuid4().hex}"
    if request.param == "web":
        app = make_app(service.dialogue, None, None, service.desk, service.registry, service.settings)
        async with TestClient(TestServer(app)) as client:

            async def write(text: str, id: str = "") -> str:
                body = {"session": chat[:36], "text": text, "id": id or uuid.uuid4().hex}
                return str((await (await client.post("/api/turn", json=body)).json())["reply"])

            yield write
        return
    residents = Residents(
        service.dialogue, service.desk, service.chats, None, service.settings, Takeovers(service.database)
    )

    async def send(text: str, id: str = "") -> str:
        said = await residents.answer(Incoming(request.param, chat, id or uuid.uuid4().hex, text))
        return "".join(one.text for one in said)

    yield send


def a_house(service: Parts) -> str:
    """An address with a number of its own on a street that is there once."""
    county = service.registry.county
    return next(
        address
        for address in county.addresses
        if re.fullmatch(r"\D+路\d+号", address) and county.names.get(address.rstrip("0123456789号"))
    )


async def test_gege_speaks_of_no_keys_and_what_is_typed_answers(say: Say, service: Parts) -> None:
    house = a_house(service)
    replies = [await say(NONSENSE), await say("?"), await say("停电了"), await say(house)]
    assert house in replies[-1] and "对不对" in replies[-1], replies
    replies.append(await say("１"))
    assert "记下" in replies[-1], "a typed one is a yes"
    replies.append(await say("0"))
    assert "请" in replies[-1] and "电话" in replies[-1], "and a nought a person"
    assert not [one for one in replies if "按" in one or "挂" in one], replies


async def test_the_same_message_twice_is_one_turn(say: Say, service: Parts) -> None:
    id = uuid.uuid4().hex
    before = len(service.desk.tickets())
    assert await say("电线断了掉在沿河路206号门口", id) == await say("电线断了掉在沿河路206号门口", id)
    assert len(service.desk.tickets()) == before + 1


async def test_two_who_write_at_once_in_one_chat_are_both_answered(say: Say) -> None:
    answers = await asyncio.gather(*(say(text) for text in ("停电了", "沿河路206号", "几时来电", "对")))
    assert all(answers)


@pytest.mark.parametrize(
    "text", ["啊" * 5000, "停电了。" * 1250, "9" * 5000, "👍" * 5000, "\n" * 4999 + "喂", "/restart" * 600]
)
async def test_five_thousand_characters_are_answered(say: Say, text: str) -> None:
    assert await say(text)


def test_the_sentences_of_the_chats_themselves_speak_of_no_keys() -> None:
    def texts(value: object) -> list[str]:
        if isinstance(value, dict):
            return [text for one in value.values() for text in texts(one)]
        return [value] if isinstance(value, str) else [text for one in value for text in texts(one)] if isinstance(
            value, tuple | list) else []  # fmt: skip

    said = words()
    read = [
        text for one in fields(said) if one.name not in ("staff", "wecom") for text in texts(getattr(said, one.name))
    ]
    read += texts(page_words().errors)
    assert len(read) > 30 and not [text for text in read if "按" in text]
