"""Workbooks (xlsx) as rows of text: what a cell shows, and nothing of what Excel made of it without being asked."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

from openpyxl import load_workbook

from bot.grid.cells import visible
from bot.grid.problems import ImportRefused, Problem

#: the first bytes of a zip archive
_ZIP = b"PK\x03\x04"
#: Excel keeps fifteen digits of a number; the rest are zeros that nobody wrote
_EXACT = 10**15
#: what a workbook may become (bytes), so that a small file is no bomb: 57,600 households are 55 MB, and what it says of
#: itself is believed, as no more than that is read of it
_LARGEST = 200 * 1024 * 1024
#: columns and rows of a table; one cell at the far end makes every row as wide
_WIDEST, _LONGEST = 300, 1_000_000


def is_workbook(data: bytes) -> bool:
    """Whether it is an xlsx, by its first bytes: the name may say anything."""
    return data.startswith(_ZIP)


def rows_of_workbook(name: str, data: bytes) -> list[tuple[int, list[str]]]:
    """(line, cells) of every row of the first sheet that holds something. Raises ImportRefused."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(one.file_size for one in archive.infolist()) > _LARGEST:
                raise ImportRefused(name, [Problem(1, "", "this workbook is too large")])
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        found: list[tuple[int, list[str]]] = []
        for line, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            if len(row) > _WIDEST or len(found) > _LONGEST:
                raise ImportRefused(name, [Problem(line, "", "this workbook is too large")])
            cells = [_shown(value) for value in row]
            while cells and not cells[-1]:
                cells.pop()
            if any(cells) and (found or len(list(filter(None, cells))) > 1):
                found.append((line, cells))
        book.close()
    except ImportRefused:
        raise
    except Exception as problem:
        # Whatever the reader stumbles over (broken XML, entities, a password, odd packing) is the sender's doing.
        raise ImportRefused(name, [Problem(1, "", "this workbook cannot be read; save it as xlsx again")]) from problem
    if not found:
        raise ImportRefused(name, [Problem(1, "", "there is no header")])
    # Cells at the end of a row that are empty are no cells of a workbook; the columns still are.
    width = max(len(cells) for _, cells in found)
    return [(line, [*cells, *[""] * (width - len(cells))]) for line, cells in found]


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        # A number of more than fifteen digits has lost some: it is shown so that it is refused.
        if abs(value) >= _EXACT:
            return f"{value:.5E}"
        return str(int(value)) if float(value).is_integer() else repr(value)
    if isinstance(value, dt.datetime | dt.date):
        return value.strftime("%Y-%m-%d")
    return visible(str(value))
