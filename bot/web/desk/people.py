"""人员: who is signed in where, and the one act that shuts a lost telephone out of everything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from bot.doors.devices import SignedIn
from bot.doors.shutting import Shutting
from bot.foundation.local_time import local
from bot.grid.location import PersonCard
from bot.grid.models import Role
from bot.grid.registry import Registry
from bot.notify.links import SHELL, Links, MadeLink
from bot.tickets.cards import TicketRefused
from bot.tickets.labels import labels
from bot.web.codes import code
from bot.web.desk.layout import Desk
from bot.web.forms import Form
from bot.web.pages import Pages
from bot.web.signing_in import SignIn

_pages = Pages("desk/people.yml")
#: who looks after the staff
KEEPS = (Role.duty, Role.admin)
_MOST = 200


class _Act(Form):
    act: Literal["lost", "left", "code", "link"]
    to: Annotated[str, Field(max_length=40)] = ""


#: somebody leaves: staff number, who takes over, who says so → how many tickets went over. Raises TicketRefused
Dismisses = Callable[[str, str, str], int]


class PeoplePages:
    """Handlers of one site. `new_code` makes the code that links a messenger."""

    def __init__(
        self, desk: Desk, sign_in: SignIn, registry: Registry, shutting: Shutting, links: Links,
        new_code: Callable[[str], str], dismisses: Dismisses, zone: ZoneInfo,
    ) -> None:  # fmt: skip
        self._desk, self._sign_in, self._registry = desk, sign_in, registry
        self._shutting, self._links, self._new_code, self._zone = shutting, links, new_code, zone
        self._dismisses = dismisses

    def routes(self) -> list[web.RouteDef]:
        keeps = self._desk.open_to
        return [
            web.get("/desk/people", keeps(self.all, *KEEPS)),
            web.get("/desk/people/{staff_no}", keeps(self.show, *KEEPS)),
            web.post("/desk/people/{staff_no}", keeps(self.act, *KEEPS)),
        ]

    async def all(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The staff, by name or number."""
        wanted = request.query.get("q", "").strip()[:40]
        found = await asyncio.to_thread(self._found, wanted)
        return self._desk.page(request, who, _pages, "desk/people.html", wanted=wanted, people=found)

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """One person."""
        person = await asyncio.to_thread(self._person, request)
        return await self._page(request, who, person)

    async def act(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Shut somebody out, or give them a way in."""
        form = await self._desk.form(request, who, _Act)
        person, words = await asyncio.to_thread(self._person, request), _pages.words["person"]
        if person.role == Role.admin and who.role != Role.admin and form.act != "lost":
            # Whoever watches the night shuts a lost telephone out, and makes nobody an administrator.
            return await self._page(request, who, person, told=words["admins"])
        if form.act == "lost":
            gone = await asyncio.to_thread(self._shutting.shut, person.staff_no, who.staff_no)
            raise self._desk.on(request.path, words["lost_told"].format(count=gone.devices))
        if form.act == "left":
            try:
                moved = await asyncio.to_thread(self._dismisses, person.staff_no, form.to, who.staff_no)
            except TicketRefused:
                return await self._page(request, who, person, told=words["left_refused"])
            raise self._desk.on("/desk/people", words["left_told"].format(name=person.name, count=moved))
        if form.act == "code":
            made = await asyncio.to_thread(self._new_code, person.staff_no)
            return await self._page(request, who, person, told=words["code_told"].format(code=made))
        url = await asyncio.to_thread(self._links.sign_in_url, person.staff_no, who.staff_no)
        told = words["desk_told" if person.role in KEEPS else "link_told"] if url else words["no_link"]
        return await self._page(request, who, person, told=told, url=url)

    async def _page(
        self, request: web.Request, who: SignedIn, person: PersonCard, *, told: str | None = None, url: str = ""
    ) -> web.Response:
        devices = await asyncio.to_thread(self._sign_in.devices.list, person.staff_no)
        made = await asyncio.to_thread(self._links.sign_ins, person.staff_no)
        words = _pages.words["person"]
        return self._desk.page(
            request, who, _pages, "desk/person.html", it=person, role=labels().role(person.role), told=told,
            code=code(url) if url else "", url=url, others=await asyncio.to_thread(self._heirs, person),
            devices=[
                (one.label, words["since"].format(when=local(one.since, self._zone), seen=local(one.seen_at, self._zone)))
                for one in devices
            ],
            made=[self._made(one) for one in made],
        )  # fmt: skip

    def _made(self, one: MadeLink) -> str:
        """One link that lets somebody in: when, by whom, and whether it did."""
        words = _pages.words["person"]
        by = words["shell"] if one.by == SHELL else self._registry.name_of(one.by)
        used = words["used"].format(when=local(one.used_at, self._zone)) if one.used_at else words["unused"]
        return str(words["made"].format(when=local(one.at, self._zone), by=by, used=used))

    # ---- blocking -------------------------------------------------------------------------------

    def _person(self, request: web.Request) -> PersonCard:
        person = self._registry.person(request.match_info["staff_no"])
        if person is None:
            raise web.HTTPNotFound
        return person

    def _heirs(self, person: PersonCard) -> list[tuple[str, str]]:
        """Who may take over from somebody."""
        watches = person.role == Role.supervisor
        same = (one for one in self._registry.people() if (one.role == Role.supervisor) == watches)
        return [
            (one.staff_no, f"{one.name}（{labels().role(one.role)}）")
            for one in same
            if one.staff_no != person.staff_no
        ]

    def _found(self, wanted: str) -> Sequence[tuple[PersonCard, str, int]]:
        people = [one for one in self._registry.people() if wanted in one.name or wanted == one.staff_no]
        devices = self._sign_in.devices.counts()
        return [(one, labels().role(one.role), devices.get(one.staff_no, 0)) for one in people[:_MOST]]
