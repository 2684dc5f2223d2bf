"""The sentences of one resident: her matters, her home and her answers in her own words."""

from __future__ import annotations

import random
import re

from bot.bench.homes import Homes, door_parts, spoken_numbers
from bot.bench.residents.goals import Goal
from bot.bench.residents.words import matters, personas, sentences

#: where something lies outside, before she said where
_HERE = "我们这里"


class Phrasing:
    """What she says; every draw is from `dice`."""

    def __init__(self, goal: Goal, homes: Homes, dice: random.Random) -> None:
        self.goal, self.dice = goal, dice
        self.persona = personas()[goal.persona]
        self._whose = self.one_of(sentences().whose[goal.whose])
        self._several = homes.several_communities(goal.home)
        self._behind = homes.several_behind_the_door(goal.home)

    def one_of(self, ways: tuple[str, ...]) -> str:
        """One way of saying it."""
        return self.dice.choice(ways)

    def filled(self, sentence: str, place: str = "") -> str:
        """A sentence of hers with her own words in it; `place`: where it is, where she says so."""
        words = sentences()
        at = self.one_of(words.at).format(place=place) if place else _HERE
        manager = f"姓{self.goal.manager}的" if "{manager}师傅" not in sentence else self.goal.manager
        return sentence.format(whose=self._whose, at=at, manager=manager)

    # -- where ------------------------------------------------------------------------------------------------------
    def place(self, numbers: str = "") -> str:
        """The whole place, the community where it is needed or by chance; `numbers`: other ones than the right."""
        home = self.goal.home
        community = home.community if self._several or self.dice.random() < 0.3 else ""
        return community + home.place + spoken_numbers(numbers or home.numbers, self.dice)

    def part(self, name: str) -> str:
        """A part that was asked for: building, unit, room, number, community, street."""
        home = self.goal.home
        parts = door_parts(home)
        if name == "community":
            return home.community
        if name == "street":
            return home.place
        if name == "unit":
            return spoken_numbers(parts[1], self.dice) if len(parts) > 2 else ""
        if name == "building":
            return spoken_numbers(parts[0], self.dice) if home.compound else ""
        if name == "room":
            return spoken_numbers(parts[-1], self.dice) if parts else ""
        return spoken_numbers(home.numbers, self.dice)

    def wrong_numbers(self) -> str:
        """Numbers that are not hers: one of them is another."""
        found = list(re.finditer(r"\d+", self.goal.home.numbers))
        if not found:
            return ""
        one = self.dice.choice(found)
        other = str(max(1, int(one.group()) + self.dice.choice((-1, 1, 2))))
        return self.goal.home.numbers[: one.start()] + other + self.goal.home.numbers[one.end() :]

    def placed(self, place: str) -> str:
        """The place in a sentence."""
        return place if self.persona.bare else self.one_of(sentences().placed[self.goal.whose]).format(place=place)

    def holder(self) -> str:
        """The householder in a sentence."""
        name = self.goal.home.holder
        return name if self.persona.bare else self.one_of(sentences().holder).format(name=name)

    # -- what -------------------------------------------------------------------------------------------------------
    def matter(self, name: str, place: str = "", again: bool = False) -> str:
        """A matter, as it is first said or said again."""
        said = sentences().matters[name]
        return self.filled(self.one_of(said.again if again else said.say), place)

    def opening(self, name: str, place: str, also: str, fact: str) -> str:
        """The first sentence: all of it, or only its bone. `also`: a second matter, `fact`: what else is true."""
        words, persona = sentences(), self.persona
        outside = bool(place) and any("{at}" in way for way in words.matters[name].say)
        said = self.matter(name, place)
        placed = "" if not place or outside and place in said else self.placed(place)
        if persona.bare and self.dice.random() < persona.bare:
            return ",".join(part for part in (said, placed) if part)
        if self.dice.random() < persona.tale:
            tale = self.one_of(words.tales["start"]) + said + self.one_of(words.tales["middle"])
            more = "".join("," + part for part in (placed, fact, also) if part)
            return tale + more + self.one_of(words.tales["end"])
        if self.dice.random() < persona.child:
            return (
                self.one_of(words.child["start"])
                + said
                + (f",{placed}" if placed else "")
                + self.one_of(words.child["end"])
            )
        parts = [self.one_of(words.who[self.goal.whose]) + said, placed, fact, also]
        if placed and self.dice.random() < 0.4:
            parts[0], parts[1] = parts[1], parts[0]
        if set(matters()[name].kinds) & {"outage", "breaker_fault", "indoor_repair", "hazard"}:
            parts.append(self.one_of(words.requests))
        return self.one_of(words.greetings) + ",".join(part for part in parts if part)

    def beside(self, said: str) -> str:
        """A sentence with what a temper adds to it."""
        words, persona = sentences(), self.persona
        if self.dice.random() < persona.abuse:
            said = (
                f"{self.one_of(words.rude)},{said}" if self.dice.random() < 0.5 else f"{said},{self.one_of(words.rude)}"
            )
        if self.dice.random() < persona.hurry:
            said = f"{said},{self.one_of(words.hurry)}"
        return said

    def yes(self) -> str:
        """Yes."""
        return self.one_of(sentences().bare_yes if self.persona.bare else sentences().yes)
