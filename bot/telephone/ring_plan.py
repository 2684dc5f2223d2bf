"""Whom a call's caller is put through to, one after the other: plain values and rules, no telephone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from bot.foundation.phone_numbers import to_dial
from bot.grid.dialled import GridNumbers
from bot.grid.models import Role

#: nobody need be rung after these
SETTLED = ("goodbye", "message", "stopped")
#: Dial's own words (DIALSTATUS)
ANSWERED, CALLER_LEFT = "ANSWER", "CANCEL"
RANG_IN_VAIN = ("NOANSWER", "BUSY")


class Person(Protocol):
    """Somebody with a telephone."""

    @property
    def phone(self) -> str: ...


One = TypeVar("One", bound=Person, covariant=True)


class People(Protocol[One]):
    """Who serves whom."""

    def staff(self, grid_no: str, role: str, /) -> Sequence[One]:
        """People of a role on a grid."""

    def duty(self) -> Sequence[One]:
        """The duty desk."""


class Roles(People[Person], GridNumbers, Protocol):
    """What of the registry is needed here."""

    @property
    def area_code(self) -> str:
        """Of landlines here, for a number that comes without one."""

    def person(self, staff_no: str, /) -> Person | None:
        """Somebody of the staff."""


def in_order(people: People[One], grid_no: str | None) -> list[One]:
    """Manager, assistant, duty desk: who is rung for a grid; without a grid the duty desk alone."""
    of_grid = [one for role in (Role.manager, Role.assistant) for one in people.staff(grid_no, role)] if grid_no else []
    return [*of_grid, *people.duty()]


def people_to_ring(
    roles: Roles, grid_no: str | None, station: str, *, first: str = "", without: Iterable[str] = ()
) -> list[str]:
    """Numbers in their order: `first` (whom the dialogue named), manager, assistant, duty desk, the station.

    `without`: the caller himself, and the number that diverted to us, whose owner did not take the call."""
    found = [first, *(person.phone for person in in_order(roles, grid_no)), station]
    left_out = {to_dial(each) for each in without} | {""}
    return [each for each in dict.fromkeys(to_dial(each) for each in found) if each not in left_out]


@dataclass(frozen=True)
class Step:
    """What comes next for a caller."""

    #: number to ring; empty for none
    number: str = ""
    #: name of the sentence that the caller hears before (prompts.yml), empty for none
    told: str = ""


@dataclass
class CallPlan:
    """One announced call, from `/start` until somebody talks to its caller or nobody is left."""

    call_id: str
    caller: str
    dialled: str
    diverting: str
    at: float
    people: list[str] = field(default_factory=list)
    #: the AudioSocket came: Gege answered
    taken: bool = False
    outcome: str = ""
    ticket_no: str = ""
    decided: asyncio.Event = field(default_factory=asyncio.Event)
    #: index into `people` of who is rung, -1: nobody yet
    position: int = -1
    rung_at: float = 0.0
    #: the dial plan has asked
    asked: bool = False
    finished: bool = False
    reached: bool = False

    @property
    def ringing(self) -> str:
        """Who is being rung now."""
        return self.people[self.position] if 0 <= self.position < len(self.people) and not self.finished else ""

    def next(self, status: str, at: float) -> Step:
        """What to do, given how ringing the last one ended (DIALSTATUS; empty when it is not known)."""
        self.asked = True
        if self.finished:
            return Step()
        if self.position < 0:
            # A dial plan that goes on after "hung_up" still has the caller: it was the AudioSocket that broke.
            settled = self.outcome in SETTLED or (self.outcome == "hung_up" and bool(self.ticket_no))
            if settled or status == CALLER_LEFT:
                return self._finish(reached=self.taken)
            if not self.taken and status in RANG_IN_VAIN:
                # Gege could not take it, and the dial plan has rung the first one by itself.
                self.position = 0
                return self._on(at, "not_reached")
            return self._on(at, "")
        if status == ANSWERED:
            return self._finish(reached=True)
        if status == CALLER_LEFT:
            return self._finish(reached=False)
        return self._on(at, "not_reached")

    def _on(self, at: float, told: str) -> Step:
        self.position += 1
        if self.position < len(self.people):
            self.rung_at = at
            return Step(self.people[self.position], told)
        self._finish(reached=False)
        return Step("", "nobody_reached" if told else "")

    def _finish(self, *, reached: bool) -> Step:
        self.finished, self.reached = True, reached
        return Step()
