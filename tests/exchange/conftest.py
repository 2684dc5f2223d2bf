"""A station's Asterisk, a carrier and Gege in a process of its own, for the tests that need a real exchange."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.bench.exchange.installed import Site
from bot.bench.loopback import free_port
from bot.settings import PROJECT
from tests.exchange.carrier import Carrier, Leg
from tests.waiting import until


class Gege:
    """`tests.exchange.gege` as a process."""

    def __init__(self, folder: Path) -> None:
        self.agi, self.audio, self._folder = free_port(), free_port(), folder
        self._log = folder / "gege.log"

    async def start(self, *more: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-W", "ignore", "-m", "tests.exchange.gege", str(self.agi), str(self.audio),
                str(self._folder), *more, cwd=PROJECT, env={**os.environ, "PYTHONPATH": str(PROJECT)},
                stdout=log, stderr=log,
            )  # fmt: skip
        async with asyncio.timeout(60):
            while "ready" not in self.said:
                assert self.process.returncode is None, self.said
                await asyncio.sleep(0.05)

    @property
    def said(self) -> str:
        """What the desk and the watchers were told, and the log."""
        return self._log.read_text("utf-8")

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def told(self, words: str, within_s: float = 8.0) -> None:
        """Wait until the desk was told so."""
        await until(lambda: words in self.said, within_s)


class Station:
    """All three."""

    def __init__(self, site: Site, carrier: Carrier, gege: Gege) -> None:
        self.site, self.carrier, self.gege = site, carrier, gege

    async def call(self, number: str = "07153391024", **more) -> Leg:
        """A caller who hears Gege."""
        leg = await self.carrier.call(number, **more)
        await asyncio.wait_for(leg.answered.wait(), 10)
        return leg

    async def asks_for_a_person(self, **more) -> Leg:
        """A caller who presses 0 after the greeting."""
        leg = await self.call(**more)
        await asyncio.sleep(0.7)
        await leg.press("0")
        return leg

    async def whispered_to(self, **more) -> tuple[Leg, Leg]:
        """A caller who asks for a person, and who has just answered him: the case is told now."""
        caller = await self.asks_for_a_person(**more)
        person = await self.carrier.rings()
        await asyncio.wait_for(person.answered.wait(), 5)
        return caller, person


@pytest.fixture
def station(tmp_path: Path) -> Callable[..., contextlib.AbstractAsyncContextManager[Station]]:
    @contextlib.asynccontextmanager
    async def opened(kind: str = "address", *gege: str, **more) -> AsyncIterator[Station]:
        carrier, service = Carrier(), Gege(tmp_path / "gege")
        await carrier.open()
        site = Site(
            tmp_path / "site", f"127.0.0.1:{carrier.address[1]}", service.agi, service.audio, kind, **more
        )  # fmt: skip
        carrier.site = ("127.0.0.1", site.sip)
        try:
            await asyncio.gather(service.start(*gege), site.start())
            yield Station(site, carrier, service)
        finally:
            await carrier.close()
            await service.kill()
            await site.stop()

    return opened
