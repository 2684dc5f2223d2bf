"""One entry of the register: entered in a few taps, read, taken on, done when the person says so."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import Callable, Mapping
from typing import Annotated
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import ConfigDict, Field

from bot.database import now
from bot.doors.devices import SignedIn
from bot.doors.looks import HOUSEHOLD, PICTURE, Looks
from bot.foundation import bodies
from bot.foundation.local_time import local
from bot.grid.location import HouseholdCard
from bot.grid.models import Role
from bot.grid.registry import Registry
from bot.grid.search import HouseholdSearch
from bot.register.book import Book, EntryCard, New, NotAllowed
from bot.register.kind_files import ROLES, Kind, Type
from bot.register.models import EntryState
from bot.register.photos import LARGEST, NoPhoto, Photos
from bot.register.values import EntryWrong, read_day, read_values
from bot.register.wishes import Taken, Wishes
from bot.tickets.cards import TicketRefused
from bot.web.desk.households import may_look
from bot.web.desk.layout import Desk
from bot.web.desk.register_words import pages, reader_of, values
from bot.web.forms import Form, FormWrong, see
from bot.web.pages import Pages

_tags = Pages("desk/ticket.yml")
#: of one name, so many households are offered to choose from
_PICKS = 6
#: a form and the photograph in it
_BODY = LARGEST + 64 * 1024
#: where somebody came from, and goes back to
_BACK = ("/desk/household/", "/desk/day", "/desk/survey", "/desk/wishes")


class _Entered(Form):
    """What every kind has; its own fields ride along."""

    model_config = ConfigDict(extra="allow", str_strip_whitespace=True)
    kind: Annotated[str, Field(max_length=20)] = ""
    nonce: Annotated[str, Field(min_length=16, max_length=64)]
    day: Annotated[str, Field(max_length=20)] = ""
    task: Annotated[str, Field(max_length=12)] = ""
    back: Annotated[str, Field(max_length=120)] = ""


class _Act(Form):
    verb: Annotated[str, Field(max_length=20)] = ""
    word: Annotated[str, Field(max_length=300)] = ""
    back: Annotated[str, Field(max_length=120)] = ""


class RegisterEntryPages:
    """Handlers of one site."""

    def __init__(
        self, desk: Desk, book: Book, wishes: Wishes, photos: Photos, registry: Registry,
        search: HouseholdSearch, looks: Looks, zone: ZoneInfo, clock: Callable[[], dt.datetime] = now,
    ) -> None:  # fmt: skip
        self._desk, self._book, self._wishes = desk, book, wishes
        self._photos, self._registry, self._search, self._looks = photos, registry, search, looks
        self._zone, self._clock = zone, clock

    def routes(self) -> list[web.RouteDef]:
        everybody = self._desk.open_to
        one = "/desk/register/{entry:[0-9]{1,12}}"
        return [
            web.get("/desk/register/new", everybody(self.ask, *map(Role, ROLES))),
            web.post("/desk/register/new", everybody(self.keep, *map(Role, ROLES))),
            web.get(one, everybody(self.show, *map(Role, ROLES))),
            web.post(one, everybody(self.act)),
            web.get(f"{one}/photo", everybody(self.photo)),
        ]

    # ---- entering -------------------------------------------------------------------------------

    async def ask(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The form of a kind; without one, which kind."""
        kind = self._book.kinds.get(request.query.get("kind", ""))
        typed = {name: request.query.get(name, "")[:120] for name in ("task", "back", "place")}
        household = request.query.get("household", "")[:40]
        if kind is None or who.role not in kind.enters:
            kinds = [(one.kind, one.words) for one in self._book.kinds.entered_by(who.role)]
            return self._desk.page(
                request, who, pages, "desk/register_kinds.html", kinds=kinds, first=first(who, self._book, ""),
                household=household,
            )  # fmt: skip
        for name, given in ((Type.household, household), (Type.community, request.query.get("community", "")[:80])):
            if (field := kind.typed(name)) is not None:
                typed[field.name] = given
        return await self._form(request, who, kind, typed)

    async def keep(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Written down; what is wrong is told beside it, and what was typed stays."""
        # A telephone's photograph, where no script has made it small.
        request = request.clone(client_max_size=_BODY)
        try:
            form = await self._desk.form(request, who, _Entered)
        except FormWrong:
            raise see("/desk/register/new") from None
        kind = self._book.kinds.get(form.kind)
        if kind is None or who.role not in kind.enters:
            return pages.say(pages.words["not_here"], 403)
        typed = {name: str(value) for name, value in {**(form.model_extra or {}), **form.model_dump()}.items()}
        wrong: dict[str, str] = {}
        picks: list[HouseholdCard] = []
        household, picks = await self._household(kind, typed, who, wrong)
        new = await self._read(request, kind, typed, household, wrong)
        if not wrong and new is not None:
            today = self._today()
            try:
                card = await asyncio.to_thread(self._book.enter, new, reader_of(who), today)
            except EntryWrong as problem:
                wrong.update(problem.fields)
            except NotAllowed:
                return pages.say(pages.words["not_here"], 403)
            else:
                known = await asyncio.to_thread(self._registry.household, household) if household else None
                raise self._done(card, known, typed.get("back", ""))
        return await self._form(request, who, kind, typed, wrong, picks)

    async def _household(
        self, kind: Kind, typed: Mapping[str, str], who: SignedIn, wrong: dict[str, str]
    ) -> tuple[str, list[HouseholdCard]]:
        """The number of the household that was typed by number, name or place; several are offered to choose from."""
        field = kind.typed(Type.household)
        said = typed.get(field.name, "")[:80] if field is not None else ""
        if field is None or not said or who.role == Role.supervisor:
            return "", []
        if await asyncio.to_thread(self._registry.household, said) is not None:
            return said, []
        found = [one.household for one in await asyncio.to_thread(self._search.find, said, may_look(who), _PICKS)]
        exact = [one for one in found if said in (one.householder, f"{one.compound}{one.address}")]
        if len(exact or found) == 1:
            return (exact or found)[0].household_no, []
        wrong[field.name] = "several" if found else "unknown"
        return "", found

    async def _read(
        self, request: web.Request, kind: Kind, typed: Mapping[str, str], household: str, wrong: dict[str, str]
    ) -> New | None:
        community = kind.typed(Type.community)
        day, read, photo = self._today(), {}, ""
        try:
            day = read_day(typed.get("day", ""), day)
        except EntryWrong as problem:
            wrong.update(problem.fields)
        try:
            read = read_values(kind, typed, self._today())
        except EntryWrong as problem:
            wrong.update(problem.fields)
        field = kind.typed(Type.photo)
        if field is not None:
            try:
                photo = await self._photo(request, field.name)
            except NoPhoto:
                wrong[field.name] = "no_picture"
        task = typed.get("task", "")
        return None if wrong else New(
            kind.kind, day, typed["nonce"], read, household, typed.get(community.name, "") if community else "", photo,
            int(task) if task.isascii() and task.isdecimal() else 0,
        )  # fmt: skip

    async def _photo(self, request: web.Request, name: str) -> str:
        sent = (await bodies.form(request)).get(name)
        if not isinstance(sent, web.FileField):
            return ""
        with sent.file:
            data = await asyncio.to_thread(sent.file.read)
        return await asyncio.to_thread(self._photos.keep, data) if data else ""

    def _done(self, card: EntryCard, household: HouseholdCard | None, back: str) -> web.HTTPException:
        said = pages.words["done"]
        if (after := self._book.kinds.next_day(card.kind, card.day, card.values, household)) is not None:
            said += pages.words["next"].format(day=after[0].isoformat(), words=after[1])
        return self._desk.on(back if back.startswith(_BACK) else f"/desk/register/{card.id}", said)

    async def _form(
        self, request: web.Request, who: SignedIn, kind: Kind, typed: Mapping[str, str],
        wrong: Mapping[str, str] | None = None, picks: list[HouseholdCard] | None = None,
    ) -> web.Response:  # fmt: skip
        words, wrong = pages.words, dict(wrong or {})
        notes = {name: _note(kind, name, fault) for name, fault in wrong.items()}
        if wrong and kind.typed(Type.photo) is not None:
            notes.setdefault(kind.typed(Type.photo).name, words["ask"]["photo_again"])  # type: ignore[union-attr]
        household = await asyncio.to_thread(self._shown, kind, typed, who)
        fields = [one for one in kind.fields if not (one.type == Type.household and who.role == Role.supervisor)]
        nonce = typed.get("nonce") or secrets.token_urlsafe(16)
        return self._desk.page(
            request, who, pages, "desk/register_new.html", 400 if wrong else 200, kind=kind, fields=fields, typed=typed,
            wrong=notes, about=household, household="", nonce=nonce, today=self._today().isoformat(), picks=picks or [],
            first=first(who, self._book, kind.kind),
            communities=await asyncio.to_thread(self._book.communities, reader_of(who)),
        )  # fmt: skip

    def _shown(self, kind: Kind, typed: Mapping[str, str], who: SignedIn) -> HouseholdCard | None:
        """The household that a form is about, to whoever may look at it; blocks."""
        field, grids = kind.typed(Type.household), may_look(who)
        number = typed.get(field.name, "") if field is not None else ""
        card = self._registry.household(number) if number and who.role != Role.supervisor else None
        if card is None or not (grids is None or card.grid_no in grids):
            return None
        self._looks.note(who, HOUSEHOLD, card.household_no)
        return card

    # ---- one entry ------------------------------------------------------------------------------

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The whole entry."""
        found = await self._found(request, who)
        if isinstance(found, web.Response):
            return found
        kind, words = self._book.kinds.get(found.kind), pages.words
        household = await asyncio.to_thread(self._known, found, who)
        after = self._book.kinds.next_day(found.kind, found.day, found.values, household)
        photo = kind.typed(Type.photo) if kind else None
        return self._desk.page(
            request, who, pages, "desk/register_entry.html", it=found,
            kind_words=self._book.kinds.words(found.kind),
            fields=values(kind, found.values) if kind else list(found.values.items()),
            photo=bool(photo and found.values.get(photo.name)), household=household,
            tags=[_tags.words["tags"].get(tag, tag) for tag in household.tags] if household else [],
            gone=bool(found.household_no) and household is None and who.role != Role.supervisor,
            state=words["states"][found.state] if kind and kind.claims else "", acts=self._acts(kind, found, who),
            next=words["next"].format(day=after[0].isoformat(), words=after[1]) if after else "",
            history=self._history(found),
        )  # fmt: skip

    async def act(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Taken on, given back, fulfilled, said, dropped; who comes second is told what the first one did."""
        found = await self._found(request, who)
        if isinstance(found, web.Response):
            return found
        form = await self._desk.form(request, who, _Act)
        reader, number, words = reader_of(who), found.id, pages.words["told"]
        acts: dict[str, Callable[[], Taken]] = {
            "claim": lambda: self._wishes.claim(number, reader),
            "give_back": lambda: self._wishes.give_back(number, reader),
            "fulfil": lambda: self._wishes.fulfil(number, reader, form.word),
            "said": lambda: self._wishes.said(number, reader, form.word),
            "not_yet": lambda: self._wishes.not_yet(number, reader, form.word),
            "drop": lambda: self._wishes.drop(number, reader, form.word),
        }
        told = words["refused"]
        if form.verb in acts:
            try:
                done = await asyncio.to_thread(acts[form.verb])
                if done.fresh:
                    told = words[form.verb]
                elif done.state == "word":
                    told = words["word"]
                elif form.verb == "claim" and done.who:
                    told = words["taken"].format(who=done.who)
            except (NotAllowed, TicketRefused):
                told = words["refused"]
        raise self._desk.on(form.back if form.back.startswith(_BACK) else f"/desk/register/{number}", told)

    async def photo(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The photograph of an entry; the look is written down first."""
        found = await self._found(request, who)
        if isinstance(found, web.Response):
            return found
        kind = self._book.kinds.get(found.kind)
        field = kind.typed(Type.photo) if kind else None
        name = str(found.values.get(field.name, "")) if field else ""
        file = await asyncio.to_thread(self._photos.find, name)
        if file is None:
            raise web.HTTPNotFound
        await asyncio.to_thread(self._looks.note, who, PICTURE, f"register:{found.id}")
        return web.FileResponse(file, headers={"Cache-Control": "private, max-age=60"})

    async def _found(self, request: web.Request, who: SignedIn) -> EntryCard | web.Response:
        try:
            found = await asyncio.to_thread(self._book.entry, int(request.match_info["entry"]), reader_of(who))
        except NotAllowed:
            return pages.say(pages.words["not_yours"], 403)
        return found if found is not None else pages.say(pages.words["no_entry"], 404)

    def _known(self, found: EntryCard, who: SignedIn) -> HouseholdCard | None:
        """The entry's household as it is today; None when it is gone, or not theirs to look at. Blocks."""
        grids = may_look(who)
        card = self._registry.household(found.household_no) if found.household_no else None
        if card is None or who.role == Role.supervisor or not (grids is None or card.grid_no in grids):
            return None
        self._looks.note(who, HOUSEHOLD, card.household_no)
        return card

    @staticmethod
    def _acts(kind: Kind | None, found: EntryCard, who: SignedIn) -> list[str]:
        if kind is None or not kind.claims or who.role == Role.supervisor:
            return []
        theirs = found.claimed_by == who.staff_no or reader_of(who).grids is None
        if found.state == EntryState.open:
            return [*(["claim"] if who.role in kind.claims else []), "drop"]
        if found.state == EntryState.claimed:
            return ["fulfil", "give_back", "drop"] if theirs else []
        return ["said", "not_yet"] if found.state == EntryState.fulfilled else []

    def _history(self, found: EntryCard) -> list[tuple[str, str, str]]:
        words = pages.words
        who = words["resident"] if found.by == "resident" else found.by_name or found.by
        steps = [
            (found.at, words["entry"]["entered"], who),
            (found.claimed_at, words["states"]["claimed"], found.claimed_name or found.claimed_by),
            (found.fulfilled_at, words["entry"]["fulfilled"], found.claimed_name),
        ]
        if found.done_at and found.state in (EntryState.done, EntryState.dropped) and found.done_at != found.at:
            steps.append((found.done_at, words["entry"][found.state], ""))
        return [(local(at, self._zone), what, by) for at, what, by in steps if at is not None]

    def _today(self) -> dt.date:
        return self._clock().astimezone(self._zone).date()


def first(who: SignedIn, book: Book, here: str) -> list[tuple[str, str, bool]]:
    """＋: report, visit or note; (path, name, whether it is open)."""
    names = pages.words["first"]
    found = [] if who.role == Role.supervisor else [("/desk/new", names["report"], here == "report")]
    for kind in ("visit", "note"):
        if kind in book.kinds and who.role in book.kinds[kind].enters:
            found.append((f"/desk/register/new?kind={kind}", names[kind], here == kind))
    return [*found, ("/desk/register/new", names["other"], False)] if here else found


def _note(kind: Kind, name: str, fault: str) -> str:
    field = kind.of(name)
    if field is not None and field.type == Type.community and fault == "unknown":
        fault = "no_community"
    return str(pages.words["wrong"][fault]).format(days=(field.ahead if field else 0) or 0)
