"""The register as a sheet, out and in again: the fields of every kind as columns, 户号 as text, a file whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bot.database import Database, now
from bot.foundation.errors import Refused
from bot.foundation.words import load
from bot.grid.importer import rows_of_table
from bot.grid.leave import places_of
from bot.grid.models import GridStaff, Role, Staff
from bot.grid.problems import ImportRefused, Problem
from bot.register.book import Book, EntryCard, New, NotAllowed, Reader
from bot.register.kind_files import Field, Kind, Type
from bot.register.models import Entry
from bot.register.values import EntryWrong, read_day, read_values, shown
from bot.statistics.sheets import Sheet, as_csv, as_xlsx
from bot.tickets.owed.paging import EVERYWHERE

#: these have a column of their own, or lie as a file
_ELSEWHERE = (Type.household, Type.community, Type.photo)
#: what is wrong with a field (values.py), for whoever brings a file
_FAULTS = {
    "missing": "is empty", "number": "not a whole number", "date": "no day: write it as 2026-12-01", "past": "lies in the past",
    "soon": "is too soon", "future": "has not come yet", "far": "is more than a year away", "choice": "none of its answers",
    "long": "is too long", "unknown": "is not there, or not in a grid of whoever enters",
}  # fmt: skip
#: rows above the head that may be a title
_TITLES = 5


@dataclass(frozen=True)
class Said:
    """said.yml."""

    states: dict[str, str]
    yes_no: dict[str, str]
    resident: str
    sheet: str
    columns: dict[str, str]


@cache
def said() -> Said:
    """What entries are called."""
    return load(Said, Path(__file__).with_name("said.yml"))


@dataclass(frozen=True)
class Taken:
    """What an import did."""

    fresh: int
    known: int

    def __str__(self) -> str:
        return f"{self.fresh} entries imported, {self.known} were there already"


def sheet_of(book: Book, found: Sequence[EntryCard]) -> Sheet:
    """Entries as a table; a column for each field that some kind has."""
    words, kinds = said(), book.kinds
    there = [kind for kind in kinds.values() if any(one.kind == kind.kind for one in found)]
    columns = list(dict.fromkeys(field.words for kind in there for field in _fields(kind)))
    rows = [[*_head(one, kinds.words(one.kind)), *_values(kinds.get(one.kind), one.values, columns)] for one in found]
    return Sheet(words.sheet, [*words.columns.values(), *columns], rows)


def _head(one: EntryCard, kind: str) -> list[Any]:
    words = said()
    return [
        one.id, kind, one.day.isoformat(), one.household_no, one.community, one.place, one.grid_no, words.states[one.state],
        words.resident if one.by == "resident" else one.by_name or one.by, one.claimed_name, one.word, one.ticket_no,
    ]  # fmt: skip


def _values(kind: Kind | None, values: Mapping[str, Any], columns: Iterable[str]) -> list[str]:
    texts = {
        field.words: shown(field, values[field.name], said().yes_no)
        for field in (_fields(kind) if kind else ())
        if field.name in values
    }
    return [texts.get(name, "") for name in columns]


def _fields(kind: Kind) -> list[Field]:
    return [field for field in kind.fields if field.type not in _ELSEWHERE]


def file_of(book: Book, found: Sequence[EntryCard], *, csv: bool = False) -> bytes:
    """The same as a workbook, or as CSV."""
    sheet = sheet_of(book, found)
    return as_csv(sheet) if csv else as_xlsx([sheet])


# ---- and in again -----------------------------------------------------------------------------------


def reader_of(database: Database, staff_no: str) -> Reader | None:
    """Somebody of the staff as who enters; None for nobody."""
    with database.reading() as session:
        person = session.get(Staff, staff_no)
        served = select(GridStaff.grid_no).where(GridStaff.staff_no.in_(places_of(session, staff_no, now())))
        grids = frozenset(session.scalars(served))
        if person is None or person.role == Role.left:
            return None
        return Reader(staff_no, person.role, None if person.role in EVERYWHERE else grids, grids)


def take_sheet(database: Database, book: Book, name: str, data: bytes, who: Reader, today: dt.date) -> Taken:
    """Enter what a sheet (CSV, xlsx) holds, as entered by `who`; the same row a second time is the same entry. Raises
    ImportRefused with line, column and reason; then nothing was entered. Blocks."""
    head, rows = _table(name, data)
    problems: list[Problem] = []
    new: list[tuple[int, New]] = []
    known = 0
    for line, cells in rows:
        row = {column: cells[at].strip() for at, column in enumerate(head) if at < len(cells)}
        if _is_there(database, book, row):
            known += 1
            continue
        try:
            new.append((line, _new(book, row, today)))
        except _Wrong as wrong:
            problems += [Problem(line, column, reason) for column, reason in wrong.found]
    if problems:
        raise ImportRefused(name, problems)
    before = _count(database)
    with database.together():
        for line, one in new:
            try:
                book.enter(one, who, today)
            except EntryWrong as wrong:
                problems += [
                    Problem(line, _column(book.kinds[one.kind], name), _FAULTS[fault])
                    for name, fault in wrong.fields.items()
                ]
            except NotAllowed as wrong:
                problems.append(Problem(line, said().columns["kind"], str(wrong)))
        if problems:
            raise ImportRefused(name, problems)
        fresh = _count(database) - before
    return Taken(fresh, known + len(new) - fresh)


class _Wrong(Refused):
    """What is wrong with a row: (column, reason)."""

    def __init__(self, *found: tuple[str, str]) -> None:
        super().__init__("; ".join(f"{column}: {reason}" for column, reason in found))
        self.found = found


def _table(name: str, data: bytes) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """(head, rows below it); the head is the first row that names the kind and the day."""
    rows, columns = rows_of_table(name, data), said().columns
    for at, (_, cells) in enumerate(rows[:_TITLES]):
        head = [cell.strip() for cell in cells]
        if columns["kind"] in head and columns["day"] in head:
            if twice := next((one for one in head if one and head.count(one) > 1), None):
                raise ImportRefused(name, [Problem(rows[at][0], twice, "this column is there twice")])
            return head, rows[at + 1 :]
    raise ImportRefused(name, [Problem(1, "", f"there is no header with {columns['kind']} and {columns['day']}")])


def _is_there(database: Database, book: Book, row: Mapping[str, str]) -> bool:
    """Whether a row is an entry that was taken from here, by its number and what it is about."""
    columns = said().columns
    number = row.get(columns["number"], "")
    if not (number.isascii() and number.isdecimal() and len(number) < 13):
        return False
    with database.reading() as session:
        entry = session.get(Entry, int(number))
    return (
        entry is not None
        and book.kinds.words(entry.kind) == row.get(columns["kind"])
        and entry.day.isoformat() == row.get(columns["day"])
        and (entry.household_no or "") == row.get(columns["household"], "")
    )


def _new(book: Book, row: Mapping[str, str], today: dt.date) -> New:
    columns, filled = said().columns, {name: cell for name, cell in row.items() if cell}
    named = filled.pop(columns["kind"], "")
    kind = next((one for one in book.kinds.values() if named in (one.words, one.kind)), None)
    if kind is None:
        raise _Wrong((columns["kind"], f"there is no kind {named!r}" if named else "is empty"))
    mine = {field.words: field for field in _fields(kind)}
    ours = set(columns.values())
    if strange := [name for name in filled if name not in mine and name not in ours]:
        raise _Wrong(*((name, f"{kind.words} has no such field") for name in strange))
    typed = {mine[name].name: _typed(mine[name], cell) for name, cell in filled.items() if name in mine}
    wrong: list[tuple[str, str]] = []
    day = today
    try:
        day = read_day(filled.get(columns["day"], ""), today)
    except EntryWrong as problem:
        wrong += [(columns["day"], _FAULTS[fault]) for fault in problem.fields.values()]
    try:
        # A date lay ahead when it was entered, not today.
        values = read_values(kind, typed, day)
    except EntryWrong as problem:
        fields = {field.name: field.words for field in kind.fields}
        wrong += [(fields[field], _FAULTS[fault]) for field, fault in problem.fields.items()]
        values = {}
    if wrong:
        raise _Wrong(*wrong)
    about = {name: filled.get(columns[name], "") for name in ("household", "community")}
    if about["household"]:
        about["community"] = ""
    content = json.dumps([kind.kind, day.isoformat(), about, values], ensure_ascii=False, sort_keys=True)
    nonce = f"sheet:{hashlib.sha256(content.encode()).hexdigest()[:48]}"
    return New(kind.kind, day, nonce, values, about["household"], about["community"])


def _typed(field: Field, cell: str) -> str:
    """What a form would send for what a sheet shows."""
    names = field.options if field.type == Type.choice else said().yes_no if field.type == Type.yes_no else {}
    return next((name for name, words in names.items() if cell == words), cell)


def _column(kind: Kind, name: str) -> str:
    """The column that a field is in."""
    field = kind.of(name)
    named = {Type.household: "household", Type.community: "community"}.get(Type(field.type)) if field else None
    return said().columns[named] if named else field.words if field else name


def _count(database: Database) -> int:
    with database.reading() as session:
        return int(session.scalar(select(func.count(Entry.id))) or 0)
