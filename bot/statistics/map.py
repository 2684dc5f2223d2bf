"""平面图 as a map: the shapes that a county brought, laid on a sheet for the plan of some grids. No map service is asked."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from bot.database import Database
from bot.grid.geojson import FEEDER, GRID, TRANSFORMER
from bot.grid.models import MapShape
from bot.statistics.plan import Area, Plan

#: the sheet's width and its most height, in its own units; a margin for names at the edge
WIDTH, TALLEST, MARGIN = 1000.0, 1400.0, 40.0
#: corners nearer to each other than this are one on paper
_FINE = 0.6
#: a sheet shows no less than this (degrees, about 200 m), so that a single area is no speck the size of a house
_LEAST = 0.002

Position = tuple[float, float]


@dataclass(frozen=True)
class Drawn:
    """One shape on the sheet. `path` (SVG) for lines and outlines, empty for a point; `at`: where its name stands."""

    name: str
    path: str
    at: Position
    #: of an area; None for lines and grids
    area: Area | None = None


@dataclass(frozen=True)
class Map:
    """Shapes on a sheet of WIDTH by `height`, what lies below first."""

    height: float
    grids: Sequence[Drawn]
    feeders: Sequence[Drawn]
    areas: Sequence[Drawn]
    #: areas of the plan that the county's map does not have
    missing: Sequence[str]


def has_map(database: Database) -> bool:
    """Whether the county brought a map. Blocks."""
    with database.reading() as session:
        return session.scalar(select(MapShape.id).limit(1)) is not None


def map_of(database: Database, plan: Plan, grids: Collection[str]) -> Map | None:
    """The map of what a plan holds; None when none of it is on the county's map. Blocks."""
    areas = {(feeder, one.transformer): one for feeder, found in plan.feeders for one in found}
    with database.reading() as session:
        rows = list(session.scalars(select(MapShape).where(_of(plan, grids)).order_by(MapShape.id)))
    mine = [(one, area) for one in rows if one.layer == TRANSFORMER and (area := _area(one, areas)) is not None]
    outlines = [one for one in rows if one.layer == GRID]
    lines = [one for one in rows if one.layer == FEEDER]
    # A line runs through half the county: the sheet shows what lies in the grids, and cuts it at the edge.
    framing = [one for one, _ in mine] + outlines or lines
    if not framing:
        return None
    sheet = _Sheet([each for one in framing for each in _corners(one.shape["coordinates"])])
    shown = {area.transformer for _, area in mine}
    return Map(
        sheet.height,
        [sheet.draw(one) for one in outlines],
        [sheet.draw(one) for one in lines],
        # What burns lies on top.
        sorted((sheet.draw(one, area) for one, area in mine), key=lambda one: _burning(one.area)),
        [name for _, name in areas if name not in shown],
    )


def _of(plan: Plan, grids: Collection[str]) -> ColumnElement[bool]:
    names = [one.transformer for _, found in plan.feeders for one in found]
    feeders = [feeder for feeder, _ in plan.feeders]
    return or_(
        and_(MapShape.layer == TRANSFORMER, MapShape.name.in_(names)),
        and_(MapShape.layer == FEEDER, MapShape.name.in_(feeders)),
        and_(MapShape.layer == GRID, MapShape.name.in_(grids)),
    )


def _area(one: MapShape, areas: dict[tuple[str, str], Area]) -> Area | None:
    if one.feeder:
        return areas.get((one.feeder, one.name))
    return next((area for (_, name), area in areas.items() if name == one.name), None)


def _burning(area: Area | None) -> int:
    return 0 if area is None else 2 * area.out + bool(area.reports)


def _corners(coordinates: Any) -> Iterator[Position]:
    """Every position of a geometry, however deep it lies."""
    if isinstance(coordinates[0], int | float):
        yield coordinates[0], coordinates[1]
        return
    for one in coordinates:
        yield from _corners(one)


def _parts(shape: dict[str, Any]) -> Iterable[Sequence[Sequence[float]]]:
    """The lines and rings of a geometry."""
    kind, found = shape["type"], shape["coordinates"]
    if kind == "LineString":
        return [found]
    return [ring for one in found for ring in one] if kind == "MultiPolygon" else found


class _Sheet:
    """Degrees onto paper: equirectangular about the middle of what is shown, north above. A county is small enough."""

    def __init__(self, corners: Sequence[Position]) -> None:
        east, north = [one for one, _ in corners], [one for _, one in corners]
        self._middle = (min(east) + max(east)) / 2, (min(north) + max(north)) / 2
        self._narrow = max(0.01, math.cos(math.radians(self._middle[1])))
        wide = max(_LEAST, (max(east) - min(east)) * self._narrow)
        tall = max(_LEAST, max(north) - min(north))
        self._scale = min((WIDTH - 2 * MARGIN) / wide, (TALLEST - 2 * MARGIN) / tall)
        self.height = round(tall * self._scale + 2 * MARGIN, 1)

    def draw(self, one: MapShape, area: Area | None = None) -> Drawn:
        """One shape; an outline's name stands in the middle of its corners."""
        shape = one.shape
        if shape["type"] == "Point":
            return Drawn(one.name, "", self._at(shape["coordinates"]), area)
        parts = [self._line(part) for part in _parts(shape)]
        closed = "Z" if shape["type"].endswith("Polygon") else ""
        path = "".join(f"M{' '.join(f'{x:g},{y:g}' for x, y in part)}{closed}" for part in parts)
        return Drawn(one.name, path, _middle(parts[0]), area)

    def _line(self, part: Sequence[Sequence[float]]) -> list[Position]:
        found: list[Position] = []
        for each in part:
            x, y = self._at(each)
            if not found or abs(x - found[-1][0]) + abs(y - found[-1][1]) >= _FINE:
                found.append((x, y))
        return found

    def _at(self, position: Sequence[float]) -> Position:
        east, north = position[0] - self._middle[0], position[1] - self._middle[1]
        return (
            round(WIDTH / 2 + east * self._narrow * self._scale, 1),
            round(self.height / 2 - north * self._scale, 1),
        )


def _middle(line: Sequence[Position]) -> Position:
    return (
        round((min(x for x, _ in line) + max(x for x, _ in line)) / 2, 1),
        round((min(y for _, y in line) + max(y for _, y in line)) / 2, 1),
    )
