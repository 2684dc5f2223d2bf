"""The processing record (PIPL 54, 55): record.yml, held against the tables so that no column stands there unsaid."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sqlalchemy import Table

from bot.dialogue.events.allowed import ALLOWED
from bot.foundation.words import WordsBroken, load
from bot.privacy.tables import tables
from bot.settings import Settings

_FILE = Path(__file__).with_name("record.yml")
#: how a row is forgotten: it goes, its personal columns go, or nothing of it is a person's
ROW, BLANK, NOTHING = "row", "blank", "nothing"


@dataclass(frozen=True)
class ColumnClass:
    """What a column holds. `forgets`: it goes when its row is forgotten; `sensitive`: as PIPL 28 means it."""

    holds: str
    forgets: bool = False
    sensitive: bool = False


@dataclass(frozen=True)
class Ground:
    """A lawful ground: `is` its article of the PIPL."""

    article: str = field(metadata={"key": "is"})
    means: str = ""


@dataclass(frozen=True)
class TableEntry:
    """One table. `term`: a key of [privacy], counted from the column `since`; or `kept`: who else forgets it, and when.

    `person`: column → how it names somebody (bot/privacy/subject.py); `of`: column → table.column of the row that it
    belongs to; `gone_with`: it goes when no such row is left; `over`: only rows that are settled are forgotten."""

    about: str
    whose: str
    ground: str
    readers: str
    forget: str
    columns: dict[str, str]
    term: str = ""
    since: str = ""
    kept: str = ""
    over: str = ""
    person: dict[str, str] = field(default_factory=dict)
    of: dict[str, str] = field(default_factory=dict)
    gone_with: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Leaving:
    """What Gege hands on by itself, and to whom: each kind and each field of it, in words."""

    about: str
    to: str
    when: str
    kinds: dict[str, str]
    fields: dict[str, str]


@dataclass(frozen=True)
class Record:
    """The file."""

    classes: dict[str, ColumnClass]
    grounds: dict[str, Ground]
    readers: dict[str, str]
    leaves: dict[str, Leaving]
    tables: dict[str, TableEntry]

    def forgotten(self, table: str) -> list[str]:
        """Columns of a table that are blanked when a row is forgotten."""
        return [name for name, kind in self.tables[table].columns.items() if self.classes[kind].forgets]

    def of_class(self, table: str, kind: str) -> list[str]:
        """Columns of a table that hold one class of things."""
        return [name for name, found in self.tables[table].columns.items() if found == kind]


@cache
def the_record() -> Record:
    """The record as it stands. Raises WordsBroken with the first table or column that is not said, or is no more."""
    record = load(Record, _FILE)
    if wrong := next(lacking(record, tables()), None):
        raise WordsBroken(f"{_FILE}: {wrong}")
    return record


def lacking(record: Record, known: dict[str, Table]) -> Iterator[str]:
    """What of these tables the record does not say, and what it says of none, one sentence each."""
    for name in known.keys() - record.tables.keys():
        yield f"{name}: the table is not said"
    for name, entry in record.tables.items():
        if name not in known:
            yield f"{name}: there is no such table"
            continue
        columns = {column.name for column in known[name].columns}
        for column in sorted(columns - entry.columns.keys()):
            yield f"{name}.{column}: the column is not said"
        for column in sorted({*entry.columns, *entry.person, *entry.of, *entry.gone_with} - columns):
            yield f"{name}.{column}: there is no such column"
        yield from _nonsense(record, name, entry)
    yield from _unsaid(record.leaves["events"])


def _unsaid(events: Leaving) -> Iterator[str]:
    """Where the record and the list that lets events out differ."""
    fields = {field for allowed in ALLOWED.values() for field in allowed}
    for what, said, true in (("kind", events.kinds, set(ALLOWED)), ("field", events.fields, fields)):
        for one in sorted(true - said.keys()):
            yield f"leaves.events: the {what} {one} is not said"
        for one in sorted(said.keys() - true):
            yield f"leaves.events: no {what} {one} leaves"


def _nonsense(record: Record, name: str, entry: TableEntry) -> Iterator[str]:
    for column, kind in entry.columns.items():
        if kind not in record.classes:
            yield f"{name}.{column}: {kind} is no class"
    if entry.ground not in record.grounds or entry.readers not in record.readers:
        yield f"{name}: ground or readers are not among those above"
    if bool(entry.term) == bool(entry.kept):
        yield f"{name}: either `term` or `kept` says when it goes"
    if entry.term and (entry.since not in entry.columns or f"{entry.term}_days" not in Settings().privacy.__dict__):
        yield f"{name}: there is no [privacy] {entry.term}_days, or no column {entry.since!r} to count it from"
    if entry.forget not in (ROW, BLANK, NOTHING):
        yield f"{name}: forget is {ROW}, {BLANK} or {NOTHING}"


def as_markdown() -> str:
    """The tables of docs/privacy.md."""
    record = the_record()
    lines = ["| what a column may hold | | goes when forgotten | sensitive (PIPL 28) |", "|---|---|---|---|"]
    for name, kind in record.classes.items():
        lines.append(f"| `{name}` | {kind.holds} | {_yes(kind.forgets)} | {_yes(kind.sensitive)} |")
    lines += ["", "| ground | PIPL | means |", "|---|---|---|"]
    lines += [f"| {name} | {one.article} | {one.means} |" for name, one in record.grounds.items()]
    for whose, title in (("resident", "Residents"), ("staff", "Staff"), ("nobody", "Nobody in particular")):
        lines += [
            "",
            f"### {title}",
            "",
            "| table | about | ground | seen by | goes | columns |",
            "|---|---|---|---|---|---|",
        ]
        for name, entry in record.tables.items():
            if entry.whose == whose:
                seen = record.readers[entry.readers]
                lines.append(
                    f"| `{name}` | {entry.about} | {entry.ground} | {seen} | {_goes(entry)} | {_columns(entry)} |"
                )
    for leaving in record.leaves.values():
        lines += ["", "### What leaves by itself", "", f"{leaving.about}. To {leaving.to}. {leaving.when}.", ""]
        lines += ["| event | |", "|---|---|", *(f"| `{name}` | {means} |" for name, means in leaving.kinds.items()), ""]
        lines += ["| field | |", "|---|---|", *(f"| `{name}` | {means} |" for name, means in leaving.fields.items())]
    return "\n".join(lines) + "\n"


def _goes(entry: TableEntry) -> str:
    if not entry.term:
        return entry.kept
    what = "the words in it go, its skeleton stays" if entry.forget == BLANK else "the row goes"
    return f"{what} after `[privacy] {entry.term}_days`, counted from `{entry.since}`"


def _columns(entry: TableEntry) -> str:
    by_class: dict[str, list[str]] = {}
    for column, kind in entry.columns.items():
        by_class.setdefault(kind, []).append(column)
    return "; ".join(f"**{kind}** {', '.join(columns)}" for kind, columns in by_class.items())


def _yes(value: bool) -> str:
    return "yes" if value else ""
