"""What a look-up answers: candidates, a location, a person, a household."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True)
class Candidate:
    """A household or a whole grid that fits; `label` never holds the householder's name."""

    household_no: str | None
    grid_no: str
    label: str
    score: float


@dataclass(frozen=True)
class Location:
    """What a look-up found. `household_no`, `grid_no`, `manager` are given only when certain.

    `ask` is the part that would tell the candidates apart: community, street, number, building, unit, room,
    householder; None when certain or hopeless. `heard_place` is the place as it was said (digits as digits)."""

    household_no: str | None
    grid_no: str | None
    manager: str | None
    score: float
    candidates: tuple[Candidate, ...] = ()
    ask: str | None = None
    community: str | None = None
    heard_place: str = ""
    understood: bool = False
    #: the place outside the county that was named instead of one in it
    outside: str = ""
    #: what is believed of each grid that may be meant, for measuring: grid_no → probability
    grids: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class PersonCard:
    """A member of staff."""

    staff_no: str
    name: str
    role: str
    phone: str


@dataclass(frozen=True)
class HouseholdCard:
    """A household; `balance` in CNY, negative when owed."""

    household_no: str
    householder: str
    community: str
    compound: str
    address: str
    grid_no: str
    transformer: str
    feeder: str
    tags: tuple[str, ...]
    balance: Decimal
    months_owed: int
    ytd_kwh: int
