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
class Words:
    """The site's deciding words (words.yml), most of them regular expressions."""

    residual_current: str
    smelt: str
    burnt: str
    reconnect: str
    how_to_pay: str
    transfer: str
    goodbye: str
    hazard: dict[str, str]
    not_ours: dict[str, str]
    price: dict[str, str]
    smelling: str
    own_home: str
    readback_comma: str
    readback_name: str
    readback_account: str
    said_solved: str
    station: str
    address: str
    proof_lead: str
    account: str
    kinds: dict[str, str]
    days: tuple[str, ...]
    long_ago: str
    at: str
    oxygen: str
    not_fixed: str
    rating: dict[str, str]

    def says(self, name: str, text: str) -> bool:
        """Whether the text holds one of the words called `name`."""
        return bool(_compiled(getattr(self, name)).search(text))

    def found(self, name: str, text: str) -> str:
        """What the words called `name` pick out of a text (their first group), "" when it holds none of them."""
        match = _compiled(getattr(self, name)).search(text)
        return match.group(1) if match else ""

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
