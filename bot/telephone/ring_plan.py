"""Whom a call's caller is put through to, one after the other: plain values and rules, no telephone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from bot.foundation.phone_numbers import to_dial
from bot.grid.dialled import GridNumbers
from bot.grid.models import Role
from bot.lines.line import CallFacts
from bot.voice.call_life import CallLife

#: Dial's own words (DIALSTATUS)
ANSWERED, CALLER_LEFT = "ANSWER", "CANCEL"
RANG_IN_VAIN = ("NOANSWER", "BUSY")
#: ours, for the log: he had answered and was gone before anybody could talk
HUNG_UP = "HUNGUP"


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
    """Who is rung for one call, after its conversation or instead of it."""

    facts: CallFacts
    life: CallLife
    people: list[str] = field(default_factory=list)
    decided: asyncio.Event = field(default_factory=asyncio.Event)
    #: index into `people` of who is rung, -1: nobody yet
    position: int = -1
    #: who is being rung, or talks to the caller; empty when how it ended is known
    ringing: str = ""
    rung_at: float = 0.0
    #: the dial plan was told to ring the first one at once
    full: bool = False
    #: set when the caller has left: whoever hears the case now is told so
    caller_left: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def call_id(self) -> str:
        """The call's."""
        return self.facts.call_id

    @property
    def ticket_no(self) -> str:
        """The conversation's ticket; empty for none."""
        return (self.life.decision.ticket_no if self.life.decision else None) or ""

    def ring(self, number: str, at: float) -> None:
        """The dial plan says that it rings this one, or was told to."""
        if number not in self.people:
            self.people.insert(0, number)
        self.position, self.ringing, self.rung_at = self.people.index(number), number, at
        self.life.ring(at)

    def leave(self, at: float, *, answered: bool = False, sure: bool = False) -> None:
        """The caller has hung up; `answered`, `sure`: as CallLife.part takes them."""
        self.ringing = ""
        self.life.leave(at, answered=answered, sure=sure)
        self.caller_left.set()

    def next(self, status: str, at: float, *, sure: bool = False) -> Step:
        """What to do for a caller who is there, given how ringing the last one ended (DIALSTATUS; empty: nobody was);
        `sure`: ANSWER means that the two talked."""
        told, self.ringing = "", ""
        if self.position >= 0 and (status or not self.full):
            self.life.part(status == ANSWERED, at, sure=sure)
            told = "not_reached"
        elif self.full:
            self.full = False  # a dial plan that does not know GEGE=full asks before it rings
            self.position = -1
        if not self.life.wants_a_person(at):
            return Step()
        self.position += 1
        if self.position < len(self.people):
            self.ring(self.people[self.position], at)
            return Step(self.ringing, told)
        self.life.nobody_left(at)
        return Step("", "nobody_reached" if told else "")
