"""Import of the two tables of the contract, and of a map: a bad file is refused as a whole, a second import updates."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.database import Base, Database, now
from bot.foundation.widths import plain
from bot.foundation.words import load
from bot.grid.cells import Check, checks, visible
from bot.grid.contacts import PHONE
from bot.grid.geojson import is_map, read_map, store_map
from bot.grid.models import (
    Community,
    Contact,
    Feeder,
    Grid,
    GridStaff,
    Household,
    HouseholdContact,
    RegistryVersion,
    SampleCounty,
    Staff,
    Transformer,
)
from bot.grid.problems import TOLD, ImportRefused, Problem
from bot.grid.workbooks import is_workbook, rows_of_workbook

COLUMNS = Path(__file__).resolve().parent / "data" / "csv_columns.yml"
_CHUNK = 1_000
#: rows that are looked at for the header
_TITLES = 8
#: what a conversion leaves for a character that it did not know; and the same once more read as GB18030
_LOST = ("\ufffd", ("\ufffd" * 2).encode().decode("gb18030"))


@dataclass(frozen=True)
class ImportReport:
    """What an import did."""

    kind: str
    rows: int
    #: grids of staff in which no household is, though there are households
    empty_grids: tuple[str, ...] = ()

    def __str__(self) -> str:
        empty = f"; no household is in grid {', '.join(self.empty_grids[:TOLD])}" if self.empty_grids else ""
        return f"{self.rows} {'shapes of the map' if self.kind == 'map' else self.kind} imported{empty}"


@dataclass
class _Checked:
    rows: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@cache
def column_names() -> dict[str, str]:
    """The Chinese name of each column of both files."""
    spec = load(dict[str, dict[str, tuple[str, ...]]], COLUMNS)
    return {column: aliases[0] for columns in spec.values() for column, aliases in columns.items() if aliases}


@dataclass(frozen=True)
class Examined:
    """A file that was read and checked, not imported yet."""

    name: str
    #: households, staff or map
    kind: str
    rows: list[dict[str, Any]]
    problems: list[Problem]
    #: how many rows are new here, and how many are here already
    fresh: int
    known: int
    empty_grids: tuple[str, ...]


def import_csv(database: Database, path: Path, *, invented: bool = False) -> ImportReport:
    """Import households, staff (the header says which) or a map; `invented`: of the sample county. Raises
    ImportRefused."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise ImportRefused(path.name, [Problem(1, "", f"cannot be read ({problem.strerror})")]) from problem
    return take(database, examine(database, path.name, data), invented=invented)


def examine(database: Database, name: str, data: bytes) -> Examined:
    """Read and check a CSV text, a workbook (xlsx) or a map (GeoJSON); every bad row or shape has its reason. Raises
    ImportRefused for what is no such file at all."""
    if is_map(data):
        shapes, problems = read_map(database, name, data)
        return Examined(name, "map", shapes, problems, len(shapes), 0, ())
    lines = rows_of_table(name, data)
    kind, columns, below = _find_header(name, lines)
    with database.reading() as session:
        grids = frozenset(session.scalars(select(Household.grid_no).distinct()))
        numbers = set(session.scalars(select(Household.household_no if kind == "households" else Staff.staff_no)))
    checked = _check(columns, checks(kind, grids), below)
    if not checked.rows and not checked.problems:
        checked.problems.append(Problem(1, "", "there is no row below the header"))
    key = next(iter(checks(kind, grids)))
    known = sum(row.get(key) in numbers for row in checked.rows)
    served = {grid for row in checked.rows for grid in row.get("grid_nos", ())}
    empty = tuple(sorted(served - grids)) if grids else ()
    return Examined(name, kind, checked.rows, checked.problems, len(checked.rows) - known, known, empty)


def rows_of_table(name: str, data: bytes) -> list[tuple[int, list[str]]]:
    """(line, cells) of every row of a CSV text or a workbook that holds something. Raises ImportRefused."""
    return rows_of_workbook(name, data) if is_workbook(data) else _rows(name, _decoded(name, data))


def take(database: Database, examined: Examined, *, invented: bool = False) -> ImportReport:
    """Import what was examined, all of it or nothing. Raises ImportRefused."""
    if examined.problems:
        raise ImportRefused(examined.name, examined.problems)
    with database.session() as session:
        if examined.kind == "map":
            store_map(session, examined.rows)
            return ImportReport(examined.kind, len(examined.rows))
        _mark(session, invented)
        (_store_households if examined.kind == "households" else _store_staff)(session, examined.rows)
        changed(session)
    return ImportReport(examined.kind, len(examined.rows), examined.empty_grids)


def _mark(session: Session, invented: bool) -> None:
    """The county is the sample as long as nothing else was imported; a real site never becomes one."""
    if not invented:
        session.execute(delete(SampleCounty))
    elif not any(session.scalar(select(column).limit(1)) for column in (Household.household_no, Staff.staff_no)):
        session.execute(delete(SampleCounty))
        session.add(SampleCounty(made_at=now()))


def changed(session: Session) -> None:
    """Tell every process that holds the county in memory, with the commit of what was changed."""
    session.execute(update(RegistryVersion).values(version=RegistryVersion.version + 1))


def _decoded(name: str, data: bytes) -> str:
    def refuse(at: int, reason: str) -> ImportRefused:
        return ImportRefused(name, [Problem(data[:at].count(b"\n") + 1, "", reason)])

    if not data.strip():
        raise refuse(0, "the file is empty")
    if b"\0" in data:
        raise refuse(data.index(b"\0"), "a NUL byte: this is no CSV text (UTF-16 or a spreadsheet?)")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        # A file of the other encoding has hardly a character that can be read as UTF-8.
        read = data.decode("utf-8", "ignore")
        if sum(not one.isascii() for one in read) > len(data) - len(read.encode()):
            raise refuse(problem.start, "damaged UTF-8") from None
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as other:
            raise refuse(other.start, "neither UTF-8 nor GB18030") from None
    for lost in _LOST:
        if lost in text:
            raise refuse(max(0, data.find(lost.encode())), "a character was lost when the file was converted")
    if not text.isascii() and any(_twice(text, encoding) for encoding in ("gb18030", "cp1252", "latin-1")):
        raise refuse(0, "UTF-8 that was read as another encoding, and saved so")
    return text


def _twice(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding).decode("utf-8")
    except UnicodeError:
        return False
    return True


def _rows(name: str, text: str) -> list[tuple[int, list[str]]]:
    """(first line, cells) of every row that holds something; a title above the header is passed over."""
    first = text.lstrip().partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=None), strict=True, delimiter=max(",;\t", key=first.count))
    rows: list[tuple[int, list[str]]] = []
    begin = 1
    try:
        for cells in reader:
            cells = [visible(cell) for cell in cells]
            if any(cells) and (rows or len(list(filter(None, cells))) > 1):
                rows.append((begin, cells))
            begin = reader.line_num + 1
    except csv.Error as problem:
        raise ImportRefused(name, [Problem(max(1, reader.line_num), "", f"not CSV: {problem}")]) from problem
    if not rows:
        raise ImportRefused(name, [Problem(1, "", "there is no header")])
    return rows


def _find_header(name: str, lines: list[tuple[int, list[str]]]) -> tuple[str, list[str], list[tuple[int, list[str]]]]:
    """(kind, English column names in the file's order, the rows below). The header is the row, or the two rows of a head
    whose cells were merged, that says most of what is needed; titles may stand above it."""
    best: tuple[str, list[str], list[Problem], int] | None = None
    for at in range(min(_TITLES, len(lines))):
        below = lines[at + 1][1] if at + 1 < len(lines) else []
        for cells, height in ((lines[at][1], 1), (_two_rows(lines[at][1], below), 2)):
            kind, columns, problems = _header(cells)
            if best is None or len(problems) < len(best[2]):
                best = kind, columns, problems, at + height
        if best is not None and not best[2]:
            break
    assert best is not None
    if best[2]:
        raise ImportRefused(name, best[2])
    return best[0], best[1], lines[best[3] :]


def _two_rows(above: list[str], below: list[str]) -> list[str]:
    """A head of two rows as one: the lower cell says what the column is, the upper one where there is no lower one."""
    width = max(len(above), len(below))
    padded = [[*row, *[""] * (width - len(row))] for row in (above, below)]
    return [low or high for high, low in zip(*padded, strict=True)]


def _header(cells: list[str]) -> tuple[str, list[str], list[Problem]]:
    """(kind, English column names, what is wrong with them) of a row that may be the header."""
    spec = load(dict[str, dict[str, tuple[str, ...]]], COLUMNS)
    cells = [re.sub(r"[\s*:]", "", plain(cell)).lower() for cell in cells]
    while cells and not cells[-1]:
        cells.pop()
    best: tuple[str, list[str], list[Problem]] | None = None
    for kind, columns in spec.items():
        known = {alias.lower(): column for column, aliases in columns.items() for alias in (column, *aliases)}
        found = [known.get(cell, "") for cell in cells]
        problems = [Problem(1, cell, "unknown column") for cell, column in zip(cells, found, strict=True) if not column]
        problems += [Problem(1, column, "this column is missing") for column in columns if column not in found]
        problems += [Problem(1, column, "this column is there twice") for column in columns if found.count(column) > 1]
        if best is None or len(problems) < len(best[2]):
            best = kind, found, problems
    assert best is not None
    return best


def _check(columns: list[str], checks: dict[str, Check], lines: Iterable[tuple[int, list[str]]]) -> _Checked:
    checked = _Checked()
    key = next(iter(checks))
    seen: dict[str, int] = {}
    for line, cells in lines:
        if len(cells) < len(columns) or any(cells[len(columns) :]):
            checked.problems.append(Problem(line, "", f"{len(cells)} cells instead of {len(columns)}"))
            continue
        row: dict[str, Any] = {}
        for column, cell in zip(columns, cells, strict=False):
            try:
                row[column] = checks[column](cell)
            except ValueError as problem:
                checked.problems.append(Problem(line, column, str(problem)))
        if key in row:
            # a spreadsheet drops zeros in front: 0042 and 42 are no two households
            number = row[key].lstrip("0")
            if number in seen:
                checked.problems.append(Problem(line, key, f"the same as in line {seen[number]}"))
            seen[number] = line
        checked.rows.append(row)
    return checked


def _upsert(session: Session, model: type[Base], rows: list[dict[str, Any]], keys: Sequence[str]) -> None:
    """INSERT … ON CONFLICT UPDATE in chunks, the same on both databases."""
    if not rows:
        return
    table = model.__table__
    assert isinstance(table, Table)
    dialect = session.get_bind().dialect.name
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        insert: Any = postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
        others = {name: insert.excluded[name] for name in chunk[0] if name not in keys}
        insert = (
            insert.on_conflict_do_update(index_elements=list(keys), set_=others)
            if others
            else insert.on_conflict_do_nothing(index_elements=list(keys))
        )
        session.execute(insert, chunk)


def _named(session: Session, model: Any, names: Iterable[str]) -> dict[str, int]:
    _upsert(session, model, [{"name": name} for name in dict.fromkeys(names)], ["name"])
    return {name: number for name, number in session.execute(select(model.name, model.id))}


def _store_households(session: Session, rows: list[dict[str, Any]]) -> None:
    communities = _named(session, Community, (row["community"] for row in rows))
    feeders = _named(session, Feeder, (row["feeder"] for row in rows))
    pairs = dict.fromkeys((row["transformer"], feeders[row["feeder"]]) for row in rows)
    _upsert(
        session, Transformer, [{"name": name, "feeder_id": feeder} for name, feeder in pairs], ["name", "feeder_id"]
    )
    transformers = {
        (name, feeder): number
        for number, name, feeder in session.execute(select(Transformer.id, Transformer.name, Transformer.feeder_id))
    }
    _upsert(session, Grid, [{"grid_no": grid} for grid in dict.fromkeys(row["grid_no"] for row in rows)], ["grid_no"])
    plain = (
        "household_no",
        "householder",
        "compound",
        "address",
        "grid_no",
        "tags",
        "balance",
        "months_owed",
        "ytd_kwh",
    )
    _upsert(
        session,
        Household,
        [
            {name: row[name] for name in plain}
            | {
                "community_id": communities[row["community"]],
                "transformer_id": transformers[row["transformer"], feeders[row["feeder"]]],
            }
            for row in rows
        ],
        ["household_no"],
    )
    _store_contacts(session, rows)


def _store_contacts(session: Session, rows: list[dict[str, Any]]) -> None:
    """The imported number is the household's; an earlier imported one no longer verifies."""
    numbers = [row["household_no"] for row in rows]
    for start in range(0, len(numbers), _CHUNK):
        session.execute(
            delete(HouseholdContact).where(
                HouseholdContact.household_no.in_(numbers[start : start + _CHUNK]), HouseholdContact.source == "import"
            )
        )
    with_phone = [row for row in rows if row["phone"]]
    phones = dict.fromkeys(row["phone"] for row in with_phone)
    _upsert(session, Contact, [{"channel": PHONE, "address": phone} for phone in phones], ["channel", "address"])
    ids = {
        address: number
        for number, address in session.execute(select(Contact.id, Contact.address).where(Contact.channel == PHONE))
    }
    _upsert(
        session,
        HouseholdContact,
        [
            {
                "contact_id": ids[row["phone"]],
                "household_no": row["household_no"],
                "verifies": True,
                "source": "import",
            }
            for row in with_phone
        ],
        ["contact_id", "household_no"],
    )


def _store_staff(session: Session, rows: list[dict[str, Any]]) -> None:
    grids = dict.fromkeys(grid for row in rows for grid in row["grid_nos"])
    _upsert(session, Grid, [{"grid_no": grid} for grid in grids], ["grid_no"])
    _upsert(
        session,
        Staff,
        [{name: value for name, value in row.items() if name != "grid_nos"} for row in rows],
        ["staff_no"],
    )
    numbers = [row["staff_no"] for row in rows]
    for start in range(0, len(numbers), _CHUNK):
        session.execute(delete(GridStaff).where(GridStaff.staff_no.in_(numbers[start : start + _CHUNK])))
    _upsert(
        session,
        GridStaff,
        [{"grid_no": grid, "staff_no": row["staff_no"]} for row in rows for grid in dict.fromkeys(row["grid_nos"])],
        ["grid_no", "staff_no"],
    )
