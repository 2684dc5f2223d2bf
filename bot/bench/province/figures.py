"""The figures of the simulation, read from figures.yml."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from bot.foundation.words import load


@dataclass(frozen=True)
class County:
    """One cell: a county's households, and what serves them. `lines`: calls at the same time, whoever takes them."""

    households: int
    transformer: int
    lines: int
    cores: int
    seats_a_core: int
    people: int

    @property
    def seats(self) -> int:
        """Calls that are understood at the same time: half of the cores are the ear's."""
        return max(1, self.cores // 2) * self.seats_a_core

    @property
    def dialogues(self) -> int:
        """Processes that take turns, a core each."""
        return max(1, self.cores - self.cores // 2)


@dataclass(frozen=True)
class Turn:
    """Seconds of one core for a turn, and the wait (s) from which a report is told to be kept."""

    cpu_s: float
    kept_after_s: float


@dataclass(frozen=True)
class Behaviour:
    """What households do; shares from 0 to 1, times in seconds (means of exponential ones)."""

    report_share: float
    by_telephone: float
    first_after_s: float
    redials: float
    redial_after_s: float
    patience_s: float
    known_number: float


@dataclass(frozen=True)
class Calls:
    """How long calls hold a line (s)."""

    seat_s: float
    known_s: float
    message_s: float
    known_after_s: float
    person_share: float
    person_s: float


@dataclass(frozen=True)
class Chats:
    """A report by text."""

    turns: int
    think_s: float


@dataclass(frozen=True)
class Typhoon:
    """When and where it becomes dark."""

    hours: float
    spread_s: float
    dark: float
    unequal: float


@dataclass(frozen=True)
class Figures:
    """All of it."""

    county: County
    turn: Turn
    caller: Behaviour
    call: Calls
    chat: Chats
    typhoon: Typhoon


@functools.cache
def figures() -> Figures:
    """Those of figures.yml."""
    return load(Figures, Path(__file__).with_name("figures.yml"))
