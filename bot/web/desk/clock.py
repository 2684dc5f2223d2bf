"""Time as people on the road read it: 12分钟, 3小时, and what is left of a deadline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping


def spell(span: dt.timedelta, words: Mapping[str, str]) -> str:
    """A length of time, never negative, in one unit: minutes below two hours, hours below two days, then days."""
    minutes = max(0, int(span.total_seconds() // 60))
    if minutes < 120:
        return words["minutes"].format(count=minutes)
    if minutes < 48 * 60:
        return words["hours"].format(count=minutes // 60)
    return words["days"].format(count=minutes // (24 * 60))


def left(due_at: dt.datetime | None, at: dt.datetime, words: Mapping[str, str]) -> str:
    """还剩33分钟, or 超了5分钟; empty when nothing is due."""
    if due_at is None:
        return ""
    name = "left" if due_at >= at else "late"
    return words[name].format(span=spell(abs(due_at - at), words))
