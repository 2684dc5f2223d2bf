"""The invented county's map: a town on a river that is nowhere, its grids as fields, its lines from one substation."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bot.database import Database
from bot.grid.models import Feeder, Household, Transformer

#: where the town would lie (degrees east, north), and how wide a grid is
_MIDDLE, _FIELD = (114.04, 29.54), 0.012
_FIELDS_A_ROW = 4


def write_map(database: Database, file: Path, seed: int) -> None:
    """A GeoJSON map of all that was imported. The same seed and county write the same file."""
    dice, features = random.Random(seed), []
    hung = (
        select(Household.grid_no, Feeder.name, Transformer.name, func.count())
        .join(Transformer, Transformer.id == Household.transformer_id)
        .join(Feeder, Feeder.id == Transformer.feeder_id)
        .group_by(Household.grid_no, Feeder.name, Transformer.name)
        .order_by(Household.grid_no, Feeder.name, Transformer.name)
    )
    grids: dict[str, list[tuple[str, str]]] = {}
    with database.reading() as session:
        for grid_no, feeder, transformer, _ in session.execute(hung):
            grids.setdefault(grid_no, []).append((feeder, transformer))
    lines: dict[str, list[list[float]]] = {}
    corners = _corners(len(grids), dice)
    for number, (grid_no, areas) in enumerate(grids.items()):
        row, column = divmod(number, _FIELDS_A_ROW)
        ring = [corners[row + down][column + right] for down, right in ((0, 0), (0, 1), (1, 1), (1, 0), (0, 0))]
        features.append(_feature("Polygon", [ring], grid_no=grid_no))
        for at, (feeder, transformer) in enumerate(areas):
            place = _within(ring, at, len(areas), dice)
            features.append(_feature("Point", place, transformer=transformer, feeder=feeder))
            lines.setdefault(feeder, [_place(0.0, 0.0)]).append(place)
    features += [_feature("LineString", line, feeder=name) for name, line in lines.items()]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")


def _corners(grids: int, dice: random.Random) -> list[list[list[float]]]:
    """Where fields meet: a net that was drawn by hand."""
    rows = math.ceil(grids / _FIELDS_A_ROW)
    return [
        [
            _place(column - _FIELDS_A_ROW / 2 + dice.uniform(-0.16, 0.16), rows / 2 - row + dice.uniform(-0.16, 0.16))
            for column in range(_FIELDS_A_ROW + 1)
        ]
        for row in range(rows + 1)
    ]


def _within(ring: list[list[float]], at: int, count: int, dice: random.Random) -> list[float]:
    """The place of one of `count` areas in a field: row by row, there and back again, as a line runs."""
    wide = math.ceil(math.sqrt(count))
    row, column = divmod(at, wide)
    if row % 2:
        column = wide - 1 - column
    right = (column + 0.5 + dice.uniform(-0.2, 0.2)) / wide * 0.84 + 0.08
    down = (row + 0.5 + dice.uniform(-0.2, 0.2)) / math.ceil(count / wide) * 0.84 + 0.08
    upper, lower = _between(ring[0], ring[1], right), _between(ring[3], ring[2], right)
    return _between(upper, lower, down)


def _between(one: list[float], two: list[float], share: float) -> list[float]:
    return [round(a + (b - a) * share, 6) for a, b in zip(one, two, strict=True)]


def _place(right: float, up: float) -> list[float]:
    return [round(_MIDDLE[0] + right * _FIELD, 6), round(_MIDDLE[1] + up * _FIELD * 0.87, 6)]


def _feature(kind: str, coordinates: Any, **said: str) -> dict[str, Any]:
    return {"type": "Feature", "properties": said, "geometry": {"type": kind, "coordinates": coordinates}}
