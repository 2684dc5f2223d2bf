"""公示牌: a notice board a grid, to print; it carries the bot's code, which names the grid before a word is said."""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.doors.devices import SignedIn
from bot.foundation import bodies
from bot.foundation.pictures import picture_kind
from bot.grid.location import PersonCard
from bot.grid.models import Role
from bot.grid.portraits import NoPortrait, Portraits
from bot.grid.registry import Registry
from bot.settings import Settings
from bot.tickets.labels import labels
from bot.tickets.owed.paging import EVERYWHERE
from bot.web.codes import code
from bot.web.desk.layout import Desk
from bot.web.forms import Form
from bot.web.pages import Pages

_pages = Pages("desk/boards.yml")
_SIZES = ("a4", "a3")


class BoardPages:
    """Handlers of one site."""

    def __init__(self, desk: Desk, registry: Registry, portraits: Portraits, settings: Settings) -> None:
        self._desk, self._registry = desk, registry
        self._portraits, self._settings = portraits, settings
        self._zone = ZoneInfo(settings.site.timezone)

    def routes(self) -> list[web.RouteDef]:
        mine = self._desk.open_to
        return [
            web.get("/desk/boards", mine(self.all)),
            web.get("/desk/boards/{grid_no}", mine(self.show)),
            web.post("/desk/boards/{grid_no}", mine(self.photo)),
            web.get("/desk/portraits/{staff_no}", mine(self.portrait)),
        ]

    async def all(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The grids that somebody serves, or all of them."""
        grids = [(no, person.name) for no, person in self._registry.managers() if _may(who, no)]
        return self._desk.page(request, who, _pages, "desk/boards.html", grids=grids)

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """One board, as it is printed."""
        grid_no = request.match_info["grid_no"]
        manager = self._manager(grid_no)
        if manager is None or not _may(who, grid_no):
            raise web.HTTPNotFound
        site, words = self._settings.site, _pages.words["board"]
        size = request.query.get("size", "a4")
        others = [
            (labels().role(role), f"{one.name} {one.phone}")
            for role in (Role.assistant, Role.supervisor)
            for one in self._registry.staff(grid_no, role)[:1]
        ]
        supervision = site.supervision_phone or site.station_phone
        lines = [
            *others, (words["national"], "95598"), (words["regulator"], "12398"), (words["supervision"], supervision),
            (site.station, site.station_phone),
        ]  # fmt: skip
        return self._desk.page(
            request, who, _pages, "desk/board.html", role=labels().role(Role.manager),
            site=site.name, grid=grid_no, manager=manager,
            size=size if size in _SIZES else "a4", phone=_spaced(manager.phone),
            serves="、".join(await asyncio.to_thread(self._registry.communities_of, grid_no)),
            photo=await asyncio.to_thread(self._portraits.has, manager.staff_no), lines=lines,
            bot=code(f"{self._settings.web.public_url.rstrip('/')}/?grid={grid_no}") if self._settings.web.public_url else "",
            pay=code(site.pay_url) if site.pay_url else "",
        )  # fmt: skip

    async def photo(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The manager's own photograph, by themselves or by the desk."""
        grid_no = request.match_info["grid_no"]
        manager = self._manager(grid_no)
        if manager is None or not (who.role in EVERYWHERE or who.staff_no == manager.staff_no):
            raise web.HTTPForbidden
        await self._desk.form(request, who, Form)
        sent = (await bodies.form(request)).get("photo")
        data = sent.file.read() if isinstance(sent, web.FileField) else b""
        told = "kept"
        try:
            await asyncio.to_thread(self._portraits.keep, manager.staff_no, data)
        except NoPortrait:
            told = "no_picture"
        raise self._desk.on(f"/desk/boards/{grid_no}", _pages.words["told"][told])

    async def portrait(self, request: web.Request, _who: SignedIn) -> web.StreamResponse:
        """Somebody's photograph; it hangs in every stairwell."""
        data = await asyncio.to_thread(self._portraits.read, request.match_info["staff_no"])
        if data is None:
            raise web.HTTPNotFound
        kind = "image/png" if picture_kind(data) == "png" else "image/jpeg"
        return web.Response(body=data, content_type=kind, headers={"Cache-Control": "private, max-age=60"})

    def _manager(self, grid_no: str) -> PersonCard | None:
        return next(iter(self._registry.staff(grid_no, Role.manager)), None)


def _may(who: SignedIn, grid_no: str) -> bool:
    return who.role in EVERYWHERE or grid_no in who.grids


def _spaced(number: str) -> str:
    """A mobile number in groups that can be read from two metres: 139 0715 0024."""
    return f"{number[:3]} {number[3:7]} {number[7:]}" if len(number) == 11 and number.isdecimal() else number
