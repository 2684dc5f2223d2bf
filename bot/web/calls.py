"""The call log for staff: which calls came, and one of them as it was heard and answered, with its waveform."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from aiohttp import web

from bot.database import Database
from bot.doors.devices import SignedIn
from bot.foundation import untrusted
from bot.grid.models import Role
from bot.recordings.keys import KeyRefused
from bot.recordings.room import RecordingMissing, look_into, open_recording
from bot.settings import Settings
from bot.speech.audio import Samples
from bot.tickets.desk import TicketDesk
from bot.tickets.owed.paging import EVERYWHERE
from bot.voice.call_log import CallRecord, find_call, latest_calls
from bot.web.pages import Pages
from bot.web.signing_in import SignIn

#: calls of one page, and calls that are looked through for a manager's own
_PAGE, _LOOKED_AT = 50, 500
#: of the drawing, in its own units: a column a unit, each voice on its own half
_COLUMNS, _HEIGHT = 720, 120
#: int16 of a voice that fills its half; quieter calls are drawn as they are
_LOUD = 16_000
_STEPS = ("end_of_speech", "recognise", "dialogue", "first_audio")


_pages = Pages("calls.yml")


@dataclass(frozen=True)
class Waveform:
    """Both voices of a recording, drawn; `seconds` is its length."""

    seconds: float
    caller: str
    gege: str


class CallPages:
    """Handlers of one site. The duty desk sees every call, a manager those that became cases of his grid."""

    def __init__(self, database: Database, desk: TicketDesk, sign_in: SignIn, settings: Settings) -> None:
        self._database, self._desk = database, desk
        self._sign_in, self._settings = sign_in, settings
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
        found, earlier = await asyncio.to_thread(self._calls, person, number)
        return _pages.page(
            "calls.html",
            calls=[(one, self._when(one), self._outcome(one)) for one in found],
            earlier=earlier,
            caller=_caller,
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """One call."""
        call = await self._found(request)
        if isinstance(call, web.Response):
            return call
        wave = await asyncio.to_thread(self._waveform, call)
        return _pages.page(
            "call.html",
            call=call,
            when=self._when(call),
            outcome=self._outcome(call),
            caller=_caller(call),
            wave=wave,
            turns=[_turn(number, turn, wave) for number, turn in enumerate(call.turns, start=1)],
            columns=_COLUMNS,
            height=_HEIGHT,
            middle=_HEIGHT // 2,
        )

    async def listen(self, request: web.Request) -> web.StreamResponse:
        """The call's sound: caller left, Gege right."""
        call = await self._found(request)
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

    async def _found(self, request: web.Request) -> CallRecord | web.Response:
        """The call that is asked for; or the page for strangers and other grids."""
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
        return call

    # ---- drawing --------------------------------------------------------------------------------

    def _waveform(self, call: CallRecord) -> Waveform | None:
        """None when there is no recording (any more)."""
        if not call.recording:
            return None
        try:
            opened = look_into(self._settings, call.recording)
        except (RecordingMissing, KeyRefused):
            return None
        samples = np.frombuffer(opened.pcm, "<i2").reshape(-1, opened.channels)
        if opened.channels != 2 or not len(samples):
            return None
        return Waveform(
            len(samples) / opened.rate, _outline(samples[:, 0], _HEIGHT // 2, up=True),
            _outline(samples[:, 1], _HEIGHT // 2, up=False),
        )  # fmt: skip

    def _when(self, call: CallRecord) -> str:
        return call.started_at.astimezone(self._zone).strftime("%m-%d %H:%M")

    def _outcome(self, call: CallRecord) -> str:
        return str(_pages.words["outcomes"].get(call.outcome, call.outcome))


def _outline(samples: Samples, base: int, *, up: bool) -> str:
    """The points of one voice's outline: the loudest sample of each column, away from the middle line."""
    edges = np.linspace(0, len(samples), min(_COLUMNS, len(samples)) + 1).astype(int)[:-1]
    peaks = np.maximum.reduceat(np.abs(samples.astype(np.int32)), edges)
    heights = np.minimum(peaks / _LOUD, 1.0) * (base - 4)
    step = _COLUMNS / len(edges)
    tops = [
        f"{column * step:.1f},{base - height if up else base + height:.1f}" for column, height in enumerate(heights)
    ]
    return " ".join([f"0,{base}", *tops, f"{_COLUMNS},{base}"])


def _turn(number: int, turn: dict[str, Any], wave: Waveform | None) -> dict[str, Any]:
    """One turn as the page shows it; `x`, `width`: where the caller spoke, None when that was not noted."""
    seconds = turn["seconds"]
    shown: dict[str, Any] = {
        "number": number,
        "heard": turn["heard"] or _pages.words["nothing"],
        "key": turn["key"],
        "intent": turn["intent"],
        "said": turn["said"],
        "times": [(_pages.words["steps"][step], f"{seconds[step]:.2f}") for step in _STEPS if step in seconds],
        "begins": None,
        "x": None,
        "width": 0.0,
    }
    if wave is not None and "at" in seconds:
        ended = seconds["at"] - seconds.get("end_of_speech", 0.0)
        began = max(0.0, ended - seconds.get("speech", 0.0))
        scale = _COLUMNS / wave.seconds
        shown["begins"], shown["x"] = round(began, 2), round(began * scale, 1)
        shown["width"] = round(max((ended - began) * scale, 2.0), 1)
    return shown


def _caller(call: CallRecord) -> str:
    return call.caller or str(_pages.words["withheld"])
