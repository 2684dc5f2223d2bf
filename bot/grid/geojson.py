"""A county's own map: GeoJSON (RFC 7946) read and checked as a whole, its shapes kept by the names that a household list
gives to areas, lines and grids. A map is no list of people: it changes nothing of who lives where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.database import Database
from bot.foundation.errors import Refused
from bot.foundation.untrusted import Unreadable, json_of
from bot.foundation.words import load
from bot.grid.models import Feeder, Household, MapShape, Transformer
from bot.grid.problems import ImportRefused, Problem

TRANSFORMER, GRID, FEEDER = "transformer", "grid", "feeder"
#: of a file (bytes), of its shapes, and of the corners of all of them
LARGEST, MOST_SHAPES, MOST_CORNERS = 16 * 1024 * 1024, 20_000, 200_000
#: what each thing is drawn as
_DRAWN = {
    TRANSFORMER: ("Point", "Polygon", "MultiPolygon"),
    FEEDER: ("LineString", "MultiLineString"),
    GRID: ("Polygon", "MultiPolygon"),
}
#: how deep the positions lie, and how many of them a line or a ring needs
_SHAPES = {"Point": (0, 1), "LineString": (1, 2), "MultiLineString": (2, 2), "Polygon": (2, 4), "MultiPolygon": (3, 4)}
#: degrees are kept to a tenth of a metre
_PLACES = 6
#: RFC 7946 knows degrees of WGS 84 alone; older files say so
_WGS84 = ("urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:EPSG::4326", "EPSG:4326")


class _Wrong(Refused):
    """What is wrong with one shape: property, reason."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column, self.reason = column, reason


@dataclass(frozen=True)
class _Known:
    """What the county has: its grids, its lines, and on which lines an area of a name hangs."""

    grids: frozenset[str]
    feeders: frozenset[str]
    lines_of: Mapping[str, frozenset[str]]


@dataclass
class _Reading:
    known: _Known
    corners: int = 0
    shapes: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@cache
def _layers() -> dict[str, tuple[str, ...]]:
    return load(dict[str, tuple[str, ...]], Path(__file__).resolve().parent / "data" / "map_layers.yml")


def is_map(data: bytes) -> bool:
    """Whether it is JSON, by its first character: the name may say anything."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"


def read_map(database: Database, name: str, data: bytes) -> tuple[list[dict[str, Any]], list[Problem]]:
    """(shapes as rows of MapShape, what is wrong with which of them). Raises ImportRefused for what is no map at all."""
    try:
        it = json_of(data.removeprefix(b"\xef\xbb\xbf"), LARGEST)
    except Unreadable as problem:
        reason = "this map is too large" if problem.reason == "size" else f"not JSON ({problem.reason})"
        raise ImportRefused(name, [Problem(1, "", reason)]) from None
    features = it.get("features")
    if it.get("type") != "FeatureCollection" or not isinstance(features, list) or not features:
        raise ImportRefused(name, [Problem(1, "", "no FeatureCollection with features: this is no GeoJSON of a map")])
    if (crs := _crs(it)) and crs not in _WGS84:
        raise ImportRefused(name, [Problem(1, "crs", "not in degrees (WGS 84): let the map program write it so")])
    if len(features) > MOST_SHAPES:
        raise ImportRefused(name, [Problem(1, "", "this map is too large")])
    reading = _Reading(_known(database))
    for number, feature in enumerate(features, start=1):
        try:
            reading.shapes.append(_shape(feature, reading))
        except _Wrong as wrong:
            reading.problems.append(Problem(number, wrong.column, wrong.reason, unit="feature"))
        if reading.corners > MOST_CORNERS:
            raise ImportRefused(name, [Problem(number, "", "this map is too large", unit="feature")])
    return reading.shapes, reading.problems


def store_map(session: Session, shapes: Iterable[dict[str, Any]]) -> None:
    """Put shapes in the place of all those of the same layers."""
    shapes = list(shapes)
    session.execute(delete(MapShape).where(MapShape.layer.in_({one["layer"] for one in shapes})))
    session.add_all(MapShape(**one) for one in shapes)


def _known(database: Database) -> _Known:
    with database.reading() as session:
        grids = frozenset(session.scalars(select(Household.grid_no).distinct()))
        feeders = frozenset(session.scalars(select(Feeder.name)))
        lines: dict[str, set[str]] = {}
        pairs = select(Transformer.name, Feeder.name).join(Feeder, Feeder.id == Transformer.feeder_id)
        for transformer, feeder in session.execute(pairs):
            lines.setdefault(transformer, set()).add(feeder)
    return _Known(grids, feeders, {name: frozenset(found) for name, found in lines.items()})


def _crs(it: Mapping[str, Any]) -> str:
    crs = it.get("crs")
    said = crs.get("properties") if isinstance(crs, dict) else None
    return str(said.get("name", "")) if isinstance(said, dict) else ""


def _shape(feature: Any, reading: _Reading) -> dict[str, Any]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise _Wrong("", "no Feature")
    said = feature.get("properties")
    named = {layer: _named(said, names) for layer, names in _layers().items()} if isinstance(said, dict) else {}
    layer = next((one for one in (TRANSFORMER, GRID, FEEDER) if named.get(one)), None)
    if layer is None:
        raise _Wrong("", f"no name: it has none of {', '.join(names[0] for names in _layers().values())}")
    name, feeder = named[layer], named[FEEDER]
    _belongs(layer, name, feeder, reading.known)
    kind, coordinates = _geometry(feature.get("geometry"), layer, reading)
    shape = {"type": kind, "coordinates": coordinates}
    return {"layer": layer, "name": name, "feeder": feeder if layer == TRANSFORMER else "", "shape": shape}


def _named(said: Mapping[str, Any], names: Iterable[str]) -> str:
    for name in names:
        value = said.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return ""


def _belongs(layer: str, name: str, feeder: str, known: _Known) -> None:
    column = _layers()[layer][0]
    if layer == GRID and name not in known.grids:
        raise _Wrong(column, f"there is no grid {name}: import the households first")
    if layer == FEEDER and name not in known.feeders:
        raise _Wrong(column, f"there is no line {name}: import the households first")
    if layer == TRANSFORMER:
        lines = known.lines_of.get(name, frozenset())
        if not lines:
            raise _Wrong(column, f"there is no area {name}: import the households first")
        if feeder and feeder not in lines:
            raise _Wrong(_layers()[FEEDER][0], f"the area {name} does not hang on the line {feeder}")
        if not feeder and len(lines) > 1:
            raise _Wrong(_layers()[FEEDER][0], f"several lines have an area {name}: say which")


def _geometry(geometry: Any, layer: str, reading: _Reading) -> tuple[str, Any]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in _DRAWN[layer]:
        raise _Wrong("geometry", f"a {layer} is drawn as {' or '.join(_DRAWN[layer])}")
    depth, needed = _SHAPES[kind]
    return kind, _positions(geometry.get("coordinates"), depth, needed, kind.endswith("Polygon"), reading)


def _positions(found: Any, depth: int, needed: int, ring: bool, reading: _Reading) -> Any:
    if not isinstance(found, list) or not found:
        raise _Wrong("geometry", "its coordinates are not those of such a shape")
    if depth > 1:
        return [_positions(one, depth - 1, needed, ring, reading) for one in found]
    line = [_position(one, reading) for one in (found if depth else [found])]
    if ring and (len(line) < needed or line[0] != line[-1]):
        raise _Wrong("geometry", "an outline has at least four corners and ends where it begins")
    if len(line) < needed:
        raise _Wrong("geometry", "too short")
    return line if depth else line[0]


def _position(found: Any, reading: _Reading) -> list[float]:
    reading.corners += 1
    numbers = found[:2] if isinstance(found, list) else []
    if len(numbers) < 2 or any(isinstance(one, bool) or not isinstance(one, int | float) for one in numbers):
        raise _Wrong("geometry", "its coordinates are not those of such a shape")
    east, north = numbers
    if not (-180 <= east <= 180 and -90 <= north <= 90):
        raise _Wrong("geometry", f"[{east:.6g}, {north:.6g}] is no place: degrees east first, then north")
    return [round(float(east), _PLACES), round(float(north), _PLACES)]
