"""Moments and months as a site tells them."""

from __future__ import annotations

import datetime as dt
import re

_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


def local(at: dt.datetime, zone: dt.tzinfo) -> str:
    """11-28 16:05."""
    return f"{at.astimezone(zone):%m-%d %H:%M}"


def at_a_glance(at: dt.datetime, zone: dt.tzinfo, now: dt.datetime) -> str:
    """16:05 of today, 11-28 16:05 of another day, 2025-11-28 16:05 of another year."""
    here, today = at.astimezone(zone), now.astimezone(zone).date()
    if here.date() == today:
        return f"{here:%H:%M}"
    return f"{here:%m-%d %H:%M}" if here.year == today.year else f"{here:%Y-%m-%d %H:%M}"


def read_month(text: str) -> dt.date | None:
    """The first day of a month that is named (2026-10); None for what names none."""
    found = _MONTH.fullmatch(text)
    return dt.date(int(found[1]), int(found[2]), 1) if found else None


def next_month(day: dt.date) -> dt.date:
    """The first day of the month after a day's."""
    return (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
