"""The figures of the simulation, read from figures.yml."""

from __future__ import annotations

import functools
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class County(_Part):
    """One cell: a county's households, and what serves them. `lines`: calls at the same time, whoever takes them."""

    households: int = Field(gt=0)
    transformer: int = Field(gt=0)
    lines: int = Field(gt=0)
    cores: int = Field(gt=0)
    seats_a_core: int = Field(gt=0)
    people: int = Field(gt=0)

    @property
    def seats(self) -> int:
        """Calls that are understood at the same time: half of the cores are the ear's."""
        return max(1, self.cores // 2) * self.seats_a_core

    @property
    def dialogues(self) -> int:
        """Processes that take turns, a core each."""
        return max(1, self.cores - self.cores // 2)


class Turn(_Part):
    """Seconds of one core for a turn, and the wait (s) from which a report is told to be kept."""

    cpu_s: float = Field(gt=0)
    kept_after_s: float = Field(gt=0)


class Behaviour(_Part):
    """What households do; shares from 0 to 1, times in seconds (means of exponential ones)."""

    report_share: float = Field(ge=0, le=1)
    by_telephone: float = Field(ge=0, le=1)
    first_after_s: float = Field(gt=0)
    redials: float = Field(ge=0, le=1)
    redial_after_s: float = Field(gt=0)
    patience_s: float = Field(gt=0)
    known_number: float = Field(ge=0, le=1)


class Calls(_Part):
    """How long calls hold a line (s)."""

    seat_s: float = Field(gt=0)
    known_s: float = Field(gt=0)
    message_s: float = Field(gt=0)
    known_after_s: float = Field(ge=0)
    person_share: float = Field(ge=0, le=1)
    person_s: float = Field(gt=0)


class Chats(_Part):
    """A report by text."""

    turns: int = Field(gt=0)
    think_s: float = Field(gt=0)


class Typhoon(_Part):
    """When and where it becomes dark."""

    hours: float = Field(gt=0)
    spread_s: float = Field(gt=0)
    dark: float = Field(gt=0, le=1)
    unequal: float = Field(ge=0)


class Figures(_Part):
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
    return Figures.model_validate(yaml.safe_load(Path(__file__).with_name("figures.yml").read_text("utf-8")))
