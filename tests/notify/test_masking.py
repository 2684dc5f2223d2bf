"""Names, numbers and doors stay in the house; what happened gets through."""

from __future__ import annotations

import pytest

from bot.notify.masking import mask


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
        ("王婆婆屋里冒烟", "〔姓名〕婆婆屋里冒烟"),
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
    ],
)
def test_what_helps_to_decide_stays(said: str) -> None:
    assert mask(said) == said


def test_what_the_case_knows_is_masked_wherever_it_stands() -> None:
    said = "建国屋里停电了,找张三丰,回电AB12"
    assert mask(said, ["建国", "张三丰", "AB12", ""]) == "〔姓名〕屋里停电了,找〔姓名〕,回电〔号码〕"
