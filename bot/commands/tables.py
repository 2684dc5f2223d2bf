"""Lists for people: a table that fits the terminal, and lines of cells for a pipe, of which nothing is cut off."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from bot.foundation.local_time import at_a_glance

#: a moment is told as the place where it stands needs it
Cell: TypeAlias = str | int | float | dt.datetime | None

_GAP = 2
#: cells below which a sentence is broken so often that it is better read below its row
_NARROWEST = 24


@dataclass(frozen=True)
class Column:
    """What stands in one column."""

    head: str
    #: free text, broken over lines where there is no room; every other cell stays whole
    text: bool = False
    #: a figure
    right: bool = False


def show(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], nothing: str, zone: dt.tzinfo = dt.UTC) -> None:
    """Print a list on stdout, or `nothing` where it is empty."""
    console = Console(highlight=False)
    if not rows:
        console.print(Text(nothing))
    elif console.is_terminal:
        console.print(fitting(columns, rows, console.width, zone, dt.datetime.now(zone)))
    else:
        for line in lines(columns, rows, zone):
            print(line)


def lines(columns: Sequence[Column], rows: Sequence[Sequence[Cell]], zone: dt.tzinfo) -> list[str]:
    """Heads and rows with a tab between cells; moments with their day and year, for a line may be kept."""
    shown = [[_whole(cell, zone) for cell in row] for row in rows]
    return ["\t".join(cells) for cells in [[one.head for one in columns], *shown]]


def fitting(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int, zone: dt.tzinfo, now: dt.datetime
) -> RenderableType:
    """A table where it fits `width` cells; else its rows with the free text below each; else a line for each cell."""
    cells = [[_short(cell, zone, now) for cell in row] for row in rows]
    # What no row has is no column: it would take the room of those that are read.
    used = [number for number in range(len(columns)) if any(row[number] for row in cells)]
    columns, cells = [columns[number] for number in used], [[row[number] for number in used] for row in cells]
    below = list(zip(*cells, strict=True))
    widest = [max(map(cell_len, (one.head, *texts))) for one, texts in zip(columns, below, strict=True)]
    gaps = _GAP * (len(columns) - 1)
    if (
        gaps + sum(min(wide, _NARROWEST) if one.text else wide for one, wide in zip(columns, widest, strict=True))
        <= width
    ):
        return _table(columns, cells)
    if gaps + sum(wide for one, wide in zip(columns, widest, strict=True) if not one.text) <= width:
        return Group(*_with_text_below(columns, cells, widest))
    return Group(*(_record(columns, row) for row in cells))


def _with_text_below(columns: Sequence[Column], cells: list[list[str]], widest: list[int]) -> Iterator[RenderableType]:
    beside = [number for number, one in enumerate(columns) if not one.text]

    def line(texts: Sequence[str]) -> str:
        padded = (" " * (widest[number] - cell_len(texts[number])) for number in beside)
        pairs = [(texts[number], room) for number, room in zip(beside, padded, strict=True)]
        shown = [
            room + text if columns[number].right else text + room
            for number, (text, room) in zip(beside, pairs, strict=True)
        ]
        return (" " * _GAP).join(shown).rstrip()

    yield Text(line([one.head for one in columns]), style="bold", no_wrap=True)
    for row in cells:
        yield Text(line(row), no_wrap=True)
        if below := "  ·  ".join(row[number] for number, one in enumerate(columns) if one.text and row[number]):
            yield Padding(Text(below, style="dim"), (0, 0, 0, 2 * _GAP))


def _table(columns: Sequence[Column], cells: list[list[str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for column in columns:
        justify = "right" if column.right else "left"
        table.add_column(column.head, no_wrap=not column.text, overflow="fold", justify=justify)  # type: ignore[arg-type]
    for row in cells:
        table.add_row(*map(Text, row))
    return table


def _record(columns: Sequence[Column], row: list[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for column, text in zip(columns, row, strict=True):
        if text:
            table.add_row(column.head, Text(text))
    table.add_row("", "")
    return table


def _short(cell: Cell, zone: dt.tzinfo, now: dt.datetime) -> str:
    return at_a_glance(cell, zone, now) if isinstance(cell, dt.datetime) else "" if cell is None else str(cell)


def _whole(cell: Cell, zone: dt.tzinfo) -> str:
    if isinstance(cell, dt.datetime):
        return f"{cell.astimezone(zone):%Y-%m-%d %H:%M}"
    return re.sub(r"\s+", " ", "" if cell is None else str(cell))
