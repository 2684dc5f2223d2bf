"""月报: the month on one A4 sheet, for the head of the centre; its misses can be answered before they count."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import Field

from bot.database import Database, now
from bot.doors.devices import SignedIn
from bot.foundation.local_time import local, next_month, read_month
from bot.grid.models import Role
from bot.grid.registry import Registry
from bot.statistics.month import Figures, Further, Miss, Month, Months, Share
from bot.statistics.sheets import Sheet
from bot.tickets.cards import TicketRefused
from bot.tickets.labels import labels
from bot.tickets.owed.paging import EVERYWHERE
from bot.tickets.pleas import JUDGES, Pleas, Verdict
from bot.web.desk.clock import spell
from bot.web.desk.files import table, workbook
from bot.web.desk.layout import Desk
from bot.web.forms import Form
from bot.web.pages import Pages

_pages = Pages("desk/report.yml")
#: everybody but crews sees the county's figures; of the misses, those of their own grids
READS = (Role.manager, Role.assistant, Role.team, Role.duty, Role.admin)
_SHARES = ("taken", "there", "settled", "content", "again")
#: a page holds so many; the sheet holds all
_MISSES = 60

FurtherOf = Callable[[dt.date, dt.date], Sequence[Further]]


class _Plea(Form):
    month: Annotated[str, Field(max_length=7)] = ""
    ticket_no: Annotated[str, Field(max_length=20)]
    words: Annotated[str, Field(max_length=300)] = ""


class _Judged(Form):
    month: Annotated[str, Field(max_length=7)] = ""
    ticket_no: Annotated[str, Field(max_length=20)]
    verdict: Literal["excused", "counts"]


class ReportPage:
    """Handlers of one site."""

    def __init__(
        self, desk: Desk, database: Database, registry: Registry, site: str, zone: ZoneInfo,
        clock: Callable[[], dt.datetime] = now, further: FurtherOf = lambda _begin, _end: (),
    ) -> None:  # fmt: skip
        """`further`: figures from elsewhere, of the days from the first up to, not including, the second."""
        self._further = further
        self._desk, self._registry, self._months = desk, registry, Months(database, zone)
        self._site, self._zone, self._clock, self._pleas = site, zone, clock, Pleas(database)

    def routes(self) -> list[web.RouteDef]:
        mine = self._desk.open_to
        return [
            web.get("/desk/report", mine(self.show, *READS)),
            web.get("/desk/report.xlsx", mine(self.xlsx, *READS)),
            web.get("/desk/report.csv", mine(self.csv, *READS)),
            web.post("/desk/report/plea", mine(self.plead, *READS)),
            web.post("/desk/report/verdict", mine(self.judge, *JUDGES)),
        ]

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The sheet."""
        it = await self._month(request)
        words, seen = _pages.words, _seen(it.misses, who)
        begin = dt.date(it.year, it.month, 1)
        later = next_month(begin)
        return self._desk.page(
            request, who, _pages, "desk/report.html", month=f"{begin:%Y-%m}",
            heading=words["heading"].format(site=self._site, year=it.year, month=it.month),
            earlier=f"{begin - dt.timedelta(days=1):%Y-%m}",
            later=f"{later:%Y-%m}" if later <= self._clock().astimezone(self._zone).date() else "",
            sentence=_sentence(it), six=_six(it), names=("reports", *_SHARES),
            grids=[(_grid(no), _row(one)) for no, one in it.by_grid.items()],
            days=[(day if day % 5 == 0 or day == 1 else "", count) for day, count in enumerate(it.by_day, start=1)],
            kinds=[(labels().kind(kind), count) for kind, count in it.by_kind[:8]],
            arrival=[(words["within"].format(count=limit) if limit else words["later"], n) for limit, n in it.arrival],
            further=[(one.name, words["times"].format(count=one.count), _share(one)) for one in await self._more(it)],
            misses=[self._miss(one, who) for one in seen[:_MISSES]], count=len(seen),
            more_misses=words["more_misses"].format(count=len(seen) - _MISSES) if len(seen) > _MISSES else "",
        )  # fmt: skip

    async def xlsx(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The same as a workbook."""
        it, words = await self._month(request), _pages.words
        sheets = [self._figures(it), self._misses(_seen(it.misses, who))]
        if further := await self._more(it):
            rows = [(one.name, one.count, _share(one)) for one in further]
            sheets.append(Sheet(words["further"], words["further_columns"], rows))
        return await workbook(f"gege-{it.year}-{it.month:02}", lambda: sheets)

    async def csv(self, request: web.Request, _who: SignedIn) -> web.StreamResponse:
        """The figures by grid."""
        it = await self._month(request)
        return await table(f"gege-{it.year}-{it.month:02}", self._figures(it))

    async def plead(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Whoever has the case says why."""
        form = await self._desk.form(request, who, _Plea)
        raise await self._done(
            form.month, "pleaded", lambda: self._pleas.plead(form.ticket_no, who.staff_no, form.words)
        )

    async def judge(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """Somebody else decides whether it counts."""
        form = await self._desk.form(request, who, _Judged)
        raise await self._done(
            form.month, "judged", lambda: self._pleas.judge(form.ticket_no, who.staff_no, Verdict(form.verdict))
        )

    async def _done(self, month: str, done: str, act: Callable[[], None]) -> web.HTTPSeeOther:
        try:
            await asyncio.to_thread(act)
        except TicketRefused:
            done = "refused"
        path = f"/desk/report?month={month}" if read_month(month) else "/desk/report"
        return self._desk.on(path, _pages.words["told"][done])

    async def _month(self, request: web.Request) -> Month:
        first = read_month(request.query.get("month", "")) or self._clock().astimezone(self._zone).date()
        return await asyncio.to_thread(self._months.of, first.year, first.month)

    async def _more(self, it: Month) -> Sequence[Further]:
        begin = dt.date(it.year, it.month, 1)
        return await asyncio.to_thread(self._further, begin, next_month(begin))

    # ---- as it is shown -------------------------------------------------------------------------

    def _miss(self, one: Miss, who: SignedIn) -> dict[str, Any]:
        words = _pages.words
        mine = one.owner == who.staff_no
        return {
            "ticket_no": one.ticket_no, "grid": _grid(one.grid_no), "kind": labels().kind(one.kind),
            "owner": self._registry.name_of(one.owner), "what": words["what"][one.what],
            "late": words["late"].format(span=spell(dt.timedelta(minutes=one.late), _spans())) if one.late else "",
            "evidence": self._evidence(one), "comment": one.comment, "plea": one.plea,
            "verdict": words["verdict"][one.verdict], "verdict_name": one.verdict,
            "mine": mine and one.verdict in ("", "asked"), "judged": who.role in JUDGES and not mine and bool(one.plea),
        }  # fmt: skip

    def _evidence(self, one: Miss) -> str:
        names = ("reported", "acknowledged", "on_site", "resolved")
        times = {
            name: local(one.times[name], self._zone) if name in one.times else _pages.words["never"] for name in names
        }
        return str(_pages.words["evidence"].format(**times))

    def _figures(self, it: Month) -> Sheet:
        words = _pages.words
        head = [words["columns"]["grid"], words["figures"]["reports"]]
        head += [part for name in _SHARES for part in (words["figures"][name], words["of"].format(hits="", of=""))]
        rows = [
            [_grid(no), one.reports, *(cell for name in _SHARES for cell in _cells(getattr(one, name)))]
            for no, one in it.by_grid.items()
        ]
        return Sheet(words["sheets"]["figures"], head, rows)

    def _misses(self, misses: Iterable[Miss]) -> Sheet:
        words = _pages.words
        rows = [
            [
                one.ticket_no, one.grid_no, labels().kind(one.kind), self._registry.name_of(one.owner), words["what"][one.what],
                local(one.at, self._zone), one.late, self._evidence(one), one.comment, one.plea, words["verdict"][one.verdict],
            ]
            for one in misses
        ]  # fmt: skip
        return Sheet(words["sheets"]["misses"], list(words["columns"].values()), rows)


def _seen(misses: Iterable[Miss], who: SignedIn) -> list[Miss]:
    return [one for one in misses if who.role in EVERYWHERE or one.grid_no in who.grids or one.owner == who.staff_no]


def _six(it: Month) -> list[tuple[str, str, str, str]]:
    words = _pages.words
    before = words["before"].format(value=words["count"].format(count=it.before.reports)) if it.before.reports else ""
    found = [("reports", words["count"].format(count=it.all.reports), "", before)]
    for name in _SHARES:
        share, was = getattr(it.all, name), getattr(it.before, name)
        found.append((name, _percent(share), _of(share), words["before"].format(value=_percent(was)) if was.of else ""))
    return found


def _row(one: Figures) -> list[tuple[str, str]]:
    return [(str(one.reports), ""), *((_percent(getattr(one, name)), _of(getattr(one, name))) for name in _SHARES)]


def _sentence(it: Month) -> str:
    words, change = _pages.words["sentence"], it.all.reports - it.before.reports
    name = "first" if not it.before.reports else "more" if change >= 0 else "fewer"
    parts = [words[name].format(reports=it.all.reports, change=abs(change))]
    content = it.all.content
    parts.append(words["content"].format(answered=content.of, good=content.hits) if content.of else words["no_content"])
    excused = sum(one.verdict == Verdict.excused for one in it.misses)
    said = "no_misses" if not it.misses else "misses_excused" if excused else "misses"
    parts.append(words[said].format(count=len(it.misses), excused=excused))
    there = [(no, one.there) for no, one in it.by_grid.items() if no and one.there.hits < one.there.of]
    if there:
        grid, share = min(there, key=lambda one: one[1].value or 0.0)
        parts.append(words["slowest"].format(grid=grid, value=_percent(share)))
    return "".join(parts)


def _percent(share: Share) -> str:
    return f"{share.value:.0%}" if share.value is not None else str(_pages.words["none"])


def _of(share: Share) -> str:
    return str(_pages.words["of"].format(hits=share.hits, of=share.of)) if share.of else ""


def _share(one: Further) -> str:
    return f"{_percent(one.share)} {_of(one.share)}" if one.share is not None and one.share.of else ""


def _cells(share: Share) -> tuple[float | None, str]:
    return (round(share.value, 4) if share.value is not None else None, _of(share))


def _grid(grid_no: str) -> str:
    return str(_pages.words["grid"].format(grid=grid_no) if grid_no else _pages.words["no_grid"])


def _spans() -> dict[str, str]:
    words = _pages.words
    return {"minutes": words["minutes"], "hours": words["hours"], "days": words["days_span"]}
