"""The register goes out and comes in again: what comes back is there already, a wrong row stops the whole file."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook

from bot.database import Database
from bot.grid.problems import ImportRefused
from bot.register.book import Book
from bot.register.sheets import file_of, reader_of, take_sheet
from tests.register.town import MANAGER, TODAY, new

HEAD = "种类,哪天,户号,社区,做了什么,多少人,碰到人没有,写什么"


def rows(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *lines, ""]).encode("utf-8-sig")


def test_what_goes_out_is_known_when_it_comes_back(town: Database, book: Book) -> None:
    book.enter(new("visit", "4211001", met="met"), MANAGER, TODAY)
    book.enter(new("talk", community="东门社区", what="leaflet", people=40), MANAGER, TODAY)
    book.enter(new("note", words="=1+1"), MANAGER, TODAY)
    out = book.listed(MANAGER)
    workbook = file_of(book, out)
    cells = [cell for row in load_workbook(io.BytesIO(workbook)).active.iter_rows(min_row=2) for cell in row]
    assert "4211001" in [cell.value for cell in cells] and all(cell.data_type != "f" for cell in cells)
    for data in (workbook, file_of(book, out, csv=True)):
        taken = take_sheet(town, book, "in", data, MANAGER, TODAY)
        assert (taken.fresh, taken.known) == (0, 3) and sum(book.count(MANAGER).values()) == 3


def test_a_list_that_was_kept_in_a_spreadsheet_is_entered_once(town: Database, book: Book) -> None:
    kinds = {field.name: field.words for field in book.kinds["talk"].fields}
    head = f"种类,哪天,社区,{kinds['what']},{kinds['people']}"
    data = rows("安全宣传,2026-11-20,东门社区,发单子,40", "安全宣传,2026/11/21,东门社区,讲课,12", head=head)
    assert take_sheet(town, book, "in.csv", data, MANAGER, TODAY).fresh == 2
    again = take_sheet(town, book, "in.csv", data, MANAGER, TODAY)
    assert (again.fresh, again.known) == (0, 2)
    assert sorted(one.values["people"] for one in book.listed(MANAGER)) == [12, 40]
    assert {one.values["what"] for one in book.listed(MANAGER)} == {"leaflet", "talk"}, "options by their words"


def test_a_wrong_row_is_told_with_line_and_column_and_then_nothing_is_entered(town: Database, book: Book) -> None:
    good = "走访,2026-11-20,4211001,,,,,"
    for bad, told in (
        ("飞行,2026-11-20,,,,,,", "line 3, column 种类: there is no kind '飞行'"),
        ("走访,2099-01-01,4211002,,,,,", "line 3, column 哪天: has not come yet"),
        ("走访,2026-11-20,4212001,,,,,", "line 3, column 户号: is not there"),
        ("走访,2026-11-20,,,,,,", "line 3, column 户号: is empty"),
        ("走访,2026-11-20,4211002,,,7,,", "column 多少人: 走访 has no such field"),
    ):
        with pytest.raises(ImportRefused) as refused:
            take_sheet(town, book, "in.csv", rows(good, bad), MANAGER, TODAY)
        assert told in str(refused.value) and not book.count(MANAGER)
    with pytest.raises(ImportRefused, match="no header"):
        take_sheet(town, book, "in.csv", b"a,b\n1,2\n", MANAGER, TODAY)


def test_who_enters_is_somebody_of_the_staff(town: Database) -> None:
    who = reader_of(town, "M24")
    assert who is not None and (who.role, who.grids) == ("manager", {"24"})
    everybody = reader_of(town, "D1")
    assert everybody is not None and everybody.grids is None and reader_of(town, "nobody") is None
