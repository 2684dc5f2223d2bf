"""＋: somebody of the staff reports for a resident who stopped them in the street, or rang their own telephone."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, field_validator

from bot.doors.devices import SignedIn
from bot.foundation.phone_numbers import phone_digits
from bot.grid.registry import Registry
from bot.register.book import Book
from bot.tickets.cards import Report
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Assurance, Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.labels import labels
from bot.tickets.models import Kind
from bot.web.desk.layout import Desk
from bot.web.desk.register_entry import first
from bot.web.forms import Form, FormWrong
from bot.web.pages import Pages

_pages = Pages("desk/new.yml")
#: nobody reports a call that was not understood, or asks to be called back, for somebody else
_KINDS = tuple(kind for kind in Kind if kind not in (Kind.unclear, Kind.callback))


class _New(Form):
    kind: Annotated[str, Field(max_length=20)]
    said: Annotated[str, Field(min_length=1, max_length=500)]
    place: Annotated[str, Field(max_length=200)] = ""
    household_no: Annotated[str, Field(max_length=40)] = ""
    phone: Annotated[str, Field(max_length=24)] = ""
    urgent: Literal["", "on"] = ""
    #: made with the page: the same form sent twice is one report
    once: Annotated[str, Field(max_length=32)] = ""

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str) -> str:
        if kind not in _KINDS:
            raise ValueError("no such kind")
        return kind

    @field_validator("phone")
    @classmethod
    def _number(cls, phone: str) -> str:
        number = phone_digits(phone)
        if phone and not (number.isdecimal() and 5 <= len(number) <= 20):
            raise ValueError("no number")
        return number


class NewPage:
    """Handlers of one site."""

    def __init__(self, desk: Desk, tickets: TicketDesk, registry: Registry, book: Book) -> None:
        self._desk, self._tickets, self._registry, self._book = desk, tickets, registry, book

    def routes(self) -> list[web.RouteDef]:
        mine = self._desk.open_to
        return [web.get("/desk/new", mine(self.ask)), web.post("/desk/new", mine(self.keep))]

    async def ask(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The form; with a household when one was being looked at."""
        return self._form(request, who, {"household_no": request.query.get("household", "")[:40]})

    async def keep(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """A report like any other: routed, clocked, told to whose it is."""
        try:
            new = await self._desk.form(request, who, _New)
        except FormWrong as wrong:
            return self._form(request, who, wrong.values, wrong.fields)
        typed = new.model_dump(exclude={"csrf", "once"})
        household = await asyncio.to_thread(self._registry.household, new.household_no) if new.household_no else None
        if new.household_no and household is None:
            return self._form(request, who, typed, {"household_no": "unknown"})
        if not new.place and household is None:
            return self._form(request, who, typed, {"place": "missing"})
        number = await asyncio.to_thread(self._report, new, who)
        raise self._desk.on(f"/desk/{number}", _pages.words["done"])

    def _report(self, new: _New, who: SignedIn) -> str:
        place = self._registry.locate(new.place) if new.place else None
        household_no = new.household_no or (place.household_no if place else None)
        household = self._registry.household(household_no) if household_no else None
        usual = next(iter(sorted(who.grids)), None)
        grid_no = household.grid_no if household else (place.grid_no if place else None) or usual
        # The resident gave the number to somebody of the staff, who vouches for having heard it.
        caller = Caller(new.phone, Channel.phone if new.phone else Channel.other, Assurance.signed)
        session = _name_of(new, who)
        written = f"{household.compound}{household.address}" if household else ""
        report = Report(
            new.kind, new.said, session, caller, utterance_id=session, place=new.place or written,
            household_no=household_no, grid_no=grid_no, facts={"entered_by": who.staff_no},
            urgent=bool(new.urgent) or new.kind == Kind.hazard,
        )  # fmt: skip
        return self._tickets.report(report).ticket_no

    def _form(
        self, request: web.Request, who: SignedIn, values: dict[str, str], wrong: dict[str, str] | None = None
    ) -> web.Response:
        words = _pages.words
        notes = {name: words["wrong"][name] for name in wrong or {} if name in words["wrong"]}
        return self._desk.page(
            request, who, _pages, "desk/new.html", 400 if wrong else 200, values=values, wrong=notes,
            once=secrets.token_hex(8),
            kinds=[(str(kind), labels().kind(kind)) for kind in _KINDS],
            first=first(who, self._book, "report"), household=values.get("household_no", ""),
        )  # fmt: skip


def _name_of(new: _New, who: SignedIn) -> str:
    """The same form of the same page has one name, so that a second press finds the report of the first; what was
    typed is part of it, so that another report from a page that was kept open is another."""
    if not new.once:
        return f"desk-{secrets.token_hex(16)}"
    said = "\0".join((new.once, who.staff_no, new.kind, new.said, new.place, new.household_no, new.phone))
    return f"desk-{hashlib.sha256(said.encode()).hexdigest()[:32]}"
