"""排班请假: who is away and who stands in, a month at a glance; and adding or changing somebody of the staff."""

from __future__ import annotations

import asyncio
import calendar
import csv
import datetime as dt
import io
from collections.abc import Callable
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from bot.database import Database, now
from bot.doors.devices import SignedIn
from bot.foundation.local_time import next_month, read_month
from bot.grid.exporting import STAFF, staff
from bot.grid.importer import examine, take
from bot.grid.leave import LeaveRefused, come_back, leaves_in, write_leave
from bot.grid.models import Role
from bot.grid.problems import ImportRefused
from bot.grid.registry import Registry
from bot.tickets.labels import labels
from bot.web.desk.imports import reason
from bot.web.desk.layout import Desk
from bot.web.forms import Form
from bot.web.pages import Pages

_pages = Pages("desk/roster.yml")
KEEPS = (Role.duty, Role.admin)


#: nobody's leave lies further off, and calendars end
Day = Annotated[dt.date, Field(ge=dt.date(2000, 1, 1), le=dt.date(2099, 12, 31))]


class _Leave(Form):
    who: Annotated[str, Field(max_length=40)] = ""
    stands_in: Annotated[str, Field(max_length=40)] = ""
    begins: Day
    ends: Day


class _Back(Form):
    who: Annotated[str, Field(max_length=40)]


class _Person(Form):
    staff_no: Annotated[str, Field(max_length=40)] = ""
    name: Annotated[str, Field(max_length=80)] = ""
    role: Annotated[str, Field(max_length=20)] = ""
    phone: Annotated[str, Field(max_length=40)] = ""
    grid_nos: Annotated[str, Field(max_length=400)] = ""


class RosterPages:
    """Handlers of one site."""

    def __init__(
        self, desk: Desk, database: Database, registry: Registry, zone: ZoneInfo,
        clock: Callable[[], dt.datetime] = now,
    ) -> None:  # fmt: skip
        self._desk, self._database = desk, database
        self._registry, self._zone, self._clock = registry, zone, clock

    def routes(self) -> list[web.RouteDef]:
        mine = self._desk.open_to
        return [
            web.get("/desk/roster", mine(self.show)),
            web.post("/desk/roster", mine(self.leave)),
            web.post("/desk/roster/back", mine(self.back)),
            web.get("/desk/staff", mine(self.person, *KEEPS)),
            web.post("/desk/staff", mine(self.keep, *KEEPS)),
        ]

    # ---- leave ----------------------------------------------------------------------------------

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """A month: who is away on each day."""
        today = self._clock().astimezone(self._zone).date()
        first = read_month(request.query.get("month", "")) or today.replace(day=1)
        after = next_month(first)
        begin, end = (dt.datetime.combine(day, dt.time(), self._zone) for day in (first, after))
        leaves = await asyncio.to_thread(leaves_in, self._database, begin, end)
        weeks = [
            [(day, day.month == first.month, [self._said(one) for one in leaves if self._on(one, day)]) for day in week]
            for week in calendar.Calendar().monthdatescalendar(first.year, first.month)
        ]
        words = _pages.words
        return self._desk.page(
            request, who, _pages, "desk/roster.html", weeks=weeks, today=today,
            month=words["month"].format(year=first.year, month=first.month), earlier=f"{first - dt.timedelta(days=1):%Y-%m}",
            later=f"{after:%Y-%m}", people=self._people(who), all=self._people(None),
            leaves=[(one.staff_no, self._said(one), _days(one, self._zone)) for one in leaves],
        )  # fmt: skip

    async def leave(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Write a leave down: one's own, or anybody's for the desk."""
        form = await self._desk.form(request, who, _Leave)
        begins, ends = (
            dt.datetime.combine(day, dt.time(), self._zone) for day in (form.begins, form.ends + dt.timedelta(days=1))
        )
        told = "kept"
        try:
            if not _may(who, form.who):
                raise LeaveRefused("not yours to write")
            await asyncio.to_thread(write_leave, self._database, form.who, form.stands_in, begins, ends)
        except LeaveRefused:
            told = "refused"
        raise self._desk.on(f"/desk/roster?month={form.begins:%Y-%m}", _pages.words["told"][told])

    async def back(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Somebody is there again."""
        form = await self._desk.form(request, who, _Back)
        person = await asyncio.to_thread(self._registry.person, form.who)
        if person is None or not _may(who, form.who):
            raise web.HTTPForbidden
        await asyncio.to_thread(come_back, self._database, form.who, self._clock())
        raise self._desk.on("/desk/roster", _pages.words["told"]["back"].format(name=person.name))

    # ---- people ---------------------------------------------------------------------------------

    async def person(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The form of somebody new, or of somebody who is here."""
        number = request.query.get("no", "")
        return self._form(request, who, await asyncio.to_thread(self._row, number) if number else {})

    async def keep(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """One row, with the same rules as a file."""
        form = await self._desk.form(request, who, _Person)
        values = form.model_dump(exclude={"csrf"})
        row = {**dict.fromkeys(STAFF, ""), **await asyncio.to_thread(self._row, form.staff_no), **values}
        text = io.StringIO()
        writer = csv.DictWriter(text, STAFF)
        writer.writeheader()
        writer.writerow(row)
        try:
            found = await asyncio.to_thread(examine, self._database, "staff", text.getvalue().encode())
            await asyncio.to_thread(take, self._database, found)
        except ImportRefused as refused:
            wrong = {one.column: reason(one.reason) for one in refused.problems}
            return self._form(request, who, values, wrong)
        await asyncio.to_thread(self._registry.follow)
        raise self._desk.on(f"/desk/people/{form.staff_no}", _pages.words["people"]["kept"])

    def _form(
        self, request: web.Request, who: SignedIn, values: dict[str, Any], wrong: dict[str, str] | None = None
    ) -> web.Response:
        roles = [(str(role), labels().role(role)) for role in Role if role is not Role.left]
        return self._desk.page(
            request, who, _pages, "desk/staff.html", 400 if wrong else 200, it=_pages.words["people"], values=values,
            wrong=wrong or {}, roles=roles,
        )  # fmt: skip

    def _row(self, staff_no: str) -> dict[str, Any]:
        """Somebody as a file would have them; empty for nobody."""
        names, rows = staff(self._database)
        found = next((row for row in rows if row[0] == staff_no), None)
        return dict(zip(names, found, strict=True)) if found else {}

    def _people(self, who: SignedIn | None) -> list[tuple[str, str]]:
        people = self._registry.people()
        if who is not None and who.role not in KEEPS:
            people = [one for one in people if one.staff_no == who.staff_no]
        return [(one.staff_no, one.name) for one in people]

    def _said(self, one: Any) -> str:
        return str(_pages.words["away"].format(name=one.name, who=one.stands_in_name))

    def _on(self, one: Any, day: dt.date) -> bool:
        begin = dt.datetime.combine(day, dt.time(), self._zone)
        return bool(one.begins_at < begin + dt.timedelta(days=1) and one.ends_at > begin)


def _may(who: SignedIn, staff_no: str) -> bool:
    return who.role in KEEPS or who.staff_no == staff_no


def _days(one: Any, zone: ZoneInfo) -> str:
    last = one.ends_at.astimezone(zone) - dt.timedelta(minutes=1)
    return f"{one.begins_at.astimezone(zone):%m-%d} – {last:%m-%d}"
