"""One ticket: act and call without scrolling; then what was heard, the household, a note, and what was done."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from bot.calling.call_backs import numbers_of
from bot.database import Database, now
from bot.doors.devices import SignedIn
from bot.doors.looks import CASE, HOUSEHOLD, Looks
from bot.doors.sent import Sent
from bot.foundation import bodies
from bot.foundation.local_time import local
from bot.grid.location import HouseholdCard
from bot.grid.occupied import Occupations
from bot.grid.registry import Registry
from bot.learning.book import learning_words
from bot.notify.texts import noted
from bot.settings import Settings
from bot.sound.times import TimeRefused, read_time
from bot.tickets import presses
from bot.tickets.cards import ActivityCard, NotYours, TicketCard, TicketRefused
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.channels import Channel
from bot.tickets.labels import labels
from bot.tickets.life.states import OPEN
from bot.tickets.lists import Listed
from bot.voice.call_log import CallRecord, find_call
from bot.web.call_view import call_view
from bot.web.desk.busy import busy_in_words
from bot.web.desk.home import shown, state_of
from bot.web.desk.layout import TICKET, Desk
from bot.web.desk.offline import LARGEST_PHOTO, Pressed, answered, by_script, late_note, offline_words
from bot.web.desk.shadow import confirming
from bot.web.desk.ticket_more import materials, of_this_door
from bot.web.desk.ticket_steps import steps_shown
from bot.web.forms import Form
from bot.web.message_links import pressed_by
from bot.web.pages import Pages
from bot.web.staff import Attached, FilesOf

_pages = Pages("desk/ticket.yml")
_case = Pages("staff.yml")
#: what of a household's earlier cases is shown
_OTHERS = 3
#: keeps a picture of a ticket: number, bytes, staff number; raises Refused for what is no picture
KeepPicture = Callable[[str, bytes, str], None]


class _Act(Pressed):
    verb: Annotated[str, Field(max_length=20)] = ""
    note: Annotated[str, Field(max_length=1000)] = ""
    when: Annotated[str, Field(max_length=40)] = ""
    to: Annotated[str, Field(max_length=40)] = ""
    back: Annotated[str, Field(max_length=80)] = ""


@dataclass(frozen=True)
class _Read:
    """A ticket as its page shows it, read at one moment."""

    line: Listed
    household: HouseholdCard | None
    others: Sequence[TicketCard]
    history: Sequence[ActivityCard]
    numbers: Sequence[tuple[str, str]]
    recordings: int
    pictures: Sequence[Attached]
    sounds: Sequence[Attached]
    call: CallRecord | None
    names: Mapping[str, str]
    people: Sequence[tuple[str, str]]
    #: other open cases of this door, and whether they may become one with it
    door: Sequence[tuple[TicketCard, bool]]


class TicketPage:
    """Handlers of one site."""

    def __init__(
        self,
        desk: Desk,
        database: Database,
        tickets: TicketDesk,
        registry: Registry,
        looks: Looks,
        settings: Settings,
        *,
        pictures: FilesOf,
        sounds: FilesOf,
        keep_picture: KeepPicture,
        clock: Callable[[], dt.datetime] = now,
    ) -> None:
        self._desk, self._database, self._tickets = desk, database, tickets
        self._registry, self._looks, self._settings = registry, looks, settings
        self._pictures, self._sounds, self._keep_picture = pictures, sounds, keep_picture
        self._zone, self._clock, self._sent = ZoneInfo(settings.site.timezone), clock, Sent(database, clock)
        self._occupations = Occupations(database, clock)

    def routes(self) -> list[web.RouteDef]:
        mine, number = self._desk.open_to, TICKET
        return [
            web.get(f"/desk/{number}", mine(self.show)),
            web.post(f"/desk/{number}", mine(self.act)),
            web.post(f"/desk/{number}/rang", mine(self.rang)),
            web.post(f"/desk/{number}/photo", mine(self.photo)),
        ]

    # ---- looking --------------------------------------------------------------------------------

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The whole ticket."""
        found = await self._allowed(request, who)
        if isinstance(found, web.Response):
            return found
        return await self._page(request, who, found)

    async def _allowed(self, request: web.Request, who: SignedIn) -> TicketCard | web.Response:
        number = request.match_info["ticket_no"]
        try:
            ticket = await asyncio.to_thread(self._tickets.access.look, number, who.staff_no)
        except NotYours:
            return self._not_shown(request, "not_yours", 403)
        if ticket is None:
            return self._not_shown(request, "none", 404)
        await asyncio.to_thread(self._looks.note, who, CASE, number)
        return ticket

    @staticmethod
    def _not_shown(request: web.Request, why: str, status: int) -> web.Response:
        if by_script(request):
            return answered(False, str(_pages.words[why]), "/desk")
        return _pages.say(_pages.words[why], status)

    async def _page(
        self,
        request: web.Request,
        who: SignedIn,
        ticket: TicketCard,
        *,
        told: str | None = None,
        note: str = "",
        status: int = 200,
    ) -> web.Response:
        it, at, words = await asyncio.to_thread(self._read, ticket, who), self._clock(), _pages.words
        ticket, household = it.line.ticket, it.household
        view: dict[str, Any] = {"call": None, "turns": ()}
        if it.call is not None:
            view = await asyncio.to_thread(call_view, self._settings, it.call)
        typed = ticket.reporter if ticket.channel == Channel.web else ""
        place = f"{household.community}{household.compound}{household.address}" if household else ticket.place
        return self._desk.page(
            request, who, _pages, "desk/ticket.html", status,
            ticket=ticket, line=shown(it.line, at), state=state_of(ticket), proposal=confirming(ticket), told=told, note=note,
            open=ticket.state in OPEN, tel=ticket.caller.number if ticket.caller.vouched else "", typed=typed,
            numbers=[(_case.words["ring"][whose], number) for whose, number in it.numbers if number != typed],
            way=f"geo:0,0?q={quote(place)}" if place else "", when=local(ticket.opened_at, self._zone), recordings=range(it.recordings),
            unsure=any(turn["perhaps"] for turn in view["turns"]),
            pictures=[(at_, it.names.get(one.by, "")) for at_, one in enumerate(it.pictures)],
            sounds=[(at_, one.kind) for at_, one in enumerate(it.sounds)],
            household=household, tags=[words["tags"].get(tag, tag) for tag in household.tags] if household else [],
            owes=_owes(household), facts=noted(ticket.facts, household).read_by_staff(),
            others=[(_named(one), local(one.opened_at, self._zone)) for one in it.others],
            people=it.people, kinds=[(kind, labels().kind(kind)) for kind in learning_words().intents],
            case_words=_case.words, used=materials(it.history, it.names), door=of_this_door(it.door, self._zone),
            list=steps_shown(ticket, it.history, at.astimezone(self._zone).date()),
            history=[(local(act.at, self._zone), labels().activity(act.kind), it.names.get(act.by, ""), act.note) for act in it.history],
            **view,
        )  # fmt: skip

    # ---- doing ----------------------------------------------------------------------------------

    async def act(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """A press; what was typed with it is never lost."""
        found = await self._allowed(request, who)
        if isinstance(found, web.Response):
            return found
        form = await self._desk.form(request, who, _Act)
        to = form.back if form.back.startswith(("/desk?", "/desk/wall")) else f"/desk/{found.ticket_no}"
        done, said = await asyncio.to_thread(self._once, found.ticket_no, form, who)
        if by_script(request):
            return self._answered(done, said, to, form)
        if not done and form.note:
            return await self._page(request, who, found, told=said, note=form.note, status=409)
        raise self._desk.on(to, said)

    def _answered(self, done: bool, said: str, to: str, form: Pressed) -> web.Response:
        answer = answered(done, said, to)
        if not form.ago:  # whoever pressed just now goes on to the next page, and reads it there
            self._desk.tell(answer, said)
        return answer

    def _once(self, number: str, form: _Act, who: SignedIn) -> tuple[bool, str]:
        content = "\0".join((number, form.verb, form.note, form.when, form.to))
        form.note = late_note(form.note, form.ago, self._zone, self._clock())
        return self._sent.once(who.staff_no, form.press, content, lambda: self._do(number, form, who))

    def _do(self, number: str, form: _Act, who: SignedIn) -> tuple[bool, str]:
        """Whether it was done, and what to tell whoever pressed. Blocks."""
        told, by = _pages.words["told"], who.staff_no
        if presses.of_page(form.verb) is not None:
            return pressed_by(self._tickets, self._zone, number, form.verb, by, form.note)
        try:
            if form.verb == "eta":
                until = read_time(form.when, self._clock().astimezone(self._zone))
                self._tickets.estimate(number, by, until, form.note)
            elif form.verb == "crew":
                fresh = self._tickets.call_crew(number, by, form.note).fresh
                return True, str(told["crew" if fresh else "crew_already"])
            elif form.verb == "pass":
                if self._registry.person(form.to) is None:
                    return False, str(told["nobody"])
                self._tickets.pass_on(number, form.to, by, form.note)
            elif form.verb == "comment":
                self._tickets.comment(number, by, form.note)
            else:
                return False, str(told["refused"])
        except TimeRefused:
            return False, str(told["no_time"])
        except NotYours:
            return False, str(told["not_yours"])
        except TicketRefused:
            return False, str(told["refused"])
        return True, str(told[form.verb])

    async def rang(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Whoever taps a number has rung it: written down, so that the next one knows."""
        found = await self._allowed(request, who)
        if isinstance(found, web.Response):
            return found
        await self._desk.form(request, who, Form)
        await asyncio.to_thread(self._tickets.rang, found.ticket_no, who.staff_no)
        return web.Response(status=204)

    async def photo(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """A picture of what was found or done."""
        found = await self._allowed(request, who)
        if isinstance(found, web.Response):
            return found
        number = found.ticket_no
        # Larger than anything else that is sent here; the limit is this form's own.
        large = request.clone(client_max_size=LARGEST_PHOTO)
        try:
            form = await self._desk.form(large, who, Pressed)
        except web.HTTPRequestEntityTooLarge:
            return await self._photo_said(request, who, False, str(offline_words()["too_big"]), number, Pressed())
        sent = (await bodies.form(large)).get("photo")
        data = b""
        if isinstance(sent, web.FileField):
            with sent.file as file:
                data = file.read()
        done, said = await asyncio.to_thread(self._keep, number, form, data, who)
        return await self._photo_said(request, who, done, said, number, form)

    async def _photo_said(
        self, request: web.Request, who: SignedIn, done: bool, said: str, number: str, form: Pressed
    ) -> web.StreamResponse:
        if by_script(request):
            return self._answered(done, said, f"/desk/{number}", form)
        raise self._desk.on(f"/desk/{number}", said)

    def _keep(self, number: str, form: Pressed, data: bytes, who: SignedIn) -> tuple[bool, str]:
        def keep() -> tuple[bool, str]:
            try:
                self._keep_picture(number, data, who.staff_no)
            except TicketRefused:
                return False, str(_pages.words["told"]["no_picture"])
            return True, str(_pages.words["told"]["photo"])

        return self._sent.once(who.staff_no, form.press, number + hashlib.sha256(data).hexdigest(), keep)

    # ---- blocking -------------------------------------------------------------------------------

    def _read(self, ticket: TicketCard, who: SignedIn) -> _Read:
        number, tickets = ticket.ticket_no, self._tickets
        ticket = tickets.ticket(number) or ticket
        household = self._registry.household(ticket.household_no) if ticket.household_no else None
        others: list[TicketCard] = []
        if household is not None:
            self._looks.note(who, HOUSEHOLD, household.household_no)
            found = tickets.of_household(household.household_no, _OTHERS + 1)
            others = [one for one in found if one.ticket_no != number][:_OTHERS]
        history, pictures = tickets.activities(number), self._pictures(number)
        people = [self._registry.person(by) for by in {*(act.by for act in history), *(one.by for one in pictures)}]
        due = next(iter(tickets.deadlines(number)), None)
        call = find_call(self._database, number)
        return _Read(
            Listed(ticket, due.due_at if due and ticket.state in OPEN else None, "", 0), household, others, history,
            numbers_of(ticket, self._registry), 0 if call else len(tickets.recordings(number)), pictures,
            self._sounds(number), call, {one.staff_no: one.name for one in people if one},
            self._others(), tickets.of_door(number, who.staff_no, self._clock()) if ticket.state in OPEN else [],
        )  # fmt: skip

    def _others(self) -> list[tuple[str, str]]:
        """To whom it can be passed on, with who rides or has no hand free just now."""
        busy, at = self._occupations.now(), self._clock()
        said = ((one, busy_in_words(busy.get(one.staff_no), at)) for _, one in self._registry.managers())
        return [(one.staff_no, f"{one.name}（{now}）" if now else one.name) for one, now in said]


def _named(one: TicketCard) -> dict[str, str]:
    return {"ticket_no": one.ticket_no, "kind": labels().kind(one.kind), "state": labels().state(one.state)}


def _owes(household: HouseholdCard | None) -> str:
    if household is None:
        return ""
    words = _pages.words
    if household.balance >= 0:
        return str(words["owes_nothing"])
    return str(words["owes"]).format(months=household.months_owed, sum=-household.balance)
