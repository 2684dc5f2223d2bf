"""The call log for staff: which calls came, and one of them as it was heard and answered, with its waveform."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.database import Database
from bot.doors.devices import SignedIn
from bot.doors.looks import CALL, RECORDING, Looks
from bot.foundation import untrusted
from bot.foundation.local_time import local
from bot.grid.models import Role
from bot.recordings.keys import KeyRefused
from bot.recordings.room import RecordingMissing, open_recording
from bot.settings import Settings
from bot.tickets.desk import TicketDesk
from bot.tickets.owed.paging import EVERYWHERE
from bot.voice.call_log import CallRecord, find_call, latest_calls
from bot.web.call_view import call_view
from bot.web.pages import Pages
from bot.web.signing_in import SignIn

#: calls of one page, and calls that are looked through for a manager's own
_PAGE, _LOOKED_AT = 50, 500
_pages = Pages("calls.yml")


class CallPages:
    """Handlers of one site. The duty desk sees every call, a manager those that became cases of his grid."""

    def __init__(self, database: Database, desk: TicketDesk, sign_in: SignIn, settings: Settings) -> None:
        self._database, self._desk = database, desk
        self._sign_in, self._settings, self._looks = sign_in, settings, Looks(database)
        self._zone = ZoneInfo(settings.site.timezone)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/calls", self.newest),
            web.get("/calls/{number}", self.show),
            web.get("/calls/{number}/recording", self.listen),
        ]

    async def newest(self, request: web.Request) -> web.StreamResponse:
        """The newest calls, fifty a page."""
        person = await self._person(request)
        if person is None:
            return _pages.say(_pages.words["closed"], 403)
        before = request.query.get("before", "")
        number = untrusted.number(before, 9)
        await asyncio.to_thread(self._looks.note, person, CALL, "list")
        found, earlier = await asyncio.to_thread(self._calls, person, number)
        return _pages.page(
            "calls.html",
            calls=[(one, self._when(one), self._outcome(one)) for one in found],
            earlier=earlier,
            caller=_caller,
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """One call."""
        call = await self._found(request, CALL)
        if isinstance(call, web.Response):
            return call
        view = await asyncio.to_thread(call_view, self._settings, call)
        return _pages.page(
            "call.html", when=self._when(call), outcome=self._outcome(call), caller=_caller(call), **view
        )  # fmt: skip

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """The call's sound: caller left, Gege right."""
        call = await self._found(request, RECORDING)
        if isinstance(call, web.Response):
            return call
        try:
            sound = await asyncio.to_thread(open_recording, self._settings, call.recording)
        except (RecordingMissing, KeyRefused):
            return _pages.say(_pages.words["no_recording"], 404)
        return web.Response(body=sound, content_type="audio/wav", headers={"Cache-Control": "no-store"})

    # ---- who sees what --------------------------------------------------------------------------

    async def _person(self, request: web.Request) -> SignedIn | None:
        person = await self._sign_in.staff_of(request)
        return None if person is None or person.role == Role.supervisor else person

    def _seen(self, person: SignedIn, calls: Sequence[CallRecord]) -> list[CallRecord]:
        """Those that this person may look at: a call is seen by who sees its case, one without a case by the desk."""
        if person.role in EVERYWHERE:
            return list(calls)
        seen = self._desk.access.seen_by(person.staff_no, (one.ticket_no for one in calls if one.ticket_no))
        return [one for one in calls if one.ticket_no in seen]

    def _calls(self, person: SignedIn, before: int | None) -> tuple[list[CallRecord], int]:
        """The newest ones that this person sees, and where to look for more (0: nowhere)."""
        most = _PAGE if person.role in EVERYWHERE else _LOOKED_AT
        looked_at = latest_calls(self._database, most, before)
        found = self._seen(person, looked_at)
        if len(found) > _PAGE:
            return found[:_PAGE], found[_PAGE - 1].number
        return found, looked_at[-1].number if len(looked_at) == most else 0

    async def _found(self, request: web.Request, what: str) -> CallRecord | web.Response:
        """The call that is asked for, the look (`what`) written down; or the page for strangers and other grids."""
        person, number = await self._person(request), request.match_info["number"]
        if person is None:
            return _pages.say(_pages.words["closed"], 403)
        # By its number alone: a ticket may have several calls.
        known = untrusted.number(number, 9) is not None
        call = await asyncio.to_thread(find_call, self._database, number) if known else None
        if call is None:
            return _pages.say(_pages.words["no_call"], 404)
        if not await asyncio.to_thread(self._seen, person, [call]):
            return _pages.say(_pages.words["not_yours"], 403)
        await asyncio.to_thread(self._looks.note, person, what, call.ticket_no or str(call.number))
        return call

    def _when(self, call: CallRecord) -> str:
        return local(call.started_at, self._zone)

    def _outcome(self, call: CallRecord) -> str:
        return str(_pages.words["outcomes"].get(call.outcome, call.outcome))


def _caller(call: CallRecord) -> str:
    return call.caller or str(_pages.words["withheld"])
