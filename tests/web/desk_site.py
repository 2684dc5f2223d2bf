"""The whole desk as `gege serve` wires it, in an invented county, for stories and pictures; only the dialogue is a double."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyotp
from sqlalchemy import select

from bot.app.pages_alone import pages_alone
from bot.app.parts import Parts, area_code_of
from bot.chat.store import ChatShelf
from bot.database import Database, now
from bot.doors.passwords import Passwords
from bot.foundation.background import Backgrounds
from bot.foundation.lateness import Lateness
from bot.grid.models import GridStaff, Household, Role, Staff
from bot.grid.present import Present
from bot.grid.registry import Registry
from bot.notify.links import Links, site_key
from bot.notify.provider import Message
from bot.notify.relay import Relay
from bot.notify.taken import Taken
from bot.replicas.place import ALONE
from bot.settings import NotifySettings, Settings, WebSettings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.spool import Spool
from bot.tickets.intake.unclear import ForAPerson
from bot.tickets.rules import rules_of
from bot.voice.repertoire import Repertoire
from tests.voice.doubles import ScriptedDialogue

PASSWORD = "江南四月的雨水多得很"


@dataclass
class Telephones:
    """A messenger that takes everything: what stands on people's telephones."""

    name: str = "console"
    trusted: bool = False
    per_minute: None = None
    messages: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        self.messages.append(message)


@dataclass
class DeskSite:
    """A county with its desk, at `url`."""

    url: str
    parts: Parts
    telephones: Telephones

    @property
    def desk(self) -> TicketDesk:
        return self.parts.desk

    @property
    def database(self) -> Database:
        return self.parts.database

    def manager(self) -> tuple[str, str]:
        """(staff number, grid) of the first grid's manager."""
        with self.database.reading() as session:
            found = session.execute(
                select(GridStaff.staff_no, GridStaff.grid_no)
                .join(Staff, Staff.staff_no == GridStaff.staff_no)
                .where(Staff.role == Role.manager)
                .order_by(GridStaff.grid_no, GridStaff.staff_no)
            ).first()
        assert found is not None
        return found[0], found[1]

    def someone(self, role: Role) -> str:
        """The first person of a role."""
        with self.database.reading() as session:
            return (
                session.scalars(select(Staff.staff_no).where(Staff.role == role).order_by(Staff.staff_no)).first() or ""
            )

    def homes(self, grid_no: str = "") -> Sequence[Household]:
        """The households of a grid, or of all, one a door, transformer area by transformer area."""
        with self.database.reading() as session:
            wanted = select(Household).order_by(Household.transformer_id, Household.household_no)
            found = session.scalars(wanted.where(Household.grid_no == grid_no) if grid_no else wanted)
            return list({(one.community_id, one.compound, one.address): one for one in found}.values())

    def report(
        self, home: Household, kind: str = "outage", said: str = "我屋里停电了", ago: float = 3, **more: Any
    ) -> str:
        """A report by telephone from a household, so many minutes ago; → its number."""
        caller = Caller.by("phone", f"139{home.household_no[-8:]:0>8}")
        report = Report(
            kind, said, f"{home.household_no}-{kind}-{ago}", caller, place=f"{home.compound}{home.address}",
            householder=home.householder, household_no=home.household_no, grid_no=home.grid_no, **more,
        )  # fmt: skip
        return self.desk.report(report, now() - dt.timedelta(minutes=ago)).ticket_no

    async def link(self, staff_no: str, label: str = "看详情") -> str:
        """The link under a button of the last message to somebody of the staff that has it."""
        await self.parts.relay.deliver_due(now())
        mine = [one.buttons for one in self.telephones.messages if one.staff_no == staff_no]
        return [button.url for buttons in mine for button in buttons if button.label == label][-1]

    def give_password(self, staff_no: str) -> pyotp.TOTP:
        """Somebody has set PASSWORD a while ago; → what their telephone makes codes with."""
        earlier = now() - dt.timedelta(minutes=5)
        passwords = Passwords(self.database, self.parts.key, "崇阳供电", lambda: earlier)
        second = passwords.begin(staff_no)
        totp = pyotp.TOTP(second.secret)
        passwords.set(staff_no, PASSWORD, second.secret, totp.at(earlier))
        return totp

    async def sign_in(self, page: Any, staff_no: str) -> None:
        """By number, password and the six figures of a telephone."""
        totp = await asyncio.to_thread(self.give_password, staff_no)
        await page.goto("/desk/sign-in")
        await page.fill("[name=staff_no]", staff_no)
        await page.fill("[name=password]", PASSWORD)
        await page.fill("[name=code]", totp.at(now()))
        await page.click("main button")


@asynccontextmanager
async def desk_site(home: Path, database: Database) -> AsyncIterator[DeskSite]:
    """The desk of a home whose database holds a county."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(
        home=home, web=WebSettings(public_url=f"http://127.0.0.1:{port}"), notify=NotifySettings(providers=["console"])
    )
    registry = await asyncio.to_thread(Registry.load, database, area_code_of(settings))
    key, rules = site_key(home), rules_of(settings)
    links = Links(key, database, settings.web.public_url)
    telephones = Telephones()
    relay = Relay(database, {telephones.name: telephones}, settings.notify, links=links, zone=rules.hours.zone)
    desk = TicketDesk(database, relay.nudge, rules)
    intake = ForAPerson(desk, registry)
    parts = Parts(
        settings=settings, database=database, registry=registry, rules=rules, key=key, links=links,
        present=Present(registry), chats=ChatShelf(database, home), repertoire=Repertoire(settings.site, database),
        relay=relay, desk=desk, intake=intake, spool=Spool(home, intake), dialogue=ScriptedDialogue([]),
        backgrounds=Backgrounds(), owner=ALONE, lateness=Lateness(), taken=Taken(home / "run" / "taken"),
    )  # fmt: skip
    try:
        async with pages_alone(parts, port) as url:
            yield DeskSite(url, parts, telephones)
    finally:
        await parts.backgrounds.stop()
        await relay.close()


def an_evening(site: DeskSite, dice: random.Random) -> None:
    """Reports as an evening brings them: a street without power, a danger, everyday matters; some are taken."""
    manager, grid = site.manager()
    homes = site.homes(grid)
    said = {
        "breaker_fault": "漏保总是跳，合不上", "pricing": "这个月电费怎么这么多", "care": "我一个人在屋里，灯坏了换不了",
        "indoor_repair": "插座冒黑了，不敢用", "complaint": "讲了三天没人来", "arrears": "我交了钱怎么还没有电",
    }  # fmt: skip
    for number, home in enumerate(homes[:9]):
        site.report(home, said="屋里一下子黑了，隔壁也没有", ago=40 - 3 * number)
    for number, kind in enumerate(said):
        taken = site.report(homes[40 + 7 * number], kind, said[kind], ago=dice.uniform(10, 100))
        if number % 2:
            site.desk.acknowledge(taken, manager, now() - dt.timedelta(minutes=6))
    site.report(homes[80], "hazard", "电线断了掉在路上，还在冒火", ago=4, urgent=True)
