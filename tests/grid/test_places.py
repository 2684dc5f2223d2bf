"""Which household is meant, whatever way a place is said: one promise a test, in an invented county."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.bench.bad_input import write_registry
from bot.bench.homes import Home, Homes, homes_in, spoken_numbers
from bot.bench.other_county import write_other_county
from bot.database import open_database
from bot.grid.contacts import PHONE, ContactKey
from bot.grid.importer import import_csv
from bot.grid.locate import Locator
from bot.grid.location import Location
from bot.grid.places.belief import Evidence, believe
from bot.grid.places.decode import Decoder
from bot.grid.places.sentence import readings
from bot.grid.places.tree import Places
from bot.grid.registry import Registry
from bot.grid.said_names import SaidName, write
from bot.sound.site import channel

#: communities: streets → (grid, houses); 北门社区 and 松岗村 lie in two grids, 望江路 goes on in the next community
STREETS: dict[str, dict[str, tuple[int, Sequence[int]]]] = {
    "北门社区": {
        "七一路": (11, range(1, 31)),
        "五里牌街": (11, range(1, 31)),
        "人民二路": (11, range(1, 31)),
        "人民三路": (12, range(1, 31)),
        "双井路": (12, range(1, 31)),
        "北门街": (12, range(1, 31)),
    },
    "南桥社区": {"南桥": (13, range(1, 31)), "望江路": (13, range(1, 21))},
    "西岭社区": {"望江路": (14, range(21, 41))},
}
#: householders of 茶园路 1, 2 …
PEOPLE = ("欧阳建华", "欧建华", "司马光明", "李𫍯", "阿依古丽·买买提", "单雄", "仇英", "诸葛明", "王䶮")


def _homes() -> Iterator[tuple[str, str, str, str, int]]:
    """(holder, community, compound, address, grid)."""
    for community, streets in STREETS.items():
        for street, (grid, numbers) in streets.items():
            for number in numbers:
                yield (
                    f"林{'金木水火土石'[number % 6]}{'东西南北'[number % 4]}",
                    community,
                    "",
                    f"{street}{number}号",
                    grid,
                )
    for number in ("7号附1号", "7号附2号", "7号附3号", "15-1号", "15-2号", "18号甲", "18号乙"):
        yield "贺小满", "北门社区", "", f"双井路{number}", 12
    for number in ("一百零一号", "一百零二号", "２０６号", "２０７号"):
        yield "高端午", "北门社区", "", f"榆树路{number}", 12
    for number, holder in enumerate(PEOPLE, 1):
        yield holder, "北门社区", "", f"茶园路{number}号", 11
    for community, grid in (("南桥社区", 13), ("西岭社区", 14)):
        for building in (1, 2, 3):
            for room in (101, 102, 201, 202):
                yield "舒春生", community, "凤鸣城", f"{building}栋{room}室", grid
    for building in "ABC":
        for room in (101, 202, 303):
            yield "石立夏", "西岭社区", "金座广场", f"{building}座{room}室", 15
    for building in (1, 2, 4):
        for unit in (1, 2):
            for room in (101, 102, 301, 302):
                yield "程谷雨", "西岭社区", "翠竹园", f"{building}栋{unit}单元{room}室", 15
    for building in (1, 2):
        for unit in (1, 2):
            for room in (101, 301):
                yield "方小雪", "西岭社区", "桂花苑", f"{building}-{unit}-{room}", 15
    for group in "一二三四":
        for number in range(1, 9):
            yield "柯大旺", "杨林村", "", f"杨林村{group}组{number}号", 21
    for group in (1, 2, 3):
        for number in range(1, 9):
            yield "涂大山", "松岗村", "", f"{group}组{number}号", 22
    for bay in ("鲁家湾", "石家塆"):
        for number in range(1, 7):
            yield "鲁大喜", "松岗村", "", f"松岗村{bay}{number}号", 23


def _registry(folder: Path, homes: Sequence[Home]) -> Registry:
    database = open_database(f"sqlite:///{folder}/gege.sqlite")
    database.migrate()
    for file in reversed(write_registry(folder, homes)):
        import_csv(database, file)
    return Registry.load(database)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    homes = [Home(str(6_000_001 + at), *rest, str(grid)) for at, (*rest, grid) in enumerate(_homes())]
    return _registry(tmp_path_factory.mktemp("places"), homes)


Look = Callable[..., Location]


@pytest.fixture(scope="module")
def look(registry: Registry) -> Look:
    return registry.locate


@pytest.fixture(scope="module")
def place(registry: Registry) -> Callable[[Location], str]:
    """The household that is certain, as the registry spells it; "" for none."""

    def one(found: Location) -> str:
        if found.household_no is None:
            return ""
        row = registry.county.row_of[found.household_no]
        return registry.county.compounds[row] + registry.county.addresses[row]

    return one


Place = Callable[[Location], str]


# -- what is said of one house ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("七一路十二号停电", "七一路12号"),
        ("71路12号没电", "七一路12号"),
        ("五里牌街五号", "五里牌街5号"),
        ("人民二路二十号", "人民二路20号"),
        ("人民三路二十号", "人民三路20号"),
    ],
)
def test_numerals_in_a_name_are_the_name(look: Look, place: Place, said: str, meant: str) -> None:
    assert place(look(said)) == meant


@pytest.mark.parametrize("said", ["一百零一", "101", "１０１", "一零一", "幺零幺"])
def test_a_number_is_one_number_however_it_is_said(look: Look, place: Place, said: str) -> None:
    assert place(look(f"榆树路{said}号")) == "榆树路一百零一号"


def test_the_registrys_own_spelling_is_shown_as_it_came(look: Look) -> None:
    labels = {said: look(f"榆树路{said}号").candidates[0].label for said in ("206", "二百零六")}
    assert set(labels.values()) == {"北门社区榆树路２０６号"}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("杨林村三组五号", "杨林村三组5号"),
        ("杨林村第三村民小组5号", "杨林村三组5号"),
        ("松岗村三组五号", "3组5号"),
        ("松岗村2组6号", "2组6号"),
        ("松岗村鲁家湾三号", "松岗村鲁家湾3号"),
        ("石家塆四号", "松岗村石家塆4号"),
    ],
)
def test_groups_and_bays_of_a_village(look: Look, place: Place, said: str, meant: str) -> None:
    assert place(look(said)) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("双井路七号", "双井路7号"),
        ("双井路七号附二号", "双井路7号附2号"),
        ("双井路7附3", "双井路7号附3号"),
        ("双井路十五号", "双井路15号"),
        ("双井路十五杠二", "双井路15-2号"),
        ("双井路18号甲", "双井路18号甲"),
        ("双井路十八号乙", "双井路18号乙"),
        ("双井路7号附9号", ""),
        ("双井路9号附1号", ""),
        ("双井路十六杠二", ""),
        ("双井路19号甲", ""),
        ("七一路7号附2号", ""),
    ],
)
def test_a_house_behind_a_house_is_never_taken_for_another(look: Look, place: Place, said: str, meant: str) -> None:
    assert place(look(said)) == meant


def test_what_stands_behind_another_house_is_hardly_believed(look: Look) -> None:
    weights = {one.label: one.score for one in look("双井路9号附1号").candidates}
    assert weights.get("北门社区双井路7号附1号", 0.0) < 0.5


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("金座广场B座202", "金座广场B座202室"),
        ("金座广场c座三零三", "金座广场C座303室"),
        ("翠竹园四栋二单元三零一", "翠竹园4栋2单元301室"),
        ("翠竹园4幢2门301", "翠竹园4栋2单元301室"),
        ("桂花苑2-1-301", "桂花苑2-1-301"),
        ("桂花苑二栋一单元三零一室", "桂花苑2-1-301"),
        ("金座广场D座202", ""),
    ],
)
def test_buildings_with_letters_numbers_and_hyphens(look: Look, place: Place, said: str, meant: str) -> None:
    assert place(look(said)) == meant


@pytest.mark.parametrize("said", ["我五在起一路死二好", "起一路四二号", "七一漏十二毫"])
def test_what_was_misheard_is_found_first_and_nobody_else_is_certain(look: Look, place: Place, said: str) -> None:
    found = look(said)
    assert place(found) in ("", "七一路12号") and found.grid_no in (None, "11")
    assert found.candidates[0].label.startswith("北门社区七一路")


# -- houses that the registry does not have -----------------------------------------------------------


@pytest.mark.parametrize(
    "said", ["七一路99号", "七一路199号", "七一路三百一十二号", "翠竹园3栋1单元101", "翠竹园4栋2单元501"]
)
def test_a_house_that_the_registry_does_not_have_is_nobodys(look: Look, said: str) -> None:
    found = look(said)
    assert found.household_no is None and found.ask in ("number", "building", "unit", "room")
    assert found.grid_no in ("11", "15"), "its street lies in one grid all the same"


@pytest.mark.parametrize("said", ["武汉市洪山区珞喻路5号", "长沙市岳麓区七一路12号", "我在通城县五里镇3号"])
def test_a_place_outside_the_county_is_outside(registry: Registry, look: Look, said: str) -> None:
    found = look(said)
    assert (found.household_no, found.grid_no) == (None, None) and found.outside
    own = Locator(registry.county, lambda _: [("6000001", True)])
    away = own.locate(said, **{**NOTHING, "caller": CALLER})
    assert away.household_no is None, "nor is it the caller's home"


@pytest.mark.parametrize("said", ["隔壁", "对面", "后面那家", "斜对门", "旁边", "东边"])
def test_beside_a_house_is_not_that_house(look: Look, said: str) -> None:
    found = look(f"七一路12号{said}")
    assert found.household_no is None and found.grid_no == "11" and found.ask == "number"


@pytest.mark.parametrize("said", ["隔壁也停了", "对面还有电", "旁边也冇得电"])
def test_what_is_told_of_the_neighbours_leaves_the_house(look: Look, place: Place, said: str) -> None:
    assert place(look(f"七一路12号,{said}")) == place(look(f"七一路12号{said}")) == "七一路12号"


# -- what a sentence and a call do with a place -------------------------------------------------------


@pytest.mark.parametrize("said", ["七一路12号还是15号", "七一路12号和15号都停了", "七一路12号,15号"])
def test_two_houses_are_asked_about(look: Look, said: str) -> None:
    found = look(said)
    assert (found.household_no, found.grid_no, found.ask) == (None, "11", "number")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("七一路12号,不对,是15号", "七一路15号"),
        ("七一路12号,弄错了,是双井路5号", "双井路5号"),
        ("不是七一路12号,是双井路5号", "双井路5号"),
        ("七一路不是12号是15号", "七一路15号"),
    ],
)
def test_a_sentence_takes_back_what_it_denies(look: Look, place: Place, said: str, meant: str) -> None:
    assert place(look(said)) == meant


@pytest.mark.parametrize(
    ("earlier", "said", "meant"),
    [
        (["七一路"], "十二号", "七一路12号"),
        (["七一路12号停电了"], "15号", "七一路15号"),
        (["七一路12号停电了"], "不对,是15号", "七一路15号"),
        (["七一路12号"], "错了,应该是十三号", "七一路13号"),
        (["七一路12号停电了"], "不是七一路,是双井路", "双井路12号"),
        (["起一路12号停电了"], "不是七一路,是双井路", "双井路12号"),
        (["七一路12号停电了"], "不对,是双井路", "双井路12号"),
        (["七一路12号停电了"], "不对,没有电", "七一路12号"),
        (["翠竹园4栋", "二单元"], "302", "翠竹园4栋2单元302室"),
        (["翠竹园4栋1单元302"], "不是一单元,是二单元", "翠竹园4栋2单元302室"),
        (["南桥社区凤鸣城2栋101"], "不是南桥社区,是西岭社区", "凤鸣城2栋101室"),
        (["停电了", "北门社区", "七一路"], "12号", "七一路12号"),
        (["双井路7号"], "附2号", "双井路7号附2号"),
        (["双井路7号附2号"], "不对,是9号", "双井路9号"),
    ],
)
def test_turns_add_and_take_back(look: Look, place: Place, earlier: list[str], said: str, meant: str) -> None:
    assert place(look(said, earlier=earlier)) == meant


@pytest.mark.parametrize("community", ["南桥社区", "西岭社区"])
def test_a_name_in_two_communities_is_asked_about_and_the_answer_tells(look: Look, community: str) -> None:
    first = look("凤鸣城2栋101")
    assert (first.household_no, first.grid_no, first.ask) == (None, None, "community")
    grid = {"南桥社区": "13", "西岭社区": "14"}[community]
    for found in (
        look(community, earlier=["凤鸣城2栋101"]),
        look(f"{community}凤鸣城2栋101"),
        look("凤鸣城2栋101", community=community),
        look(f"不对,是{community}", earlier=["西岭社区凤鸣城2栋101" if grid == "13" else "南桥社区凤鸣城2栋101"]),
    ):
        assert found.household_no and found.grid_no == grid and found.community == community


def test_a_street_that_goes_on_in_the_next_community_is_one_street(look: Look) -> None:
    assert [look(f"望江路{number}号").grid_no for number in (5, 25)] == ["13", "14"]
    assert look("望江路停电").grid_no is None


@pytest.mark.parametrize("said", ["北门社区停电了", "北门萨为停电了", "我是北门社区的", "北门社区12号"])
def test_a_community_is_not_the_street_of_its_name(look: Look, said: str) -> None:
    found = look(said)
    assert (found.household_no, found.grid_no, found.ask) == (None, None, "street")
    assert found.community == "北门社区"
    assert look("北门街停电了").grid_no == "12"
    assert look("南桥5号").household_no and look("南桥社区").household_no is None


@pytest.mark.parametrize(
    ("said", "grid"), [("西岭社区停电了", None), ("松岗村", None), ("南桥社区", "13"), ("杨林村停电", "21")]
)
def test_a_community_alone_is_understood_and_has_a_grid_where_it_has_only_one(look: Look, said: str, grid: str) -> None:
    found = look(said)
    assert found.understood and found.grid_no == grid and found.household_no is None
    assert found.ask in ("street", "group") and found.community and found.community[:2] == said[:2]


@pytest.mark.parametrize(
    ("said", "grid"), [("七一路整条街都停了", "11"), ("翠竹园四栋整栋都没电", "15"), ("杨林村三组全组都停了", "21")]
)
def test_a_whole_street_building_or_group_needs_no_door(look: Look, said: str, grid: str) -> None:
    found = look(said)
    assert (found.household_no, found.grid_no, found.ask) == (None, grid, None)
    assert look("望江路整条街都停了").ask == "community", "but a street in two grids needs its community"


# -- who calls ----------------------------------------------------------------------------------------

CALLER = ContactKey(PHONE, "13900000000")
NOTHING = dict(alternatives=(), caller=None, grid_hint=None, community=None, householder=None, earlier="")


def test_a_known_number_means_the_own_home_until_another_house_is_said(registry: Registry, place: Place) -> None:
    number = next(no for no, row in registry.county.row_of.items() if registry.county.addresses[row] == "七一路3号")
    own = Locator(registry.county, lambda contact: [(number, True)] if contact == CALLER else [])

    def said(text: str) -> str:
        return place(own.locate(text, **{**NOTHING, "caller": CALLER}))

    assert said("停电了") == "七一路3号"
    assert said("双井路12号停电了") == "双井路12号"
    assert said("七一路13号") == "七一路13号", "the neighbour's is clearly said as well"
    assert said("七一路99号") == ""


def test_a_dialled_number_is_no_more_than_likely(look: Look, place: Place) -> None:
    assert look("停电了", grid_hint="13").grid_no == "13"
    assert place(look("七一路12号停电", grid_hint="13")) == "七一路12号"
    likely = look("凤鸣城2栋101", grid_hint="13")
    assert likely.candidates[0].grid_no == "13" and 0.6 < likely.candidates[0].score < 0.95
    assert (likely.household_no, likely.ask) == (None, "community")


@pytest.mark.parametrize(
    ("alternative", "meant"),
    [
        ("七一路15号", ""),
        ("七一路十二号", "七一路12号"),
        ("今天天气好", "七一路12号"),
        ("", "七一路12号"),
    ],
)
def test_alternatives_that_disagree_are_asked_about_and_silent_ones_ignored(
    look: Look, place: Place, alternative: str, meant: str
) -> None:
    found = look("七一路12号", alternatives=[alternative])
    assert place(found) == meant and found.grid_no == "11"
    assert found.ask == (None if meant else "number")
    assert place(look("今天天气好", alternatives=["七一路12号"])) == "七一路12号"


@pytest.mark.parametrize("holder", [one for one in PEOPLE if len(one) != 2])
def test_a_householders_name_tells_the_door_whatever_kind_of_name(look: Look, place: Place, holder: str) -> None:
    found = look(f"茶园路,户主{holder}")
    assert place(found) == f"茶园路{PEOPLE.index(holder) + 1}号"


@pytest.mark.parametrize("holder", [one for one in PEOPLE if len(one) == 2])
def test_a_short_name_puts_its_door_first(look: Look, place: Place, holder: str) -> None:
    found, meant = look(f"茶园路,户主{holder}"), f"茶园路{PEOPLE.index(holder) + 1}号"
    assert place(found) in ("", meant) and found.candidates[0].label == f"北门社区{meant}"


def test_another_name_than_the_houses_makes_it_uncertain(look: Look) -> None:
    assert look("翠竹园4栋2单元301,户主程谷雨").household_no
    assert look("翠竹园4栋2单元301,户主王大锤").household_no is None


def test_names_that_people_use_are_the_place(
    look: Look, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    assert not look("老棉纺厂二栋一单元三零一").household_no
    write([SaidName("老棉纺厂", "桂花苑"), SaidName("上河街", "西岭社区")])
    assert place(look("老棉纺厂二栋一单元三零一")) == "桂花苑2-1-301"
    assert look("上河街停电了").community == "西岭社区"


# -- what to ask --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("翠竹园", "building"),
        ("翠竹园4栋", "unit"),
        ("翠竹园4栋2单元", "room"),
        ("翠竹园301", "building"),
        ("翠竹园2栋301", "unit"),
        ("桂花苑2栋301", "unit"),
        ("七一路", "number"),
        ("杨林村", "group"),
        ("杨林村三组", "number"),
        ("凤鸣城", "community"),
        ("北门社区", "street"),
    ],
)
def test_the_part_that_is_open_is_asked_never_one_below_it(look: Look, said: str, asked: str) -> None:
    found = look(said)
    assert found.household_no is None and found.ask in (asked, "street" if said == "杨林村" else asked)


# -- as probabilities ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def decoder(registry: Registry) -> Decoder:
    return Decoder(Places(registry.county.communities_of, registry.county.where))


#: words that places are made of, and words that are none
_WORDS = (
    *(
        "七一路",
        "双井路",
        "北门",
        "社区",
        "凤鸣城",
        "望江路",
        "杨林村",
        "武汉市",
        "户主",
        "林金东",
        "隔壁",
        "整条街",
        "停电了",
    ),
    *(
        "三组",
        "十二",
        "12",
        "号",
        "栋",
        "附",
        "甲",
        "-",
        "第",
        "零",
        "百",
        "不对",
        "不是",
        "是",
        "还是",
        "。",
        ",",
        "😀",
        "a",
        "𫍯",
    ),
)
_SENTENCES = st.lists(st.sampled_from(_WORDS), max_size=14).map("".join)


@settings(max_examples=60, deadline=None)
@given(_SENTENCES, st.lists(_SENTENCES, max_size=2))
def test_all_that_may_be_meant_is_one_in_sum(
    decoder: Decoder, registry: Registry, said: str, earlier: list[str]
) -> None:
    spoken = [(one, 1.0) for one in readings([*earlier, said])]
    if not spoken:
        return
    belief = believe(decoder, spoken, channel(), registry.county.size, Evidence())
    assert np.all((belief.weights >= 0) & (belief.weights <= 1 + 1e-9))
    rest = belief.nowhere + belief.outside
    assert 0 <= belief.named <= 1 + 1e-6 and belief.named + rest == pytest.approx(1, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=60), _SENTENCES), st.lists(st.text(max_size=20), max_size=2))
@example("\ud800", [])
@example("附" * 60, ["号"])
def test_no_words_break_a_look_up(registry: Registry, said: str, earlier: list[str]) -> None:
    found = registry.locate(said, earlier=earlier, alternatives=earlier)
    assert all(0 <= one.score <= 1 for one in found.candidates) and 0 <= found.score <= 1 + 1e-9
    assert sum(found.grids.values()) <= 1 + 1e-6


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> tuple[Registry, Homes]:
    """Another county, of which nothing here was looked at."""
    folder = tmp_path_factory.mktemp("other")
    homes = homes_in(write_other_county(folder, 3_000)[0])
    return _registry(folder, homes), homes


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2_900), st.integers(0, 10**6))
def test_a_house_is_found_first_however_its_number_is_read(other: tuple[Registry, Homes], at: int, dice: int) -> None:
    registry, homes = other
    home = homes[at]
    said = home.community + home.place + spoken_numbers(home.numbers, random.Random(dice))
    if homes.several_behind_the_door(home) or not home.numbers:
        said += f",户主{home.holder}"
    found = registry.locate(said)
    assert found.grid_no in (None, home.grid_no) and found.household_no in (None, home.household_no), said
    assert found.candidates and found.candidates[0].household_no == home.household_no, said
