"""平面图: what hangs on which line, coloured by what is reported and used."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from bot.database import Database
from bot.doors.devices import SignedIn
from bot.grid.registry import Registry
from bot.statistics.plan import Area, Plan, plan_of
from bot.tickets.owed.paging import EVERYWHERE
from bot.web.desk.layout import Desk
from bot.web.pages import Pages

_pages = Pages("desk/plan.yml")


class PlanPage:
    """Handlers of one site."""

    def __init__(self, desk: Desk, database: Database, registry: Registry) -> None:
        self._desk, self._database, self._registry = desk, database, registry

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/desk/plan", self._desk.open_to(self.show))]

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The plan of one grid, or of all that somebody serves."""
        mine = [no for no, _ in self._registry.managers()] if who.role in EVERYWHERE else sorted(who.grids)
        wanted = request.query.get("grid", "")
        grids = [wanted] if wanted in mine else mine[:1] if who.role in EVERYWHERE else mine
        it = await asyncio.to_thread(plan_of, self._database, grids)
        return self._desk.page(
            request, who, _pages, "desk/plan.html", which=_pages.words["grids"].format(grids="、".join(grids)),
            choices=[(no, no in grids) for no in mine] if len(mine) > 1 else [],
            feeders=[(name, [_area(area, it) for area in areas]) for name, areas in it.feeders],
        )  # fmt: skip


def _area(area: Area, it: Plan) -> dict[str, Any]:
    words = _pages.words
    return {
        "name": area.transformer, "out": area.out, "heat": it.heat(area),
        "households": words["households"].format(count=area.households),
        "reports": words["reports"].format(count=area.reports) if area.reports else "",
        "owing": words["owing"].format(count=area.owing) if area.owing else "",
        "load": words["load"].format(count=round(area.load)),
    }  # fmt: skip
