"""Times as staff write them in a hurry: what is meant, and what nobody can mean."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import PROJECT
from bot.sound.times import FARTHEST, Bound, Doubt, TimeRefused, find_times, read_time

CASES = PROJECT.parent / "shared" / "cases" / "bugs.jsonl"

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
        ("两点过十分", day(14, 10)),
        ("差五分四点", day(15, 55)),
        ("四点差十分", day(15, 50)),
        ("下午5\uff1a45", day(17, 45)),
        ("周三上午九点", day(9, day=25)),
        ("半个小时", day(14, 30)),
        ("两个钟", day(16)),
        ("零点十分", day(0, 10, day=24)),
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


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("三四个小时", day(17), day(18)),
        ("3-4小时", day(17), day(18)),
        ("三、四个钟头", day(17), day(18)),
        ("二三十分钟", day(14, 20), day(14, 30)),
        ("十七八分钟", day(14, 17), day(14, 18)),
        ("三五天", day(14, day=26), day(14, day=28)),
        ("一个多小时", day(15), day(16)),
        ("个把小时", day(15), day(16)),
        ("四五点", day(16), day(17)),
        ("下午三点半到五点", day(15, 30), day(17)),
        ("明早八点到十点", day(8, day=24), day(10, day=24)),
    ],
)
def test_a_range_has_its_two_ends_and_its_end_is_what_counts(
    text: str, earliest: dt.datetime, latest: dt.datetime
) -> None:
    [found] = find_times(text, AT)
    assert (found.earliest, found.latest) == (earliest, latest)
    assert read_time(text, AT) == latest


def test_the_small_hours_said_in_the_evening_are_the_next_morning() -> None:
    evening = day(21, 30)
    assert read_time("凌晨两点", evening) == day(2, day=24) and read_time("今晚凌晨三点", evening) == day(3, day=24)
    assert read_time("零点过五分", day(23, 50)) == day(0, 5, day=24)
    assert read_time("凌晨四点", day(0, 30)) == day(4), "and after midnight this one"
    assert read_time("半夜三点", day(1)) == day(3)


def test_times_are_found_in_a_sentence_and_told_where_they_stand() -> None:
    text = "叫师傅下午三点以后来,我要到四点半才回,一点都不急"
    found = find_times(text, AT)
    assert [(text[one.start : one.end], one.earliest, one.bound) for one in found] == [
        ("下午三点以后", day(15), Bound.since),
        ("四点半", day(16, 30), Bound.none),
    ]
    assert not find_times("有一点焦味,给八分", AT)


def test_what_has_happened_lies_behind() -> None:
    past = {
        "半个小时前停的": day(13, 30),
        "昨天晚上八点停的": day(20, day=22),
        "十点多停的": day(10),
        "上午九点": day(9),
        "两三个小时前": day(11),
    }
    assert {text: find_times(text, AT, ahead=False)[0].earliest for text in past} == past


def _cases() -> list[dict[str, Any]]:
    if not CASES.exists():
        return []
    return [one for one in map(json.loads, CASES.read_text("utf-8").splitlines()) if one["door"] == "time"]


@pytest.mark.skipif(not CASES.exists(), reason=f"NOT RUN: the public cases are not there ({CASES})")
@pytest.mark.parametrize("case", _cases(), ids=lambda case: str(case["id"]))
def test_times_of_public_bug_reports_are_understood(case: dict[str, Any]) -> None:
    at = dt.datetime.fromisoformat(case["input"]["at"]).replace(tzinfo=ZONE)
    found = read_time(case["input"]["text"], at).replace(tzinfo=None).isoformat(timespec="minutes")
    expect = case["expect"]
    if "time" in expect:
        assert found == expect["time"]
    else:
        assert expect["between"][0] <= found <= expect["between"][1]
