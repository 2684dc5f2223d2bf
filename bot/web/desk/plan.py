"""平面图: what hangs on which line, coloured by what is reported and used; as a map where the county brought one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from bot.database import Database
from bot.doors.devices import SignedIn
from bot.grid.registry import Registry
from bot.statistics.map import WIDTH, Drawn, has_map, map_of
from bot.statistics.plan import Area, Plan, plan_of
from bot.tickets.owed.paging import EVERYWHERE
from bot.web.desk.layout import Desk
from bot.web.pages import Pages

_pages = Pages("desk/plan.yml")
#: of `grid`: the whole county, for who serves it
_ALL = "all"


class PlanPage:
    """Handlers of one site."""

    def __init__(self, desk: Desk, database: Database, registry: Registry) -> None:
        self._desk, self._database, self._registry = desk, database, registry

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/desk/plan", self._desk.open_to(self.show))]

    async def show(self, request: web.Request, who: SignedIn) -> web.StreamResponse:
        """The plan of one grid, or of all that somebody serves."""
        mine = [no for no, _ in self._registry.managers()] if who.role in EVERYWHERE else sorted(who.grids)
        wanted, view = request.query.get("grid", ""), request.query.get("view", "")
        whole = who.role not in EVERYWHERE or wanted == _ALL
        grids = [wanted] if wanted in mine else mine if whole else mine[:1]
        it = await asyncio.to_thread(plan_of, self._database, grids)
        known = await asyncio.to_thread(has_map, self._database)
        words = _pages.words
        choices = [(no, no, no in grids and not (whole and len(grids) > 1)) for no in mine] if len(mine) > 1 else []
        if choices:
            choices.append((_ALL, words["all"], len(grids) > 1))
        here = next((value for value, _, shown in choices if shown), "")
        return self._desk.page(
            request, who, _pages, "desk/plan.html",
            which=words["all_grids"] if len(grids) > 3 else words["grids"].format(grids="、".join(grids)),
            choices=choices, here=here, views=[(name, words["views"][name], name == view) for name in ("", "map")] if known else [],
            view=view if known else "", map=await self._map(it, grids) if known and view == "map" else None,
            feeders=[(name, [_area(area, it) for area in areas]) for name, areas in it.feeders],
        )  # fmt: skip

    async def _map(self, it: Plan, grids: Sequence[str]) -> dict[str, Any] | None:
        found = await asyncio.to_thread(map_of, self._database, it, grids)
        if found is None:
            return None
        words, areas = _pages.words, [one.area for one in found.areas if one.area is not None]
        counts = {
            "areas": len(areas),
            "out": sum(one.out for one in areas),
            "reports": sum(one.reports for one in areas),
        }
        return {
            "width": round(WIDTH), "height": found.height, "grids": found.grids, "feeders": found.feeders,
            "areas": [_drawn(one, it) for one in found.areas], "named": len(found.areas) <= _NAMED,
            "says": words["map_says"].format(**counts),
            "missing": words["missing"].format(names="、".join(found.missing)) if found.missing else "",
        }  # fmt: skip


#: of more areas on one sheet the names would lie on each other; those that burn keep theirs
_NAMED = 60


def _drawn(one: Drawn, it: Plan) -> dict[str, Any]:
    assert one.area is not None
    shown = _area(one.area, it)
    told = [
        shown["name"],
        _pages.words["out"] if shown["out"] else "",
        shown["reports"],
        shown["households"],
        shown["load"],
    ]
    return {**shown, "path": one.path, "at": one.at, "told": "，".join(filter(None, told))}


def _area(area: Area, it: Plan) -> dict[str, Any]:
    words = _pages.words
    return {
        "name": area.transformer, "out": area.out, "heat": it.heat(area),
        "households": words["households"].format(count=area.households),
        "reports": words["reports"].format(count=area.reports) if area.reports else "",
        "owing": words["owing"].format(count=area.owing) if area.owing else "",
        "load": words["load"].format(count=round(area.load)),
    }  # fmt: skip
