"""`gege serve`, killed with -9 in the moment in which Telegram has just forgotten what a resident reported."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession
from sqlalchemy import select

from bot.bench.doubles.telegram import TelegramServer, telegram_server
from bot.bench.loopback import free_ports
from bot.database import open_database
from bot.settings import PROJECT
from bot.tickets.models import Ticket
from tests.frame.conftest import PROGRAM, environment

# The service in processes of its own.
pytestmark = pytest.mark.slow


def settle(home: Path, server: TelegramServer, webhook: str = "") -> int:
    """Write gege.toml; → the page's port."""
    page, audiosocket, fastagi = free_ports(3)
    (home / "gege.toml").write_text(
        f"""
[web]
port = {page}
[voice]
audiosocket = "127.0.0.1:{audiosocket}"
fastagi = "127.0.0.1:{fastagi}"
sip = ""
[speech]
voice = "espeak"
[notify.telegram]
token = "123456789:{"A" * 35}"
base_url = "{server.url}/bot"
base_file_url = "{server.url}/file/bot"
webhook = "{webhook}"
""",
        "utf-8",
    )
    return page


@contextlib.asynccontextmanager
async def serving(home: Path) -> AsyncIterator[Callable[[], None]]:
    """The program; gives what kills it."""
    with (home / "said.log").open("ab") as said:
        process = await asyncio.create_subprocess_exec(
            PROGRAM, "serve", cwd=PROJECT, env=environment(home), stdout=said, stderr=said
        )
    try:
        yield process.kill
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def until(found: Callable[[], bool], home: Path) -> None:
    try:
        async with asyncio.timeout(120):
            while not found():
                await asyncio.sleep(0.001)
    except TimeoutError:
        raise AssertionError((home / "said.log").read_text("utf-8", "replace")) from None


def tickets(home: Path) -> list[str]:
    database = open_database(f"sqlite:///{home / 'gege.sqlite'}")
    with database.reading() as session:
        found = list(session.scalars(select(Ticket.kind).order_by(Ticket.id)))
    database.dispose()
    return found


@pytest.mark.parametrize("times", [1, 2])
async def test_what_was_reported_is_there_after_kill_9(home: Path, dialogue_model: Path, times: int) -> None:
    async with telegram_server() as server:
        settle(home, server)
        for _ in range(times):
            async with serving(home) as kill:
                server.message(501, "哎呀电线断了掉在路上")
                # Asked for the next, Telegram has forgotten this one: from here on it is ours to lose.
                await until(lambda: not server.updates, home)
                kill()
        async with serving(home):
            server.message(501, "在吗")
            await until(lambda: len(server.sent()) > times, home)
    assert tickets(home).count("hazard") >= 1 and any("莫靠近" in text for text in server.sent())


async def test_the_services_own_page_takes_telegrams_deliveries(home: Path, dialogue_model: Path) -> None:
    async with telegram_server() as server:
        port = settle(home, server, webhook="https://gege.example/telegram")
        async with serving(home), ClientSession() as telegram:
            await until(lambda: bool(server.of("setWebhook")), home)
            secret = server.of("setWebhook")[0]["secret_token"]
            body = server.message(501, "哎呀电线断了掉在路上")
            address = f"http://127.0.0.1:{port}/telegram"
            headers = {"Host": "gege.example", "X-Telegram-Bot-Api-Secret-Token": secret}
            async with asyncio.timeout(60):
                while True:
                    with contextlib.suppress(OSError):
                        assert (await telegram.post(address, json=body, headers=headers)).status == 200
                        break
                    await asyncio.sleep(0.1)
            assert (await telegram.post(address, json=body, headers={"Host": "gege.example"})).status == 403
            await until(lambda: any("莫靠近" in text for text in server.sent()), home)
    assert tickets(home) == ["hazard"]
