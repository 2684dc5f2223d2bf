"""The whole case, for who has signed in, and putting somebody through.

A handler reads the request and answers; whatever asks the database stands below "blocking" and runs in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from aiohttp import web
from multidict import MultiDictProxy

from bot.calling.call_backs import CallBacks, numbers_of
from bot.doors.devices import SignedIn
from bot.doors.looks import CASE, PICTURE, RECORDING, Looks
from bot.foundation import bodies, untrusted
from bot.grid.models import Role
from bot.grid.registry import Registry
from bot.recordings.files import open_file
from bot.recordings.keys import KeyRefused
from bot.recordings.room import RecordingMissing, open_recording
from bot.settings import Settings
from bot.tickets.cards import NotYours, TicketCard
from bot.tickets.desk import TicketDesk
from bot.web.pages import Pages
from bot.web.signing_in import SignIn

_pages = Pages("staff.yml")


class Attached(Protocol):
    """A file that came with a report; `file` is its name below GEGE_HOME, `by` "resident" or a staff number."""

    @property
    def file(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def by(self) -> str: ...


_One = TypeVar("_One")
FilesOf = Callable[[str], Sequence[Attached]]


def _no_files(ticket_no: str) -> Sequence[Attached]:
    return ()


class StaffPages:
    """Handlers of one site. `pictures` and `sounds`: files of a ticket."""

    def __init__(
        self,
        desk: TicketDesk,
        registry: Registry,
        sign_in: SignIn,
        looks: Looks,
        settings: Settings,
        pictures: FilesOf = _no_files,
        sounds: FilesOf = _no_files,
        *,
        call_backs: CallBacks | None = None,
    ) -> None:
        """`call_backs` puts through who presses; without it there are numbers to ring oneself."""
        self._desk, self._registry, self._sign_in, self._looks = desk, registry, sign_in, looks
        self._settings, self._pictures, self._sounds = settings, pictures, sounds
        self._call_backs = call_backs

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/case/{ticket_no}", self.show_case),
            web.get("/case/{ticket_no}/recording/{number}", self.listen),
            web.get("/case/{ticket_no}/picture/{number}", self.look),
            web.get("/case/{ticket_no}/sound/{number}", self.download),
            web.get("/case/{ticket_no}/ring", self.ring, allow_head=False),
            web.post("/case/{ticket_no}/ring", self.put_through),
        ]

    # ---- the case -------------------------------------------------------------------------------

    async def show_case(self, request: web.Request) -> web.StreamResponse:
        """Where the case stands: messages and bookmarks of before lead here."""
        raise web.HTTPSeeOther(f"/desk/{request.match_info['ticket_no']}")

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """One recording of the case, opened for this listener."""
        found = await self.allowed(request)
        if isinstance(found, web.Response):
            return found
        name = _at(await asyncio.to_thread(self._desk.recordings, found[1].ticket_no), request.match_info["number"])
        if name is None:
            return _pages.say(_pages.words["no_recording"], 404)
        await self._noted(found, RECORDING)
        try:
            sound = await asyncio.to_thread(open_recording, self._settings, name)
        except (RecordingMissing, KeyRefused):
            return _pages.say(_pages.words["no_recording"], 404)
        return web.Response(body=sound, content_type="audio/wav", headers={"Cache-Control": "no-store"})

    async def look(self, request: web.Request) -> web.StreamResponse:
        """One picture of the case."""
        found = await self.allowed(request)
        if isinstance(found, web.Response):
            return found
        picture = _at(await asyncio.to_thread(self._pictures, found[1].ticket_no), request.match_info["number"])
        path = self._settings.home / picture.file if picture else None
        if path is None or not path.is_file():
            return _pages.say(_pages.words["no_recording"], 404)
        await self._noted(found, PICTURE)
        return web.FileResponse(path, headers={"Cache-Control": "no-store"})

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A voice note that cannot be played here, as it came."""
        found = await self.allowed(request)
        if isinstance(found, web.Response):
            return found
        sound = _at(await asyncio.to_thread(self._sounds, found[1].ticket_no), request.match_info["number"])
        if sound is None:
            return _pages.say(_pages.words["no_recording"], 404)
        await self._noted(found, RECORDING)
        try:
            data = await asyncio.to_thread(open_file, self._settings, sound.file)
        except (RecordingMissing, KeyRefused):
            return _pages.say(_pages.words["no_recording"], 404)
        ending = "amr" if sound.kind == "amr" else "bin"
        name = f"{found[1].ticket_no}-{request.match_info['number']}.{ending}"
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(body=data, content_type="application/octet-stream", headers=headers)

    async def ring(self, request: web.Request) -> web.StreamResponse:
        """The number to ring, for who has signed in; that it was looked at is written down."""
        found = await self.allowed(request)
        if isinstance(found, web.Response):
            return found
        person, ticket = found
        await self._noted(found, CASE)
        numbers = await asyncio.to_thread(numbers_of, ticket, self._registry)
        if numbers:
            await asyncio.to_thread(self._desk.rang, ticket.ticket_no, person.staff_no)
        words = _pages.words["ring"]
        joins = self._call_backs is not None and bool(numbers) and bool(person.phone)
        return _pages.page(
            "ring.html",
            heading=words["heading"],
            ticket_no=ticket.ticket_no,
            numbers=[(words[whose], number) for whose, number in numbers],
            say=words["put_through" if joins else "say" if numbers else "none"],
            button=words["button"] if joins else "",
            csrf=person.csrf,
        )

    async def put_through(self, request: web.Request) -> web.StreamResponse:
        """Gege rings whoever pressed, then the resident, and joins the two."""
        found = await self._own_form(request)
        if isinstance(found, web.Response):
            return found
        person, ticket, form = found
        begun = "off"
        if self._call_backs is not None:
            begun = await asyncio.to_thread(self._call_backs.begin, ticket, person, str(form.get("number", "")))
        told = str(_pages.words["ring"]["begun"][begun])
        return _pages.page("said.html", say=told, back=f"/case/{ticket.ticket_no}", label=_pages.words["open"])

    async def _noted(self, found: tuple[SignedIn, TicketCard], what: str) -> None:
        """Before anything is shown."""
        await asyncio.to_thread(self._looks.note, found[0], what, found[1].ticket_no)

    async def _own_form(self, request: web.Request) -> tuple[SignedIn, TicketCard, MultiDictProxy[Any]] | web.Response:
        """Who sent a form of ours, the ticket, and the form; or the page that everybody else gets."""
        found = await self.allowed(request)
        if isinstance(found, web.Response):
            return found
        form = await bodies.form(request)
        if not await self._sign_in.own_form(request, str(form.get("csrf", ""))):
            return _pages.say(_pages.words["closed"], 403)
        return (*found, form)

    async def allowed(self, request: web.Request) -> tuple[SignedIn, TicketCard] | web.Response:
        """Who asks, and the ticket; or the page that strangers and other grids get."""
        person = await self._sign_in.staff_of(request)
        if person is None or person.role == Role.supervisor:
            return _pages.say(_pages.words["closed"], 403)
        try:
            ticket = await asyncio.to_thread(self._desk.access.look, request.match_info["ticket_no"], person.staff_no)
        except NotYours:
            return _pages.say(_pages.words["not_yours"], 403)
        if ticket is None:
            return _pages.say(_pages.words["no_case"], 404)
        return person, ticket


def _at(names: Sequence[_One], number: str) -> _One | None:
    at = untrusted.number(number, 6)
    return names[at] if at is not None and at < len(names) else None
