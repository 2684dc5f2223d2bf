"""What every action needs of the service; `bot.app.parts` makes it once and gives it to each action."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from bot.foundation.words import load
from bot.grid.present import Present
from bot.grid.registry import Registry
from bot.settings import Settings
from bot.settings.tariff import Tariff
from bot.tickets.desk import TicketDesk

WORDS = Path(__file__).resolve().parent / "words.yml"


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@dataclass(frozen=True)
class Told:
    """What staff must know when it is said: the words (their first group is what is told, else yes), and how urgent it is."""

    words: str
    urgent: bool = False
    #: right before the words: then they do not hold
    but_not: str = ""


@dataclass(frozen=True)
class Words:
    """The site's deciding words (words.yml), most of them regular expressions."""

    residual_current: str
    smelt: str
    burnt: str
    goodbye: str
    denied: str
    taken_back: str
    no_such_matter: str
    no_more: str
    asks_back: str
    by_the_way: str
    hurry: str
    danger_phrases: dict[str, tuple[str, ...]]
    danger_asks: dict[str, tuple[str, ...]]
    no_power: str
    switch: str
    wants_person: str
    another_matter: str
    for_others: str
    danger_itself: str
    danger_over: str
    danger_questions: dict[str, str]
    told: dict[str, Told]
    about: dict[str, str]
    wrong: str
    complains: str
    beside: str
    own_home: str
    readback_comma: str
    readback_name: str
    readback_account: str
    said_solved: str
    station: str
    spoken_name: str
    address: str
    proof_lead: str
    place_marks: str
    account: str
    days: tuple[str, ...]
    long_ago: str
    at: str
    not_fixed: str
    rating: dict[str, str]

    def says(self, name: str, text: str) -> bool:
        """Whether the text holds one of the words called `name`."""
        return bool(_compiled(getattr(self, name)).search(text))

    def found(self, name: str, text: str) -> str:
        """What the words called `name` pick out of a text (their first group), "" when it holds none of them."""
        match = _compiled(getattr(self, name)).search(text)
        return match.group(1) if match else ""

    def without(self, name: str, text: str) -> str:
        """A text without the words called `name`."""
        return _compiled(getattr(self, name)).sub("", text)

    def told_in(self, text: str) -> dict[str, tuple[str, bool]]:
        """What of `told` a text holds: fact → (its value, whether it is urgent)."""
        found: dict[str, tuple[str, bool]] = {}
        for name, told in self.told.items():
            match = _compiled(told.words).search(text)
            if match and not (told.but_not and _compiled(f"(?:{told.but_not})$").search(text[: match.start()])):
                found[name] = ((match.group(1) if match.re.groups else None) or "yes", told.urgent)
        return found

    def topic(self, table: str, text: str, default: str) -> str:
        """The first topic of a table whose words are in the text."""
        topics: dict[str, str] = getattr(self, table)
        return next((name for name, pattern in topics.items() if _compiled(pattern).search(text)), default)


@lru_cache(maxsize=1)
def load_words(path: Path = WORDS) -> Words:
    """The words of a file."""
    return load(Words, path)


@dataclass
class Site:
    """The county, the tickets and the prices that actions act on."""

    desk: TicketDesk
    registry: Registry
    tariff: Tariff
    settings: Settings
    #: who of the staff is there now
    present: Present
    words: Words = field(default_factory=load_words)
