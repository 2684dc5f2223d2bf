"""导入导出: a file is looked at first and imported whole or not at all; tables go out with 户号 as text and nothing that runs."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from bot.database import Database, now
from bot.doors.devices import SignedIn
from bot.doors.looks import EXPORT, Looks
from bot.foundation import bodies
from bot.grid.exporting import households, staff
from bot.grid.importer import Examined, column_names, examine, rows_of_table, take
from bot.grid.models import Role
from bot.grid.problems import TOLD, ImportRefused, Problem
from bot.grid.registry import Registry
from bot.statistics.sheets import Cell, Sheet
from bot.tickets.desk import TicketDesk
from bot.tickets.labels import labels
from bot.tickets.outside import OUTSIDE_NO, Outside, OutsideRefused, OutsideTicket
from bot.web.desk.files import workbook
from bot.web.desk.layout import Desk
from bot.web.forms import Form
from bot.web.outside_api import found_in
from bot.web.pages import Pages

_pages = Pages("desk/imports.yml")
KEEPS = (Role.duty, Role.admin)
#: a file that was looked at is kept so long (s), and so many of them
_KEPT_S, _MOST = 900.0, 8
_MOST_TICKETS = 20_000
#: names that 95598's tables give to a column
_OUTSIDE = {
    "number": ("工单编号", "95598单号", "单号", "工单号"), "said": ("受理内容", "内容", "诉求内容", "描述"),
    "sort": ("业务类型", "类型", "一级分类"), "place": ("用电地址", "地址", "地点"), "household_no": ("户号", "用户编号", "客户编号"),
    "phone": ("联系电话", "来电号码", "电话"),
}  # fmt: skip


class _Take(Form):
    token: Annotated[str, Field(max_length=64)] = ""


@dataclass
class _Kept:
    at: float
    device: int
    examined: Examined


class ImportPages:
    """Handlers of one site."""

    def __init__(
        self, desk: Desk, database: Database, registry: Registry, tickets: TicketDesk, zone: ZoneInfo,
        clock: Callable[[], dt.datetime] = now,
    ) -> None:  # fmt: skip
        self._desk, self._database = desk, database
        self._registry, self._tickets, self._zone, self._clock = registry, tickets, zone, clock
        self._outside, self._looks = Outside(database, tickets), Looks(database)
        self._kept: dict[str, _Kept] = {}

    def routes(self) -> list[web.RouteDef]:
        keeps = self._desk.open_to
        return [
            web.get("/desk/imports", keeps(self.show, *KEEPS)),
            web.post("/desk/imports", keeps(self.look, *KEEPS)),
            web.post("/desk/imports/take", keeps(self.take, *KEEPS)),
            web.post("/desk/imports/95598", keeps(self.outside, *KEEPS)),
            web.get("/desk/exports/{name}.xlsx", keeps(self.export, *KEEPS)),
        ]

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """What can come in and go out."""
        return self._page(request, who)

    async def look(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Read a file and say what is in it; nothing is changed."""
        name, data = await self._file(request, who)
        if not data:
            return self._page(request, who, wrong=_pages.words["nothing"], status=400)
        try:
            it = await asyncio.to_thread(examine, self._database, name, data)
        except ImportRefused as refused:
            return self._page(request, who, wrong=_pages.words["unreadable"], problems=refused.problems, status=400)
        if it.problems:
            return self._page(request, who, examined=it, problems=it.problems, status=400)
        return self._page(request, who, examined=it, token=self._keep(it, who))

    async def take(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Import what was looked at."""
        form, words = await self._desk.form(request, who, _Take), _pages.words
        kept = self._kept.pop(form.token, None)
        if kept is None or kept.device != who.device_id or time.monotonic() - kept.at > _KEPT_S:
            raise self._desk.on("/desk/imports", words["gone"])
        report = await asyncio.to_thread(take, self._database, kept.examined)
        await asyncio.to_thread(self._registry.follow)
        done = words["done_map" if report.kind == "map" else "done"].format(
            kind=words["kinds"][report.kind], rows=report.rows
        )
        raise self._desk.on("/desk/imports", done)

    async def outside(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Tickets that 95598 handed down."""
        name, data = await self._file(request, who)
        try:
            wanted = await asyncio.to_thread(outside_tickets, name, data)
            fresh, known = await asyncio.to_thread(self._take_outside, wanted)
        except ImportRefused as refused:
            return self._page(request, who, wrong=_pages.words["unreadable"], problems=refused.problems, status=400)
        raise self._desk.on("/desk/imports", _pages.words["outside_done"].format(fresh=fresh, known=known))

    async def export(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """A table to take away."""
        make = {
            "households": self._households,
            "staff": self._staff,
            "tickets": self._ticket_sheet,
            "95598": self._answers,
        }
        name = request.match_info["name"]
        if name not in make:
            raise web.HTTPNotFound
        await asyncio.to_thread(self._looks.note, who, EXPORT, name)
        day = self._clock().astimezone(self._zone).strftime("%Y%m%d")
        return await workbook(f"gege-{name}-{day}", lambda: [make[name]()])

    # ---- files ----------------------------------------------------------------------------------

    async def _file(self, request: web.Request, who: SignedIn) -> tuple[str, bytes]:
        await self._desk.form(request, who, Form)
        sent = (await bodies.form(request)).get("file")
        if not isinstance(sent, web.FileField):
            return "", b""
        return sent.filename[:80], await asyncio.to_thread(sent.file.read)

    def _keep(self, examined: Examined, who: SignedIn) -> str:
        for token in [token for token, one in self._kept.items() if time.monotonic() - one.at > _KEPT_S]:
            del self._kept[token]
        while len(self._kept) >= _MOST:
            del self._kept[next(iter(self._kept))]
        token = secrets.token_urlsafe(24)
        self._kept[token] = _Kept(time.monotonic(), who.device_id, examined)
        return token

    def _page(
        self, request: web.Request, who: SignedIn, *, wrong: str = "", examined: Examined | None = None,
        problems: Sequence[Problem] = (), token: str = "", status: int = 200,
    ) -> web.Response:  # fmt: skip
        words = _pages.words
        counts = ""
        if examined is not None:
            counts = words["counts_map" if examined.kind == "map" else "counts"].format(
                kind=words["kinds"][examined.kind], rows=len(examined.rows), fresh=examined.fresh, known=examined.known
            )
        return self._desk.page(
            request, who, _pages, "desk/imports.html", status, wrong=wrong, counts=counts, token=token,
            empty=words["empty_grids"].format(grids="、".join(examined.empty_grids[:TOLD])) if examined and examined.empty_grids else "",
            problems=[
                (words["problem"][one.unit].format(line=one.line), _column(one.column), reason(one.reason))
                for one in problems[:200]
            ], count=len(problems),
        )  # fmt: skip

    # ---- blocking -------------------------------------------------------------------------------

    def _take_outside(self, wanted: Iterable[OutsideTicket]) -> tuple[int, int]:
        fresh = known = 0
        for one in wanted:
            try:
                _, new = self._outside.take(one, *found_in(self._registry, one))
            except OutsideRefused:
                continue
            fresh, known = fresh + new, known + (not new)
        return fresh, known

    def _households(self) -> Sheet:
        return Sheet(_pages.words["sheets"]["households"], *_columns(households(self._database)))

    def _staff(self) -> Sheet:
        return Sheet(_pages.words["sheets"]["staff"], *_columns(staff(self._database)))

    def _ticket_sheet(self) -> Sheet:
        found = self._tickets.tickets(limit=_MOST_TICKETS)
        return Sheet(
            _pages.words["sheets"]["tickets"], _pages.words["ticket_columns"], [self._row(one, {}) for one in found]
        )

    def _answers(self) -> Sheet:
        rows = [self._row(one.ticket, one.times) for one in self._outside.answers()]
        return Sheet(_pages.words["outside"], _pages.words["ticket_columns"], rows)

    def _row(self, one: Any, times: Any) -> list[Cell]:
        moments = [self._when(times[name]) if name in times else "" for name in ("acknowledged", "on_site", "resolved")]
        return [
            one.ticket_no, str(one.facts.get(OUTSIDE_NO, "")), labels().kind(one.kind), labels().state(one.state),
            one.grid_no or "", one.household_no or "", one.householder, one.place, one.reporter, one.said, one.owner_name,
            self._when(one.opened_at), *moments,
        ]  # fmt: skip

    def _when(self, at: dt.datetime) -> str:
        return at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M")


def outside_tickets(name: str, data: bytes) -> list[OutsideTicket]:
    """The tickets of a table of 95598's. Raises ImportRefused."""
    rows = rows_of_table(name, data)
    for at, (_, head) in enumerate(rows[:8]):
        columns = {
            field: next((n for n, cell in enumerate(head) if cell.strip() in names), None)
            for field, names in _OUTSIDE.items()
        }
        if columns["number"] is not None and columns["said"] is not None:
            return [OutsideTicket(**_cells(cells, columns)) for _, cells in rows[at + 1 :]]
    raise ImportRefused(name, [Problem(1, "", "there is no header")])


def _cells(cells: Sequence[str], columns: Mapping[str, int | None]) -> dict[str, Any]:
    return {field: cells[n].strip() if n is not None and n < len(cells) else "" for field, n in columns.items()}


def reason(english: str) -> str:
    """Why a cell is not taken, as staff read it."""
    for pattern, chinese in _reasons():
        if found := pattern.fullmatch(english):
            return chinese.format(*found.groups())
    return english


@cache
def _reasons() -> list[tuple[re.Pattern[str], str]]:
    return [(re.compile(pattern), chinese) for pattern, chinese in _pages.words["reasons"]]


def _column(name: str) -> str:
    """What a table calls a column: the first name that an import knows it by."""
    return column_names().get(name, name)


def _columns(table: tuple[Sequence[str], Iterable[Sequence[Cell]]]) -> tuple[list[str], Iterable[Sequence[Cell]]]:
    names, rows = table
    return [_column(name) for name in names], rows
