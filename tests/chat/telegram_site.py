"""A site on Telegram for tests: a double of the server, a scripted dialogue, real tickets in SQLite."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest_asyncio
import soundfile
from sqlalchemy import select

from bot.bench.doubles.telegram import TelegramServer, telegram_server
from bot.chat.awaited_word import Waiting
from bot.chat.inbox import Inbox
from bot.chat.models import OwedAnswer
from bot.chat.outgoing import Outgoing
from bot.chat.residents import Residents
from bot.chat.staff import StaffChat
from bot.chat.store import ChatShelf
from bot.chat.takeover import Takeovers
from bot.chat.telegram import TelegramChat
from bot.database import Database
from bot.dialogue.port import Reply, Understanding
from bot.foundation.backoff import Backoff
from bot.grid.models import Grid, GridStaff, Staff
from bot.grid.registry import Registry
from bot.notify.links import Links
from bot.settings import Settings
from bot.settings.accounts import TelegramAccount
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.tickets.models import Ticket
from tests.postgres import site_database
from tests.voice.doubles import ScriptedRecogniser

RESIDENT, MANAGER, ASSISTANT, STRANGER = 501, 601, 602, 999
#: an AMR file that no machine can play: byte 6 begins no frame
AMR = b"#!AMR\n" + b"\x4c" * 200
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64


def photo(size: int = 72, file: str = "p1") -> list[dict[str, object]]:
    return [{"file_id": file, "file_unique_id": "u", "width": 1, "height": 1, "file_size": size}]


@dataclass
class Site:
    server: TelegramServer
    desk: TicketDesk
    shelf: ChatShelf
    database: Database
    heard: list[Heard]
    home: Path
    registry: Registry
    dialogue: Dialogue
    chat: TelegramChat = field(init=False)
    recogniser: ScriptedRecogniser = field(default_factory=lambda: ScriptedRecogniser(["我屋里停电了"]))
    #: empty: we fetch
    webhook: str = ""
    _running: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    @property
    def links(self) -> Links:
        return Links(bytes(32), self.database, "https://gege.example")

    async def start(self) -> None:
        """The service comes up."""
        listening = _listening(self)
        await self._running.enter_async_context(listening)

    async def settled(self) -> None:
        """Wait until everything that was owed has been shown and marked."""
        async with asyncio.timeout(20):
            while await asyncio.to_thread(self._owed):
                await asyncio.sleep(0.02)

    def _owed(self) -> bool:
        with self.database.reading() as session:
            return session.scalar(select(OwedAnswer.id).limit(1)) is not None

    async def kill(self) -> None:
        """The service is gone, with everything that it had in memory."""
        await self._running.aclose()

    def ticket(self, channel: str = "telegram") -> str:
        return self.desk.report(
            Report("outage", "停电了", f"telegram:{RESIDENT}", Caller.by(channel, str(RESIDENT)), grid_no="24")
        ).ticket_no

    def tickets(self) -> list[Ticket]:
        with self.database.reading() as session:
            return list(session.scalars(select(Ticket).order_by(Ticket.id)))


@dataclass
class Dialogue:
    """Says what it heard; 停电 makes a ticket."""

    site_heard: list[Heard]
    desk: TicketDesk
    #: the next turns never end, as when the machine dies while it thinks
    stuck: bool = False
    #: this many turns fail
    broken: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def parse(self, text: str, alternatives: tuple[str, ...] = (), question: str = "") -> Understanding:
        return Understanding(text, "report_hazard" if "冒烟" in text else "inform", 0.9, False)

    async def turn(self, heard: Heard) -> Reply:
        self.begun.set()
        if self.stuck:
            await asyncio.Event().wait()
        if self.broken:
            self.broken -= 1
            raise OSError("the database is locked")
        self.site_heard.append(heard)
        meaning = Understanding(heard.text, "report_outage", 0.9, False)
        if "冒烟" in heard.text:
            danger = Report(
                "hazard",
                heard.text,
                heard.session,
                heard.caller,
                utterance_id=heard.id,
                urgent=True,
            )
            number = self.desk.report(danger).ticket_no
            return Reply(("离远些。", "在哪里?"), meaning, ticket_no=number, detail={"asks": "place"})
        if "停电" not in heard.text:
            return Reply((f"听到:{heard.text}",), meaning)
        report = Report(
            "outage",
            heard.text,
            heard.session,
            heard.caller,
            utterance_id=heard.id,
            grid_no=heard.dialled.removeprefix("grid_") or None,
        )
        return Reply(("记下了。",), meaning, ticket_no=self.desk.report(report).ticket_no)


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    database = site_database(tmp_path)
    with database.session() as session:
        session.add_all([Grid(grid_no="24"), Grid(grid_no="25")])
        session.add(Staff(staff_no="M24", name="程归", role="manager", phone="1", telegram_id=str(MANAGER)))
        session.add(Staff(staff_no="A24", name="易来", role="assistant", phone="2", telegram_id=str(ASSISTANT)))
        session.add(Staff(staff_no="S24", name="主任", role="supervisor", phone="3"))
        session.add(Staff(staff_no="D1", name="值班", role="duty", phone="4"))
        session.flush()
        session.add_all(GridStaff(grid_no="24", staff_no=one) for one in ("M24", "A24", "S24"))
    desk, shelf, registry = TicketDesk(database), ChatShelf(database, tmp_path), Registry.load(database)
    heard: list[Heard] = []
    async with telegram_server() as server:
        site = Site(server, desk, shelf, database, heard, tmp_path, registry, Dialogue(heard, desk))
        await site.start()
        yield site
        await site.kill()
    database.dispose()


@contextlib.asynccontextmanager
async def _listening(site: Site) -> AsyncIterator[None]:
    recogniser = site.recogniser
    settings, takeovers = Settings(home=site.home), Takeovers(site.database, dt.timedelta(minutes=30))
    residents = Residents(site.dialogue, site.desk, site.shelf, recogniser, settings, takeovers)  # type: ignore[arg-type]
    staff = StaffChat(
        site.desk, site.registry, site.links, ZoneInfo("Asia/Shanghai"), Waiting(site.database), site.shelf, takeovers
    )
    url = site.server.url
    account = TelegramAccount(token="1:a", base_url=url + "/bot", base_file_url=url + "/file/bot", webhook=site.webhook)
    outgoing = Outgoing(site.database, again=Backoff(0.05, 60.0))
    chat = TelegramChat(account, residents, staff, site.shelf, Inbox(site.database, "telegram"), outgoing, poll_s=0)
    site.chat = chat
    running = asyncio.create_task(chat.run())
    await outgoing.start()
    try:
        yield
    finally:
        await outgoing.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def voice_note() -> bytes:
    sound = io.BytesIO()
    tone = 0.3 * np.sin(np.linspace(0, 2000, 32000))
    soundfile.write(sound, tone, 16000, format="OGG", subtype="OPUS")
    return sound.getvalue()
