"""值班: the wall of the duty desk. It shows what nobody is looking at."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.database import Database, now
from bot.doors.devices import SignedIn
from bot.grid.models import Role
from bot.tickets.cards import TicketCard
from bot.tickets.labels import labels
from bot.tickets.models import Kind
from bot.tickets.wall import SILENT, Wall, WallOutage, WallPerson, wall
from bot.web.desk.busy import busy_in_words
from bot.web.desk.clock import spell
from bot.web.desk.layout import Desk
from bot.web.pages import Pages

_pages = Pages("desk/wall.yml")
_home = Pages("desk/home.yml")
#: who sees it
WATCHES = (Role.duty, Role.admin, Role.team)


@dataclass(frozen=True)
class CallNow:
    """A conversation by telephone that goes on."""

    since: dt.datetime
    #: the number, in part: the wall hangs where visitors stand
    caller: str
    about: str


class WallPage:
    """Handlers of one site."""

    def __init__(
        self,
        desk: Desk,
        database: Database,
        zone: ZoneInfo,
        calls: Callable[[], Sequence[CallNow]] = lambda: (),
        clock: Callable[[], dt.datetime] = now,
    ) -> None:
        """`calls`: conversations that go on now."""
        self._desk, self._database = desk, database
        self._zone, self._calls, self._clock = zone, calls, clock

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/desk/wall", self._desk.open_to(self.show, *WATCHES))]

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The whole wall; it asks for itself again when something changed."""
        at = self._clock()
        it = await asyncio.to_thread(wall, self._database, at)
        calls = self._calls()
        counts = {"open": it.open, "dangers": it.dangers, "untaken": it.untaken, "late": it.late, "calls": len(calls)}
        return self._desk.page(
            request, who, _pages, "desk/wall.html", it=it, counts=list(counts.items()),
            nobody=[_line(one, at) for one in it.nobody], more_nobody=_more(it),
            outages=[self._outage(one, at) for one in it.outages], more_outages=it.outages_open - len(it.outages),
            people=[_person(one, at) for one in it.people],
            calls=[{"since": _since(one.since, at, "call_since"), "caller": one.caller, "about": one.about} for one in calls],
        )  # fmt: skip

    def _outage(self, one: WallOutage, at: dt.datetime) -> dict[str, Any]:
        words, until = _pages.words, one.estimated_restore_at
        time = until.astimezone(self._zone).strftime("%H:%M") if until else ""
        return {
            "ticket_no": one.ticket_no, "scope": one.scope, "planned": one.planned,
            "reports": words["reports"].format(count=one.reports),
            "urgent": words["urgent"].format(count=one.urgent) if one.urgent else "",
            "since": spell(at - one.started_at, words), "has_owner": bool(one.owner),
            "until": words["until"].format(time=time) if time else words["no_until"],
            "owner": one.owner_name or words["no_owner"],
        }  # fmt: skip


def _line(ticket: TicketCard, at: dt.datetime) -> dict[str, Any]:
    return {
        "ticket_no": ticket.ticket_no, "kind": labels().kind(ticket.kind), "danger": ticket.kind == Kind.hazard,
        "urgent": ticket.urgent, "place": ticket.place or _home.words["no_place"],
        "since": spell(at - ticket.opened_at, _pages.words), "holder": ticket.owner_name, "phone": ticket.owner_phone,
    }  # fmt: skip


def _person(one: WallPerson, at: dt.datetime) -> dict[str, Any]:
    words = _pages.words
    quiet = at - one.last_at if one.last_at else None
    silent = one.hands > 0 and (quiet is None or quiet > SILENT)
    return {
        "name": one.name, "phone": one.phone, "hands": words["hands"].format(count=one.hands),
        "away": words["away"].format(who=one.stands_in) if one.stands_in else "",
        "busy": busy_in_words(one.busy, at),
        "silent": words["silent"].format(span=spell(quiet or SILENT, words)) if silent else "",
    }  # fmt: skip


def _since(since: dt.datetime, at: dt.datetime, name: str) -> str:
    return str(_pages.words[name]).format(span=spell(at - since, _pages.words))


def _more(it: Wall) -> int:
    """How many wait that the wall does not list; those of an outage are listed there as one."""
    held = sum(one.reports for one in it.outages)
    return max(0, it.untaken - len(it.nobody) - held)
