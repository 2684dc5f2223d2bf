"""The place in the words of whoever said it, and what is asked of villages, whole streets and things without a number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app.parts import open_site
from bot.grid.importer import import_csv
from bot.grid.registry import Registry
from bot.grid.said_names import SaidName, write
from bot.settings import Settings
from tests.grid.test_finding import HEAD

STREETS = {
    ("城北社区", "五一路"): 31,
    ("城北社区", "沿河路"): 31,
    ("城南社区", "农机厂宿舍"): 32,
    ("城西社区", "沿河路"): 33,
}


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Streets, a village of groups and one of bays."""
    home = tmp_path_factory.mktemp("village")
    rows = [
        (community, f"{street}{number}号", grid)
        for (community, street), grid in STREETS.items()
        for number in range(1, 31)
    ]
    rows += [("大塘村", f"大塘村{group}组{number}号", 41) for group in "一二三四" for number in range(1, 13)]
    rows += [("白崖村", f"白崖村{bay}{number}号", 43) for bay in ("汪家湾", "庞家塆") for number in range(1, 9)]
    file = home / "county.csv"
    lines = (
        f"{9000 + at},何大一,,{community},,{address},甲台区,甲线,{grid},,0,0,0\n"
        for at, (community, address, grid) in enumerate(rows)
    )
    file.write_text(HEAD + "".join(lines), "utf-8")
    database = open_site(Settings(home=home))
    import_csv(database, file)
    yield Registry.load(database)
    database.dispose()


@pytest.mark.parametrize(
    ("turns", "said"),
    [
        (["五一路8号停电了"], "五一路8号"),
        (["五一路", "是二十六号"], "五一路26号"),
        (["城北社区的那个五一路,嗯,十二号"], "城北社区五一路12号"),
        (["我是城北社区的工作人员小汪,有个老人屋里没电了,他住五一路19号"], "城北社区五一路19号"),
        (["大塘村", "三组12号"], "大塘村三组12号"),
        (["大塘村三组12号", "没有路名,就是大塘村三组"], "大塘村三组12号"),
        (["五一路8号隔壁停电了"], "五一路8号隔壁"),
        (["五一路8号或者9号停电了"], "五一路8号或者9号"),
        (["五一路8号或者9号停电了", "9号"], "五一路9号"),
        (["五一路20-1号"], "五一路20-1号"),
        (["白崖村汪家湾3号"], "白崖村汪家湾3号"),
        (["城北社区后头停电了"], "城北社区后头"),
    ],
)
def test_what_is_read_back_is_what_was_said_and_no_more(county: Registry, turns: list[str], said: str) -> None:
    assert county.locate(turns[-1], earlier=turns[:-1], as_said=True).heard_place == said


@pytest.mark.parametrize(
    ("said", "ask", "grid"),
    [
        ("大塘村停电了", "group", "41"),
        ("大塘村三组停电了", "number", "41"),
        ("白崖村停电了", "group", "43"),
        ("五一路整条街停电了", None, "31"),
        ("大塘村全村都停电了", None, "41"),
        ("沿河路整条街停电了", "community", None),
        ("城北社区停电了", "street", "31"),
    ],
)
def test_what_is_open_is_asked_and_a_whole_street_has_no_door(
    county: Registry, said: str, ask: str | None, grid: str | None
) -> None:
    found = county.locate(said, as_said=True)
    assert (found.ask, found.grid_no) == (ask, grid) and found.household_no is None


def test_what_somebody_lives_behind_is_no_place_that_sounds_a_little_like_it(county: Registry) -> None:
    found = county.locate("就在老农药厂后头,没得门牌", as_said=True)
    assert not found.understood and found.heard_place == "老农药厂后头"
    named = county.locate("老农药厂后头", earlier="城北社区", as_said=True)
    assert named.community == "城北社区" and named.heard_place == "城北社区老农药厂后头"


def test_a_name_of_the_sites_table_asks_for_the_street_and_stays_as_it_was_said(
    county: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    write([SaidName("老农药厂", "城北社区")])
    found = county.locate("就在老农药厂后头,没得门牌", as_said=True)
    assert found.ask == "street" and found.heard_place == "老农药厂后头"
    street = county.locate("五一路3号", earlier="老农药厂", as_said=True)
    assert street.grid_no == "31" and street.heard_place == "老农药厂五一路3号"


@pytest.mark.parametrize(
    "said", ["武汉洪山区停电了", "武汉市洪山区珞喻路100号停电了", "武汉停电了", "我屋里在武汉,停电了"]
)
def test_a_place_outside_is_outside(county: Registry, said: str) -> None:
    found = county.locate(said, as_said=True)
    assert found.outside == "武汉" and not found.understood


@pytest.mark.parametrize("said", ["我在武汉打工,我妈屋里停电了", "我人在武汉,屋里停电了", "武汉路3号停电了"])
def test_who_is_away_or_names_a_street_is_not_outside(county: Registry, said: str) -> None:
    assert not county.locate(said, as_said=True).outside
