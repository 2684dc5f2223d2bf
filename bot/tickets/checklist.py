"""Checklists of tickets that go on for days (checklists.yml), and how far one is by its history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bot.foundation.words import load

#: kind of the activity that a pressed step is, and of the timer that watches its day
STEP, STEP_DUE = "step", "step_due"


@dataclass(frozen=True)
class Step:
    """One step; what it is called before it is pressed (`words`) and afterwards (`done`)."""

    name: str
    words: str
    done: str
    date: bool = False
    may_skip: bool = False
    #: to the resident; empty: it does not concern them
    tells: str = ""
    #: to whoever has the case, when the day has passed
    asks: str = ""


@dataclass(frozen=True)
class Pressed:
    """A step as it was pressed last; `day` is what it names."""

    name: str
    at: dt.datetime
    by: str
    day: dt.date | None


@cache
def checklists() -> Mapping[str, tuple[Step, ...]]:
    """Kind of ticket → its steps in their order."""
    return load(dict[str, tuple[Step, ...]], Path(__file__).with_name("checklists.yml"))


def steps_of(kind: str) -> tuple[Step, ...]:
    """The steps of a kind; none for most."""
    return checklists().get(kind, ())


def pressed(history: Iterable[tuple[str, dt.datetime, str, Mapping[str, Any]]]) -> dict[str, Pressed]:
    """Steps by name as they were pressed last, of (kind, at, by, detail) in their order; a report that came back begins anew."""
    found: dict[str, Pressed] = {}
    for kind, at, by, detail in history:
        if kind == "reopened":
            found.clear()
        elif kind == STEP:
            day = detail.get("day")
            found[detail["step"]] = Pressed(detail["step"], at, by, dt.date.fromisoformat(day) if day else None)
    return found


def following(steps: Sequence[Step], done: Mapping[str, Pressed]) -> list[Step]:
    """What can be pressed next: the first that was not, and those behind it as long as one may be left out."""
    last = max((at for at, one in enumerate(steps) if one.name in done), default=-1)
    found = []
    for one in steps[last + 1 :]:
        found.append(one)
        if not one.may_skip:
            break
    return found


def spoken_day(day: dt.date) -> str:
    """12月5日."""
    return f"{day.month}月{day.day}日"
