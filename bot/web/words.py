"""The page's sentences, read from words.yml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.foundation.words import load


@dataclass(frozen=True)
class Words:
    """What residents read."""

    heard_near: str
    heard_far: str
    #: of a moment, for strftime
    moment: str
    examples: tuple[str, ...]
    #: to whoever writes while too many do
    waiting: str
    errors: dict[str, str]
    #: what is told of the ear: people, people_line, unmeasured, local, no_local, again; demo, short, better where Gege is tried
    ear: dict[str, str]


@cache
def words() -> Words:
    return load(Words, Path(__file__).with_name("words.yml"))
