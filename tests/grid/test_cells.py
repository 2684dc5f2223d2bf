"""Files as a spreadsheet leaves them are taken as they were meant, or refused with line, column and reason; never wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.app.parts import open_site
from bot.database import Database
from bot.grid.importer import ImportReport, import_csv
from bot.grid.models import Contact, GridStaff, Household
from bot.grid.problems import ImportRefused
from bot.grid.registry import Registry
from bot.settings import Settings
from bot.tickets.intake.caller import Caller

HEAD = "户号,户主,电话,社区,小区,地址,台区,线路,网格号,标签,余额,欠费月数,本年电量\n"
ROW = {
    "household_no": "4209000318", "householder": "何月娥", "phone": "18800001318", "community": "枫树社区", "compound": "",
    "address": "枫林街7号", "transformer": "枫树台区", "feeder": "枫树线", "grid_no": "61", "tags": "", "balance": "-31.40",
    "months_owed": "1", "ytd_kwh": "905",
}  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty county."""
    opened = open_site(Settings(home=tmp_path / "home"))
    yield opened
    opened.dispose()


Import = Callable[[str | bytes], ImportReport]


@pytest.fixture
def imported(database: Database, tmp_path: Path) -> Import:
    def take(content: str | bytes) -> ImportReport:
        file = tmp_path / "file.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return import_csv(database, file)

    return take


def household(**cells: str) -> str:
    row = io.StringIO()
    csv.writer(row).writerow((ROW | cells).values())
    return HEAD + row.getvalue()


def member(grids: str) -> str:
    return f'工号,姓名,角色,电话,网格号,telegram_id,wecom,dingtalk\nM61,卢某,manager,13700000061,"{grids}",,,\n'


@pytest.mark.parametrize(
    ("column", "cell", "held"),
    [
        ("household_no", "4209000318.0", "4209000318"),
        ("household_no", "'4209000318", "4209000318"),
        ("household_no", '="4209000318"', "4209000318"),
        ("household_no", "４２０９０００３１８", "4209000318"),
        ("household_no", "\u200b4209000318\ufeff", "4209000318"),
        ("household_no", "4209 0003 18", "4209000318"),
        ("household_no", "4,209,000,318", "4209000318"),
        ("grid_no", "61.00", "61"),
        ("grid_no", "0061", "0061"),
        ("householder", "何　月娥", "何月娥"),
        ("householder", "阿依古丽·买买提", "阿依古丽·买买提"),
        ("compound", "无", ""),
        ("address", "枫林街７号\u200b", "枫林街７号"),
        ("balance", "￥-1,031.40元", "-1031.40"),
        ("balance", "-", "0.00"),
        ("ytd_kwh", "1,905.0", "1905"),
    ],
)
def test_a_cell_is_taken_as_it_was_meant(
    database: Database, imported: Import, column: str, cell: str, held: str
) -> None:
    imported(household(**{column: cell}))
    with database.reading() as session:
        assert str(session.scalars(select(getattr(Household, column))).one()) == held


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("household_no", "4.209E+09", "last digits are gone"),
        ("household_no", "4209000318.5", "not one number"),
        ("household_no", "=A2", "formula"),
        ("phone", "1.88E+10", "last digits are gone"),
        ("phone", "1880000131", "not a telephone number"),
        ("phone", "18800001318、18800001319", "not a telephone number"),
        ("grid_no", "#REF!", "error"),
        ("grid_no", "61、62", "not one number"),
        ("grid_no", "6月1日", "date"),
        ("householder", "何?娥", "lost"),
        ("householder", "何\ufffd娥", "lost"),
        ("address", "#N/A", "error"),
        ("balance", "1.03E+03", "last digits are gone"),
        ("balance", "31,40", "not an amount"),
        ("ytd_kwh", "905.5", "whole number"),
    ],
)
def test_a_cell_that_has_lost_something_is_refused(
    database: Database, imported: Import, column: str, cell: str, reason: str
) -> None:
    with pytest.raises(ImportRefused, match=f"line 2.*{reason}"):
        imported(household(**{column: cell}))
    assert Registry.load(database).county.size == 0


@pytest.mark.parametrize(
    ("cell", "held"),
    [
        ("0715-3391318-602", "07153391318"),
        ("7153391318", "07153391318"),
        ("+86 715 339 1318", "07153391318"),
        ("018800001318", "18800001318"),
        ("86-18800001318", "18800001318"),
        ("１８８００００１３１８", "18800001318"),
        ("18800001318(女儿)", "18800001318"),
        ("暂无", None),
    ],
)
def test_a_telephone_number_is_kept_in_its_one_form(
    database: Database, imported: Import, cell: str, held: str | None
) -> None:
    imported(household(phone=cell))
    with database.reading() as session:
        assert session.scalar(select(Contact.address)) == held


@pytest.mark.parametrize(
    ("held", "names"),
    [
        ("0715-3391318", ["07153391318", "+867153391318", "867153391318", "7153391318", "3391318"]),
        ("3391318", ["3391318", "+867153391318"]),
        ("18800001318", ["+8618800001318", "8618800001318", "018800001318", "008618800001318"]),
        ("+8618800001318", ["18800001318"]),
    ],
)
def test_a_caller_is_known_in_whatever_form_the_network_names_the_number(
    database: Database, imported: Import, held: str, names: list[str]
) -> None:
    imported(household(phone=held) + household(household_no="4209000400", phone="0715-3390000").partition("\n")[2])
    registry = Registry.load(database)
    for name in names:
        assert registry.linked(Caller.by("phone", name).contact) == [("4209000318", True)], name
        assert registry.linked(Caller.by("web", name).contact) == [], "somebody only typed it"
    assert registry.linked(Caller.by("phone", "+8618800001319").contact) == []


@pytest.mark.parametrize(
    "cell",
    [
        "61、63",
        "61,63",
        "61，63",
        "61;63",
        "61；63",
        "61/63",
        "61 63",
        "61\n63",
        "61和63",
        "61.0;63.0",
        "６１、６３",
        "61|63",
    ],
)
def test_several_grids_in_any_list_that_people_write(database: Database, imported: Import, cell: str) -> None:
    imported(member(cell))
    with database.reading() as session:
        assert list(session.scalars(select(GridStaff.grid_no).order_by(GridStaff.grid_no))) == ["61", "63"]


def test_a_range_of_grids_is_taken_when_it_can_be_nothing_else(database: Database, imported: Import) -> None:
    with pytest.raises(ImportRefused, match="61-63 may be several grids or one"):
        imported(member("61-63"))
    for grid in ("61", "62", "63"):
        imported(household(household_no=f"42090004{grid}", grid_no=grid))
    for cell in ("61-63", "61~63", "61至63"):
        imported(member(cell))
        with database.reading() as session:
            assert list(session.scalars(select(GridStaff.grid_no).order_by(GridStaff.grid_no))) == ["61", "62", "63"]
    imported(household(household_no="4209000500", grid_no="1-2"))
    imported(member("1-2"))
    with database.reading() as session:
        assert list(session.scalars(select(GridStaff.grid_no))) == ["1-2"], "a household's grid is called so"


def test_who_imports_staff_hears_of_grids_without_households(imported: Import) -> None:
    imported(household())
    assert str(imported(member("61;16"))) == "1 staff imported; no household is in grid 16"


GOOD = household()


@pytest.mark.parametrize(
    "content",
    [
        GOOD.encode("gb18030"),
        GOOD.encode("utf-8-sig"),
        GOOD.replace("\r\n", "\n").replace("\n", "\r"),
        GOOD.replace(",", "\t"),
        "枫树社区用户档案\n" + GOOD,
        "枫树社区用户档案,,,,\n\n" + GOOD,
        GOOD + ",,,,,,,,,,,,\n\n",
        GOOD.replace("\r\n", "\n").replace("\n", ",,\n"),
        GOOD.replace("户号", "\u200b户 号*"),
    ],
    ids=["gb18030", "bom", "cr", "tabs", "title", "wide title", "blank rows", "blank columns", "marks in the header"],
)
def test_a_file_of_any_shape_that_offices_make(database: Database, imported: Import, content: str | bytes) -> None:
    imported(content)
    card = Registry.load(database).household("4209000318")
    assert card and (card.householder, card.grid_no) == ("何月娥", "61")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (GOOD.encode().replace("何".encode(), "何".encode()[:2]), "line 2: damaged UTF-8"),
        (GOOD.encode().decode("latin-1"), "read as another encoding"),
        (GOOD.replace("何月娥", "锟斤拷娥"), "line 2: a character was lost"),
        (GOOD.encode("utf-16"), "NUL"),
        (",,,\n", "no header"),
        (GOOD + "合计,,,,,,,,,,-31.40,1,905\n", "line 3, column householder: is empty"),
        (GOOD + GOOD.partition("\n")[2].replace("4209000318", "004209000318"), "the same as in line 2"),
    ],
    ids=["cut", "latin", "kuntaokuo", "utf-16", "nothing", "total row", "zeros"],
)
def test_a_file_that_was_damaged_is_refused_as_a_whole(
    database: Database, imported: Import, content: str | bytes, reason: str
) -> None:
    with pytest.raises(ImportRefused, match=reason):
        imported(content)
    assert Registry.load(database).county.size == 0
