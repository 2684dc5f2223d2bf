"""Tables that people take away: xlsx and CSV. Numbers that are names stay text, and nothing in a cell runs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

Cell = str | int | float | None
#: what a spreadsheet would run (OWASP, CSV injection)
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_WIDEST = 40


@dataclass(frozen=True)
class Sheet:
    """One table: its name, its head, its rows."""

    name: str
    head: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def harmless(value: Cell) -> Cell:
    """Text that a spreadsheet cannot take for a formula; numbers as they are."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_RUNS):
        return "'" + value
    return value


def as_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """A workbook. Every text is a text cell, so that 户号 keeps its zeros and no cell runs."""
    book = Workbook(write_only=True)
    for sheet in sheets:
        page = book.create_sheet(sheet.name[:31])
        page.freeze_panes = "A2"
        rows = [list(row) for row in sheet.rows]
        for column, name in enumerate(sheet.head):
            longest = max([len(str(name)), *(len(str(row[column] or "")) for row in rows[:200])], default=8)
            page.column_dimensions[get_column_letter(column + 1)].width = min(_WIDEST, 2 * longest + 2)
        page.append([_cell(page, name, bold=True) for name in sheet.head])
        for row in rows:
            page.append([_cell(page, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def as_csv(sheet: Sheet) -> bytes:
    """UTF-8 with a mark that Excel reads it by."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(sheet.head)
    writer.writerows([harmless(value) for value in row] for row in sheet.rows)
    return out.getvalue().encode("utf-8-sig")


def _cell(page: Any, value: Cell, *, bold: bool = False) -> Any:
    cell = WriteOnlyCell(page, value)
    if isinstance(value, str):
        # A text cell is shown, never run, whatever it begins with.
        cell.data_type, cell.number_format = "s", "@"
    if bold:
        cell.font = Font(bold=True)
    return cell
