"""Times as people say them, both ways: an instant in words, and the instants that words mean.

Heard are 下午三点, 两三个小时, 一两天, 14:30, 今晚十二点, 十二点过五分, 下午1点半到3点; a range has its two ends."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.foundation.errors import Refused
from bot.foundation.widths import both
from bot.foundation.words import load
from bot.sound import numbers
from bot.sound.numbers import SIGNS, plain

#: further ahead nobody means it
FARTHEST = dt.timedelta(days=31)
#: from this hour on 凌晨 is the next morning's
_EVENING = 18
#: before this hour it is night
_SMALL_HOURS = 5


@dataclass(frozen=True)
class _Said:
    full: str
    minutes: str
    early: str
    two: str
    date: str
    #: from this hour on
    parts: dict[int, str]
    #: days from today
    days: dict[int, str]


@dataclass(frozen=True)
class _Heard:
    more: str
    day: str
    hour: str
    minute: str
    quarter: str
    a_quarter: str
    span_lead: str
    span_tail: str
    span_ago: str
    clock: str
    past: str
    short_of: str
    days: dict[str, int]
    alone: str
    day_ends: str
    month: str
    date_ends: str
    week: str
    weekdays: str
    morning: tuple[str, ...]
    noon: tuple[str, ...]
    afternoon: tuple[str, ...]
    night: tuple[str, ...]
    small_hours: tuple[str, ...]
    before: str
    after: str
    no_time: str
    filling: str


@dataclass(frozen=True)
class _Words:
    """times.yml."""

    said: _Said
    heard: _Heard


class Doubt(enum.StrEnum):
    """Why a time is not taken."""

    not_understood = "not_understood"
    past = "past"
    far = "far"


class TimeRefused(Refused):
    """`doubt` says why; what to tell a person is in words.yml."""

    def __init__(self, doubt: Doubt) -> None:
        super().__init__(str(doubt))
        self.doubt = doubt


class Bound(enum.StrEnum):
    """三点前 is until then, 三点以后 from then on."""

    none = ""
    until = "until"
    since = "since"


@dataclass(frozen=True)
class SaidTime:
    """What a stretch of a text (`start` to `end`, in the text as `numbers.plain` writes it) means; both ends of a range,
    one instant twice where there is none."""

    earliest: dt.datetime
    latest: dt.datetime
    bound: Bound
    start: int
    end: int


@cache
def _words() -> _Words:
    return load(_Words, Path(__file__).with_name("times.yml"))


# -- spoken -----------------------------------------------------------------------------------------------------------
def say_time(instant: dt.datetime, at: dt.datetime, zone: ZoneInfo) -> str:
    """`instant` as somebody says it at `at`, in the site's zone; to the minute, with the day where it is another."""
    words, local = _words().said, instant.astimezone(zone)
    days = (local.date() - at.astimezone(zone).date()).days
    day = words.days.get(days)
    if day is None:
        day = words.date.format(month=numbers.spoken(local.month), day=numbers.spoken(local.day))
    part = [name for hour, name in words.parts.items() if hour <= local.hour][-1]
    hour = local.hour if local.hour <= 12 else local.hour - 12
    form = words.full if not local.minute else words.early if local.minute < 10 else words.minutes
    spoken = words.two if hour == 2 else numbers.spoken(hour)
    return str(day + part + form.format(hour=spoken, minute=numbers.spoken(local.minute)))


# -- heard ------------------------------------------------------------------------------------------------------------
def read_time(text: str, at: dt.datetime) -> dt.datetime:
    """The instant ahead that the whole of `text` means to somebody who writes it at `at` (in the site's own zone), to the
    minute; of a range its end, because that is what can be relied on.

    An hour without morning or afternoon is the next one that comes. Raises TimeRefused."""
    if at.tzinfo is None:
        raise ValueError("a naive datetime is no instant; give it a time zone")
    said = _filling().sub("", plain(text.strip()))
    span, clock = _span().fullmatch(said), _clocks().fullmatch(said)
    found = (span and _length(span, at, True)) or (clock and _between(clock, at, True))
    if not found or found.bound is Bound.since:
        raise TimeRefused(Doubt.not_understood)
    if found.latest <= at:
        raise TimeRefused(Doubt.past)
    if found.latest - at > FARTHEST:
        raise TimeRefused(Doubt.far)
    return found.latest


def find_times(text: str, at: dt.datetime, *, ahead: bool = True) -> list[SaidTime]:
    """Every time that a text names, in its order. `ahead`: an hour without a day is the next one that comes; else the
    last one that was, for what has happened (几时停的?), and 半小时前 is one too."""
    said = plain(text)
    barred = [match.span() for match in re.finditer(_words().heard.no_time, said)]
    return [one for one in _found(said, at, ahead) if not any(s < one.end and one.start < e for s, e in barred)]


def _found(said: str, at: dt.datetime, ahead: bool) -> Iterator[SaidTime]:
    taken: list[SaidTime] = []
    for pattern, resolved in ((_clocks(), _between), (_span(), _length)):
        for match in pattern.finditer(said):
            # 三点二十分 is no twenty minutes, and 八分 alone counts something else
            if not match.group() or any(match.start() < one.end and one.start < match.end() for one in taken):
                continue
            if pattern is _span() and match["minutes"] and not match["hours"] and match.group().endswith("分"):
                continue
            try:
                found = resolved(match, at, ahead)
            except TimeRefused:
                continue
            if found is not None:
                taken.append(found)
    yield from sorted(taken, key=lambda one: one.start)


@cache
def _filling() -> re.Pattern[str]:
    loose = f"(?<!\\d)[{both('.、')}]|[{both('.、')}](?!\\d)"
    return re.compile(rf"[\s{both(',。!~')}]|{loose}|{_words().heard.filling}")


_UNITS = ("days", "hours", "minutes", "quarters")
#: names of the groups of one clock; a range has two, the second ones with this behind
_SECOND = "_2"


@cache
def _clocks() -> re.Pattern[str]:
    """One clock, or two with a word between them."""
    words = _words().heard
    first, second = _clock(words, ""), _clock(words, _SECOND)
    return re.compile(f"{first}(?:(?:{numbers.BETWEEN})(?P<to>{second}))?")


def _count(words: _Heard, name: str) -> str:
    signs = f"[0-9{''.join(sorted(SIGNS))}{numbers.SOME}]+"
    one = f"(?:{signs}(?:\\.[0-9]+)?|{numbers.HALF}|{numbers.ABOUT_ONE})"
    return f"(?P<{name}>(?<![0-9.-]){one}(?:(?:{numbers.BETWEEN})(?:{one}))?)"


@cache
def _span() -> re.Pattern[str]:
    """A length of time from now; whether there is anything of it is for `_length`."""
    words = _words().heard
    half, more = numbers.HALF, words.more
    days = f"(?:{_count(words, 'days')}{words.day}(?P<days_half>{half})?)"
    hours = (
        f"(?:{_count(words, 'hours')}(?P<hours_half>个?{half})?(?P<hours_more>{more}个?|个?{more})?"
        f"(?:{words.hour})(?P<half_behind>{half})?)"
    )
    minutes = f"(?:{_count(words, 'minutes')}(?P<minutes_more>{more})?(?:{words.minute})|{_count(words, 'quarters')}{words.quarter})"
    bounds = f"(?:(?P<ahead>{words.span_tail})|(?P<ago>{words.span_ago}))"
    return re.compile(f"(?:{words.span_lead})?{days}?{hours}?{minutes}?{bounds}?")


def _clock(words: _Heard, which: str) -> str:
    def group(name: str, inner: str) -> str:
        return f"(?P<{name}{which}>{inner})"

    named = sorted((one for one in words.days if one not in words.alone), key=len, reverse=True)
    weekday = words.week.replace("P<next>", f"P<next{which}>").replace("P<weekday>", f"P<weekday{which}>")
    parts = sorted((*words.morning, *words.noon, *words.afternoon, *words.night), key=len, reverse=True)
    number = f"[0-9{''.join(sorted(SIGNS))}]+"
    day = (
        f"{group('day', f'[{words.alone}](?:{words.day_ends})?|(?:{chr(124).join(named)})(?:{words.day_ends})')}"
        f"|(?:{group('month', number)}{words.month})?{group('date', number)}(?:{words.date_ends})|{weekday}"
    )
    part = f"(?:{group('eve', '|'.join(words.night))}(?=(?:{'|'.join(words.small_hours)})))?{group('part', '|'.join(parts))}"
    minutes = (
        f"{group('half', numbers.HALF)}|{group('quarter', '[1一3三]')}{words.a_quarter}"
        f"|{words.past}?{group('minute', number)}分?|{words.short_of}{group('less', number)}分?|{group('about', words.more)}"
    )
    hour = (
        f"(?<![0-9:.-]){group('plain', '[0-9]{1,2}')}:{group('sharp', '[0-9]{2}')}(?![0-9:])"
        f"|(?:{words.short_of}{group('short', number)}分钟?)?{_count(words, 'hour' + which)}(?:{words.clock})(?:{minutes})?"
    )
    bound = f"(?:{group('before', words.before)}|{group('after', words.after)})"
    # a day alone is no time, and of its parts only noon is one
    noon = "|".join(words.noon)
    return f"(?:{day})?(?:(?:{part})?(?:{hour})|{group('noon', noon)}){bound}?"


def _between(match: re.Match[str], at: dt.datetime, ahead: bool) -> SaidTime | None:
    """What one clock means, or two."""
    first = _clock_of(match, "", at, at, ahead)
    if first is None or match["to"] is None:
        return first
    second = _clock_of(match, _SECOND, at, first.latest, True)
    return replace(first, latest=second.latest, end=match.end()) if second else None


def _length(match: re.Match[str], at: dt.datetime, ahead: bool) -> SaidTime | None:
    if match["ago"] and ahead or all(match[unit] is None for unit in _UNITS):
        return None
    least = most = dt.timedelta()
    try:
        for unit in _UNITS:
            if match[unit] is None:
                continue
            amount = numbers.about(match[unit])
            if amount is None:
                return None
            one = dt.timedelta(minutes=15) if unit == "quarters" else dt.timedelta(**{unit: 1})
            halves = 0
            if unit == "hours":
                halves = bool(match["hours_half"]) + bool(match["half_behind"])
            elif unit == "days":
                halves = bool(match["days_half"])
            more = unit in ("hours", "minutes") and match[f"{unit}_more"]
            least += float(amount[0]) * one + halves * one / 2
            most += (float(amount[1]) + bool(more)) * one + halves * one / 2
        if match["ago"]:
            least, most = -most, -least
        ends = [(at + one).replace(second=0, microsecond=0) if one else at for one in (least, most)]
    except OverflowError:
        raise TimeRefused(Doubt.far) from None
    return SaidTime(ends[0], ends[1], Bound.none, match.start(), match.end())


def _clock_of(match: re.Match[str], which: str, at: dt.datetime, since: dt.datetime, ahead: bool) -> SaidTime | None:
    """One clock of a match. `since`: what an hour without a day comes after."""

    def said(name: str) -> str:
        return match[name + which] or ""

    number = (
        numbers.about(said("plain") or said("hour")) if said("plain") or said("hour") else (Decimal(12), Decimal(12))
    )
    part = said("noon") or said("part")
    minute = _minute(said)
    if number is None or minute is None or number[0] % 1 or number[1] % 1:
        return None
    hour, last = int(number[0]), int(number[1])
    if last > 24 or (last == 24 and minute > 0):
        return None
    day = _day(said, at)
    if day is False:
        return None
    early = bool(re.match("0[0-9]", said("plain") or said("hour")))
    hours = _hours(part, hour, early=early)
    midnight = day if isinstance(day, dt.datetime) else since.replace(hour=0, minute=0, second=0, microsecond=0)
    if isinstance(day, dt.datetime):
        wanted = hours[0] if len(hours) == 1 or hour >= 7 else hours[-1]
        if said("eve") or part in _words().heard.night and wanted < _SMALL_HOURS:
            wanted = wanted % 24 + 24  # 今晚凌晨两点, 今晚一点
        found = midnight + dt.timedelta(hours=wanted, minutes=minute)
    else:
        found = _nearest(midnight, hours, minute, since, part, said("eve"), ahead)
    latest = found + dt.timedelta(hours=last - hour) + dt.timedelta(hours=bool(said("about")))
    bound = Bound.until if said("before") else Bound.since if said("after") else Bound.none
    return SaidTime(found, latest, bound, match.start(), match.end())


def _minute(said: Callable[[str], str]) -> int | None:
    """Minutes behind the hour, negative for 差五分三点; None for what no clock shows."""
    if said("half"):
        return 30
    if said("quarter"):
        return 15 * (numbers.value(said("quarter")) or 0)
    less = said("less") or said("short")
    found = numbers.value(said("sharp") or said("minute") or less or "0")
    if found is None or found > 59:
        return None
    return -found if less else found


def _nearest(
    midnight: dt.datetime, hours: tuple[int, ...], minute: int, since: dt.datetime, part: str, eve: str, ahead: bool
) -> dt.datetime:
    times = [midnight + dt.timedelta(hours=one, minutes=minute) for one in hours]
    if not ahead:
        times += [one - dt.timedelta(days=1) for one in times]
        return max((one for one in times if one <= since), default=min(times))
    evening = since.hour >= _EVENING and (eve or part in _words().heard.small_hours)
    if len(times) > 1 or hours[0] == 0 or evening:
        times.append(times[0] + dt.timedelta(days=1))
    return next((one for one in times if one > since), times[-1])


def _day(said: Callable[[str], str], at: dt.datetime) -> dt.datetime | bool:
    """Midnight of the day that is named; True when none is, False for one that does not exist."""
    words = _words().heard
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if said("day"):
        name = next(one for one in sorted(words.days, key=len, reverse=True) if said("day").startswith(one))
        return midnight + dt.timedelta(days=words.days[name])
    if said("weekday"):
        ahead = (words.weekdays.index(said("weekday").replace("天", "日")) - at.weekday()) % 7
        return midnight + dt.timedelta(days=ahead + 7 * bool(said("next") and at.weekday() + ahead < 7))
    if not said("date"):
        return True
    number, month = numbers.value(said("date")), numbers.value(said("month") or "0")
    if not number or month is None or number > 31 or month > 12:
        return False
    try:
        if month:
            found = midnight.replace(month=month, day=number)
            # In December, 一月三号 is next year's.
            return found if found >= midnight or at.month < 11 else found.replace(year=at.year + 1)
        if number >= at.day:
            return midnight.replace(day=number)
        return (midnight.replace(day=1) + dt.timedelta(days=32)).replace(day=number)
    except ValueError:
        return False


def _hours(part: str, hour: int, *, early: bool) -> tuple[int, ...]:
    """Hours of the day that are meant, above 24 on the day after; two when both halves of the day are possible."""
    words = _words().heard
    if part in words.morning:
        return (0 if hour == 12 and part in words.small_hours else hour,)
    if part in words.afternoon:
        return (hour + 12 if hour < 12 else hour,)
    if part in words.noon:
        return (hour + 12 if hour < 4 else hour,)
    if part in words.night:
        # 晚上十二点 and 晚上一点 are after midnight.
        if hour < _SMALL_HOURS and hour:
            return (hour, hour + 24)
        return (24 if hour in (0, 12, 24) else hour + 12 if hour < 12 else hour,)
    if early or hour == 0 or hour > 12:
        return (hour,)
    return (hour, hour + 12) if hour < 12 else (12, 24)
