"""Times as staff write them in a hurry: what is meant, and what nobody can mean."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.grid.spoken_time import FARTHEST, Doubt, TimeRefused, read_time

ZONE = ZoneInfo("Asia/Shanghai")
#: Monday, two in the afternoon
AT = dt.datetime(2026, 11, 23, 14, 0, 20, tzinfo=ZONE)


def day(hour: int, minute: int = 0, day: int = 23, month: int = 11) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("下午三点", day(15)),
        ("四点半", day(16, 30)),
        ("半小时后", day(14, 30)),
        ("15:30", day(15, 30)),
        ("15:30", day(15, 30)),
        ("明早八点", day(8, day=24)),
        ("3点", day(15)),
        ("三点", day(15)),
        ("一点", day(1, day=24)),
        ("晚上十一点", day(23)),
        ("十一点", day(23)),
        ("大概下午三点左右", day(15)),
        ("下午3点前", day(15)),
        ("三点一刻", day(15, 15)),
        ("三点三刻能好", day(15, 45)),
        ("三点二十分", day(15, 20)),
        ("三点零五", day(15, 5)),
        ("今晚九点半", day(21, 30)),
        ("今天晚上十二点", day(0, day=24)),
        ("晚上一点", day(1, day=24)),
        ("凌晨两点", None),
        ("明天凌晨两点", day(2, day=24)),
        ("明天中午", day(12, day=24)),
        ("明天下午一点", day(13, day=24)),
        ("明天三点", day(15, day=24)),
        ("明天八点", day(8, day=24)),
        ("后天上午十点", day(10, day=25)),
        ("25号九点", day(9, day=25)),
        ("22号三点", day(15, day=22, month=12)),
        ("3号上午9点", day(9, day=3, month=12)),
        ("12月1日10点", day(10, day=1, month=12)),
        ("一个小时", day(15)),
        ("一个半小时后", day(15, 30)),
        ("两小时半", day(16, 30)),
        ("再过两个钟头", day(16)),
        ("40分钟", day(14, 40)),
        ("四十分钟以后", day(14, 40)),
        ("一刻钟", day(14, 15)),
        ("1.5小时", day(15, 30)),
        ("1小时20分钟", day(15, 20)),
        ("两天后", day(14, day=25)),
        ("16时20分", day(16, 20)),
    ],
)
def test_a_time_is_understood_as_people_mean_it(text: str, meant: dt.datetime | None) -> None:
    if meant is None:
        with pytest.raises(TimeRefused) as refused:
            read_time(text, AT)
        assert refused.value.doubt is Doubt.past
    else:
        assert read_time(text, AT) == meant


@pytest.mark.parametrize("text", ["下午一点", "13:59", "今天上午九点", "中午", "08:30", "0分钟"])
def test_a_time_that_is_over_is_refused_as_over(text: str) -> None:
    with pytest.raises(TimeRefused) as refused:
        read_time(text, AT)
    assert refused.value.doubt is Doubt.past


@pytest.mark.parametrize("text", ["九百天后", "99999999999天", "33天后", "1000小时"])
def test_a_time_nobody_can_mean_is_refused_as_too_far(text: str) -> None:
    with pytest.raises(TimeRefused) as refused:
        read_time(text, AT)
    assert refused.value.doubt is Doubt.far


@pytest.mark.parametrize(
    "text",
    [
        "",
        "马上",
        "25:00",
        "三点七十分",
        "换了保险",
        "31号来人",
        "三点那张单子不对",
        "一点都不晓得",
        "-3小时",
        "2月30号三点",
        "晚上",
        "半小时前",
        "13天前",
    ],
)
def test_what_is_no_time_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(TimeRefused) as refused:
        read_time(text, AT)
    assert refused.value.doubt is Doubt.not_understood


@given(
    st.text(max_size=20)
    | st.from_regex("[今明后]?[早晚下午]{0,2}[一二两三十0-9]{1,4}[点:时][半0-9]{0,3}", fullmatch=True)
)
def test_whatever_is_written_leads_to_a_time_ahead_or_a_plain_refusal(text: str) -> None:
    try:
        found = read_time(text, AT)
    except TimeRefused:
        return
    assert dt.timedelta(0) < found - AT <= FARTHEST
