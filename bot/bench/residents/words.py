"""The files that a simulated county is made of, read once: matters, personas, sentences, safety words, the judge's words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.foundation.words import load

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Kind:
    """One thing to call about (matters.yml)."""

    weight: float
    key: str
    kinds: tuple[str, ...] = ()
    may: bool = False
    urgent: bool = False
    danger: str = ""
    named: str = ""
    says: tuple[str, ...] = ()
    asks: bool = False
    alone: bool = False


@dataclass(frozen=True)
class Persona:
    """How somebody talks (personas.yml): shares from 0 to 1, patience in turns."""

    share: float
    place: float
    patience: int
    pieces: float = 0
    vague: float = 0
    tale: float = 0
    more: float = 0
    fixes: float = 0
    slips: float = 0
    strays: float = 0
    asks_back: float = 0
    unknown: float = 0
    deaf: float = 0
    waits: float = 0
    abuse: float = 0
    hurry: float = 0
    bare: float = 0
    child: float = 0
    after: float = 0


@dataclass(frozen=True)
class Danger:
    """What must and must not be said of one danger, and what is asked in the middle of it (safety.yml)."""

    needs: tuple[str, ...]
    asked: dict[str, str]
    unfit: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judged:
    """What the judge looks for in replies (judged.yml), as regular expressions."""

    never_said: tuple[str, ...]
    written: str
    promised: str
    unless: str
    of_the_household: str
    danger_words: str
    danger_unless: str
    not_understood: str
    logged: str
    not_logged: str
    slow: str


@dataclass(frozen=True)
class Said:
    """How a matter is said, and how it is said again to who did not understand."""

    say: tuple[str, ...]
    again: tuple[str, ...]


@dataclass(frozen=True)
class Sentences:
    """sentences.yml."""

    matters: dict[str, Said]
    whose: dict[str, tuple[str, ...]]
    who: dict[str, tuple[str, ...]]
    at: tuple[str, ...]
    placed: dict[str, tuple[str, ...]]
    holder: tuple[str, ...]
    greetings: tuple[str, ...]
    requests: tuple[str, ...]
    facts: dict[str, tuple[str, ...]]
    tales: dict[str, tuple[str, ...]]
    vague: tuple[str, ...]
    child: dict[str, tuple[str, ...]]
    rude: tuple[str, ...]
    hurry: tuple[str, ...]
    strays: tuple[str, ...]
    asks_back: tuple[str, ...]
    deaf: tuple[str, ...]
    waits: tuple[str, ...]
    waited: tuple[str, ...]
    yes: tuple[str, ...]
    bare_yes: tuple[str, ...]
    no: tuple[str, ...]
    unknown: tuple[str, ...]
    answers: dict[str, tuple[str, ...]]
    corrects: tuple[str, ...]
    not_that: tuple[str, ...]
    nothing_else: tuple[str, ...]
    fixes: tuple[str, ...]
    second: tuple[str, ...]
    after: tuple[str, ...]
    in_danger: dict[str, tuple[str, ...]]
    phone: tuple[str, ...]
    thanks: tuple[str, ...]
    bye: tuple[str, ...]
    clean: tuple[str, ...]


@lru_cache(maxsize=1)
def matters() -> dict[str, Kind]:
    """Everything that is called about."""
    return load(dict[str, Kind], _HERE / "matters.yml")


@lru_cache(maxsize=1)
def personas() -> dict[str, Persona]:
    """Everybody who calls."""
    return load(dict[str, Persona], _HERE / "personas.yml")


@lru_cache(maxsize=1)
def dangers() -> dict[str, Danger]:
    """Safety words by what is in danger."""
    return load(dict[str, Danger], _HERE / "safety.yml")


@lru_cache(maxsize=1)
def judged() -> Judged:
    """What the judge looks for."""
    return load(Judged, _HERE / "judged.yml")


@lru_cache(maxsize=1)
def sentences() -> Sentences:
    """What residents say."""
    return load(Sentences, _HERE / "sentences.yml")


@lru_cache(maxsize=1)
def questions() -> dict[str, str]:
    """Questions as residents hear them, the first that fits: name → regular expression over a sentence of a reply."""
    return load(dict[str, str], _HERE / "questions.yml")
