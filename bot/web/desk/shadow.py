"""试听: Gege proposes, a person says 对 or 改 in a second; a kind of a grid goes live, or back, on what was counted."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from bot.database import Database, now
from bot.doors.devices import SignedIn
from bot.doors.looks import CASE, Looks
from bot.foundation.local_time import local
from bot.grid.registry import Registry
from bot.learning.book import CorrectionBook, learning_words
from bot.learning.figures import corrected_since
from bot.learning.rules import CorrectionRefused
from bot.tickets import shadow
from bot.tickets.cards import NotYours, TicketCard, TicketRefused
from bot.tickets.desk import TicketDesk
from bot.tickets.labels import labels
from bot.tickets.life.proposing import Meant
from bot.tickets.owed.paging import EVERYWHERE
from bot.tickets.shadow import Standing
from bot.tickets.shadow_desk import Waiting
from bot.voice.call_log import find_call
from bot.web.desk.clock import spell
from bot.web.desk.layout import TICKET, Desk
from bot.web.forms import Form
from bot.web.pages import Pages

_pages = Pages("desk/shadow.yml")


class _Verdict(Form):
    verb: Literal["right", "wrong"]
    kind: Annotated[str, Field(max_length=20)] = ""
    household: Annotated[str, Field(max_length=40)] = ""
    back: Annotated[str, Field(max_length=40)] = ""


class _Switch(Form):
    grid: Annotated[str, Field(max_length=40)] = ""
    kind: Annotated[str, Field(max_length=20)] = ""
    on: Literal["yes", "no"]


class ShadowPage:
    """Handlers of one site: everybody of the staff judges what they may see; team, duty and admin switch."""

    def __init__(
        self,
        desk: Desk,
        database: Database,
        tickets: TicketDesk,
        registry: Registry,
        looks: Looks,
        book: CorrectionBook,
        zone: ZoneInfo,
        clock: Callable[[], dt.datetime] = now,
    ) -> None:
        self._desk, self._database, self._tickets = desk, database, tickets
        self._registry, self._looks, self._book = registry, looks, book
        self._zone, self._clock = zone, clock

    def routes(self) -> list[web.RouteDef]:
        mine = self._desk.open_to
        return [
            web.get("/desk/shadow", mine(self.show)),
            web.post("/desk/shadow", mine(self.switch, *EVERYWHERE)),
            web.post(f"/desk/shadow/{TICKET}", mine(self.judge)),
        ]

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """What waits, the oldest first, and how every kind that was ever listened to stands."""
        return await self._page(request, who)

    async def _page(
        self, request: web.Request, who: SignedIn, told: str | None = None, typed: Mapping[str, str] | None = None
    ) -> web.Response:
        """`typed`: what stood in a form that could not be used; it stands there again."""
        at, words = self._clock(), _pages.words
        waiting, count, standings = await asyncio.to_thread(self._read, who, at)
        return self._desk.page(
            request, who, _pages, "desk/shadow.html", 409 if typed else 200, told=told, waiting=waiting,
            typed=typed or {"ticket_no": ""},
            count=words["count"].format(count=count) if count else words["count_none"], kinds=_kinds(),
            newest=waiting[-1]["ticket_no"] if waiting else "", standings=standings, switches=who.role in EVERYWHERE,
            grids=await asyncio.to_thread(self._tickets.shadow.grids) if who.role in EVERYWHERE else [],
            listened=[(kind, labels().kind(kind)) for kind in shadow.kinds()],
        )  # fmt: skip

    async def judge(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """对 or 改; what was corrected goes into the learning book as well."""
        form, number = await self._desk.form(request, who, _Verdict), request.match_info["ticket_no"]
        said = await asyncio.to_thread(self._judge, number, form, who.staff_no)
        if said == _pages.words["told"]["unknown"]:
            return await self._page(
                request, who, said, {"ticket_no": number, "kind": form.kind, "household_no": form.household}
            )
        raise self._desk.on(f"/desk/{number}" if form.back == "ticket" else "/desk/shadow", said)

    async def switch(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """上线, or back; empty means all of them."""
        form = await self._desk.form(request, who, _Switch)
        said = await asyncio.to_thread(self._switch, form, who.staff_no)
        raise self._desk.on("/desk/shadow", said)

    # ---- blocking -------------------------------------------------------------------------------

    def _read(self, who: SignedIn, at: dt.datetime) -> tuple[list[dict[str, Any]], int, list[dict[str, Any]]]:
        found, count = self._tickets.shadow.waiting(who.staff_no, at)
        for one in found:
            self._looks.note(who, CASE, one.ticket.ticket_no)
        everywhere = who.role in EVERYWHERE
        stands = [one for one in self._tickets.shadow.standings(at) if everywhere or one.grid_no in who.grids]
        return [self._waits(one, at) for one in found], count, [self._stands(one) for one in stands]

    def _waits(self, one: Waiting, at: dt.datetime) -> dict[str, Any]:
        words, ticket = _pages.words, one.ticket
        left = one.until - at
        return {
            **proposed(ticket),
            "ticket_no": ticket.ticket_no, "said": ticket.said,
            "waited": words["waited"].format(span=spell(at - ticket.opened_at, words)),
            "until": words["waits"].format(span=spell(left, words)) if left >= dt.timedelta(minutes=1) else words["due"],
            "sounds": self._sounds(ticket.ticket_no), "householder": self._householder(ticket),
        }  # fmt: skip

    def _sounds(self, number: str) -> list[str]:
        """Where its sound is played: the whole call, or what was sent piece by piece."""
        call = find_call(self._database, number)
        if call is not None and call.recording:
            return [f"/calls/{call.number}/recording"]
        return [f"/case/{number}/recording/{at}" for at, _ in enumerate(self._tickets.recordings(number))]

    def _householder(self, ticket: TicketCard) -> str:
        household = self._registry.household(ticket.household_no) if ticket.household_no else None
        return household.householder if household else ticket.householder

    def _stands(self, one: Standing) -> dict[str, Any]:
        words = _pages.words
        counted = words["not_counted"]
        if one.accuracy is not None:
            counted = words["counted"].format(share=f"{one.accuracy:.0%}", judged=one.judged)
        after = ""
        if not one.on and one.since is not None:
            tickets, corrected = corrected_since(self._database, one.grid_no, one.kind, one.since)
            after = words["corrected"].format(tickets=tickets, corrected=corrected)
        when = local(one.since, self._zone) if one.since else ""
        what = words["switched_on" if one.on else "switched_off"]
        return {
            "grid_no": one.grid_no, "grid": words["grid"].format(grid=one.grid_no), "kind": one.kind,
            "label": labels().kind(one.kind), "on": one.on, "counted": counted, "after": after,
            "by": words["by"].format(who=self._registry.name_of(one.by), when=when, what=what),
        }  # fmt: skip

    def _judge(self, number: str, form: _Verdict, by: str) -> str:
        told = _pages.words["told"]
        try:
            ticket = self._tickets.access.look(number, by)
            if ticket is None:
                return str(told["refused"])
            meant = None
            if form.verb == "wrong":
                household = "" if form.household == (ticket.household_no or "") else form.household
                kind = "" if form.kind == ticket.kind else form.kind
                if household and self._registry.household(household) is None:
                    return str(told["unknown"])
                if (kind or household) and shadow.PROPOSED in ticket.facts:
                    self._learn(number, by, kind, household)
                meant = Meant(kind, household)
            done = self._tickets.shadow.judge(number, by, meant)
        except NotYours:
            return str(told["not_yours"])
        except TicketRefused:
            return str(told["late"])
        if not done.fresh:
            since = done.since.astimezone(self._zone).strftime("%H:%M")
            return str(told["already"]).format(who=done.who_name or done.who, since=since)
        return str(told["right" if meant is None or meant == Meant() else "wrong"])

    def _learn(self, number: str, by: str, kind: str, household: str) -> None:
        """Before the ticket changes: the book keeps what was heard as it stood. What it refuses, the ticket still gets."""
        try:
            self._book.write(number, by, kind=kind, household_no=household)
        except CorrectionRefused:
            return

    def _switch(self, form: _Switch, by: str) -> str:
        told, desk = _pages.words["told"], self._tickets.shadow
        grids = [form.grid] if form.grid else desk.grids()
        kinds = [form.kind] if form.kind else list(shadow.kinds())
        try:
            changed = desk.switch(grids, kinds, form.on == "yes", by)
        except TicketRefused:
            return str(told["refused"])
        return str(told["switched"].format(count=changed) if changed else told["same"])


def proposed(ticket: TicketCard) -> dict[str, Any]:
    """What stands beside 对 and 改, here and on the ticket's page."""
    words = _pages.words
    return {
        "kind": ticket.kind, "label": labels().kind(ticket.kind), "place": ticket.place or words["no_place"],
        "grid": words["grid"].format(grid=ticket.grid_no) if ticket.grid_no else "",
        "household_no": ticket.household_no or "",
    }  # fmt: skip


def confirming(ticket: TicketCard) -> dict[str, Any] | None:
    """What the ticket's page needs to ask 对 or 改; None for a ticket that waits for nobody."""
    if shadow.PROPOSED not in ticket.facts:
        return None
    one = {**proposed(ticket), "ticket_no": ticket.ticket_no}
    return {"words": _pages.words, "one": one, "kinds": _kinds(), "typed": {"ticket_no": ""}}


def _kinds() -> list[tuple[str, str]]:
    return [(kind, labels().kind(kind)) for kind in learning_words().intents]
