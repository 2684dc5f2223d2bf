"""Danger is found by words alone, for when nothing else answers."""

from __future__ import annotations

import json
import random
import time

import pytest

from bot.dialogue.frozen import FROZEN
from bot.tickets.intake.danger import danger_in, may_speak_of_danger


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("哎呀电线断了掉在路上", "line"),
        ("杆子倒了压到线了", "line"),
        ("屋里着火了", "fire"),
        ("屋里着\u200b火了", "fire"),
        ("开关没冒烟但是有火花", "fire"),
        ("我崽被电打了", "shock"),
        ("配电房进水了", "water"),
        ("没有冒烟,没有糊味", None),
        ("没闻到糊味也没冒烟", None),
        ("冒烟", None),
        ("断了", None),
        ("电线没断", None),
        ("怕触电", None),
        ("停电到现在了", None),
        ("网线断了", None),
        ("漏电保护器跳了", None),
        ("没有水了停水了", None),
        ("", None),
    ],
)
def test_a_kind_or_nothing(said: str, kind: str | None) -> None:
    assert danger_in(said) == kind


def test_nine_of_ten_dangers_and_no_alarm_that_is_none_of_the_frozen_set() -> None:
    rows = [json.loads(line) for line in FROZEN.read_text("utf-8").splitlines()]
    found = [danger_in(row["text"]) is not None for row in rows if row["intent"] == "report_hazard"]
    alarms = [row["text"] for row in rows if row["intent"] != "report_hazard" and danger_in(row["text"])]
    assert sum(found) / len(found) >= 0.9 and len(alarms) <= 2, alarms


def test_what_may_not_speak_of_danger_never_does_whatever_of_it_is_a_place() -> None:
    said = [json.loads(line)["text"] for line in FROZEN.read_text("utf-8").splitlines()]
    draw = random.Random(12)
    assert all(may_speak_of_danger(one) for one in said if danger_in(one))
    far = "电线在沿河路二百零八号门口掉下来了"
    assert may_speak_of_danger(far) and danger_in(far) is None and danger_in(far, "沿河路二百零八号") == "line"
    calm = [one for one in said if not may_speak_of_danger(one)]
    assert len(calm) > len(said) / 2
    for one in calm:
        begin, end = sorted(draw.sample(range(len(one) + 1), 2))
        assert danger_in(one, one[begin:end]) is None, (one, one[begin:end])


def test_it_costs_nothing_whatever_is_said() -> None:
    began = time.thread_time()  # what the machine does besides counts not
    for text in ("线" * 5000, "电" * 5000, "水开关" * 2000, "没" * 5000 + "冒烟", "碰电灯" * 2000):
        danger_in(text)
        may_speak_of_danger(text)
    assert (time.thread_time() - began) / 5 < 0.05
