"""95598 over HTTP: hand a ticket down, ask what became of it. For a machine that shows the site's token."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.foundation import bodies
from bot.foundation.untrusted import same
from bot.grid.registry import Registry
from bot.tickets.outside import Answered, Outside, OutsideRefused, OutsideTicket

_MOST_ASKED = 100


class _Given(BaseModel):
    """The body of a ticket; the rest of what they send is theirs."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)
    number: str = Field(min_length=1, max_length=40)
    said: str = Field(min_length=1, max_length=1000)
    sort: str = Field(default="", max_length=80)
    place: str = Field(default="", max_length=300)
    household_no: str = Field(default="", max_length=40)
    phone: str = Field(default="", max_length=24)
    at: dt.datetime | None = None


class OutsideApi:
    """Handlers of one site; without a token there is no such page."""

    def __init__(self, outside: Outside, registry: Registry, token: str) -> None:
        self._outside, self._registry, self._token = outside, registry, token

    def routes(self) -> list[web.RouteDef]:
        path = "/api/95598/tickets"
        return [web.post(path, self.take), web.get(path, self.answers)] if self._token else []

    async def take(self, request: web.Request) -> web.StreamResponse:
        """`{"number", "said", …}` → `{"number", "ticket_no", "fresh"}`; 201 for a new one, 200 for one that is here."""
        if (refused := self._stranger(request)) is not None:
            return refused
        try:
            given = _Given.model_validate(await bodies.body_json(request))
        except ValidationError as problem:
            wrong = {".".join(map(str, one["loc"])): one["type"] for one in problem.errors()}
            return web.json_response({"error": "these fields cannot be read", "fields": wrong}, status=422)
        if given.at is not None and given.at.tzinfo is None:
            return web.json_response({"error": "at needs a time zone"}, status=422)
        try:
            ticket, fresh = await asyncio.to_thread(self._take, OutsideTicket(**given.model_dump()))
        except OutsideRefused as refusal:
            return web.json_response({"error": str(refusal)}, status=422)
        body = {"number": given.number, "ticket_no": ticket.ticket_no, "fresh": fresh}
        return web.json_response(body, status=201 if fresh else 200)

    async def answers(self, request: web.Request) -> web.StreamResponse:
        """`?number=…` (once or more) → `[{"number", "ticket_no", "kind", "state", times…}]`."""
        if (refused := self._stranger(request)) is not None:
            return refused
        wanted = request.query.getall("number", [])[:_MOST_ASKED]
        found = await asyncio.to_thread(self._outside.answers, wanted)
        return web.json_response([_told(one) for one in found])

    def _stranger(self, request: web.Request) -> web.Response | None:
        if same(request.headers.get("Authorization", ""), f"Bearer {self._token}"):
            return None
        return web.json_response({"error": "show the token of [outside]"}, status=401)

    def _take(self, ticket: OutsideTicket) -> Any:
        return self._outside.take(ticket, *found_in(self._registry, ticket))


def found_in(registry: Registry, ticket: OutsideTicket) -> tuple[str | None, str | None]:
    """(household_no, grid_no) of a ticket of theirs: by its 户号, else by its place. Blocks."""
    household = registry.household(ticket.household_no) if ticket.household_no else None
    if household is not None:
        return household.household_no, household.grid_no
    place = registry.locate(ticket.place) if ticket.place else None
    return (place.household_no, place.grid_no) if place else (None, None)


def _told(one: Answered) -> dict[str, Any]:
    times = {f"{name}_at": at.isoformat() for name, at in one.times.items()}
    return {
        "number": one.number, "ticket_no": one.ticket.ticket_no, "kind": one.ticket.kind, "state": one.ticket.state,
        "grid_no": one.ticket.grid_no, "opened_at": one.ticket.opened_at.isoformat(), **times,
    }  # fmt: skip
