"""A real service that is killed at random moments, and residents who go on all the same."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import random
import signal
import sys
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp

from bot.bench.exchange.agi import Channel
from bot.lines.client import place_call
from bot.settings import PROJECT
from tests.chat.telegram_server import TelegramServer, telegram_server
from tests.chat.test_killed import free_ports
from tests.crash.checker import Told

OUTAGE, DANGER, PLACE = "我屋里停电了", "哎呀电线断了掉在路上", "桃花源村三组"
#: words that promise that it reaches somebody
PROMISES = ("记下了", "在叫人", "等机器好了才报", "告诉他们了")
#: a service that is not ready after so long (s) will never be
_READY_S = 120.0
#: residents end what they have begun within so long (s) after the last death
_PATIENCE_S = 120.0
#: then what waits in files is in, too
_REST_S = 8.0


class House:
    """The site, its nursery, and the service that runs now."""

    def __init__(self, home: Path, database: str = "") -> None:
        self.home, self.database = home, database
        self.page, self.audio, self.agi = free_ports(3)
        self.pid: int | None = None
        self._nursery: asyncio.subprocess.Process | None = None

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.home / 'gege.sqlite'}"

    def settle(self, telegram: TelegramServer | None = None) -> None:
        """Write gege.toml. Without a speech model callers leave messages: it is the quickest start."""
        account = (
            f"""
[notify.telegram]
token = "123456789:{"A" * 35}"
base_url = "{telegram.url}/bot"
base_file_url = "{telegram.url}/file/bot"
"""
            if telegram
            else ""
        )
        (self.home / "gege.toml").write_text(
            f"""
[web]
port = {self.page}
[voice]
audiosocket = "127.0.0.1:{self.audio}"
fastagi = "127.0.0.1:{self.agi}"
sip = ""
[speech]
model = "{self.home / "none"}"
voice = "espeak"
[notify]
providers = ["file"]
{account}""",
            "utf-8",
        )

    async def open(self) -> None:
        """Start the nursery."""
        environment = {**os.environ, "GEGE_HOME": str(self.home), "PYTHONPATH": str(PROJECT)}
        environment.pop("GEGE_DATABASE_URL", None)
        if self.database:
            environment["GEGE_DATABASE_URL"] = self.database
        self._said = (self.home / "said.log").open("ab")
        self._nursery = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-m", "tests.crash.nursery", cwd=PROJECT, env=environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=self._said,
        )  # fmt: skip
        assert await self._line() == "ready", self.said

    async def close(self) -> None:
        await self.kill()
        if self._nursery is not None and self._nursery.stdin is not None:
            self._nursery.stdin.close()
            await self._nursery.wait()
            self._said.close()

    async def fork(self, fault: str = "") -> None:
        """Begin to start a service."""
        assert self._nursery is not None and self._nursery.stdin is not None
        self._nursery.stdin.write(f"start {fault}\n".encode())
        self.pid = int(await self._line())

    async def ready(self) -> None:
        """Wait until it answers."""
        async with aiohttp.ClientSession() as http, asyncio.timeout(_READY_S):
            while True:
                with contextlib.suppress(aiohttp.ClientError, OSError):
                    async with http.get(f"http://127.0.0.1:{self.page}/healthz") as answer:
                        if answer.status == 200:
                            return
                assert self.alive, self.said
                await asyncio.sleep(0.03)

    async def start(self, fault: str = "") -> None:
        await self.fork(fault)
        await self.ready()

    @property
    def alive(self) -> bool:
        if self.pid is None:
            return False
        with contextlib.suppress(OSError):
            os.kill(self.pid, 0)
            return True
        return False

    async def kill(self) -> None:
        """SIGKILL; its ports are free afterwards."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            await self.dead()

    async def dead(self) -> None:
        """Wait until it has died of itself."""
        async with asyncio.timeout(_READY_S):
            while self.alive:
                await asyncio.sleep(0.02)
        self.pid = None

    @property
    def said(self) -> str:
        return (self.home / "said.log").read_text("utf-8", "replace")[-4000:]

    async def _line(self) -> str:
        assert self._nursery is not None and self._nursery.stdout is not None
        return (await self._nursery.stdout.readline()).decode().strip()

    async def turn(self, session: str, text: str, id: str = "") -> dict[str, Any]:
        """One turn of the page. Raises aiohttp.ClientError when nobody answers."""
        body = {"session": session, "text": text, "id": id or uuid.uuid4().hex}
        timeout = aiohttp.ClientTimeout(total=40)
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(f"http://127.0.0.1:{self.page}/api/turn", json=body) as answer,
        ):
            found: dict[str, Any] = await answer.json()
            if "reply" not in found:
                raise aiohttp.ClientError(found.get("error"))
            return found


@contextlib.asynccontextmanager
async def house(home: Path, database: str = "", telegram: TelegramServer | None = None) -> AsyncIterator[House]:
    one = House(home, database)
    one.settle(telegram)
    await one.open()
    try:
        yield one
    finally:
        await one.close()


def answer_to(reply: str) -> str:
    """What a resident says next; nothing when it is settled."""
    if "对不对" in reply:
        return "对"
    if "户主" in reply:
        return "户主叫王建国"
    if any(word in reply for word in ("哪", "门牌", "再讲一遍")):
        return PLACE
    begun = any(word in reply for word in ("什么事", "别的事"))  # nothing is open any more, or nothing was understood
    return "不晓得" if "？" in reply and not begun else ""


class Residents:
    """Clients of all kinds, until they are told that it ends."""

    def __init__(self, house: House, telegram: TelegramServer, told: Told, seed: int) -> None:
        self._house, self._telegram, self._told, self._seed = house, telegram, told, seed
        self.ending = False

    async def browser(self, number: int) -> None:
        """Tries again until somebody answers: half of them with the same id, half type it again."""
        dice, same_id, count = random.Random(f"{self._seed}/{number}"), number % 2 == 0, 0
        while not self.ending:
            count += 1
            session = f"crash-{self._seed}-{number}-{count}"
            self._told.conversations.add(f"web-{session}")
            text = DANGER if dice.random() < 0.3 else OUTAGE
            while text:
                reply = await self._insist(session, text, same_id)
                self._heard(f"web-{session}", reply)
                text = answer_to(reply) if "记下了" not in reply else ""
            await asyncio.sleep(dice.uniform(0, 0.2))

    async def _insist(self, session: str, text: str, same_id: bool) -> str:
        id = uuid.uuid4().hex
        while True:
            try:
                return str((await self._house.turn(session, text, id))["reply"])
            except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
                await asyncio.sleep(0.1)
                id = id if same_id else uuid.uuid4().hex

    async def chat(self, number: int) -> None:
        """One conversation a chat; Telegram keeps what was written until it is taken."""
        dice, count = random.Random(f"{self._seed}/chat/{number}"), 0
        while not self.ending:
            count += 1
            chat = 10_000 * (number + 1) + count
            session = f"telegram:{chat}"
            self._told.conversations.add(session)
            text, seen = (DANGER if dice.random() < 0.3 else OUTAGE), 0
            while text:
                self._telegram.message(chat, text)
                said = await self._said(chat, seen)
                seen = len(said)
                reply = said[-1]
                self._heard(session, reply)
                text = answer_to(reply) if "记下了" not in reply else ""
            await asyncio.sleep(dice.uniform(0, 0.3))

    async def _said(self, chat: int, seen: int) -> list[str]:
        while True:
            sent = [one["text"] for one in self._telegram.of("sendMessage") if int(one["chat_id"]) == chat]
            # an answer may come twice; the one to what was said last has not been there
            if len(sent) > seen and (seen == 0 or sent[-1] != sent[seen - 1]):
                return sent
            await asyncio.sleep(0.03)

    async def caller(self, number: int) -> None:
        """Rings, listens a while, and is gone."""
        dice, count = random.Random(f"{self._seed}/caller/{number}"), 0
        while not self.ending:
            count += 1
            phone = f"139{number:02d}{count:06d}"
            channel = Channel(self._house.agi, caller=phone, dialled="07153391024")
            try:
                await channel.agi("start")
                call = await place_call(
                    "127.0.0.1", self._house.audio, channel.variables["ASID"], [], my_turn=_for_ever,
                    hang_up_after=dice.uniform(0.3, 1.5),
                )  # fmt: skip
            except (OSError, TimeoutError, asyncio.IncompleteReadError, KeyError):
                await asyncio.sleep(0.2)
                continue
            if any(call.heard):
                self._told.broken_calls.append(phone)
            await asyncio.sleep(dice.uniform(0.1, 0.6))

    def _heard(self, session: str, reply: str) -> None:
        self._told.answers += 1
        if not reply.strip():
            self._told.empty.append(session)
        if any(word in reply for word in PROMISES):
            self._told.acknowledged[session] = reply


async def _for_ever() -> None:
    await asyncio.Event().wait()


async def crash(
    home: Path, kills: int, seed: int, database: str = "", fault: str = "", minutes: float = math.inf
) -> Told:
    """Kill the service so often (or for so long) at random moments of its life; → what residents were told."""
    told, dice, until = Told(), random.Random(seed), time.monotonic() + minutes * 60
    async with telegram_server() as telegram, house(home, database, telegram) as one:
        residents = Residents(one, telegram, told, seed)
        people = [
            *(residents.browser(n) for n in range(4)),
            *(residents.chat(n) for n in range(2)),
            *(residents.caller(n) for n in range(2)),
        ]
        tasks = [asyncio.create_task(person) for person in people]
        try:
            while told.kills < kills and time.monotonic() < until:
                began = time.monotonic()
                await one.fork(fault)
                if dice.random() < 0.1:
                    await asyncio.sleep(dice.uniform(0.0, 1.5))
                else:
                    await one.ready()
                    told.starts_s.append(time.monotonic() - began)
                    await asyncio.sleep(dice.uniform(0.2, 2.7))
                await one.kill()
                told.kills += 1
            residents.ending = True
            await one.start(fault)
            _, late = await asyncio.wait(tasks, timeout=_PATIENCE_S)
            assert not late, f"{len(late)} residents wait for ever\n{one.said}"
            for task in tasks:
                task.result()
            await asyncio.sleep(_REST_S)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    return told
