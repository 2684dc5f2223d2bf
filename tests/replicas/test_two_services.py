"""Two and three real `gege serve` on one real PostgreSQL: nothing is done twice, nothing of one who lives is touched, and
what a killed one had is another's within half a minute."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession
from sqlalchemy import Select, func, select

from bot.app.parts import open_site
from bot.bench.doubles.telegram import TelegramServer, telegram_server
from bot.bench.exchange.agi import Channel
from bot.bench.loopback import free_ports
from bot.database import Database, now, open_database
from bot.grid.sample import make_sample
from bot.lines.client import place_call
from bot.replicas.models import Lease
from bot.settings import PROJECT, Settings
from bot.tickets.models import Activity, Call, Kind, Notification, Ticket
from tests.postgres import _server

# The services in processes of their own.
pytestmark = pytest.mark.slow

#: shortened from the site's 20 s; the promise is 30 s from the death to the last of it
LEASE_S, PROMISED_S = 3.0, 30.0


class Service:
    """One of several that one nursery starts."""

    def __init__(self, home: Path, nursery: asyncio.subprocess.Process, one_at_a_time: asyncio.Lock) -> None:
        self.home, self._nursery, self._one_at_a_time = home, nursery, one_at_a_time
        self.page, self.audio, self.agi = free_ports(3)
        self._pid: int | None = None

    def settle(self, telegram: TelegramServer) -> None:
        """Write gege.toml. Without a speech model callers leave messages: it is the quickest start."""
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
[notify.telegram]
token = "123456789:{"A" * 35}"
base_url = "{telegram.url}/bot"
base_file_url = "{telegram.url}/file/bot"
[capacity]
text_wait_s = 0
[replicas]
lease_s = {LEASE_S}
""",
            "utf-8",
        )

    async def start(self) -> None:
        """Until it answers."""
        assert self._nursery.stdin is not None and self._nursery.stdout is not None
        async with self._one_at_a_time:
            self._nursery.stdin.write(f"start {self.home}\n".encode())
            self._pid = int(await self._nursery.stdout.readline())
        async with ClientSession() as http, asyncio.timeout(120):
            while True:
                with contextlib.suppress(ClientError, OSError):
                    async with http.get(f"http://127.0.0.1:{self.page}/healthz") as answer:
                        if answer.status == 200:
                            return
                assert self._alive, self.said
                await asyncio.sleep(0.05)

    @property
    def _alive(self) -> bool:
        with contextlib.suppress(OSError):
            os.kill(self._pid or 0, 0)
            return self._pid is not None
        return False

    async def kill(self) -> None:
        """SIGKILL; its ports are free afterwards."""
        if self._pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            while self._alive:
                await asyncio.sleep(0.02)
            self._pid = None

    @property
    def said(self) -> str:
        file = self.home / "said.log"
        return file.read_text("utf-8", "replace")[-4000:] if file.exists() else ""

    async def turn(self, session: str, text: str) -> str:
        """One turn of the page."""
        body = {"session": session, "text": text, "id": uuid.uuid4().hex}
        async with ClientSession() as http, http.post(f"http://127.0.0.1:{self.page}/api/turn", json=body) as answer:
            return str((await answer.json())["reply"])


class Site:
    """One database, and the homes of its services."""

    def __init__(self, folder: Path, url: str, telegram: TelegramServer) -> None:
        self._folder, self.url, self.telegram = folder, url, telegram
        self.services: list[Service] = []
        self._one_at_a_time = asyncio.Lock()
        self._nursery: asyncio.subprocess.Process | None = None
        self.database: Database = open_database(url)

    async def prepare(self, count: int) -> list[Service]:
        """So many services that start at once when they are told to."""
        environment = {**os.environ, "GEGE_DATABASE_URL": self.url, "PYTHONPATH": str(PROJECT)}
        with (self._folder / "nursery.log").open("wb") as said:
            self._nursery = await asyncio.create_subprocess_exec(
                sys.executable, "-W", "ignore", "-m", "tests.replicas.nursery", cwd=PROJECT, env=environment,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=said,
            )  # fmt: skip
        for number in range(count):
            home = self._folder / f"service-{number}"
            home.mkdir(mode=0o700)
            house = Service(home, self._nursery, self._one_at_a_time)
            house.settle(self.telegram)
            self.services.append(house)
        assert self._nursery.stdout is not None
        assert await self._nursery.stdout.readline() == b"ready\n", (self._folder / "nursery.log").read_text()
        return self.services

    async def close(self) -> None:
        await asyncio.gather(*(house.kill() for house in self.services))
        if self._nursery is not None and self._nursery.stdin is not None:
            self._nursery.stdin.close()
            await self._nursery.wait()
        self.database.dispose()

    async def ask(self, query: Select[Any]) -> list[Any]:
        def rows() -> list[Any]:
            with self.database.reading() as session:
                return list(session.execute(query).all())

        return await asyncio.to_thread(rows)

    async def owner_of(self, what: str) -> str:
        """The number of the service that does it."""
        found = await self.ask(select(Lease.owner).where(Lease.what == what))
        return found[0][0].partition("#")[0].rpartition("-")[2] if found else ""

    def messages(self) -> Counter[int]:
        """How often each message was sent, by whichever service."""
        files = [house.home / "notifications.jsonl" for house in self.services]
        lines = [line for file in files if file.exists() for line in file.read_text("utf-8").splitlines()]
        return Counter(json.loads(line)["id"] for line in lines)

    @property
    def said(self) -> str:
        return "\n".join(f"--- {house.home.name}\n{house.said}" for house in self.services)

    async def until(self, found: Callable[[], Any], seconds: float = 60.0) -> None:
        """Until it is so; `found` may be a coroutine function."""
        deadline = time.monotonic() + seconds
        while True:
            result = found()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return
            assert time.monotonic() < deadline, self.said
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    server = _server()
    if isinstance(server, str):
        pytest.skip(f"NO POSTGRESQL: {server}")
    url = server.create(f"gege_{folder.name[-20:]}", template="gege_template")

    def county() -> None:
        opened = open_site(Settings(home=folder / "county", database=url))
        make_sample(opened, folder / "county" / "sample", households=400)
        opened.dispose()

    await asyncio.to_thread(county)
    async with telegram_server() as telegram:
        one = Site(folder, url, telegram)
        try:
            yield one
        finally:
            await one.close()


async def ring(house: Service, number: str) -> asyncio.Task[Any]:
    """A call that goes on until the service or the test ends."""
    channel = Channel(house.agi, caller=number, dialled="07153391024")
    await channel.agi("start")

    async def for_ever() -> None:
        await asyncio.sleep(3600)

    return asyncio.create_task(
        place_call("127.0.0.1", house.audio, channel.variables["ASID"], [], my_turn=for_ever, hang_up_after=3600)
    )


#: what a resident answers, by what was asked
ANSWERS = {"对不对": "对", "户主": "户主叫王建国", "哪": "桃花源村三组", "门牌": "桃花源村三组", "？": "不晓得"}


async def report(first: Service, second: Service, session: str) -> list[str]:
    """A report, its turns taken by the two in alternation."""
    said: list[str] = []
    text = "我屋里停电了"
    while text and len(said) < 8:
        said.append(await (first, second)[len(said) % 2].turn(session, text))
        text = next((answer for asked, answer in ANSWERS.items() if asked in said[-1]), "")
        if "记下了" in said[-1]:
            break
    return said


async def test_services_beside_each_other(tmp_path: Path, dialogue_model: Path) -> None:
    async with site(tmp_path) as one:
        first, second, third = await one.prepare(3)
        await first.start()
        calling = [await ring(first, "13907150001")]
        open_calls = select(Call.id).where(Call.ended_at.is_(None))
        broken = select(Call.id).where(Call.outcome == "interrupted")

        async def one_call() -> bool:
            return len(await one.ask(open_calls)) == 1

        await one.until(one_call)
        await asyncio.gather(second.start(), third.start())
        # Two starts, and the call of one who lives is what it was.
        await asyncio.sleep(LEASE_S * 1.5)
        assert not await one.ask(broken), one.said

        # A dialogue whose turns fall to one and the other is the same dialogue.
        alone = await report(first, first, "alone-0000")
        told = await asyncio.gather(*(report(first, second, f"between-{number:04}") for number in range(4)))
        assert [each for each in told if each != alone] == [], alone
        assert "记下了" in alone[-1]

        # Messages leave once, by whichever service; and one asks Telegram, not three.
        async def all_sent() -> bool:
            """What waits for the morning is not owed yet."""
            owed = select(Notification.id).where(Notification.state == "pending", Notification.due_at <= now())
            return not await one.ask(owed)

        await one.until(all_sent)
        assert set(one.messages().values()) == {1}, one.messages()
        assert len(set(one.telegram.polled_by[-20:])) == 1
        one.telegram.message(501, "在吗")
        await one.until(lambda: len(one.telegram.sent()) == 1)
        assert await one.owner_of("telegram updates") == await one.owner_of("outbox") == "0"

        # The one that has it all is killed, in the middle of a call, with a report that nobody was told of yet.
        calling.append(await ring(first, "13907150002"))
        number = select(Call.id).where(Call.ended_at.is_(None), Call.caller == "13907150002")

        async def rings() -> bool:
            return bool(await one.ask(number))

        await one.until(rings)
        before = len(await one.ask(select(Ticket.id).where(Ticket.kind == Kind.callback)))
        died = time.monotonic()
        await first.kill()
        for call in calling:
            call.cancel()
        one.telegram.message(502, "在吗")

        async def no_call() -> bool:
            return not await one.ask(open_calls)

        async def heir() -> bool:
            return await one.owner_of("outbox") in ("1", "2") and await one.owner_of("telegram updates") in ("1", "2")

        await one.until(no_call, PROMISED_S)
        await one.until(heir, PROMISED_S - (time.monotonic() - died))
        await report(second, third, "after-00001")
        await one.until(all_sent)
        await one.until(lambda: len(one.telegram.sent()) == 2)
        interrupted = len(await one.ask(broken))
        assert interrupted in (1, 2), "the first call may have left its message and be over"
        backs = await one.ask(select(Ticket.id).where(Ticket.kind == Kind.callback))
        assert len(backs) == before + interrupted, "one call-back for each"

        # It comes back: it takes nothing from the others, and nothing is done again.
        await first.start()
        await report(first, third, "again-00001")
        await one.until(all_sent)
        assert await one.owner_of("outbox") in ("1", "2")
        assert len(one.telegram.sent()) == 2 and set(one.messages().values()) == {1}
        opened = await one.ask(
            select(Ticket.session, func.count()).where(Ticket.kind != Kind.callback).group_by(Ticket.session)
        )
        assert len(opened) == 7 and all(count == 1 for _, count in opened), opened
        climbs = await one.ask(
            select(Activity.ticket_id, func.count()).where(Activity.kind == "reported").group_by(Activity.ticket_id)
        )
        assert all(count == 1 for _, count in climbs)
        for house in one.services:
            assert "Traceback" not in house.said, house.said
