"""The whole desk as it is put together for a site, in a county of two grids where one household's words are canaries."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.app.staff_side import staff_side
from bot.chat.store import ChatShelf
from bot.database import Database
from bot.doors.devices import Devices
from bot.grid.importer import import_csv
from bot.grid.models import Staff
from bot.grid.registry import Registry
from bot.notify.links import Links
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.voice.call_log import CallLog
from bot.voice.events import CallEnded, CallStarted
from bot.voice.record import CallStory, TurnStory
from bot.web import assets
from bot.web.guard import guard
from bot.web.signing_in import COOKIE
from tests.postgres import site_database
from tests.web.two_grids import KEY

#: what nobody but grid 24 and the station may read: householder, place, telephone, 户号, what was said
CANARIES = ("金丝雀", "雀巢巷", "13971824024", "4200000024", "雀语")
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
_STAFF = """staff_no,name,role,phone,grid_nos,telegram_id,wecom,dingtalk
M24,归程,manager,13907150024,24,,,
M25,望舒,manager,13907150025,25,,,
A24,阿助,assistant,13907150026,24,,,
C1,抢修一,crew,13907150030,,,,
T1,班长,team,13907150033,,,,
D1,值班,duty,13907150031,,,,
X1,管理,admin,13907150034,,,,
S24,主任,supervisor,13907150032,24,,,
L24,走了,assistant,13907150035,24,,,
"""
_HOUSEHOLDS = """household_no,householder,phone,community,compound,address,transformer,feeder,grid_no,tags,balance,months_owed,ytd_kwh
4200000024,金丝雀,13971824024,雀社区,雀巢巷,12号,甲台区,城一线,24,,0,0,100
4200000025,望家,13971825025,望社区,望舒苑,3号,乙台区,城二线,25,,0,0,100
"""


@dataclass
class WholeDesk:
    """One site behind its real guard; a browser of one of the staff is a client with that device's cookie."""

    client: TestClient[web.Request, web.Application]
    database: Database
    tickets: TicketDesk
    devices: Devices
    links: Links
    routes: list[tuple[str, str]]
    #: a case of grid 24 with a call, a picture, a household; one of grid 25
    case: str
    other: str
    home: Path

    def browser(self, staff_no: str = "", way: str = "asked") -> Browser:
        """A browser that somebody is signed in on; nobody's without a number."""
        key = self.devices.admit(staff_no, "测试机", way) if staff_no else ""
        who = self.devices.of(key) if key else None
        return Browser(self.client, key, who.csrf if who else "")


@dataclass(frozen=True)
class Browser:
    client: TestClient[web.Request, web.Application]
    key: str
    csrf: str

    async def ask(self, method: str, path: str, data: Any = None, **headers: str) -> tuple[int, str, str]:
        """→ (status, headers, body); the body of what never ends is empty."""
        sent = {"Accept": "text/html", **headers}
        if self.key:
            sent["Cookie"] = f"{COOKIE}={self.key}"
        self.client.session.cookie_jar.clear()
        async with self.client.request(method, path, data=data, headers=sent, allow_redirects=False) as answer:
            told = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
            endless = answer.content_type == "text/event-stream"
            return answer.status, told, "" if endless else (await answer.read()).decode("utf-8", "replace")

    async def post(self, path: str, **fields: Any) -> tuple[int, str, str]:
        """A form of ours."""
        return await self.ask("POST", path, {"csrf": self.csrf, **fields})


@asynccontextmanager
async def whole_desk(tmp_path: Path, public_url: str = "https://gege.example") -> AsyncIterator[WholeDesk]:
    database = site_database(tmp_path)
    for name, text in (("households.csv", _HOUSEHOLDS), ("staff.csv", _STAFF)):
        (tmp_path / name).write_text(text, "utf-8")
        import_csv(database, tmp_path / name)
    settings = Settings(home=tmp_path)
    settings = settings.model_copy(update={"web": settings.web.model_copy(update={"public_url": public_url})})
    registry, tickets, shelf = Registry.load(database), TicketDesk(database), ChatShelf(database, tmp_path)
    links = Links(KEY, database, public_url)
    parts = SimpleNamespace(
        settings=settings, database=database, registry=registry, key=KEY, links=links, chats=shelf, desk=tickets,
        relay=SimpleNamespace(in_groups=False), backgrounds=SimpleNamespace(start=lambda _loop: None), earlier=(),
    )  # fmt: skip
    side = staff_side(parts, None)  # type: ignore[arg-type]
    app = web.Application(middlewares=[guard(("gege.example",)), side.sign_in.middleware])
    app.router.add_routes([*side.routes, *assets.routes()])
    app.on_shutdown.append(side.close)
    case = _case(tickets, database, "24", CANARIES)
    other = tickets.report(Report("outage", "停电了", "s25", Caller.by("phone", "13971825025"), grid_no="25")).ticket_no
    shelf.keep_picture("", case, PNG, "M24")
    devices = Devices(database)
    async with TestClient(TestServer(app)) as client:
        routes = [(one.method, str(one.path)) for one in side.routes]
        yield WholeDesk(client, database, tickets, devices, links, routes, case, other, tmp_path)
    database.dispose()


def _case(tickets: TicketDesk, database: Database, grid_no: str, words: tuple[str, ...]) -> str:
    name, place, phone, household_no, said = words
    report = Report(
        "outage", said, "call-1", Caller.by("phone", phone), place=place, householder=name, household_no=household_no,
        grid_no=grid_no,
    )  # fmt: skip
    number = tickets.report(report).ticket_no
    story = CallStory(
        "call-1", phone, "0715-1", greeting=["您好。"], turns=[TurnStory(said, said=["记下了。"])], ticket_no=number
    )
    story.outcome, story.seconds = "goodbye", 3.0
    log = CallLog(database)
    log(CallStarted("call-1", phone, "0715-1", ""))
    log(CallEnded("call-1", "audiosocket", story))
    log.close()
    return number


def leave(desk: WholeDesk, staff_no: str) -> None:
    """Somebody has left, whose device nobody put out."""
    with desk.database.session() as session:
        session.get_one(Staff, staff_no).role = "left"


def workbook(rows: list[list[Any]]) -> bytes:
    """An xlsx of one sheet."""
    from openpyxl import Workbook

    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()
