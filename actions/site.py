"""What every action needs of the service; `bot.app.parts` makes it once and gives it to each action."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from bot.grid.present import Present
from bot.grid.registry import Registry
from bot.settings import Settings
from bot.settings.tariff import Tariff
from bot.tickets.desk import TicketDesk

WORDS = Path(__file__).resolve().parent / "words.yml"


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


class Words:
    """The site's deciding words (words.yml)."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def __getitem__(self, name: str) -> Any:
        return self._data[name]

    def says(self, name: str, text: str) -> bool:
        """Whether the text holds one of the words called `name`."""
        return bool(_compiled(self._data[name]).search(text))

    def found(self, name: str, text: str) -> str:
        """What the words called `name` pick out of a text (their first group), "" when it holds none of them."""
        match = _compiled(self._data[name]).search(text)
        return match.group(1) if match else ""

    def answer(self, question: str, text: str) -> str | None:
        """ "yes", "no" or None to a question of the form; a plain no is looked for first (没有糊味 is a no)."""
        for value in ("no", "yes"):
            if _compiled(self._data["answers"][question][value]).search(text):
                return value
        return None

    def topic(self, table: str, text: str, default: str) -> str:
        """The first topic of a table whose words are in the text."""
        for name, pattern in self._data[table].items():
            if _compiled(pattern).search(text):
                return str(name)
        return default


def load_words(path: Path = WORDS) -> Words:
    return Words(yaml.safe_load(path.read_text("utf-8")))


@dataclass
class Site:
    """The county, the tickets and the prices that actions act on."""

    desk: TicketDesk
    registry: Registry
    tariff: Tariff
    settings: Settings
    words: Words = field(default_factory=load_words)

    def __post_init__(self) -> None:
        #: who of the staff is there now
        self.present = Present(self.registry)
