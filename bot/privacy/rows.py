"""Rows that belong together, and forgetting them: what is a person's goes, what is left counts for statistics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, Table, Text, and_, cast, delete, or_, select, tuple_, update
from sqlalchemy.orm import Session

from bot.privacy.record import BLANK, NOTHING, ROW, Record
from bot.privacy.tables import tables
from bot.register.photos import FOLDER as PHOTOS
from bot.register.photos import NAME as PHOTO

#: table → primary keys
Found = dict[str, set[tuple[Any, ...]]]
#: values in one statement
_MANY = 400
#: a photograph of the register is named within what an entry says, and within what it said before
_NAMES_PHOTOS = {"entry": "fields", "entry_change": "was"}


def key_of(table: Table) -> tuple[Column[Any], ...]:
    """The columns of its primary key."""
    return tuple(table.primary_key.columns)


def find(
    session: Session, table: Table, condition: ColumnElement[bool], limit: int | None = None
) -> set[tuple[Any, ...]]:
    """Keys of the rows that meet a condition."""
    return {tuple(row) for row in session.execute(select(*key_of(table)).where(condition).limit(limit))}


def are(table: Table, keys: Collection[tuple[Any, ...]]) -> ColumnElement[bool]:
    """The condition on exactly these rows."""
    columns = key_of(table)
    return columns[0].in_([one[0] for one in keys]) if len(columns) == 1 else tuple_(*columns).in_(list(keys))


def portions(keys: Iterable[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """In pieces that one statement can take."""
    whole = sorted(keys, key=repr)
    yield from (whole[at : at + _MANY] for at in range(0, len(whole), _MANY))


def with_what_belongs(session: Session, record: Record, found: Found, *, only_termless: bool = False) -> Found:
    """These rows, and all that belongs to them; with `only_termless` not what has a term of its own."""
    whole: Found = {name: set(keys) for name, keys in found.items()}
    fresh = whole
    while fresh:
        grown: Found = {}
        for name, entry in record.tables.items():
            if only_termless and entry.term:
                continue
            for column, parent in entry.of.items():
                above, _, parents_column = parent.partition(".")
                for values in _values(session, above, parents_column, fresh.get(above, set())):
                    keys = find(session, tables()[name], tables()[name].c[column].in_(values))
                    grown.setdefault(name, set()).update(keys - whole.get(name, set()))
        fresh = {name: keys for name, keys in grown.items() if keys}
        for name, keys in fresh.items():
            whole.setdefault(name, set()).update(keys)
    return {name: keys for name, keys in whole.items() if keys}


def _values(session: Session, table: str, column: str, keys: Collection[tuple[Any, ...]]) -> Iterator[list[Any]]:
    """What a column holds in these rows; an empty text belongs to nobody."""
    known = tables()[table]
    for some in portions(keys):
        found = session.scalars(select(known.c[column]).where(are(known, some)).distinct())
        if values := [one for one in found if one not in (None, "")]:
            yield values


def values_of(session: Session, table: str, columns: Collection[str], keys: Collection[tuple[Any, ...]]) -> set[Any]:
    """All that stands in some columns of these rows."""
    return {one for column in columns for values in _values(session, table, column, keys) for one in values}


def files_of(session: Session, record: Record, found: Found) -> set[str]:
    """Names, below GEGE_HOME, of the recordings and pictures that these rows name."""
    files: set[str] = set()
    for name, keys in found.items():
        if columns := record.of_class(name, "file"):
            files |= values_of(session, name, columns, keys)
    for name, column in _NAMES_PHOTOS.items():
        table = tables()[name]
        for some in portions(found.get(name, ())):
            for text in session.scalars(select(cast(table.c[column], Text)).where(are(table, some))):
                files |= _photos_in(text)
    return files


def nobody_elses(session: Session, files: Collection[str], found: Found) -> set[str]:
    """Those of the files that no other row names: the same picture, sent by two people, is one file."""
    table = tables()["attachment"]
    others: set[str] = set()
    for name in files:
        if find(session, table, table.c.file == name) - found.get("attachment", set()):
            others.add(name)
    if any(name.startswith(f"{PHOTOS}/") for name in files):
        for name, column in _NAMES_PHOTOS.items():
            others |= _photos_beside(session, tables()[name], column, found.get(name, set()))
    return set(files) - others


def _photos_beside(session: Session, table: Table, column: str, keys: Collection[tuple[Any, ...]]) -> set[str]:
    """Photographs that rows name which are not among these; one reading, however many photographs are asked for."""
    text, key = cast(table.c[column], Text), key_of(table)
    query = select(text, *key).where(or_(text.contains(".jpg"), text.contains(".png")))
    rows = session.execute(query.execution_options(yield_per=_MANY))
    return {name for said, *row in rows if tuple(row) not in keys for name in _photos_in(said)}


def _photos_in(text: str | None) -> set[str]:
    return {f"{PHOTOS}/{one[0]}" for one in PHOTO.finditer(text or "")}


def forget(session: Session, record: Record, found: Found) -> Counter[str]:
    """Within a transaction: rows go or lose what is a person's, as the record says; → how many of each table.

    What points to a row that goes points nowhere afterwards."""
    done: Counter[str] = Counter()
    for name, table in reversed(tables().items()):
        entry = record.tables[name]
        if entry.forget == NOTHING:
            continue
        for some in portions(found.get(name, ())):
            if entry.forget == ROW:
                _let_go(session, table, some)
                session.execute(delete(table).where(are(table, some)))
            else:
                blank = {column: neutral(table.c[column]) for column in record.forgotten(name)}
                session.execute(update(table).where(are(table, some)).values(blank))
            done[name] += len(some)
    return done


def _let_go(session: Session, table: Table, keys: list[tuple[Any, ...]]) -> None:
    for other in tables().values():
        for foreign in other.foreign_keys:
            if foreign.column.table is table:
                gone = select(foreign.column).where(are(table, keys))
                session.execute(update(other).where(foreign.parent.in_(gone)).values({foreign.parent.name: None}))


def neutral(column: Column[Any]) -> Any:
    """What stands in a column of which nothing is known any more."""
    if column.nullable:
        return None
    if isinstance(column.type, JSON):
        made = column.default.arg(None) if column.default is not None and column.default.is_callable else {}  # type: ignore[attr-defined]
        return made
    return ""


def still_said(record: Record, name: str) -> ColumnElement[bool]:
    """The condition on rows that hold something to be forgotten: of those that only lose words, the others were done."""
    table = tables()[name]
    if record.tables[name].forget != BLANK:
        return and_(True)
    return or_(*(_said(table.c[column]) for column in record.forgotten(name)))


def _said(column: Column[Any]) -> ColumnElement[bool]:
    if isinstance(column.type, JSON):
        return and_(column.is_not(None), cast(column, Text).not_in(["{}", "[]", "null"]))
    return and_(column.is_not(None), column != "")
