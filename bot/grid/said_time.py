"""An instant as it is said to people: 八点十分, 下午两点, 昨天晚上八点, 明天十二点."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.foundation.words import load
from bot.sound import numbers


@dataclass(frozen=True)
class _Said:
    """said_time.yml."""

    full: str
    minutes: str
    early: str
    two: str
    date: str
    #: from this hour on
    parts: dict[int, str]
    #: days from today
    days: dict[int, str]


@cache
def _words() -> _Said:
    return load(_Said, Path(__file__).with_name("said_time.yml"))


def say_time(instant: dt.datetime, at: dt.datetime, zone: ZoneInfo) -> str:
    """`instant` as somebody says it at `at`, in the site's zone; to the minute, with the day where it is another."""
    words, local = _words(), instant.astimezone(zone)
    days = (local.date() - at.astimezone(zone).date()).days
    day = words.days.get(days)
    if day is None:
        day = words.date.format(month=numbers.spoken(local.month), day=numbers.spoken(local.day))
    part = [name for hour, name in words.parts.items() if hour <= local.hour][-1]
    hour = local.hour if local.hour <= 12 else local.hour - 12
    form = words.full if not local.minute else words.early if local.minute < 10 else words.minutes
    spoken = words.two if hour == 2 else numbers.spoken(hour)
    return str(day + part + form.format(hour=spoken, minute=numbers.spoken(local.minute)))
