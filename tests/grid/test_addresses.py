"""What registries write is taken apart into what its numbers count, however they are spelt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grid.address import Address, parse_address, street_of, value_of


def parts(community: str, compound: str, address: str) -> tuple[str, str]:
    """The name, and the numbers as `kind value` from the whole to the room."""
    found = parse_address(community, compound, address)
    return found.name, " ".join(f"{part.kind} {part.value}" for part in found.parts)


@pytest.mark.parametrize(
    "written",
    ["芦花路370号", "芦花路３７０号", "芦花路三百七十号", "芦花路三七〇号", "芦花路370", "芦花路 370 号", "芦花路第370号",
     "芦花路门牌370号", "芦花路No.370", "芦花路370号370号", "东坪社区芦花路370号"],
)  # fmt: skip
def test_a_house_of_a_street_is_one_house_however_it_is_spelt(written: str) -> None:
    assert parts("东坪社区", "", written) == ("芦花路", "number 370")


@pytest.mark.parametrize(
    "written",
    ["8栋3单元502室", "8幢3单元502", "8座3门502室", "8号楼3梯502室", "8#3单元502", "8#楼3单元502室", "8楼3单元502",
     "8-3-502", "８－３－５０２", "8—3—502", "八栋三单元五零二室", "8 栋 3 单元 502 室", "碧桃苑8栋3单元502户"],
)  # fmt: skip
def test_a_room_of_a_compound_is_one_room_however_it_is_spelt(written: str) -> None:
    assert parts("东坪社区", "碧桃苑", written) == ("碧桃苑", "building 8 unit 3 room 502")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("D座1104", "building D room 1104"),
        ("d座1104室", "building D room 1104"),
        ("丙栋402", "building 丙 room 402"),
        ("A2栋402", "building A2 room 402"),
        ("9-402", "building 9 room 402"),
        ("9栋", "building 9"),
        ("9栋B单元402", "building 9 unit B room 402"),
        ("5单元402室", "unit 5 room 402"),
        ("44号", "number 44"),
        ("402室", "room 402"),
    ],
)
def test_buildings_have_letters_and_stems_and_need_no_unit(written: str, meant: str) -> None:
    assert parts("东坪社区", "碧桃苑", written) == ("碧桃苑", meant)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("33号附4号", "number 33 sub 4"),
        ("33附4", "number 33 sub 4"),
        ("33号附四号", "number 33 sub 4"),
        ("33之4号", "number 33 sub 4"),
        ("33号之四", "number 33 sub 4"),
        ("33-4号", "number 33 sub 4"),
        ("33号-4", "number 33 sub 4"),
        ("33号丙", "number 33 sub 丙"),
        ("33丙", "number 33 sub 丙"),
        ("33B号", "number 33 sub B"),
    ],
)
def test_a_house_behind_a_house_is_another_one(written: str, meant: str) -> None:
    assert parts("东坪社区", "", f"芦花路{written}") == ("芦花路", meant)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("33号6栋402室", "number 33 building 6 room 402"),
        ("33号院6号楼2单元402", "number 33 building 6 unit 2 room 402"),
        ("33号2单元402室", "number 33 unit 2 room 402"),
        ("33号402室", "number 33 room 402"),
    ],
)
def test_a_house_number_may_hold_buildings_and_units(written: str, meant: str) -> None:
    assert parts("东坪社区", "", f"芦花路{written}") == ("芦花路", meant)


@pytest.mark.parametrize("group", ["七组", "7组", "第七组", "7村民小组", "第七村民小组", "七小组", "7队", "七生产队"])
@pytest.mark.parametrize("before", ["白茅村", ""])
def test_a_group_of_a_village_is_a_group_with_the_village_written_before_it_or_not(before: str, group: str) -> None:
    assert parts("白茅村", "", f"{before}{group}19号") == ("", "group 7 number 19")
    assert parts("白茅村", "", f"{before}{group}") == ("", "group 7")


@pytest.mark.parametrize(
    ("written", "name", "meant"),
    [
        ("蔡家湾6号", "蔡家湾", "number 6"),
        ("白茅村蔡家塆6号", "蔡家塆", "number 6"),
        ("蔡家湾", "蔡家湾", ""),
        ("白茅村", "", ""),
        ("", "", ""),
        ("蔡家湾二组6号", "蔡家湾", "group 2 number 6"),
        ("白茅村19号", "", "number 19"),
        ("19号", "", "number 19"),
        ("老粮站", "老粮站", ""),
    ],
)
def test_bays_and_houses_of_the_village_itself(written: str, name: str, meant: str) -> None:
    assert parts("白茅村", "", written) == (name, meant)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("六一路23号", "六一路"),
        ("四十里街23号", "四十里街"),
        ("七星殿路二十三号", "七星殿路"),
        ("建设三路23号", "建设三路"),
        ("106国道23号", "106国道"),
        ("一二三巷23号", "一二三巷"),
    ],
)
def test_numerals_in_a_name_are_no_house_number(written: str, name: str) -> None:
    assert parts("东坪社区", "", written) == (name, "number 23")


@pytest.mark.parametrize("name", ["六一", "三环", "双百巷", "水塔"])
def test_what_has_no_number_is_a_name(name: str) -> None:
    assert parse_address("东坪社区", "", name) == Address(name, ())


def test_a_compound_with_a_numeral_at_its_end_keeps_it() -> None:
    assert parts("东坪社区", "江湾一号", "3栋502") == ("江湾一号", "building 3 room 502")
    assert parts("东坪社区", "碧桃苑", "二期3栋502") == ("碧桃苑二期", "building 3 room 502")


def test_more_digits_than_a_door_has_are_no_number() -> None:
    assert parts("东坪社区", "", "芦花路88812345678号") == ("芦花路", "")


@pytest.mark.parametrize(
    ("written", "value"),
    [("0370", "370"), ("３７０", "370"), ("三百七十", "370"), ("三七〇", "370"), ("幺二", "12"), ("两百", "200"), ("b", "B"), ("丙", "丙")],
)  # fmt: skip
def test_values_are_compared_as_digits_letters_or_stems(written: str, value: str) -> None:
    assert value_of(written) == value


def test_the_street_of_an_address_is_its_name() -> None:
    assert [street_of(one) for one in ("芦花路３７０号", "六一路12号附3号", "七组19号", "")] == [
        "芦花路",
        "六一路",
        "",
        "",
    ]


_PIECES = st.lists(
    st.sampled_from(
        [*"0123456789一二十百甲乙AB附之-#号栋幢座组室路村芦花路 　．𫍯😀", "单元", "No.", "号楼", "村民小组"]
    )
)


@given(_PIECES.map("".join), st.sampled_from(["", "碧桃苑"]))
def test_nothing_that_a_registry_may_write_raises(written: str, compound: str) -> None:
    found = parse_address("白茅村", compound, written)
    assert all(part.value for part in found.parts)
    assert found == parse_address("白茅村", compound, f"白茅村{written}") or written.replace(" ", "").startswith(
        compound
    )
