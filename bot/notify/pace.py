"""How danger goes through a robot that takes so many messages a minute and loses, or locks out, whoever sends more.

Half of the minute is kept free for danger. While danger has used less than that half, each report leaves alone and at
once; from there on what has gathered leaves together, evenly spaced, so that no report ever waits for a whole minute."""

from __future__ import annotations

import datetime as dt
import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.notify.provider import Provider
from bot.notify.routes import Due, SentMessage

#: cases that one message tells of, with a link each: 2048 bytes is what WeCom's robot takes
CASES = 6
_MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Group:
    """Rows that leave as one message. `rest`: another of their ways has no room now and takes them later."""

    rows: tuple[int, ...]
    ways: tuple[str, ...]
    reader: str
    rest: bool = False


def share(limit: int) -> int:
    """What of a minute everyday messages may use."""
    return max(1, limit // 2)


def room_for_danger(sent: Sequence[dt.datetime], limit: int, at: dt.datetime) -> int:
    """Messages that may leave at `at`; `sent` are the times of the last minute, oldest first."""
    half, used = share(limit), len(sent)
    if used < half:
        return half - used
    if used >= limit:
        return 0
    return 1 if at - sent[-1] >= _MINUTE / half else 0


def forget(window: deque[dt.datetime], at: dt.datetime) -> None:
    """Drop what is not of the last minute; after a clock was set back that is also what lies ahead."""
    while window and not dt.timedelta(0) <= at - window[0] < dt.timedelta(minutes=1):
        window.popleft()


class Minutes:
    """What each provider was sent in the last minute, and what it still takes."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._limits = {name: provider.per_minute for name, provider in providers.items()}
        #: of these more than `per_minute` is lost: danger keeps to it as well. Robots say so of themselves.
        self._strict = {name for name, provider in providers.items() if getattr(provider, "strict", False)}
        self._sent: dict[str, deque[dt.datetime]] = {name: deque() for name in providers}

    def strict(self, name: str) -> bool:
        return name in self._strict

    def used(self, name: str, at: dt.datetime) -> None:
        self._sent[name].append(at)

    def left(self, name: str, at: dt.datetime) -> float:
        """Messages that are no danger."""
        limit = self._limits[name]
        forget(self._sent[name], at)
        if limit is None:
            return math.inf
        return (share(limit) if self.strict(name) else limit) - len(self._sent[name])

    def room_for_danger(self, at: dt.datetime) -> dict[str, int]:
        """What each robot takes now."""
        room = {}
        for name in self._strict:
            forget(self._sent[name], at)
            room[name] = room_for_danger(self._sent[name], self._limits[name] or 1, at)
        return room

    def look_back(self, sent: Sequence[SentMessage]) -> None:
        """A provider's minute goes on over a restart, and over the death of whoever sent until now. To a robot that
        writes for many at once, what left at the same moment is one message."""
        for name, window in self._sent.items():
            window.clear()
            window.extend(sorted({one.at for one in sent if name in one.ways}))


def share_out(
    danger: Mapping[tuple[str, ...], Sequence[Due]], is_strict: Callable[[str], bool], room: dict[str, int]
) -> list[Group]:
    """The messages for danger that goes through robots, by its ways; uses up `room`. What finds none leaves by its
    other ways now, or waits."""
    groups: list[Group] = []
    for ways, rows in danger.items():
        robots = [name for name in ways if is_strict(name)]
        others = tuple(name for name in ways if name not in robots)
        free = min(room[name] for name in robots)
        parts = [[one] for one in rows] if len(rows) <= free else _by_case(rows)
        for part in parts[:free]:
            for name in robots:
                room[name] -= 1
            groups.append(Group(tuple(one.id for one in part), ways, part[0].reader))
        if others:
            groups += [Group((one.id,), others, one.reader, rest=True) for part in parts[free:] for one in part]
    return groups


def _by_case(rows: Sequence[Due]) -> list[list[Due]]:
    """Rows in parts of a few cases; those of one case stay together."""
    cases: dict[int | None, list[Due]] = {}
    for one in rows:
        cases.setdefault(one.ticket_id, []).append(one)
    told = list(cases.values())
    return [[one for case in told[at : at + CASES] for one in case] for at in range(0, len(told), CASES)]
