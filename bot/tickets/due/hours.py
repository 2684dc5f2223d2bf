"""Working hours, holidays and quiet hours: pure arithmetic on instants, without a clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.foundation.errors import Refused
from bot.foundation.words import load

HOLIDAYS = Path(__file__).with_name("holidays.yml")
_DAY = dt.timedelta(days=1)
#: whoever has no working day in two years has a calendar that is wrong: waiting for ever would lose the report
_HORIZON = 800


class HolidaysUnreadable(Refused):
    """The file of holidays cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Span:
    """A part of the day, from `begin` up to, not including, `end`; past midnight when `end` is the earlier."""

    begin: dt.time
    end: dt.time

    @classmethod
    def of(cls, text: str) -> Span:
        """From "08:00-17:30"."""
        begin, _, end = text.partition("-")
        return cls(dt.time.fromisoformat(begin), dt.time.fromisoformat(end))

    def __contains__(self, time: dt.time) -> bool:
        if self.begin <= self.end:
            return self.begin <= time < self.end
        return time >= self.begin or time < self.end


@dataclass(frozen=True)
class Hours:
    """When a site works and when it keeps quiet."""

    zone: ZoneInfo
    #: ISO weekdays
    workdays: frozenset[int]
    spans: tuple[Span, ...]
    quiet: Span
    holidays: frozenset[dt.date] = frozenset()
    #: weekends worked in exchange for a holiday
    worked: frozenset[dt.date] = frozenset()

    @property
    def day_length(self) -> dt.timedelta:
        """How long a working day is."""
        return sum((_on(dt.date.min, one.end) - _on(dt.date.min, one.begin) for one in self.spans), dt.timedelta())

    def works_on(self, day: dt.date) -> bool:
        if day in self.worked:
            return True
        return day.isoweekday() in self.workdays and day not in self.holidays

    def opens(self, at: dt.datetime) -> dt.datetime:
        """`at` where people work then, else when they begin."""
        for begin, end in self._stretches(at):
            if end > at:
                return max(begin, at)
        return at

    def after(self, start: dt.datetime, span: dt.timedelta) -> dt.datetime:
        """When `span` of working time has passed since `start`."""
        left = span
        for begin, end in self._stretches(start):
            begin = max(begin, start)
            if end <= begin:
                continue
            if end - begin >= left:
                return begin + left
            left -= end - begin
        return start + span

    def disturbs(self, at: dt.datetime) -> bool:
        """Whether `at` lies in the quiet hours."""
        return at.astimezone(self.zone).time() in self.quiet

    def wakes(self, at: dt.datetime) -> dt.datetime:
        """`at` where a message disturbs nobody then, else the end of the quiet hours."""
        if not self.disturbs(at):
            return at
        local = at.astimezone(self.zone)
        day = local.date() if local.time() < self.quiet.end else local.date() + _DAY
        return self._instant(day, self.quiet.end)

    def _stretches(self, at: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
        first = at.astimezone(self.zone).date()
        for number in range(_HORIZON):
            day = first + number * _DAY
            if self.works_on(day):
                for span in self.spans:
                    yield self._instant(day, span.begin), self._instant(day, span.end)

    def _instant(self, day: dt.date, time: dt.time) -> dt.datetime:
        return dt.datetime.combine(day, time, self.zone).astimezone(dt.UTC)


def _on(day: dt.date, time: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, time)


def read_holidays(file: Path) -> tuple[frozenset[dt.date], frozenset[dt.date]]:
    """Holidays, and the weekends worked in exchange. Raises HolidaysUnreadable."""
    found = load(
        _HolidaysFile,
        file,
        empty=_HolidaysFile(),
        fault=lambda line: HolidaysUnreadable(f"{line} (the file holds two lists of days, holidays and worked)"),
    )
    return frozenset(_days(file, found.holidays or ())), frozenset(_days(file, found.worked or ()))


@dataclass(frozen=True)
class _HolidaysFile:
    """Days, or first/last of several."""

    holidays: tuple[dt.date | str, ...] | None = None
    worked: tuple[dt.date | str, ...] | None = None


def _days(file: Path, entries: Iterable[dt.date | str]) -> Iterable[dt.date]:
    for entry in entries:
        first, _, last = str(entry).partition("/")
        try:
            begin, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last or first)
        except ValueError:
            raise HolidaysUnreadable(
                f"{file}: {entry!r} is no day; write 2026-10-01 or 2026-10-01/2026-10-07"
            ) from None
        if not begin <= end <= begin + 60 * _DAY:
            raise HolidaysUnreadable(f"{file}: {entry!r} ends before it begins, or lasts two months")
        yield from (begin + number * _DAY for number in range((end - begin).days + 1))
