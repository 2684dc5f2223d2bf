"""When something will be done, as people write it: 下午三点, 四点半, 半小时后, 15:30, 明早八点."""

from __future__ import annotations

import datetime as dt
import enum
import re

from bot.foundation.errors import Refused
from bot.foundation.widths import both
from bot.sound.numbers import in_digits

#: further ahead nobody means it
FARTHEST = dt.timedelta(days=31)


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


#: what may stand around a time without changing it
_FILLING = re.compile(
    rf"[\s{both(',。!~、')}]|(?<!\d)\.|\.(?!\d)|大概|大约|估计|预计|应该|可能|左右|上下|就?能?修?[弄搞]?好了?$|来电$|送电$|吧|得到?|要到?|^到|^在|^等到?"
)
#: 点 is hidden first: 一点 is no number to bot.sound.numbers (一点火, 一点都不)
_SPELT = (
    (re.compile("个?(?:小时|钟头)|个钟"), "H"),
    (re.compile(f"点钟|点整|点|[{both(':')}]"), "时"),
    (re.compile("刻钟"), "K"),
    (re.compile("礼拜|星期"), "周"),
)
_SPAN = re.compile(
    r"(?:再?过|还要|要)?(?:(?P<days>\d+)天)?(?:(?P<hours>\d+(?:\.\d)?|半)(?P<more>个?半)?H(?P<half>半)?)?"
    r"(?:(?P<minutes>\d+)分钟?|(?P<quarters>\d)K)?(?:以后|之后|后|内|以内)?"
)
_DAYS = {"今": 0, "明": 1, "后": 2, "大后": 3}
_CLOCK = re.compile(
    r"(?:(?P<day>今|明|大后|后)(?:天|日|儿)?|(?:(?P<month>\d{1,2})月)?(?P<date>\d{1,2})[号日])?"
    r"(?P<part>凌晨|半夜|清早|早上|早晨|早|上午|中午|正午|下午|午后|傍晚|晚上|夜里|晚)?"
    r"(?:(?P<hour>\d{1,2})时(?:(?P<minute>\d{1,2})分?|(?P<half>半)|(?P<quarter>[13])刻)?)?(?:之前|以前|前)?"
)
_MORNING = frozenset({"凌晨", "清早", "早上", "早晨", "早", "上午"})
_AFTERNOON = frozenset({"下午", "午后", "傍晚"})
_NIGHT = frozenset({"晚上", "夜里", "晚", "半夜"})
_NOON = frozenset({"中午", "正午"})


def read_time(text: str, at: dt.datetime) -> dt.datetime:
    """The instant that `text` means to somebody who writes it at `at` (in the site's own zone), to the minute.

    An hour without morning or afternoon is the next one that comes. Raises TimeRefused."""
    if at.tzinfo is None:
        raise ValueError("a naive datetime is no instant; give it a time zone")
    said = text.strip()
    for pattern, sign in _SPELT:
        said = pattern.sub(sign, said)
    said = _FILLING.sub("", in_digits(said.replace("时", "时 ")).replace(" ", ""))
    found = _span(said, at) or _clock(said, at)
    if found is None:
        raise TimeRefused(Doubt.not_understood)
    if found <= at:
        raise TimeRefused(Doubt.past)
    if found - at > FARTHEST:
        raise TimeRefused(Doubt.far)
    return found


def _span(said: str, at: dt.datetime) -> dt.datetime | None:
    match = _SPAN.fullmatch(said)
    if match is None or not any(match[name] for name in ("days", "hours", "minutes", "quarters")):
        return None
    hours = 0.5 if match["hours"] == "半" else float(match["hours"] or 0)
    hours += 0.5 * bool(match["more"]) + 0.5 * bool(match["half"])
    minutes = int(match["minutes"] or 0) + 15 * int(match["quarters"] or 0)
    try:
        length = dt.timedelta(days=int(match["days"] or 0), hours=hours, minutes=minutes)
        return (at + length).replace(second=0, microsecond=0) if length else at
    except OverflowError:
        raise TimeRefused(Doubt.far) from None


def _clock(said: str, at: dt.datetime) -> dt.datetime | None:
    match = _CLOCK.fullmatch(said)
    if match is None:
        return None
    part, hour = match["part"] or "", match["hour"]
    if hour is None and part not in _NOON:
        return None
    minute = 30 if match["half"] else 15 * int(match["quarter"]) if match["quarter"] else int(match["minute"] or 0)
    number = int(hour) if hour is not None else 12
    if number > 24 or minute > 59 or (number == 24 and minute):
        return None
    day = _day(match, at)
    hours = _hours(part, number, early=bool(hour and hour.startswith("0")))
    if day is not None:
        # 明天三点 without more is when people are at work.
        wanted = hours[0] if len(hours) == 1 or number >= 7 else hours[1]
        return day + dt.timedelta(hours=wanted, minutes=minute)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    times = [midnight + dt.timedelta(hours=one, minutes=minute) for one in hours]
    if len(times) > 1:
        times.append(times[0] + dt.timedelta(days=1))
    return next((one for one in times if one > at), times[-1])


def _day(match: re.Match[str], at: dt.datetime) -> dt.datetime | None:
    """Midnight of the day that is named; None when none is."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    if match["day"]:
        return midnight + dt.timedelta(days=_DAYS[match["day"]])
    if not match["date"]:
        return None
    number = int(match["date"])
    try:
        if match["month"]:
            found = midnight.replace(month=int(match["month"]), day=number)
            # In December, 一月三号 is next year's.
            return found if found >= midnight or at.month < 11 else found.replace(year=at.year + 1)
        if number >= at.day:
            return midnight.replace(day=number)
        following = midnight.replace(day=1) + dt.timedelta(days=32)
        return following.replace(day=number)
    except ValueError:
        raise TimeRefused(Doubt.not_understood) from None


def _hours(part: str, hour: int, *, early: bool) -> tuple[int, ...]:
    """Hours of the day that are meant, above 24 on the day after; two when both halves of the day are possible."""
    if part in _MORNING:
        return (0 if hour == 12 and part == "凌晨" else hour,)
    if part in _AFTERNOON:
        return (hour + 12 if hour < 12 else hour,)
    if part in _NOON:
        return (hour + 12 if hour < 4 else hour,)
    if part in _NIGHT:
        # 晚上十二点 and 晚上一点 are after midnight.
        return (24 if hour in (0, 12, 24) else hour + 24 if hour < 5 else hour + 12 if hour < 12 else hour,)
    if early or hour == 0 or hour > 12:
        return (hour,)
    return (hour, hour + 12) if hour < 12 else (12, 24)
