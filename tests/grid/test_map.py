"""A county's own map: read as a whole or not at all, told shape by shape what is wrong, laid on paper as it lies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot.database import Database
from bot.grid import geojson
from bot.grid.importer import examine, import_csv, take
from bot.grid.models import MapShape
from bot.grid.problems import ImportRefused
from bot.grid.sample_map import write_map
from bot.statistics.map import WIDTH, map_of
from bot.statistics.plan import plan_of
from tests.postgres import database, database_url, site_database

__all__ = ["database", "database_url"]

_HOUSEHOLDS = """household_no,householder,phone,community,compound,address,transformer,feeder,grid_no,tags,balance,months_owed,ytd_kwh
4211001,章素芬,,东门社区,,石桥路12号,东门1台区,东门线,24,,0,0,812
4211002,张大山,,东门社区,,石桥路21号,公变2,东门线,24,,0,0,90
4211003,章大芬,,西门社区,,枫林街12号,公变2,西门线,25,,0,0,55
"""
SQUARE = [[[114.0, 29.5], [114.1, 29.5], [114.1, 29.6], [114.0, 29.6], [114.0, 29.5]]]


def feature(kind: str, coordinates: Any, **said: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": said, "geometry": {"type": kind, "coordinates": coordinates}}


def collection(*features: Any, **more: Any) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features, **more}).encode()


GOOD = (
    feature("Point", [114.02, 29.52, 33.0], 台区="东门1台区"),
    feature("Polygon", SQUARE, transformer="公变2", feeder="西门线", grid_no=25),
    feature("LineString", [[114.0, 29.5], [114.05, 29.55]], 线路="东门线"),
    feature("Polygon", SQUARE, grid_no=24),
)


def peopled(database: Database, folder: Path) -> Database:
    (folder / "in.csv").write_text(_HOUSEHOLDS, "utf-8")
    import_csv(database, folder / "in.csv")
    return database


@pytest.fixture
def county(tmp_path: Path) -> Iterator[Database]:
    made = peopled(site_database(tmp_path), tmp_path)
    yield made
    made.dispose()


def shapes(county: Database) -> set[tuple[str, str, str]]:
    with county.reading() as session:
        return {(one.layer, one.name, one.feeder) for one in session.scalars(select(MapShape))}


def test_a_map_is_kept_by_the_names_of_the_county_and_changes_nobody(database: Database, tmp_path: Path) -> None:
    county = peopled(database, tmp_path)
    report = take(county, examine(county, "map.geojson", collection(*GOOD)))
    assert str(report) == "4 shapes of the map imported"
    assert shapes(county) == {
        ("transformer", "东门1台区", ""), ("transformer", "公变2", "西门线"), ("feeder", "东门线", ""), ("grid", "24", ""),
    }  # fmt: skip
    take(county, examine(county, "areas.json", b"\xef\xbb\xbf" + collection(GOOD[0])))
    assert shapes(county) == {("transformer", "东门1台区", ""), ("feeder", "东门线", ""), ("grid", "24", "")}, (
        "a file takes the place of the layers that it brings, and of no other"
    )


WRONG: list[tuple[Any, str]] = [
    (feature("Point", [114, 29], 台区="月亮台区"), "feature 2, property transformer: there is no area 月亮台区"),
    (feature("Point", [114, 29], 台区="公变2"), "feature 2, property feeder: several lines have an area"),
    (feature("Point", [114, 29], 台区="东门1台区", 线路="西门线"), "does not hang on the line 西门线"),
    (feature("Polygon", SQUARE, grid_no=99), "there is no grid 99"),
    (feature("LineString", [[1, 2], [3, 4]], 线路="海线"), "there is no line 海线"),
    (feature("Point", [114, 29], name="x"), "no name"),
    (feature("LineString", [[1, 2], [3, 4]], 台区="东门1台区"), "drawn as Point or Polygon"),
    (feature("Point", [29.5, 114.0], 台区="东门1台区"), "degrees east first, then north"),
    (feature("Point", [501234.5, 3265432.1], 台区="东门1台区"), "no place"),
    (feature("Point", ["a", None], 台区="东门1台区"), "its coordinates are not those"),
    (feature("Point", [[1, 2]], 台区="东门1台区"), "its coordinates are not those"),
    (feature("Polygon", [SQUARE[0][:-1]], grid_no=24), "ends where it begins"),
    (feature("LineString", [[1, 2]], 线路="东门线"), "too short"),
    (feature("Polygon", [], grid_no=24), "its coordinates are not those"),
    ("feature", "no Feature"),
    ({"type": "Feature", "properties": None, "geometry": None}, "no name"),
]
NO_MAP = (
    b'{"type": "Feature"}', b"{", b'{"type": "FeatureCollection", "features": []}', b'{"features": ' + b"[" * 5000,
    collection(GOOD[0], crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}),
    b'{"type": "FeatureCollection", "features": [NaN]}', b"{\xff}",
)  # fmt: skip


def test_what_is_wrong_is_told_with_its_shape_and_then_nothing_is_kept(county: Database) -> None:
    for bad, told in WRONG:
        found = examine(county, "map.geojson", collection(GOOD[0], bad))
        with pytest.raises(ImportRefused, match="feature 2") as refused:
            take(county, found)
        assert told in str(refused.value) and not shapes(county)


def test_what_is_no_map_or_too_large_is_refused_as_a_whole(county: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for data in NO_MAP:
        with pytest.raises(ImportRefused):
            examine(county, "map.geojson", data)
    for limit, most in (("LARGEST", 40), ("MOST_SHAPES", 1), ("MOST_CORNERS", 3)):
        with monkeypatch.context() as small:
            small.setattr(geojson, limit, most)
            with pytest.raises(ImportRefused, match="too large"):
                examine(county, "map.geojson", collection(*GOOD))
    examine(county, "map.geojson", collection(*GOOD))


def test_north_is_above_and_a_degree_east_is_shorter_than_one_north(county: Database) -> None:
    corners = {"东门1台区": [114.0, 29.5], "公变2": [114.1, 29.6]}
    take(county, examine(county, "m.json", collection(
        *(feature("Point", at, transformer=name, feeder="东门线") for name, at in corners.items())
    )))  # fmt: skip
    drawn = map_of(county, plan_of(county, ["24"]), ["24"])
    assert drawn is not None and not drawn.missing
    at = {one.name: one.at for one in drawn.areas}
    (west, south), (east, north) = at["东门1台区"], at["公变2"]
    assert 0 < west < east < WIDTH and 0 < north < south < drawn.height
    assert (east - west) / (south - north) == pytest.approx(0.87, abs=0.01), "cos 29.55°"


def test_a_map_of_others_is_no_map_and_what_is_not_on_it_is_said(county: Database) -> None:
    take(county, examine(county, "m.json", collection(GOOD[0])))
    assert map_of(county, plan_of(county, ["25"]), ["25"]) is None
    drawn = map_of(county, plan_of(county, ["24"]), ["24"])
    assert drawn is not None and list(drawn.missing) == ["公变2"]


def test_the_sample_county_has_a_map_of_its_own_and_it_is_the_same_each_time(county: Database, tmp_path: Path) -> None:
    for name in ("one.json", "two.json"):
        write_map(county, tmp_path / name, 7)
    take(county, examine(county, "one.json", (tmp_path / "one.json").read_bytes()))
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    drawn = map_of(county, plan_of(county, ["24", "25"]), ["24", "25"])
    assert drawn is not None and not drawn.missing and len(drawn.grids) == len(drawn.feeders) == 2


def test_an_outline_of_a_thousand_corners_is_no_more_than_paper_shows(county: Database) -> None:
    ring = [[114 + number * 1e-6, 29.5 + number * 1e-6] for number in range(1000)]
    ring += [[114.1, 29.5], ring[0]]
    take(county, examine(county, "m.json", collection(feature("Polygon", [ring], grid_no=24))))
    drawn = map_of(county, plan_of(county, ["24"]), ["24"])
    assert drawn is not None and drawn.grids[0].path.count(",") < 40 and drawn.grids[0].path.endswith("Z")
