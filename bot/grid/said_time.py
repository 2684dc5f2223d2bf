"""An instant as it is said to people: 八点十分, 下午两点, 昨天晚上八点, 明天十二点."""

from __future__ import annotations

import datetime as dt
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from bot.grid.numerals import speak_number


@cache
def _words() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((resources.files(__package__) / "said_time.yml").read_text("utf-8"))
    return found


def say_time(instant: dt.datetime, at: dt.datetime, zone: ZoneInfo) -> str:
    """`instant` as somebody says it at `at`, in the site's zone; to the minute, with the day where it is another."""
    words, local = _words(), instant.astimezone(zone)
    days = (local.date() - at.astimezone(zone).date()).days
    day = words["days"].get(days)
    if day is None:
        day = words["date"].format(month=speak_number(local.month), day=speak_number(local.day))
    part = [name for hour, name in words["parts"].items() if hour <= local.hour][-1]
    hour = local.hour if local.hour <= 12 else local.hour - 12
    form = "full" if not local.minute else "early" if local.minute < 10 else "minutes"
    spoken = words["two"] if hour == 2 else speak_number(hour)
    return str(day + part + words[form].format(hour=spoken, minute=speak_number(local.minute)))
