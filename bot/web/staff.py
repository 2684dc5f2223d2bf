"""Pages behind the links in staff's messages: one tap, signing in, and the whole case."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from aiohttp import web
from multidict import MultiDictProxy

from bot.calling.call_backs import CallBacks, dialable, numbers_of
from bot.grid.location import HouseholdCard, PersonCard
from bot.grid.models import EVERY_CASE, Role
from bot.grid.registry import Registry
from bot.learning.book import learning_words
from bot.notify.links import BadLink, Links, Purpose
from bot.recordings.files import open_file
from bot.recordings.keys import KeyRefused
from bot.recordings.room import RecordingMissing, open_recording
from bot.settings import Settings
from bot.tickets.cards import TicketCard, TicketRefused
from bot.tickets.desk import TicketDesk
from bot.tickets.labels import labels
from bot.tickets.owed.asking import rating_answers
from bot.web.pages import Pages
from bot.web.signing_in import SignIn

#: verbs of a message's buttons, and the desk's names for them
PRESSES = {"take": "acknowledge", "site": "on_site", "done": "resolve"}
_NEXT = {"reported": ("take",), "acknowledged": ("site", "done"), "on_site": ("done",)}


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
        links: Links,
        sign_in: SignIn,
        settings: Settings,
        pictures: FilesOf = _no_files,
        sounds: FilesOf = _no_files,
        *,
        corrects: bool = False,
        call_backs: CallBacks | None = None,
    ) -> None:
        """`call_backs` puts through who presses; without it there are numbers to ring oneself."""
        self._desk, self._registry, self._links, self._sign_in = desk, registry, links, sign_in
        self._settings, self._pictures, self._sounds = settings, pictures, sounds
        self._call_backs = call_backs
        #: kinds to choose from where a case can be corrected (bot/web/learning.py)
        self._kinds = [(kind, labels().kind(kind)) for kind in learning_words()["intents"]] if corrects else []
        self._zone = ZoneInfo(settings.site.timezone)
        self._secure = settings.web.public_url.startswith("https:")

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/t/{token}", self.show_link),
            web.post("/t/{token}", self.use_link),
            web.get("/case/{ticket_no}", self.show_case),
            web.post("/case/{ticket_no}", self.press_case),
            web.get("/case/{ticket_no}/recording/{number}", self.listen),
            web.get("/case/{ticket_no}/picture/{number}", self.look),
            web.get("/case/{ticket_no}/sound/{number}", self.download),
            web.get("/case/{ticket_no}/ring", self.ring, allow_head=False),
            web.post("/case/{ticket_no}/ring", self.put_through),
        ]

    # ---- links ----------------------------------------------------------------------------------

    async def show_link(self, request: web.Request) -> web.StreamResponse:
        """What a link will do. Nothing is done yet: messengers open links to show a preview."""
        token = request.match_info["token"]
        try:
            link = self._links.read(token)
        except BadLink as bad:
            return _bad(bad)
        if link.purpose is Purpose.sign_in:
            person = self._registry.person(link.staff_no)
            if person is None:
                return _bad(BadLink("expired"))
            return _pages.page(
                "press.html", heading=person.name, ticket_no="", button=_pages.words["sign_in_button"], asks_note=False
            )
        if link.purpose is Purpose.rate:
            return self._ask_rating(link.ticket_no)
        if link.purpose not in PRESSES:
            page = "/ring" if link.purpose is Purpose.ring else ""
            raise web.HTTPSeeOther(f"/case/{link.ticket_no}{page}")
        verb = _pages.words["verbs"][link.purpose]
        return _pages.page(
            "press.html",
            200,
            heading=verb["ask"],
            ticket_no=link.ticket_no,
            button=verb["button"],
            asks_note=link.purpose is Purpose.done,
        )

    async def use_link(self, request: web.Request) -> web.StreamResponse:
        """Do what a link is for, once."""
        form = await request.post()
        token = request.match_info["token"]
        try:
            link = self._links.read(token)
            if link.purpose is Purpose.rate and form.get("answer") not in rating_answers():
                return self._ask_rating(link.ticket_no, forgot=True)
            self._links.redeem(token)
        except BadLink as bad:
            return _bad(bad)
        if link.purpose is Purpose.rate:
            return self._rate(link.ticket_no, str(form["answer"]), str(form.get("comment", "")))
        person = self._registry.person(link.staff_no)
        if person is None:
            return _bad(BadLink("expired"))
        if link.purpose is Purpose.sign_in:
            response = _pages.say(_pages.words["signed_in"].format(name=person.name))
            self._sign_in.let_in(response, person.staff_no, self._secure)
            return response
        if link.purpose not in PRESSES:
            raise web.HTTPSeeOther(f"/case/{link.ticket_no}")
        return _pages.say(self._press(link.ticket_no, link.purpose, person, str(form.get("note", ""))))

    def _press(self, ticket_no: str, verb: str, person: PersonCard, note: str) -> str:
        """Press a button of the desk; what to tell whoever pressed."""
        try:
            done = self._desk.press(ticket_no, PRESSES[verb], person.staff_no, note=note[:1000])
        except TicketRefused:
            return str(_pages.words["refused"])
        who = done.who_name or done.who
        since = done.since.astimezone(self._zone).strftime("%H:%M")
        return str(_pages.words["verbs"][verb][done.outcome]).format(who=who, since=since)

    # ---- a resident who has no messenger --------------------------------------------------------

    def _ask_rating(self, ticket_no: str, forgot: bool = False) -> web.Response:
        words = _pages.words["rate"]
        return _pages.page(
            "rate.html", 200, heading=words["heading"], ticket_no=ticket_no, answers=rating_answers(), ask=words,
            say=words["forgot"] if forgot else "",
        )  # fmt: skip

    def _rate(self, ticket_no: str, answer: str, comment: str) -> web.Response:
        """What a resident says whom an SMS asked; the link was theirs alone."""
        try:
            self._desk.answers.answer(ticket_no, answer, comment=comment.strip()[:1000])
        except TicketRefused:
            return _pages.say(_pages.words["rate"]["late"])
        return _pages.say(_pages.words["rate"]["told"][answer])

    # ---- the case -------------------------------------------------------------------------------

    async def show_case(self, request: web.Request) -> web.StreamResponse:
        found = self.allowed(request)
        return found if isinstance(found, web.Response) else self._case(request, *found)

    async def press_case(self, request: web.Request) -> web.StreamResponse:
        found = await self._own_form(request)
        if isinstance(found, web.Response):
            return found
        person, ticket, form = found
        verb = str(form.get("verb", ""))
        told = self._press(ticket.ticket_no, verb, person, str(form.get("note", ""))) if verb in PRESSES else ""
        return self._case(request, person, self._desk.ticket(ticket.ticket_no) or ticket, told)

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """One recording of the case, opened for this listener."""
        found = self.allowed(request)
        if isinstance(found, web.Response):
            return found
        name = _at(self._desk.recordings(found[1].ticket_no), request.match_info["number"])
        if name is None:
            return _pages.say(_pages.words["no_recording"], 404)
        try:
            sound = await asyncio.to_thread(open_recording, self._settings, name)
        except (RecordingMissing, KeyRefused):
            return _pages.say(_pages.words["no_recording"], 404)
        return web.Response(body=sound, content_type="audio/wav", headers={"Cache-Control": "no-store"})

    async def look(self, request: web.Request) -> web.StreamResponse:
        """One picture of the case."""
        found = self.allowed(request)
        if isinstance(found, web.Response):
            return found
        picture = _at(self._pictures(found[1].ticket_no), request.match_info["number"])
        path = self._settings.home / picture.file if picture else None
        if path is None or not path.is_file():
            return _pages.say(_pages.words["no_recording"], 404)
        return web.FileResponse(path, headers={"Cache-Control": "no-store"})

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A voice note that cannot be played here, as it came."""
        found = self.allowed(request)
        if isinstance(found, web.Response):
            return found
        sound = _at(self._sounds(found[1].ticket_no), request.match_info["number"])
        if sound is None:
            return _pages.say(_pages.words["no_recording"], 404)
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
        found = self.allowed(request)
        if isinstance(found, web.Response):
            return found
        person, ticket = found
        numbers = numbers_of(ticket, self._registry)
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
            csrf=self._sign_in.csrf(request),
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

    async def _own_form(
        self, request: web.Request
    ) -> tuple[PersonCard, TicketCard, MultiDictProxy[Any]] | web.Response:
        """Who sent a form of ours, the ticket, and the form; or the page that everybody else gets."""
        found = self.allowed(request)
        if isinstance(found, web.Response):
            return found
        form = await request.post()
        if not self._sign_in.own_form(request, str(form.get("csrf", ""))):
            return _pages.say(_pages.words["closed"], 403)
        return (*found, form)

    def allowed(self, request: web.Request) -> tuple[PersonCard, TicketCard] | web.Response:
        """Who asks, and the ticket; or the page that strangers and other grids get."""
        person = self._sign_in.staff_of(request)
        if person is None or person.role == Role.supervisor:
            return _pages.say(_pages.words["closed"], 403)
        ticket = self._desk.ticket(request.match_info["ticket_no"])
        if ticket is None:
            return _pages.say(_pages.words["no_case"], 404)
        if not self.sees(person, ticket):
            return _pages.say(_pages.words["not_yours"], 403)
        return person, ticket

    def sees(self, person: PersonCard, ticket: TicketCard) -> bool:
        """Whether a case is this person's to see: all of them, the own ones, those of the own grid."""
        if person.role in EVERY_CASE or ticket.owner == person.staff_no:
            return True
        return bool(ticket.grid_no) and person in self._registry.staff(ticket.grid_no or "", person.role)

    def _case(self, request: web.Request, person: PersonCard, ticket: TicketCard, told: str = "") -> web.Response:
        words = _pages.words
        household = self._registry.household(ticket.household_no) if ticket.household_no else None
        history = [
            (
                act.at.astimezone(self._zone).strftime("%m-%d %H:%M"),
                labels().activity(act.kind),
                self._name(act.by),
                act.note,
            )
            for act in self._desk.activities(ticket.ticket_no)
        ]
        return _pages.page(
            "case.html",
            200,
            kind=labels().kind(ticket.kind),
            urgent=words["urgent"] if ticket.urgent else "",
            ticket=ticket,
            lines=_lines(ticket, household),
            tel=ticket.reporter if dialable(ticket) else "",
            buttons=[(verb, words["verbs"][verb]["button"]) for verb in _NEXT.get(ticket.state, ())],
            csrf=self._sign_in.csrf(request),
            told=told,
            kinds=self._kinds,
            history=history,
            recordings=range(len(self._desk.recordings(ticket.ticket_no))),
            pictures=[(number, self._name(one.by)) for number, one in enumerate(self._pictures(ticket.ticket_no))],
            sounds=[(number, one.kind) for number, one in enumerate(self._sounds(ticket.ticket_no))],
        )

    def _name(self, by: str) -> str:
        person = self._registry.person(by)
        return person.name if person else ""


def _lines(ticket: TicketCard, household: HouseholdCard | None) -> list[tuple[str, str]]:
    names = _pages.words["case"]
    pairs = [
        (names["state"], labels().state(ticket.state)),
        (names["owner"], ticket.owner_name),
        (names["said"], ticket.said),
        (names["place"], ticket.place),
        (names["registered"], f"{household.community} {household.compound}{household.address}" if household else ""),
        (names["who"], household.householder if household else ticket.householder),
    ]
    return [(name, value) for name, value in pairs if value]


def _at(names: Sequence[_One], number: str) -> _One | None:
    return names[int(number)] if number.isascii() and number.isdigit() and int(number) < len(names) else None


def _bad(bad: BadLink) -> web.Response:
    return _pages.say(_pages.words["bad_link"][bad.reason], 410 if bad.reason != "forged" else 404)
