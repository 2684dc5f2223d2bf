"""The site of a crash run: its settings, its nursery, and the service that runs now."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import re
import secrets
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from bot.bench.crash.troubles import Trouble
from bot.bench.doubles.gateway import Gateway, gateway
from bot.bench.doubles.telegram import TelegramServer, telegram_server
from bot.bench.doubles.wecom import WeChatServer, wechat_server
from bot.bench.loopback import free_ports
from bot.foundation.errors import Unavailable
from bot.notify.wecom_crypto import WeComCrypto
from bot.settings import PROJECT

#: a service that is not ready after so long (s) will never be
READY_S = 120.0
_LOOK_S = 0.03
_TURN_S = 40.0
_COMPANY, _TOKEN = "ww1", "token"
_KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")


class NeverReady(Unavailable):
    """A service did not come up, or did not end; the message is what it said last."""


@dataclass
class Messengers:
    """The doubles beyond the house's doors. They never die."""

    telegram: TelegramServer = field(default_factory=TelegramServer)
    wechat: WeChatServer = field(default_factory=WeChatServer)
    gateway: Gateway = field(default_factory=Gateway)


@contextlib.asynccontextmanager
async def messengers() -> AsyncIterator[Messengers]:
    async with telegram_server() as telegram, wechat_server() as wechat, gateway() as taking:
        yield Messengers(telegram, wechat, taking)


class House:
    """`database`: a URL; empty: SQLite in the home. `model`: of the ear; None: callers leave messages, which is the
    quickest start. `troubles`: what will fail around it; within their `there`."""

    def __init__(
        self, home: Path, database: str = "", model: Path | None = None, troubles: Sequence[Trouble] = ()
    ) -> None:
        self.home, self.database, self._model, self._troubles = home, database, model, troubles
        # Beside the home: a disk that is full must not fail us.
        self._notes = Path(tempfile.mkdtemp(prefix="gege-house-"))
        self.page, self.audio, self.agi, self.sip = free_ports(4)
        self.pid: int | None = None
        self._nursery: asyncio.subprocess.Process | None = None
        self._crypto = WeComCrypto(_TOKEN, _KEY, _COMPANY)

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.home / 'gege.sqlite'}"

    def settle(self, beyond: Messengers | None = None) -> None:
        """Write gege.toml; without messengers staff's messages go into a file."""
        (self.home / "gege.toml").write_text(
            f"""
[web]
port = {self.page}
[voice]
audiosocket = "127.0.0.1:{self.audio}"
fastagi = "127.0.0.1:{self.agi}"
sip = "127.0.0.1:{self.sip}"
[speech]
model = "{self._model or self.home / "none"}"
voice = "espeak"
[service.deadlines]
on_site_min = {{ town = 0.1, village = 0.1, remote = 0.1 }}
[notify]
per_person_a_minute = 10000
providers = ["{"webhook" if beyond else "file"}"]
{_accounts(beyond) if beyond else ""}""",
            "utf-8",
        )

    async def open(self) -> None:
        """Start the nursery. Raises NeverReady."""
        environment = {**os.environ, "GEGE_HOME": str(self.home), "PYTHONPATH": str(PROJECT)}
        environment.pop("GEGE_DATABASE_URL", None)
        url = self.database
        for trouble in self._troubles:
            environment.update(trouble.environment)
            url = trouble.url(url)
        if url:
            environment["GEGE_DATABASE_URL"] = url
        self._said = (self._notes / "said.log").open("ab")
        self._nursery = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-m", "bot.bench.crash.nursery", str(self._notes / "points.seen"),
            cwd=PROJECT, env=environment,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=self._said,
        )  # fmt: skip
        if await self._line() != "ready":
            raise NeverReady(self.said)

    async def close(self) -> None:
        await self.kill()
        if self._nursery is not None and self._nursery.stdin is not None:
            self._nursery.stdin.close()
            await self._nursery.wait()
            self._said.close()
        shutil.rmtree(self._notes, ignore_errors=True)

    async def fork(self, fault: str = "") -> None:
        """Begin to start a service; `fault` as in `faults.spoil`."""
        assert self._nursery is not None and self._nursery.stdin is not None
        self._nursery.stdin.write(f"start {fault}\n".encode())
        self.pid = int(await self._line())

    async def ready(self) -> None:
        """Wait until it answers. Raises NeverReady, at once when it has died."""
        until = time.monotonic() + READY_S
        async with aiohttp.ClientSession() as http:
            while self.alive and time.monotonic() < until:
                with contextlib.suppress(aiohttp.ClientError, OSError):
                    async with http.get(f"http://127.0.0.1:{self.page}/healthz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(_LOOK_S)
        raise NeverReady(self.said)

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

    async def dead(self, seconds: float = READY_S) -> None:
        """Wait until it has died of itself. Raises NeverReady."""
        until = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() > until:
                raise NeverReady(self.said)
            await asyncio.sleep(0.02)
        self.pid = None

    @property
    def said(self) -> str:
        return (self._notes / "said.log").read_text("utf-8", "replace")[-4000:]

    @property
    def seen(self) -> set[str]:
        """Names of the commit points that services of this house have come by."""
        file = self._notes / "points.seen"
        return set(filter(None, file.read_text("utf-8").split("\n"))) if file.exists() else set()

    async def _line(self) -> str:
        assert self._nursery is not None and self._nursery.stdout is not None
        return (await self._nursery.stdout.readline()).decode().strip()

    # ---- its doors ------------------------------------------------------------------------------

    async def turn(self, session: str, text: str, id: str = "") -> dict[str, Any]:
        """One turn of the page. Raises aiohttp.ClientError when nobody answers."""
        body = {"session": session, "text": text, "id": id or uuid.uuid4().hex}
        timeout = aiohttp.ClientTimeout(total=_TURN_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(f"http://127.0.0.1:{self.page}/api/turn", json=body) as answer,
        ):
            found: dict[str, Any] = await answer.json()
            if "reply" not in found:
                raise aiohttp.ClientError(found.get("error"))
            return found

    async def knock(self, path: str, inner: str) -> str:
        """A callback of WeCom's; → what it was answered, decrypted. Raises aiohttp.ClientError, OSError."""
        encrypted, stamp, nonce = self._crypto.encrypt(inner), str(int(time.time())), secrets.token_hex(4)
        query = {"msg_signature": self._crypto.signature(stamp, nonce, encrypted), "timestamp": stamp, "nonce": nonce}
        body = f"<xml><ToUserName>{_COMPANY}</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        timeout = aiohttp.ClientTimeout(total=5.0)  # as long as WeCom waits
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.post(f"http://127.0.0.1:{self.page}{path}", params=query, data=body) as answer,
        ):
            answer.raise_for_status()
            return self._opened(await answer.text())

    def _opened(self, text: str) -> str:
        said = {
            tag: re.search(f"<{tag}>(.*?)</{tag}>", text) for tag in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")
        }
        if not all(said.values()):
            return ""
        encrypted, signature, at, nonce = (found[1] for found in said.values() if found)
        return self._crypto.decrypt(signature, at, nonce, encrypted, time.time())


def _accounts(beyond: Messengers) -> str:
    return f"""
[notify.telegram]
token = "123456789:{"A" * 35}"
base_url = "{beyond.telegram.url}/bot"
base_file_url = "{beyond.telegram.url}/file/bot"
[notify.wecom]
corp_id = "{_COMPANY}"
token = "{_TOKEN}"
aes_key = "{_KEY}"
secret = "secret"
agent_id = 1
kf_secret = "secret"
open_kfid = "wk1"
base_url = "{beyond.wechat.url}"
[notify.webhook]
url = "{beyond.gateway.url}"
secret = "secret"
"""


@contextlib.asynccontextmanager
async def house(
    home: Path,
    database: str = "",
    beyond: Messengers | None = None,
    model: Path | None = None,
    troubles: Sequence[Trouble] = (),
) -> AsyncIterator[House]:
    """A house whose nursery is ready; nothing is served yet."""
    one = House(home, database, model, troubles)
    one.settle(beyond)
    try:
        await one.open()
        yield one
    finally:
        await one.close()
