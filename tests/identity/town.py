"""A small town in which every word of the registry is a canary, served in this process: page, telephone, messenger."""

from __future__ import annotations

import asyncio
import csv
import random
import uuid
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from bot.app.conversations import Conversations
from bot.app.parts import Parts, open_site, running
from bot.dialogue.port import Reply
from bot.grid.importer import import_csv
from bot.settings import Settings
from bot.sound import numbers
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.web.app import make_app

#: no sentence of Gege's holds one of these characters
RARE = "龘靐齉爩鱻麤龗灪吁龖厵滟爨癵籱饢驫鲡鹂鸾"
STREETS = ("石桥路", "梅花巷", "枫林街")
#: a compound that stands in two grids: what is said of it leaves the manager open
SHARED = "凤凰城"
GRIDS = ("1", "2")


class Household:
    """One row of the registry, with what of it nobody else may hear."""

    def __init__(self, index: int) -> None:
        dice = random.Random(index)
        self.number = f"42118{73019 + index * 613}"
        self.holder = "王李张刘陈杨"[index % 6] + "".join(dice.sample(RARE, 2))
        self.phone = f"1880077{index:04d}"
        shared = index % 4 == 3
        half = (index // 4 if shared else index) % 2
        self.grid, self.community = GRIDS[half], ("东门社区", "西门社区")[half]
        self.compound = SHARED if shared else ""
        self.place = f"{index // 4 + 1}栋1单元101" if shared else f"{STREETS[index % 3]}{index + 11}号"
        self.tags = "vulnerable" if index % 2 else ""
        self.balance, self.months, self.kwh = -(300 + 7 * index + 0.4), 2 + index % 9, 37_119 + 13 * index

    @property
    def said(self) -> str:
        """The place as a resident says it."""
        return self.compound + self.place

    def row(self) -> list[str]:
        return [
            self.number, self.holder, self.phone, self.community, self.compound, self.place, f"龘区{self.grid}台变",
            "靐线路", self.grid, self.tags, f"{self.balance:.2f}", str(self.months), str(self.kwh),
        ]  # fmt: skip

    def money(self) -> set[str]:
        """How what it owes and used would be told."""
        from decimal import Decimal

        owed = Decimal(f"{-self.balance:.2f}")
        return {f"{owed}", numbers.money(owed), numbers.spoken(self.kwh), str(self.kwh)}

    def secrets(self) -> set[str]:
        """What only the registry knows of it."""
        return {self.number, self.holder, self.phone, self.holder[1:], self.number[-5:], *self.money()}


TOWN = [Household(index) for index in range(24)]
#: of everybody's: what staff read of any household
STAFF_WORDS = {
    "重点照顾",
    "台变",
    "靐线路",
    "欠费",
    "vulnerable",
    "工单",
    "GD2",
    "household_no",
    "confidence",
    "notifications",
}


def write_town(folder: Path) -> None:
    """The two files of the town, imported into a home: a real county, not the sample."""
    header = "household_no,householder,phone,community,compound,address,transformer,feeder,grid_no,tags,balance,months_owed,ytd_kwh"
    rows = [header.split(","), *(one.row() for one in TOWN)]
    with (folder / "households.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    staff = (
        "staff_no,name,role,phone,grid_nos,telegram_id,wecom,dingtalk\n"
        "M1,程远,manager,13700000001,1,,,\n"
        "M2,卢方,manager,13700000002,2,,,\n"
        "D1,值班,duty,13700000009,,,,\n"
    )
    (folder / "staff.csv").write_text(staff, "utf-8")
    database = open_site(Settings(home=folder))
    try:
        for name in ("staff.csv", "households.csv"):
            import_csv(database, folder / name)
    finally:
        database.dispose()


class Town:
    """The running service, and whoever speaks to it."""

    def __init__(self, home: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        self.home = home

    def open(self) -> Town:
        write_town(self.home)
        settings = Settings(home=self.home)

        async def begin() -> tuple[Parts, TestClient]:
            service = await self._stack.enter_async_context(running(settings, relay=False))
            app = make_app(
                service.dialogue, None, None, service.desk, service.registry, settings,
                sample=service.registry.is_sample,
            )  # fmt: skip
            return service, await self._stack.enter_async_context(TestClient(TestServer(app)))

        self.service, self.client = self.run(begin())
        self.desk = self.service.desk
        return self

    def close(self) -> None:
        self.run(self._stack.aclose())
        self._loop.close()

    def fresh(self) -> None:
        """Forget every conversation and report; the town stays."""
        self.run(Conversations(self.service, own=True).fresh())

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)

    def turn(self, channel: str, session: str, text: str, number: str = "") -> Reply:
        """A sentence by telephone, by messenger, or straight to the dialogue."""
        heard = Heard(uuid.uuid4().hex, session, text, caller=Caller.by(channel, number))
        reply: Reply = self.run(self.service.dialogue.turn(heard))
        return reply

    def web(self, session: str, text: str, number: str = "") -> dict[str, Any]:
        """A sentence on the page; the whole JSON."""

        async def post() -> dict[str, Any]:
            body = {"session": session, "text": text, "caller": number}
            async with self.client.post("/api/turn", json=body) as answer:
                assert answer.status == 200, await answer.text()
                found: dict[str, Any] = await answer.json()
                return found

        found: dict[str, Any] = self.run(post())
        return found

    def page(self, path: str) -> tuple[int, str]:
        async def get() -> tuple[int, str]:
            async with self.client.get(path) as answer:
                return answer.status, await answer.text()

        found: tuple[int, str] = self.run(get())
        return found

    def talk(self, channel: str, *turns: str, number: str = "", session: str = "") -> list[str]:
        """A conversation; everything that came back of each turn, as text."""
        session = session or uuid.uuid4().hex
        if channel == "web":
            return [str(self.web(session, text, number)) for text in turns]
        return [str(vars(self.turn(channel, session, text, number))["sentences"]) for text in turns]
