"""What a simulated resident wants of a call: the matters, the home, who calls for whom, and what else is true there."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bot.bench.homes import Home
from bot.bench.residents.county import County
from bot.bench.residents.words import Kind, matters, personas, sentences

#: who calls, for whom: the household's own number, a number that nobody knows, a child far away, somebody's own number for
#: another household
_REPORTERS = {"own": 45, "stranger": 27, "child": 14, "neighbour": 14}
#: shares of conversations
_TWO_MATTERS, _FACT, _SECOND_DANGER = 0.22, 0.12, 0.03
#: what is called about beside something else
_WITH = ("outage", "breaker", "arrears", "price", "meter_move", "indoor", "complaint", "no_one_came", "transfer")
#: reports on which more people are told of
_FOR_FACTS = ("outage", "block_outage", "breaker", "half_dark")


@dataclass(frozen=True)
class Goal:
    """One conversation's purpose; a judge knows it, Gege does not."""

    number: int
    persona: str
    #: names in matters.yml
    matters: tuple[str, ...]
    home: Home
    reporter: str
    caller: str
    channel: str
    #: names in sentences.yml: facts
    fact: str = ""
    neighbours_have: bool = True
    #: surname and numbers of the people that serve the grid
    manager: str = ""
    manager_no: str = ""
    supervisor_no: str = ""

    @property
    def before(self) -> bool:
        """Something was reported in an earlier call."""
        return self.matters[0] in ("status", "all_well")

    @property
    def whose(self) -> str:
        """Which words fit: own, child or neighbour."""
        return "own" if self.reporter in ("own", "stranger") else self.reporter

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What matters.yml says of the matters."""
        return tuple(matters()[name] for name in self.matters)

    @property
    def dangers(self) -> tuple[str, ...]:
        """What is in danger."""
        return tuple(kind.danger for kind in self.kinds if kind.danger)


def goal_of(number: int, county: County, dice: random.Random, persona: str = "") -> Goal:
    """One goal by lot; `persona`: only this one, else a messy one by its share."""
    people = personas()
    persona = persona or dice.choices(list(people), [one.share for one in people.values()])[0]
    home = county.homes[dice.randrange(len(county.homes))]
    reporter = dice.choices(list(_REPORTERS), list(_REPORTERS.values()))[0]
    if people[persona].child:
        reporter = dice.choice(("own", "stranger"))
    reporter, caller = _caller(reporter, home, county, dice)
    kinds = matters()
    wanted = [dice.choices(list(kinds), [kind.weight for kind in kinds.values()])[0]]
    first = kinds[wanted[0]]
    if not first.alone and not first.danger and wanted[0] != "person" and dice.random() < _TWO_MATTERS:
        # A tripped breaker and no power are one matter.
        near = {"outage", "breaker_fault"} if set(first.kinds) & {"outage", "breaker_fault"} else set(first.kinds)
        wanted += [dice.choice([name for name in _WITH if not set(kinds[name].kinds) & near])]
    elif wanted[0] in _FOR_FACTS and dice.random() < _SECOND_DANGER:
        wanted += [dice.choice(("line_down", "fire", "leak"))]
    fact = dice.choice(list(sentences().facts)) if wanted[0] in _FOR_FACTS and dice.random() < _FACT else ""
    return Goal(
        number,
        persona,
        tuple(wanted),
        home,
        reporter,
        caller,
        "phone" if dice.random() < 0.8 else "terminal",
        fact,
        "block_outage" not in wanted and dice.random() < 0.8,
        county.managers.get(home.grid_no, ""),
        county.manager_no.get(home.grid_no, ""),
        county.supervisor_no.get(home.grid_no, ""),
    )


def _caller(reporter: str, home: Home, county: County, dice: random.Random) -> tuple[str, str]:
    """Who calls after all, and the number."""
    if reporter == "own" and (phone := county.phones.get(home.household_no)):
        return reporter, phone
    if reporter == "neighbour":
        households = county.homes
        for _ in range(20):
            other = households[dice.randrange(len(households))].household_no
            if other != home.household_no and (phone := county.phones.get(other)):
                return reporter, phone
    # 130120 stands before no number of the sample county.
    return ("stranger" if reporter == "own" else reporter), f"130120{dice.randrange(100_000):05d}"
