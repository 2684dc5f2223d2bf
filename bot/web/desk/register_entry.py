"""One entry of the register: entered in a few taps, read, taken on, done when the person says so."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import ConfigDict, Field

from bot.database import now
from bot.doors.devices import SignedIn
from bot.doors.looks import PICTURE, Looks
from bot.foundation.local_time import local
from bot.grid.location import HouseholdCard
from bot.grid.models import Role
from bot.grid.registry import Registry
from bot.grid.search import HouseholdSearch
from bot.register.book import Book, EntryCard, New, NotAllowed
from bot.register.changing import REMOVED, Change, Changing
from bot.register.kind_files import ROLES, Kind, Type
from bot.register.models import EntryState
from bot.register.photos import Photos
from bot.register.sheets import said
from bot.register.values import EntryWrong
from bot.register.wishes import Taken, Wishes
from bot.tickets.cards import TicketRefused
from bot.web.desk.households import NotTheirs, looked_at, may_look
from bot.web.desk.layout import Desk
from bot.web.desk.register_form import BODY, filled, notes
from bot.web.desk.register_words import ENTRY, differing, found_entry, pages, reader_of, values
from bot.web.forms import Form, FormWrong, see
from bot.web.pages import Pages

_tags = Pages("desk/ticket.yml")
#: of one name, so many households are offered to choose from
_PICKS = 6
#: what stands in a text already: whoever enters
_ME = "me"
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
        self, desk: Desk, book: Book, changing: Changing, wishes: Wishes, photos: Photos, registry: Registry,
        search: HouseholdSearch, looks: Looks, zone: ZoneInfo, clock: Callable[[], dt.datetime] = now,
    ) -> None:  # fmt: skip
        self._desk, self._book, self._changing, self._wishes = desk, book, changing, wishes
        self._photos, self._registry, self._search, self._looks = photos, registry, search, looks
        self._zone, self._clock = zone, clock

    def routes(self) -> list[web.RouteDef]:
        everybody = self._desk.open_to
        return [
            web.get("/desk/register/new", everybody(self.ask, *map(Role, ROLES))),
            web.post("/desk/register/new", everybody(self.keep, *map(Role, ROLES))),
            web.get(ENTRY, everybody(self.show, *map(Role, ROLES))),
            web.post(ENTRY, everybody(self.act)),
            web.get(f"{ENTRY}/photo", everybody(self.photo)),
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
        for one in kind.fields:
            if one.type == Type.text and one.usual:
                typed.setdefault(one.name, who.name if one.usual == _ME else one.usual)
        return await self._form(request, who, kind, typed)

    async def keep(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Written down; what is wrong is told beside it, and what was typed stays."""
        # A telephone's photograph, where no script has made it small.
        request = request.clone(client_max_size=BODY)
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
        community, task = kind.typed(Type.community), typed.get("task", "")
        it = await filled(request, kind, typed, self._today(), self._photos, wrong)
        return None if wrong else New(
            kind.kind, it.day, typed["nonce"], it.values, household, typed.get(community.name, "") if community else "",
            it.photo, int(task) if task.isascii() and task.isdecimal() else 0,
        )  # fmt: skip

    def _done(self, card: EntryCard, household: HouseholdCard | None, back: str) -> web.HTTPException:
        said = pages.words["done"]
        if (after := self._book.kinds.next_day(card.kind, card.day, card.values, household)) is not None:
            said += pages.words["next"].format(day=after[0].isoformat(), words=after[1])
        return self._desk.on(back if back.startswith(_BACK) else f"/desk/register/{card.id}", said)

    async def _form(
        self, request: web.Request, who: SignedIn, kind: Kind, typed: Mapping[str, str],
        wrong: Mapping[str, str] | None = None, picks: list[HouseholdCard] | None = None,
    ) -> web.Response:  # fmt: skip
        field = kind.typed(Type.household)
        household = await asyncio.to_thread(self._household_of, typed.get(field.name, "") if field else "", who)
        fields = [one for one in kind.fields if not (one.type == Type.household and who.role == Role.supervisor)]
        nonce = typed.get("nonce") or secrets.token_urlsafe(16)
        return self._desk.page(
            request, who, pages, "desk/register_new.html", 400 if wrong else 200, kind=kind, fields=fields, typed=typed,
            wrong=notes(kind, wrong or {}), about=household, household="", nonce=nonce, today=self._today().isoformat(), picks=picks or [],
            first=first(who, self._book, kind.kind), yes_no=said().yes_no,
            communities=await asyncio.to_thread(self._book.communities, reader_of(who)),
        )  # fmt: skip

    def _household_of(self, household_no: str, who: SignedIn) -> HouseholdCard | None:
        """The household that a form or an entry is about; None when it is gone, or not theirs to look at. Blocks."""
        try:
            return looked_at(self._registry, self._looks, who, household_no) if household_no else None
        except NotTheirs:
            return None

    # ---- one entry ------------------------------------------------------------------------------

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The whole entry."""
        found = await found_entry(request, who, self._book)
        if isinstance(found, web.Response):
            return found
        kind, words = self._book.kinds.get(found.kind), pages.words
        household = await asyncio.to_thread(self._household_of, found.household_no, who)
        after = self._book.kinds.next_day(found.kind, found.day, found.values, household)
        photo = kind.typed(Type.photo) if kind else None
        return self._desk.page(
            request, who, pages, "desk/register_entry.html", it=found,
            kind_words=self._book.kinds.words(found.kind),
            fields=values(kind, found.values) if kind else list(found.values.items()),
            photo=bool(photo and found.values.get(photo.name)), household=household,
            tags=[_tags.words["tags"].get(tag, tag) for tag in household.tags] if household else [],
            gone=bool(found.household_no) and household is None and who.role != Role.supervisor,
            state=said().states[found.state] if kind and kind.claims else "", acts=self._acts(kind, found, who),
            next=words["next"].format(day=after[0].isoformat(), words=after[1]) if after else "",
            history=self._history(found, await asyncio.to_thread(self._changing.history, found.id)),
            edits=kind is not None and self._changing.may(found, reader_of(who)),
            removed=said().states["removed"] if found.state == EntryState.removed else "",
        )  # fmt: skip

    async def act(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Taken on, given back, fulfilled, said, dropped; who comes second is told what the first one did."""
        found = await found_entry(request, who, self._book)
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
        found = await found_entry(request, who, self._book)
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

    def _history(self, found: EntryCard, changes: Sequence[Change]) -> list[tuple[str, str, str]]:
        words = pages.words
        who = said().resident if found.by == "resident" else found.by_name or found.by
        steps = [
            (found.at, words["entry"]["entered"], who),
            (found.claimed_at, said().states["claimed"], found.claimed_name or found.claimed_by),
            (found.fulfilled_at, words["entry"]["fulfilled"], found.claimed_name),
        ]
        if found.done_at and found.state in (EntryState.done, EntryState.dropped) and found.done_at != found.at:
            steps.append((found.done_at, words["entry"][found.state], ""))
        steps += self._changes(found, changes)
        return [(local(at, self._zone), what, by) for at, what, by in steps if at is not None]

    def _changes(self, found: EntryCard, changes: Sequence[Change]) -> list[tuple[dt.datetime | None, str, str]]:
        """Each change with what it said before and after."""
        words, kind = pages.words["edit"], self._book.kinds.get(found.kind)
        after = [*((one.day, one.values) for one in changes), (found.day, found.values)][1:]
        steps: list[tuple[dt.datetime | None, str, str]] = []
        for one, (day, fields) in zip(changes, after, strict=True):
            if one.what == REMOVED:
                said = words["why"].format(why=one.why) if one.why else words["was_removed"]
            else:
                said = words["was"].format(what="；".join(differing(kind, (one.day, one.values), (day, fields))))
            steps.append((one.at, said, one.by_name))
        return steps

    def _today(self) -> dt.date:
        return self._clock().astimezone(self._zone).date()


def first(who: SignedIn, book: Book, here: str) -> list[tuple[str, str, bool]]:
    """＋: a report, and what is entered most; (path, name, whether it is open)."""
    names = pages.words["first"]
    found = [] if who.role == Role.supervisor else [("/desk/new", names["report"], here == "report")]
    for kind in ("visit", "talk", "praise", "note"):
        if kind in book.kinds and who.role in book.kinds[kind].enters:
            found.append((f"/desk/register/new?kind={kind}", names[kind], here == kind))
    return [*found, ("/desk/register/new", names["other"], False)] if here else found
