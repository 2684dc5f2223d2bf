"""Danger is found by words alone, for when nothing else answers."""

from __future__ import annotations

import json
import time

import pytest

from bot.dialogue.frozen import FROZEN
from bot.tickets.intake.danger import danger_in


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


def test_it_costs_nothing_whatever_is_said() -> None:
    began = time.perf_counter()
    for text in ("线" * 5000, "电" * 5000, "水开关" * 2000, "没" * 5000 + "冒烟"):
        danger_in(text)
    assert (time.perf_counter() - began) / 4 < 0.02
