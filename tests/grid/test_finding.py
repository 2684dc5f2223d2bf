"""Who serves this caller: found when it is certain, asked back when it is not."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app.parts import open_site
from bot.bench.noise import queries
from bot.database import Database
from bot.grid.importer import import_csv
from bot.grid.problems import ImportRefused
from bot.grid.registry import Registry
from bot.settings import Settings


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    opened = open_site(Settings(home=home))
    yield opened
    opened.dispose()


@pytest.fixture
def registry(database: Database) -> Registry:
    return Registry.load(database)


def test_never_a_silent_wrong_manager(registry: Registry) -> None:
    for strength in (0.0, 1.0):
        for query in queries(registry, 150, strength, seed=3):
            found = registry.locate(query.text)
            assert found.grid_no in (None, query.grid_no), query.text


@pytest.fixture
def long_street(database: Database, tmp_path: Path) -> Registry:
    """A street whose houses 7, 17 and 517 one manager has each."""
    rows = "".join(
        f"900{number},何{name},,甲社区,,沿江路{number}号,甲台区,甲线,{grid},,0,0,0\n"
        for number, name, grid in ((7, "大一", 11), (17, "大二", 12), (37, "大三", 13), (517, "大四", 14))
    )
    file = tmp_path / "street.csv"
    file.write_text(HEAD + rows, "utf-8")
    import_csv(database, file)
    return Registry.load(database)


@pytest.mark.parametrize("before", ["", "我屋里在"])
def test_a_numeral_that_was_not_heard_leaves_a_question_not_a_neighbour(long_street: Registry, before: str) -> None:
    for whole in ("沿江路五幺七号", "沿江路五百一十七号", "沿江路517号"):
        assert long_street.locate(before + whole).grid_no == "14", whole
    for lost in ("幺七", "曾幺七", "零七", "百一十七", "四八三十七", "五百三十百七", ""):
        found = long_street.locate(f"{before}沿江路{lost}号")
        assert found.household_no is None and found.grid_no is None and found.ask, lost
    assert long_street.locate("那是七沿江路").household_no is None, "a word before the name is no house number"
    assert long_street.locate("七号沿江路").grid_no == "11"


def test_readings_that_disagree_are_asked_about_and_those_that_agree_are_not(long_street: Registry) -> None:
    clear = "沿江路五百一十七号"
    assert long_street.locate(clear, alternatives=[f"在{clear}", f"{clear}的"]).household_no == "900517"
    for text, *alternatives in (
        (clear, "沿江路七号"),
        ("沿江路七号", clear),
        ("沿江路曾幺七号", "沿江路幺七号", "沿江路七号"),
    ):
        found = long_street.locate(text, alternatives=alternatives)
        assert found.household_no is None and found.grid_no is None and found.ask == "number", (text, alternatives)
    # A place that the first reading does not have at all may be taken from the second.
    assert long_street.locate("嗯那个", alternatives=[clear]).household_no == "900517"


def test_a_householder_with_a_twin_to_the_ear_is_not_certain(database: Database, registry: Registry) -> None:
    row = next(row for row, name in enumerate(registry.county.holders) if len(name) == 3 and name[0] == "王")
    community = registry.county.communities_of[row]
    registry.county.holders[row + 1] = "汪" + registry.county.holders[row][1:]
    registry.county.communities_of[row + 1] = community
    found = registry.locate(f"{community},户主{registry.county.holders[row]}")
    assert found.household_no is None


def test_clean_addresses_find_their_household_first(registry: Registry) -> None:
    asked = list(queries(registry, 150, 0.0, seed=4))
    right = sum(
        bool(found.candidates) and found.candidates[0].household_no == query.household_no
        for query in asked
        for found in [registry.locate(query.text)]
    )
    assert right >= 0.95 * len(asked)


def test_a_compound_in_two_grids_is_not_certain(registry: Registry) -> None:
    found = registry.locate("凤凰城6栋")
    assert (found.household_no, found.grid_no, found.manager) == (None, None, None)
    assert found.ask == "community" and len(found.candidates) >= 3


def test_a_household_number_is_certain(registry: Registry) -> None:
    number = registry.county.numbers[10]
    found = registry.locate(f"我的户号是{number}")
    assert (found.household_no, found.grid_no) == (number, registry.county.grids[10])


def test_candidates_never_name_the_householder(registry: Registry) -> None:
    found = registry.locate("凤凰城6栋")
    holders = set(registry.county.holders)
    assert not any(holder in one.label for one in found.candidates for holder in holders if len(holder) > 2)


def test_a_county_that_was_read_anew_is_not_kept_in_memory(registry: Registry) -> None:
    old = weakref.ref(registry.county)
    registry.locate(f"{registry.county.communities()[0]},户主{registry.county.holders[0]}")
    registry.reload()
    gc.collect()
    assert old() is None


@pytest.mark.parametrize("text", ["", "a", "😀", "x" * 5000, "'; DROP TABLE household; --", "\x00\x01", "哈哈哈"])
def test_nonsense_finds_nobody(registry: Registry, text: str) -> None:
    found = registry.locate(text)
    assert found.household_no is None and found.grid_no is None and not found.understood


def test_王_is_not_黄_when_money_is_at_stake(registry: Registry) -> None:
    row = next(
        row for row, holder in enumerate(registry.county.holders) if holder.startswith("王") and len(holder) == 3
    )
    number, holder = registry.county.numbers[row], registry.county.holders[row]
    assert registry.is_householder(number, holder)
    assert not registry.is_householder(number, "黄" + holder[1:])
    assert not registry.is_householder(number, f"{holder}{holder}"), "one name is one answer"


HEAD = "户号,户主,电话,社区,小区,地址,台区,线路,网格号,标签,余额,欠费月数,本年电量\n"
GOOD = "1001,王小二,0715-3391234,甲社区,,沿江路1号,甲台区,甲线,77,vulnerable;shop,-12.5,1,900\n"


def test_a_file_in_gb18030_with_chinese_columns_is_imported_and_updated(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "h.csv"
    file.write_bytes((HEAD + GOOD).encode("gb18030"))
    assert import_csv(database, file).rows == 1
    file.write_text(HEAD + GOOD.replace("王小二", "王小三"), "utf-8-sig")
    import_csv(database, file)
    card = Registry.load(database).household("1001")
    assert card and card.householder == "王小三" and card.tags == ("vulnerable", "shop")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        (HEAD, "no row"),
        (HEAD + GOOD + GOOD, "same as in line"),
        (HEAD + GOOD.replace("-12.5", "viel"), "column balance"),
        (HEAD + GOOD.replace(",900", ""), "cells"),
        (HEAD.replace("户主", "谁"), "unknown column"),
        (HEAD + GOOD.replace("vulnerable", "purple"), "unknown tag"),
        (HEAD + GOOD + GOOD.replace("1001", "1002").replace("王小二", ""), "line 3, column householder"),
    ],
)
def test_a_bad_file_is_refused_as_a_whole(database: Database, tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(ImportRefused, match=reason):
        import_csv(database, file)
    assert Registry.load(database).household("1001") is None


@pytest.mark.parametrize(
    "heard", ["七摆镏十七号", "七思琳号", "十七娄蒿", "七把良好", "三十七柏郝", "七流儿号", "七饵灸毫"]
)
def test_a_number_that_goes_on_as_words_that_sound_like_numerals_is_asked_for(
    long_street: Registry, heard: str
) -> None:
    found = long_street.locate(f"沿江路{heard}")
    assert found.household_no is None and found.grid_no is None and found.ask, heard


@pytest.mark.parametrize("more", ["", "停电了", "是我家", "你好", "屋里冇电", "三天没电了"])
def test_words_behind_a_number_that_was_heard_leave_it_as_it_is(long_street: Registry, more: str) -> None:
    assert long_street.locate(f"沿江路五百一十七号{more}").household_no == "900517"
