"""What a link in a message does: one tap does one thing once; the others lead to a page, and let a first telephone in."""

from __future__ import annotations

import asyncio
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.doors.devices import ASKED, MESSAGE, PASSWORD_ROLES
from bot.foundation import bodies
from bot.grid.location import PersonCard
from bot.grid.registry import Registry
from bot.notify.links import MANY_TIMES, BadLink, Link, Links, Purpose
from bot.tickets import presses
from bot.tickets.cards import NotYours, TicketRefused
from bot.tickets.desk import TicketDesk
from bot.tickets.owed.asking import rating_answers
from bot.web.pages import Pages
from bot.web.signing_in import SignIn

_pages = Pages("staff.yml")


class MessageLinks:
    """Handlers of one site."""

    def __init__(
        self,
        desk: TicketDesk,
        registry: Registry,
        links: Links,
        sign_in: SignIn,
        zone: ZoneInfo,
        *,
        personal: bool = True,
    ) -> None:
        """`personal`: every message goes to one reader alone. Where robots write into groups, a link that many can tap
        lets nobody in."""
        self._desk, self._registry, self._links, self._sign_in = desk, registry, links, sign_in
        self._zone, self._personal = zone, personal

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/t/{token}", self.show), web.post("/t/{token}", self.use)]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """What a link will do. Nothing is done yet: messengers open links to show a preview."""
        try:
            link, person = await asyncio.to_thread(self._read, request.match_info["token"])
        except BadLink as bad:
            return _bad(bad)
        if link.purpose is Purpose.rate:
            return self._ask_rating(link.ticket_no)
        if link.purpose is Purpose.sign_in:
            return _pages.page("enter.html", heading=person.name, button=_pages.words["sign_in_button"], at_once=False)
        if link.purpose in MANY_TIMES:
            if await self._sign_in.staff_of(request) is not None:
                raise web.HTTPSeeOther(_target(link))
            return _pages.page("enter.html", heading=person.name, button=_pages.words["open"], at_once=True)
        verb = _pages.words["verbs"][link.purpose]
        return _pages.page(
            "press.html", 200, heading=verb["ask"], ticket_no=link.ticket_no, button=verb["button"],
            asks_note=link.purpose is Purpose.done,
        )  # fmt: skip

    async def use(self, request: web.Request) -> web.StreamResponse:
        """Do what a link is for, once."""
        form = await bodies.form(request)
        token = request.match_info["token"]
        try:
            link, person = await asyncio.to_thread(self._read, token)
            if link.purpose is Purpose.rate and form.get("answer") not in rating_answers():
                return self._ask_rating(link.ticket_no, forgot=True)
            if link.purpose in MANY_TIMES:
                return await self._enter(request, link, person)
            await asyncio.to_thread(self._links.redeem, token)
        except BadLink as bad:
            return _bad(bad)
        if link.purpose is Purpose.rate:
            answer, comment = str(form["answer"]), str(form.get("comment", ""))
            return _pages.say(await asyncio.to_thread(self._rate, link.ticket_no, answer, comment))
        if link.purpose is Purpose.sign_in:
            await self._sign_in.let_in(request, person.staff_no, person.role, ASKED)
            raise web.HTTPSeeOther("/desk")
        said = await asyncio.to_thread(self._press, link.ticket_no, link.purpose, person, str(form.get("note", "")))
        return _pages.page(
            "said.html", say=said, back=f"/t/{self._links.token(Purpose.open, link.ticket_no, person.staff_no)}",
            label=_pages.words["open"],
        )  # fmt: skip

    async def _enter(self, request: web.Request, link: Link, person: PersonCard) -> web.StreamResponse:
        """A link that leads to a page: it lets a first telephone in. A further one needs a link that was asked for, so
        that a message that was forwarded opens nothing."""
        if await self._sign_in.staff_of(request) is not None:
            raise web.HTTPSeeOther(_target(link))
        if person.role in PASSWORD_ROLES:
            raise web.HTTPSeeOther("/desk/sign-in")
        if not self._personal or await asyncio.to_thread(self._sign_in.devices.any, person.staff_no):
            return _pages.say(_pages.words["not_here"], 403)
        await self._sign_in.let_in(request, person.staff_no, person.role, MESSAGE)
        raise web.HTTPSeeOther(_target(link))

    def _ask_rating(self, ticket_no: str, forgot: bool = False) -> web.Response:
        words = _pages.words["rate"]
        return _pages.page(
            "rate.html", 200, heading=words["heading"], ticket_no=ticket_no, answers=rating_answers(), ask=words,
            say=words["forgot"] if forgot else "",
        )  # fmt: skip

    # ---- blocking -------------------------------------------------------------------------------

    def _read(self, token: str) -> tuple[Link, PersonCard]:
        """A link and whose it is; a rating's is nobody's of the staff. Raises BadLink."""
        link = self._links.read(token)
        person = _RESIDENT if link.purpose is Purpose.rate else self._registry.person(link.staff_no)
        if person is None:
            raise BadLink("expired")
        return link, person

    def _press(self, ticket_no: str, verb: str, person: PersonCard, note: str) -> str:
        return pressed_by(self._desk, self._zone, ticket_no, verb, person.staff_no, note)[1]

    def _rate(self, ticket_no: str, answer: str, comment: str) -> str:
        """What a resident says whom an SMS asked; the link was theirs alone."""
        try:
            self._desk.answers.answer(ticket_no, answer, comment=comment.strip()[:1000])
        except TicketRefused:
            return str(_pages.words["rate"]["late"])
        return str(_pages.words["rate"]["told"][answer])


def pressed_by(
    desk: TicketDesk, zone: ZoneInfo, ticket_no: str, verb: str, staff_no: str, note: str
) -> tuple[bool, str]:
    """Press a button of the desk: whether it was done now, and what to tell whoever pressed. Blocks."""
    try:
        done = desk.press(ticket_no, presses.of_page(verb) or "", staff_no, note=note[:1000])
    except NotYours:
        return False, str(_pages.words["not_yours"])
    except TicketRefused:
        return False, str(_pages.words["refused"])
    who = done.who_name or done.who
    since = done.since.astimezone(zone).strftime("%H:%M")
    return done.fresh, str(_pages.words["verbs"][verb][done.outcome]).format(who=who, since=since)


def _target(link: Link) -> str:
    return f"/case/{link.ticket_no}/ring" if link.purpose is Purpose.ring else f"/desk/{link.ticket_no}"


def _bad(bad: BadLink) -> web.Response:
    return _pages.say(_pages.words["bad_link"][bad.reason], 410 if bad.reason != "forged" else 404)


_RESIDENT = PersonCard("", "", "", "")
