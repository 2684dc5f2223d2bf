"""Staff in messengers: they press 接单 below what they are told of, and believe what Gege answers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import secrets
from collections.abc import Sequence
from typing import Any

import aiohttp
from sqlalchemy import select

from bot.bench.crash.house import House, Messengers
from bot.bench.crash.told import Told
from bot.database import Database
from bot.grid.models import Staff

#: chats of staff begin here; residents' are lower
_FIRST = 900_000_000
_LOOK_S = 0.1
#: every so many messages are pressed
_EVERY, _TRIES = 3, 100
#: what a person does after 接单 was answered: presses, and words that belong to them
_AFTERWARDS = (
    (),
    ("press:done:{no}", "write:已经接好了"),
    ("press:wrong:{no}", "write:我屋里停水了", "press:kind:{no}:outage"),
    ("press:eta:{no}:60",),
)
_NUMBER = re.compile(r"GD\d{6,14}")


def give_messengers(database: Database) -> None:
    """Of three one is told by Telegram, one by WeCom, one by the site's gateway."""
    with database.session() as session:
        people = session.scalars(select(Staff).order_by(Staff.role, Staff.staff_no))
        for number, one in enumerate(people):
            one.telegram_id = str(_FIRST + number) if number % 3 == 0 else ""
            one.wecom = f"staff-{number}" if number % 3 == 1 else ""
            one.dingtalk = ""


def is_staff(chat: str) -> bool:
    """Whether a chat of Telegram's is one of them."""
    return chat.isdigit() and int(chat) >= _FIRST


class People:
    """Until `ending`, whoever is told of a ticket may take it."""

    def __init__(self, house: House, beyond: Messengers, told: Told) -> None:
        self._house, self._beyond, self._told = house, beyond, told
        #: press of Telegram's → (chat, ticket)
        self._pressed: dict[str, tuple[int, str]] = {}
        self._tried = set[str]()
        self.ending = False

    async def on_telegram(self) -> None:
        at = count = 0
        while not self.ending:
            calls = self._beyond.telegram.calls
            for name, form in calls[at:]:
                if name == "sendMessage" and is_staff(str(form["chat_id"])):
                    count += 1
                    if count % _EVERY == 0:
                        self._take(form)
                elif name == "answerCallbackQuery" and form["callback_query_id"] in self._pressed:
                    chat, number = self._pressed.pop(form["callback_query_id"])
                    if self._believes(number, str(form.get("text")), "telegram, staff"):
                        self._goes_on(chat, number, _AFTERWARDS[count % len(_AFTERWARDS)])
            at = len(calls)
            await asyncio.sleep(_LOOK_S)

    async def on_wecom(self) -> None:
        """They write 接单 and the number, and again when nobody answers: WeCom's own repeating."""
        at, count = 0, itertools.count()
        while not self.ending:
            told = self._beyond.wechat.told
            for message in told[at:]:
                found = _NUMBER.search(str(message))
                if found and found[0] not in self._tried and next(count) % _EVERY == 0:
                    await self._write(str(message["touser"]), found[0])
                at += 1
            await asyncio.sleep(_LOOK_S)

    async def _write(self, user: str, number: str) -> None:
        self._tried.add(number)
        inner = (
            f"<xml><ToUserName>ww1</ToUserName><FromUserName>{user}</FromUserName><MsgType>text</MsgType>"
            f"<Content>接单 {number}</Content><MsgId>{secrets.randbits(60)}</MsgId></xml>"
        )
        for _ in range(_TRIES):
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                self._believes(number, await self._house.knock("/wecom/app", inner), "wecom, staff")
                return
            await asyncio.sleep(_LOOK_S)

    def _take(self, form: dict[str, Any]) -> None:
        markup = form.get("reply_markup")
        rows = (json.loads(markup) if isinstance(markup, str) else markup or {}).get("inline_keyboard", [])
        for button in (one for row in rows for one in row):
            verb, _, number = str(button.get("callback_data", "")).partition(":")
            if verb == "take" and number not in self._tried:
                self._tried.add(number)
                chat = int(form["chat_id"])
                update = self._beyond.telegram.press(chat, f"take:{number}")
                self._pressed[update["callback_query"]["id"]] = chat, number
                return

    def _believes(self, number: str, answer: str, door: str) -> bool:
        """接好了: it is theirs from now on, whatever dies."""
        if "接好了" not in answer:
            return False
        self._told.answers[door] += 1
        self._told.taken.add(number)
        return True

    def _goes_on(self, chat: int, number: str, what: Sequence[str]) -> None:
        for one in what:
            does, _, data = one.format(no=number).partition(":")
            (self._beyond.telegram.press if does == "press" else self._beyond.telegram.message)(chat, data)
