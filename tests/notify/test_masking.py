"""Names, numbers and doors stay in the house; what happened gets through."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.database import Database
from bot.grid.models import Household
from bot.notify.masking import DATA, mask
from bot.notify.registered_names import RegisteredNames

NARROW = {code + 0xFEE0: code for code in range(0x21, 0x7F)}


#: ASCII → full width
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


@pytest.mark.parametrize(
    ("said", "read"),
    [
        # telephone and account numbers, as digits and as words
        ("我的电话13800138000", "我的电话〔号码〕"),
        ("电话 138 0013 8000 莫搞错", "电话 〔号码〕 莫搞错"),
        ("打0715-3390000", "打〔号码〕"),
        ("一三八零零一三八零零零是我的", "〔号码〕是我的"),
        ("幺三八零零幺三八零零零", "〔号码〕"),
        ("户号4200000001,没电", "户号〔号码〕,没电"),
        ("户号是AB4200000001", "户号是〔号码〕"),
        # doors
        ("沿河路二百零六号停电了", "沿河路〔门牌〕停电了"),
        ("沿河路206号停电了", "沿河路〔门牌〕停电了"),
        ("凤凰城6栋3单元502没电", "凤凰城〔门牌〕没电"),
        ("凤凰城6-502", "凤凰城〔门牌〕"),
        ("沿河路86没电", "沿河路〔门牌〕没电"),
        ("A栋二零六", "〔门牌〕"),
        # names
        ("户主叫王建国停电了", "户主叫〔姓名〕停电了"),
        ("我姓欧阳", "我姓〔姓名〕"),
        ("我叫李四", "我叫〔姓名〕"),
        ("我是李四,家里停电", "我是〔姓名〕,家里停电"),
        ("王婆婆屋里冒烟", "〔姓〕婆婆屋里冒烟"),
        ("我是黄婆婆,十户的表箱", "我是〔姓〕婆婆,十户的表箱"),
        ("工作人员小汪,有个老人没电", "工作人员小〔姓〕,有个老人没电"),
        ("隔壁老李讲他屋里有电", "隔壁老〔姓〕讲他屋里有电"),
        ("喊程国强师傅来", "喊〔姓名〕师傅来"),
        # names without a cue, and with a middle dot of any shape
        ("欧阳晓蕾家隔壁,她男人叫司马金丝雀", "〔姓名〕家隔壁,她男人叫〔姓名〕"),
        ("张建国屋里停电了", "〔姓名〕屋里停电了"),
        ("陈家没电", "〔姓名〕家没电"),
        *((f"阿依古丽{dot}买买提家停电了", "〔姓名〕家停电了") for dot in "·・•‧∙．"),
        # full width
        ("电话13955556666\uff0c我叫王建国\uff0c快来".translate(WIDE), "电话〔号码〕\uff0c我叫〔姓名〕\uff0c快来"),
        ("我是李四\uff0c家里停电", "我是〔姓名〕\uff0c家里停电"),
        ("户主\uff1a李四", "户主〔姓名〕"),
        # as a form has them: any name, also one without a surname that is known
        ("姓名\uff1a何月娥", "姓名〔姓名〕"),
        ("联系人:库尔班江,电话13955556666", "联系人〔姓名〕,电话〔号码〕"),
        ("户名\uff1a阿依古丽·买买提\uff1b", "户名〔姓名〕\uff1b"),
        ("他叫库尔班江。", "他叫〔姓名〕。"),
        # surnames that are words as well, rare ones and rare characters, where a name is expected
        ("我是单国庆\uff0c停电了", "我是〔姓名〕\uff0c停电了"),
        ("户主是仇玉兰", "户主是〔姓名〕"),
        ("我就是区少强!", "我就是〔姓名〕!"),
        ("我是王𫍯,停电了", "我是〔姓名〕,停电了"),
        ("万俟小兰家没电", "〔姓名〕家没电"),
        *((f"我是何月娥{mark}", f"我是〔姓名〕{mark}") for mark in ("~", "…", "😀", "』", "/", "啊", "呀\uff0c")),
        # what nobody sees does not hide it
        ("我是\u200b李\u200b四", "我是〔姓名〕"),
        ("身份证42122319990101999X", "身份证〔号码〕"),
        ("打13955556666元", "打〔号码〕元"),
        ("139、5555、6666", "〔号码〕"),
    ],
)
def test_names_numbers_and_doors_are_masked(said: str, read: str) -> None:
    assert mask(said) == read


@pytest.mark.parametrize(
    "said",
    [
        "农业银行门口三号杆倒了,电线掉在路上",
        "路边高压线断了,在冒火花",
        "四月二十号停的,两栋楼都没得电",
        "二十八号晚上八点十分停的",
        "打了119,还没来,95598打不通",
        "220伏的线",
        "欠了300块,用了3000度",
        "六七百户都没电",
        "二楼有糊味",
        "十号变压器冒烟",
        "GD2611230001怎么样了",
        "马上来修,路边高压线断了,石头砸的",
        "建国路停电了,马家湾也停了",
        "东方花园停电,金桂园没停",
        "谢谢师傅,白天不方便",
        "帮我叫一声,他叫么名字",
        "我是高层,高压线旁边",
        "我是单身,单位没电",
        "户主:停电了",
        "屋里有个吃奶的毛毛在睡",
        "毛伢发烧,毛头在哭",
    ],
)
def test_what_helps_to_decide_stays(said: str) -> None:
    assert mask(said) == said


def test_what_the_case_knows_is_masked_wherever_it_stands() -> None:
    said = "建国屋里停电了,找张三丰,回电AB12"
    assert mask(said, ["建国", "张三丰", "AB12", ""]) == "〔姓名〕屋里停电了,找〔姓名〕,回电〔号码〕"


RULES = yaml.safe_load(DATA.read_text("utf-8"))
SURNAMES = st.one_of(st.sampled_from(list(RULES["surnames"])), st.sampled_from(RULES["compound_surnames"]))
GIVEN = st.text(st.sampled_from([one for one in RULES["given"] if one not in RULES["no_part"]]), min_size=2, max_size=2)
UIGHUR = st.builds(
    lambda first, dot, second: f"{first}{dot}{second}",
    st.sampled_from(["阿依古丽", "迪丽热巴", "买买提", "古力娜扎"]),
    st.sampled_from("·・•‧∙⋅．･"),
    st.sampled_from(["买买提", "吐尔逊", "艾力"]),
)
AROUND = st.sampled_from(
    [
        "{}家停电了", "停电了,{}", "她男人是{},快来", "{}屋里冒烟", "找{}。", "{}", "户主:{},没电", "我叫{}", "{}隔壁也停了",
        "电话是{}的电话", "跟{}讲", "是{}!", "({})", "问{}?",
    ]
)  # fmt: skip
DIGITS = "0123456789"
CHINESE = str.maketrans(DIGITS, "零幺二三四五六七八九")


def _is_word(name: str) -> bool:
    """A name that is a word as well (马上, 方便) only goes when the case or the registry knows it."""
    return any(name.startswith(word) for word in RULES["no_names"]) or bool(
        re.search("|".join(map(re.escape, [*RULES["place_words"], *RULES["not_in_names"]])), name)
    )


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.builds(str.__add__, SURNAMES, GIVEN), UIGHUR), AROUND, st.booleans())
def test_no_name_gets_through_in_either_width(name: str, around: str, wide: bool) -> None:
    assume(not _is_word(name))
    said = around.format(name)
    read = mask(said.translate(WIDE) if wide else said)
    assert name not in read and name[1:] not in read, read


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
        st.from_regex(r"0715[- ]?[0-9]{7}", fullmatch=True),
        st.from_regex(r"42[0-9]{15}[0-9X]", fullmatch=True),
        st.from_regex(r"42110[0-9]{5}", fullmatch=True),
    ),
    st.sampled_from(["电话{}", "打{},快", "户号是{}停电", "{}", "身份证{}元", "({})", "回{}!"]),
    st.sampled_from(["plain", "wide", "spoken", "spaced", "dashed", "commas"]),
)
def test_no_number_gets_through_however_it_is_written(number: str, around: str, shape: str) -> None:
    number = number.replace(" ", "").replace("-", "")
    written = {
        "plain": number, "wide": number.translate(WIDE), "spoken": number.replace("X", "").translate(CHINESE),
        "spaced": f"{number[:3]} {number[3:7]} {number[7:]}", "dashed": f"{number[:3]}-{number[3:7]}-{number[7:]}",
        "commas": f"{number[:3]}\uff0c{number[3:7]}、{number[7:]}",
    }[shape]  # fmt: skip
    read = mask(around.format(written))
    assert not re.search(rf"[{DIGITS}零幺二三四五六七八九X]", read.translate(NARROW)), read


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["沿河路", "桃溪路", "凤凰城", "工业路"]),
    st.integers(1, 999),
    st.sampled_from(["{}号", "{}号楼", "{}栋", "{}栋2单元502", "{}-1-502"]),
    st.booleans(),
)
def test_no_door_gets_through_in_either_width(street: str, number: int, shape: str, wide: bool) -> None:
    said = f"{street}{shape.format(number)},停电了"
    read = mask(said.translate(WIDE) if wide else said)
    assert not re.search(r"\d", read) and read.startswith(street), read


def test_a_name_that_only_the_registry_knows_is_found(county: Database) -> None:
    names = RegisteredNames(county)
    names.refresh()
    with county.reading() as session:
        householders = [name for name in session.scalars(select(Household.householder).limit(50)) if len(name) > 1]
    assert householders
    for name in householders:
        said = f"跟{name}这一家讲停了电"
        assert name in names.within(said)
        assert name not in mask(said, names.within(said))
