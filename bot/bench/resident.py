"""A simulated resident who answers what the look-up asks, as noisily as she spoke before, until her household is certain."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.bench.checkouts import Checkout
from bot.bench.homes import Home, Query, door_parts, spoken_numbers

#: (words, dice) → the words as they are heard
Noise = Callable[[str, random.Random], str]
#: she has no patience for more; a household that is not certain by then counts so many turns
PATIENCE = 6


def answer(home: Home, ask: str | None, sentence: str, dice: random.Random) -> str:
    """What she says when she is asked for a part of her address; her first sentence again where nothing is asked."""
    parts = door_parts(home)
    if ask == "community":
        return home.community
    if ask in ("street", "compound", "place") and home.place:
        return home.place
    if ask in ("householder", "name"):
        return dice.choice(("户主{}", "{}", "我叫{}", "叫{}")).format(home.holder)
    if ask == "number" and home.numbers:
        return spoken_numbers(home.numbers, dice)
    if ask == "building" and parts:
        return spoken_numbers(parts[0], dice)
    if ask == "unit" and len(parts) > 1:
        return spoken_numbers(parts[1], dice)
    if ask == "room" and parts:
        return spoken_numbers(parts[-1], dice)
    return sentence


@dataclass
class Conversations:
    """How many turns it took."""

    turns: list[int] = field(default_factory=list)
    wrong: int = 0

    def hold(self, asked: Checkout, home: Home, first: Query, meant: str, noise: Noise, dice: random.Random) -> None:
        """One conversation: `first` as it was heard, `meant` the same sentence as it was said."""
        heard, before = first.text, ""
        for turn in range(1, PATIENCE):
            found = asked.locate(heard, earlier=before)
            if found.household_no:
                self.turns.append(turn)
                self.wrong += found.household_no != home.household_no
                return
            before = f"{before},{heard}" if before else heard
            heard = noise(answer(home, found.ask, meant, dice), dice)
        self.turns.append(PATIENCE)

    def figures(self) -> dict[str, Any]:
        """Mean turns (never certain: PATIENCE), shares certain after so many turns, wrong ones as a count."""
        count = max(len(self.turns), 1)
        return {
            "conversations": len(self.turns),
            "turns_mean": round(sum(self.turns) / count, 3),
            **{f"certain_by_{turn}": round(sum(one <= turn for one in self.turns) / count, 4) for turn in (1, 2, 3)},
            "never": round(sum(one == PATIENCE for one in self.turns) / count, 4),
            "wrong_household_certain": self.wrong,
        }
