"""One county's service in a storm, event by event: lines, seats, turns and people, and callers who try again.

Cells share nothing (docs/capacity.md), so each is simulated alone. Time in seconds from the typhoon's first county."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.bench.province.figures import Figures

#: what becomes of a household that wanted to report; each ends in exactly one of them
SEAT, KNOWN, MESSAGE, TEXT, GAVE_UP = "talked to Gege", "told the known outage", "left a message", "wrote", "gave up"


@dataclass(frozen=True)
class Wish:
    """A household that will report its outage."""

    at: float
    outage: int
    by_telephone: bool


@dataclass
class Outcome:
    """What came of all wishes of a cell."""

    ends: Counter[str] = field(default_factory=Counter)
    #: calls that were tried, and those of them that found every line busy
    tried: int = 0
    busy: int = 0
    #: seconds between the wish and the end of it, of those who got through by telephone
    through_s: list[float] = field(default_factory=list)
    #: seconds that a turn waited for its process
    turns_s: list[float] = field(default_factory=list)
    #: turns that were told to be kept, because they would wait too long
    kept: int = 0
    #: seconds that callers waited for a person
    people_s: list[float] = field(default_factory=list)
    most_lines: int = 0
    most_seats: int = 0
    #: outages that somebody is to be called back about
    lists: set[int] = field(default_factory=set)


class Cell:
    """`run` once."""

    def __init__(self, of: Figures, chance: random.Random) -> None:
        self._of, self._chance = of, chance
        self._lines = self._seats = 0
        #: when each process of the dialogue, and each person, is free again
        self._processes = [0.0] * of.county.dialogues
        self._people = [0.0] * of.county.people
        self._known: dict[int, float] = {}
        self._events: list[tuple[float, int, str, Wish, float]] = []
        self._number = 0
        self.outcome = Outcome()

    def run(self, wishes: Iterable[Wish]) -> Outcome:
        """Everything from the first wish to the last end."""
        for wish in wishes:
            patience = self._chance.expovariate(1 / self._of.caller.patience_s)
            if wish.by_telephone:
                self._later(wish.at, "call", wish, wish.at + patience)
            else:
                self._later(wish.at, "turn", wish, self._of.chat.turns)
        acts = {"call": self._call, "turn": self._turn, "seat ends": self._seat_ends, "line ends": self._line_ends}
        while self._events:
            at, _, what, wish, value = heapq.heappop(self._events)
            acts[what](at, wish, value)
        return self.outcome

    def _later(self, at: float, what: str, wish: Wish, value: float = 0.0) -> None:
        self._number += 1
        heapq.heappush(self._events, (at, self._number, what, wish, value))

    # ---- calls ----------------------------------------------------------------------------------

    def _call(self, at: float, wish: Wish, until: float) -> None:
        of, out = self._of, self.outcome
        out.tried += 1
        if self._lines >= of.county.lines:
            out.busy += 1
            again = at + self._chance.expovariate(1 / of.caller.redial_after_s)
            if again < until and self._chance.random() < of.caller.redials:
                self._later(again, "call", wish, until)
            else:
                out.ends[GAVE_UP] += 1
            return
        self._lines += 1
        out.most_lines = max(out.most_lines, self._lines)
        known = self._known.get(wish.outage, float("inf")) <= at
        if known and self._chance.random() < of.caller.known_number:
            self._ended(KNOWN, at + of.call.known_s, wish)
            self._later(at + of.call.known_s, "line ends", wish)
        elif self._seats < of.county.seats:
            self._seats += 1
            out.most_seats = max(out.most_seats, self._seats)
            self._later(at + self._chance.expovariate(1 / of.call.seat_s), "seat ends", wish)
        else:
            out.lists.add(wish.outage)
            self._ended(MESSAGE, at + of.call.message_s, wish)
            self._later(at + of.call.message_s, "line ends", wish)

    def _seat_ends(self, at: float, wish: Wish, _: float) -> None:
        self._seats -= 1
        self._ended(SEAT, at, wish)
        if self._chance.random() < self._of.call.person_share:
            begins = max(at, heapq.heappop(self._people))
            self.outcome.people_s.append(begins - at)
            ends = begins + self._chance.expovariate(1 / self._of.call.person_s)
            heapq.heappush(self._people, ends)
            self._later(ends, "line ends", wish)
        else:
            self._line_ends(at, wish, 0.0)

    def _line_ends(self, at: float, wish: Wish, _: float) -> None:
        self._lines -= 1

    def _ended(self, how: str, at: float, wish: Wish) -> None:
        """Got through by telephone."""
        self.outcome.ends[how] += 1
        self.outcome.through_s.append(at - wish.at)
        self._heard(wish.outage, at)

    def _heard(self, outage: int, at: float) -> None:
        known_at = at + self._of.call.known_after_s
        self._known[outage] = min(self._known.get(outage, known_at), known_at)

    # ---- text -----------------------------------------------------------------------------------

    def _turn(self, at: float, wish: Wish, left: float) -> None:
        of = self._of
        begins = max(at, heapq.heappop(self._processes))
        ends = begins + of.turn.cpu_s
        heapq.heappush(self._processes, ends)
        self.outcome.turns_s.append(begins - at)
        self.outcome.kept += begins - at > of.turn.kept_after_s
        if left > 1:
            self._later(ends + self._chance.expovariate(1 / of.chat.think_s), "turn", wish, left - 1)
        else:
            self.outcome.ends[TEXT] += 1
            self._heard(wish.outage, ends)
