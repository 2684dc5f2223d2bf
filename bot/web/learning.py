"""The page about learning, and the form that corrects a case."""

from __future__ import annotations

import asyncio
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.database import Database, now
from bot.foundation import bodies, untrusted
from bot.foundation.local_time import local
from bot.learning.book import SECOND, CorrectionBook, learning_words, why
from bot.learning.figures import Overview, overview
from bot.learning.models import Decision
from bot.learning.rules import CorrectionRefused
from bot.settings import Settings
from bot.tickets.labels import labels
from bot.web.pages import Pages
from bot.web.signing_in import SignIn
from bot.web.staff import StaffPages

#: of the drawing, in its own units
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP = 720, 240, 46, 28, 14
#: the lowest share that is drawn
_FLOOR = 0.5


_pages = Pages("learning.yml")


class LearningPages:
    """Handlers of one site; who may see a case may correct it, who may be a second person sees the page."""

    def __init__(self, database: Database, staff: StaffPages, sign_in: SignIn, settings: Settings) -> None:
        self._database, self._staff, self._sign_in = database, staff, sign_in
        self._book = CorrectionBook(database, settings.learning.relabels_a_day)
        self._zone = ZoneInfo(settings.site.timezone)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/case/{ticket_no}/correction", self.correct),
            web.get("/learning", self.show),
            web.post("/learning/{number}", self.decide),
        ]

    async def correct(self, request: web.Request) -> web.StreamResponse:
        """Save what the form of a case says. What was left as it stood is not corrected."""
        found = await self._staff.allowed(request)
        if isinstance(found, web.Response):
            return found
        person, ticket = found
        form = await bodies.form(request)
        if not await self._own(request, form):
            return _pages.say(_pages.words["closed"], 403)
        household = str(form.get("household", "")).strip()
        written = _pages.words["written"]
        try:
            kept = await asyncio.to_thread(
                self._book.write,
                ticket.ticket_no,
                person.staff_no,
                words=str(form.get("words", "")),
                kind=str(form.get("kind", ""))[:40],
                household_no="" if household == (ticket.household_no or "") else household,
            )
        except CorrectionRefused as refused:
            told = written["refused"].format(why=why(refused.reason, "zh"))
        else:
            told = written[kept.state if kept.fresh and kept.state in written else "again"]
            told = told.format(why=why(kept.reason, "zh"))
        return _pages.page("said.html", say=told, back=f"/case/{ticket.ticket_no}", label=_pages.words["back"])

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._show(request)

    async def decide(self, request: web.Request) -> web.StreamResponse:
        """A second person confirms or refuses."""
        person = await self._sign_in.staff_of(request)
        form = await bodies.form(request)
        verb, number = str(form.get("verb", "")), request.match_info["number"]
        known = verb in ("confirm", "refuse") and untrusted.number(number, 9) is not None
        if person is None or person.role not in SECOND or not await self._own(request, form) or not known:
            return _pages.say(_pages.words["closed"], 403)
        done = _pages.words["done"]
        try:
            kept = await asyncio.to_thread(self._book.decide, int(number), person.staff_no, verb == "confirm")
        except CorrectionRefused:
            return await self._show(request, done["refused"])
        return await self._show(request, done[verb] if kept.fresh else done["already"])

    async def _show(self, request: web.Request, told: str = "") -> web.StreamResponse:
        person = await self._sign_in.staff_of(request)
        if person is None or person.role not in SECOND:
            return _pages.say(_pages.words["closed"], 403)
        found = await asyncio.to_thread(overview, self._database, self._zone, now())
        return _pages.page(
            "learning.html",
            it=found,
            me=person.staff_no,
            told=told,
            csrf=person.csrf,
            figures=_figures(found),
            chart=_chart(found, self._zone),
            kind_of=_kind,
            why=lambda reason: why(reason, "zh"),
            share=_share,
            when=lambda at: local(at, self._zone),
        )

    async def _own(self, request: web.Request, form: Any) -> bool:
        return await self._sign_in.own_form(request, str(form.get("csrf", "")))


def _figures(found: Overview) -> list[tuple[str, str]]:
    names, frozen = _pages.words["figures"], found.in_use
    return [
        (names["right"], _share(found.weeks[-1].right)),
        (names["frozen"], _share(frozen.get("intent_accuracy"))),
        (names["dangers"], _share(frozen.get("hazard_recall"))),
        (names["learned"], str(len(found.learned))),
    ]


def _chart(found: Overview, zone: ZoneInfo) -> dict[str, Any]:
    """Two lines over the weeks: what nobody corrected, and the frozen sentences as each run measured them."""
    first = found.weeks[0].monday
    step = (_WIDTH - _LEFT - _RIGHT) / (len(found.weeks) - 1)

    def point(week: float, share: float) -> tuple[float, float]:
        height = (max(share, _FLOOR) - _FLOOR) / (1 - _FLOOR)
        return round(_LEFT + week * step, 1), round(_TOP + (1 - height) * (_HEIGHT - _TOP - 30), 1)

    heard = [point(at, week.right) for at, week in enumerate(found.weeks) if week.right is not None]
    frozen = []
    for run in reversed(found.runs):
        figures = run.after if run.decision == Decision.in_service else run.before
        weeks = (run.began_at.astimezone(zone).date() - first).days / 7
        if "clean" in figures and 0 <= weeks <= len(found.weeks):
            frozen.append(point(min(weeks, len(found.weeks) - 1), figures["clean"]["intent_accuracy"]))
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "left": _LEFT,
        "right": _RIGHT,
        "lines": [
            (name, " ".join(f"{x},{y}" for x, y in points), points)
            for name, points in (("heard", heard), ("frozen", frozen))
        ],
        "levels": [(point(0, share)[1], f"{share:.0%}") for share in (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)],
        "weeks": [(point(at, 1)[0], week.monday.strftime("%m-%d")) for at, week in enumerate(found.weeks) if at % 2],
    }


def _kind(intent: str) -> str:
    if intent in learning_words().others:
        return labels().intent(intent)
    return next((labels().kind(kind) for kind, name in learning_words().intents.items() if name == intent), "")


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value:.1%}"
