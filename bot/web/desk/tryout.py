"""Whoever tries the sample county sees it as one of its staff, without asking anybody: everybody there is invented."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web

from bot.doors.devices import SAMPLE
from bot.grid.location import PersonCard
from bot.grid.models import Role
from bot.grid.registry import Registry
from bot.tickets.labels import labels
from bot.web.forms import see
from bot.web.guard import Refused
from bot.web.pages import Pages
from bot.web.signing_in import SignIn

_pages = Pages("desk/people.yml")


class TryOut:
    """Handlers of one site. `sample`: whether the county is the invented one; asked each time."""

    def __init__(self, sample: Callable[[], bool], sign_in: SignIn, registry: Registry) -> None:
        self._sample, self._sign_in, self._registry = sample, sign_in, registry

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/demo/desk", self.choose), web.post("/demo/desk/{staff_no}", self.enter)]

    async def choose(self, _request: web.Request) -> web.StreamResponse:
        """One of each kind to choose from."""
        people = await asyncio.to_thread(self._people)
        return _pages.page(
            "desk/tryout.html", it=_pages.words["demo"],
            people=[(one.staff_no, one.name, labels().role(one.role)) for one in people],
        )  # fmt: skip

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """Signed in as them."""
        people = {one.staff_no: one for one in await asyncio.to_thread(self._people)}
        person = people.get(request.match_info["staff_no"])
        if person is None:
            raise Refused("not_found", 404)
        await self._sign_in.let_in(request, person.staff_no, person.role, SAMPLE)
        raise see("/desk")

    def _people(self) -> list[PersonCard]:
        if not self._sample():
            raise Refused("not_found", 404)
        found = []
        for grid_no, manager in self._registry.managers()[:1]:
            found = [manager, *self._registry.staff(grid_no, Role.assistant)[:1]]
        return [*found, *self._registry.duty()[:1]]
