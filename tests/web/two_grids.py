"""Two grids and their people, and somebody who signs in with a link."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from bot.app.staff_side import keep_picture
from bot.calling.call_backs import CallBacks
from bot.chat.store import ChatShelf
from bot.database import Database
from bot.doors.looks import Looks
from bot.doors.models import Device
from bot.grid.models import Grid, GridStaff, Staff
from bot.grid.registry import Registry
from bot.notify.links import Links, Purpose
from bot.settings import Settings
from bot.tickets.desk import TicketDesk
from bot.web import assets
from bot.web.desk.layout import Desk
from bot.web.desk.offline import OfflinePages
from bot.web.desk.ticket import TicketPage
from bot.web.desk.ticket_more import TicketMore
from bot.web.desk.told import Told
from bot.web.guard import guard
from bot.web.message_links import MessageLinks
from bot.web.signing_in import SignIn
from bot.web.staff import StaffPages

KEY = bytes(range(32))
_PEOPLE = {
    "M24": ("归程", "manager"),
    "M25": ("望舒", "manager"),
    "S24": ("主任", "supervisor"),
    "D1": ("值班", "duty"),
}


def two_grids(database: Database, **more: tuple[str, str]) -> None:
    """Grids 24 and 25 with a manager each (M24, M25), the supervisor of 24 (S24), the duty desk (D1); `more`: name and
    role of further people without a grid."""
    people = {**_PEOPLE, **more}
    with database.session() as session:
        session.add_all([Grid(grid_no="24"), Grid(grid_no="25")])
        session.add_all(Staff(staff_no=no, name=name, role=role, phone="139") for no, (name, role) in people.items())
        session.flush()
        session.add_all(GridStaff(grid_no=no[1:], staff_no=no) for no in ("M24", "M25", "S24"))


def csrf_of(page: str) -> str:
    """The word that a page's forms carry; empty where it has none."""
    return page.partition('name="csrf" value="')[2].partition('"')[0]


@dataclass
class StaffSite:
    """A site, seen by whoever signed in last."""

    client: TestClient[web.Request, web.Application]
    links: Links
    desk: TicketDesk
    database: Database

    async def get(self, path: str) -> tuple[int, str]:
        response = await self.client.get(path, allow_redirects=False)
        return response.status, await response.text(errors="replace")

    async def form(self, path: str, **fields: str) -> tuple[int, str]:
        """A form of the desk's, posted and followed."""
        with self.database.reading() as session:
            csrf = session.scalars(select(Device.csrf).order_by(Device.id.desc())).first()
        answer = await self.client.post(path, data={"csrf": str(csrf), **fields})
        return answer.status, await answer.text()

    async def enter(self, page: Any, staff_no: str) -> None:
        """The same in a real browser's page."""
        await page.goto(f"/t/{self.links.token(Purpose.sign_in, '', staff_no)}")
        await page.click("button")

    async def sign_in(self, staff_no: str) -> None:
        link = f"/t/{self.links.token(Purpose.sign_in, '', staff_no)}"
        response = await self.client.post(link, allow_redirects=False)
        assert (response.status, response.headers["Location"]) == (303, "/desk")


def frame_of(sign_in: SignIn) -> Desk:
    """What the pages of a site stand in."""
    return Desk(sign_in, Told(KEY))


def staff_app(
    database: Database,
    registry: Registry,
    desk: TicketDesk,
    sign_in: SignIn,
    *routes: web.RouteDef,
    personal: bool = True,
) -> web.Application:
    """The pages of `routes` with the links that lead to them, and the sessions that both need. Signing in leads to the
    desk: where it is not among them, an empty page stands for it."""
    app = web.Application(middlewares=[guard(()), sign_in.middleware])
    links = MessageLinks(desk, registry, Links(KEY, database), sign_in, ZoneInfo("Asia/Shanghai"), personal=personal)
    app.router.add_routes([*links.routes(), *assets.routes(), *OfflinePages().routes(), *routes])
    if not any(route.path == "/desk" for route in routes):
        app.router.add_get("/desk", _empty)
    return app


async def _empty(request: web.Request) -> web.Response:
    return web.Response(text='<!doctype html><link rel="icon" href="/static/icon.svg">', content_type="text/html")


def ticket_routes(
    database: Database, desk: TicketDesk, registry: Registry, sign_in: SignIn, settings: Settings,
    shelf: ChatShelf | None = None, call_backs: CallBacks | None = None,
) -> list[web.RouteDef]:  # fmt: skip
    """One ticket: its page, and what belongs to it (sound, pictures, ringing)."""
    shelf, frame = shelf or ChatShelf(database, settings.home), frame_of(sign_in)
    files = StaffPages(
        desk, registry, sign_in, Looks(database), settings, shelf.pictures, shelf.sounds, call_backs=call_backs
    )
    page = TicketPage(
        frame, database, desk, registry, Looks(database), settings, pictures=shelf.pictures,
        sounds=shelf.sounds, keep_picture=partial(keep_picture, shelf),
    )  # fmt: skip
    return [*files.routes(), *page.routes(), *TicketMore(frame, desk).routes()]
