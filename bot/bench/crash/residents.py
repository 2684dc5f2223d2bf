"""Residents who write: on the page, on Telegram, on WeChat. Each goes on until it is settled, whoever dies meanwhile."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import aiohttp
from sqlalchemy import select

from bot.bench.crash.house import House, Messengers
from bot.bench.crash.told import Told
from bot.database import Database
from bot.grid.models import Household

OUTAGE, DANGER = "我屋里停电了", "哎呀电线断了掉在路上"
#: some have danger to report (share)
_DANGER = 0.3
#: and some live at a place of the county that is there
_KNOWN = 0.5
#: between two tries when nobody answers, and between two looks into a chat (s)
_AGAIN_S, _LOOK_S = 0.1, 0.03
_KNOCK = "<xml><Event>kf_msg_or_event</Event><Token>x</Token><OpenKfId>wk1</OpenKfId></xml>"


@dataclass(frozen=True)
class Home:
    """Where somebody lives, as they say it."""

    place: str = "桃花源村三组"
    holder: str = "王建国"


NOWHERE = Home()


def homes_of(database: Database) -> list[Home]:
    """Households of the county that is there: each has one resident, so that no report is another's once more."""
    with database.reading() as session:
        rows = session.scalars(select(Household).order_by(Household.household_no))
        return [Home(f"{one.community}{one.compound}{one.address}", one.householder) for one in rows]


def answer_to(reply: str, home: Home = NOWHERE) -> str:
    """What a resident says next; nothing when it is settled."""
    if "对不对" in reply:
        return "对"
    if "户主" in reply:
        return f"户主叫{home.holder}"
    if any(word in reply for word in ("哪", "门牌", "再讲一遍")):
        return home.place
    begun = any(word in reply for word in ("什么事", "别的事"))  # nothing is open any more, or nothing was understood
    return "不晓得" if "？" in reply and not begun else ""


class Writers:
    """Until `ending`, one conversation after the other; what is begun is ended."""

    def __init__(self, house: House, beyond: Messengers, told: Told, seed: int, homes: Sequence[Home] = ()) -> None:
        """`homes`: where they live; when there are no more, at a place that nobody knows."""
        self._house, self._beyond, self._told, self._seed = house, beyond, told, seed
        self._homes = random.Random(seed).sample(homes, len(homes))
        self.ending = False

    def _dice(self, door: str, number: int) -> random.Random:
        return random.Random(f"{self._seed}/{door}/{number}")

    def _home(self, dice: random.Random) -> Home:
        return self._homes.pop() if self._homes and dice.random() < _KNOWN else NOWHERE

    async def browser(self, number: int) -> None:
        """Tries again until somebody answers: half of them with the same id, half type it again."""
        dice, same_id, count = self._dice("page", number), number % 2 == 0, 0
        while not self.ending:
            count += 1
            session = f"crash-{self._seed}-{number}-{count}"
            self._told.conversations.add(f"web-{session}")
            text, home = _opening(dice), self._home(dice)
            while text:
                reply = await self._insist(session, text, same_id)
                self._told.heard(f"web-{session}", reply, "page")
                text = _next(reply, home)
            await asyncio.sleep(dice.uniform(0, 0.2))

    async def _insist(self, session: str, text: str, same_id: bool) -> str:
        id = uuid.uuid4().hex
        while True:
            try:
                return str((await self._house.turn(session, text, id))["reply"])
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
                await asyncio.sleep(_AGAIN_S)
                id = id if same_id else uuid.uuid4().hex

    async def telegram(self, number: int) -> None:
        """One conversation a chat; Telegram keeps what was written until it is taken."""
        server = self._beyond.telegram

        dice, count = self._dice("telegram", number), 0
        while not self.ending:
            count += 1
            chat = 10_000 * (number + 1) + count
            await self._chat(f"telegram:{chat}", dice, partial(server.message, chat), server.shown)
            await asyncio.sleep(dice.uniform(0, 0.3))

    async def wechat(self, number: int) -> None:
        """WeCom knocks until it was answered, and then never again for this."""
        server = self._beyond.wechat
        knocking: set[asyncio.Task[None]] = set()

        def write(user: str, text: str) -> None:
            server.says(user=user, content=text)
            knocking.add(task := asyncio.create_task(self._knock()))
            task.add_done_callback(knocking.discard)

        dice, count = self._dice("wechat", number), 0
        while not self.ending:
            count += 1
            user = f"wm-{self._seed}-{number}-{count}"
            await self._chat(f"wechat:{user}", dice, partial(write, user), server.shown)
            await asyncio.sleep(dice.uniform(0, 0.3))

    async def _knock(self) -> None:
        while True:
            try:
                await self._house.knock("/wecom/kf", _KNOCK)
                return
            except (aiohttp.ClientError, OSError, TimeoutError):
                await asyncio.sleep(_AGAIN_S)

    async def _chat(
        self, session: str, dice: random.Random, write: Callable[[str], object], shown: Mapping[str, list[str]]
    ) -> None:
        door, _, chat = session.partition(":")
        self._told.conversations.add(session)
        text, home, seen = _opening(dice), self._home(dice), 0
        while text:
            write(text)
            said = await _answer(shown, chat, seen)
            seen = len(said)
            self._told.heard(session, said[-1], door)
            text = _next(said[-1], home)


async def _answer(shown: Mapping[str, list[str]], chat: str, seen: int) -> list[str]:
    """An answer may come twice; the one to what was said last has not been there."""
    while True:
        said = list(shown.get(chat, ()))
        if len(said) > seen and (seen == 0 or said[-1] != said[seen - 1]):
            return said
        await asyncio.sleep(_LOOK_S)


def _opening(dice: random.Random) -> str:
    return DANGER if dice.random() < _DANGER else OUTAGE


def _next(reply: str, home: Home) -> str:
    return answer_to(reply, home) if "记下了" not in reply else ""
