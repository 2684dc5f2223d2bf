"""grammar.yml, typed, and the expressions in it ready to use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from bot.foundation.words import load

_FILE = Path(__file__).with_name("grammar.yml")


@dataclass(frozen=True)
class PartWords:
    """How one part of an address is written and said."""

    after: tuple[str, ...]
    lead: tuple[str, ...]
    said: tuple[str, ...]


@dataclass(frozen=True)
class _File:
    parts: dict[str, PartWords]
    stems: str
    community_suffixes: tuple[str, ...]
    name_suffixes: tuple[str, ...]
    run: str
    taken_back: str
    not_but: str
    either: str
    beside: str
    community: str
    whole: str
    counted: str
    everyday: str
    holder: str
    surname: str
    holder_tail: str
    account: str
    fillers: dict[str, float]
    outside: tuple[str, ...]
    outside_more: str
    village: str
    away: str
    away_before: str
    landmark: str
    between: str
    not_between: str
    goes_on: str
    also: str


class Grammar:
    """How places are written and said."""

    def __init__(self, file: _File) -> None:
        self.file = file
        self.parts = file.parts
        self.kinds = tuple(file.parts)

    def _compiled(self, pattern: str) -> re.Pattern[str]:
        return re.compile(pattern.replace("{run}", f"(?:{self.file.run})"))

    @cached_property
    def run(self) -> re.Pattern[str]:
        """A number with its mark."""
        return re.compile(self.file.run)

    @cached_property
    def taken_back(self) -> re.Pattern[str]:
        return self._compiled(self.file.taken_back)

    @cached_property
    def not_but(self) -> re.Pattern[str]:
        return self._compiled(self.file.not_but)

    @cached_property
    def either(self) -> re.Pattern[str]:
        return self._compiled(self.file.either)

    @cached_property
    def beside(self) -> re.Pattern[str]:
        return self._compiled(self.file.beside)

    @cached_property
    def community(self) -> re.Pattern[str]:
        return self._compiled(self.file.community)

    @cached_property
    def whole(self) -> re.Pattern[str]:
        return self._compiled(self.file.whole)

    @cached_property
    def elsewise(self) -> re.Pattern[str]:
        """What is no place: what counts something else, and everyday words."""
        return self._compiled(f"(?:{self.file.counted})|(?:{self.file.everyday})")

    @cached_property
    def holder(self) -> re.Pattern[str]:
        return self._compiled(self.file.holder)

    @cached_property
    def surname(self) -> re.Pattern[str]:
        return self._compiled(self.file.surname)

    @cached_property
    def holder_tail(self) -> re.Pattern[str]:
        return self._compiled(self.file.holder_tail)

    @cached_property
    def account(self) -> re.Pattern[str]:
        return self._compiled(self.file.account)

    @cached_property
    def outside(self) -> re.Pattern[str]:
        return self._compiled("|".join(map(re.escape, self.file.outside)))

    @cached_property
    def village(self) -> re.Pattern[str]:
        return self._compiled(self.file.village)

    @cached_property
    def away(self) -> re.Pattern[str]:
        return self._compiled(self.file.away)

    @cached_property
    def away_before(self) -> re.Pattern[str]:
        return self._compiled(self.file.away_before)

    @cached_property
    def landmark(self) -> re.Pattern[str]:
        return self._compiled(self.file.landmark)

    @cached_property
    def not_between(self) -> re.Pattern[str]:
        return self._compiled(self.file.not_between)

    @cached_property
    def goes_on(self) -> re.Pattern[str]:
        return self._compiled(self.file.goes_on)

    @cached_property
    def also(self) -> re.Pattern[str]:
        return self._compiled(self.file.also)

    @cached_property
    def outside_more(self) -> re.Pattern[str]:
        return self._compiled(self.file.outside_more)


@lru_cache(maxsize=1)
def grammar() -> Grammar:
    """The house's grammar. Raises WordsBroken when the file is damaged."""
    return Grammar(load(_File, _FILE))


def core(name: str, suffixes: tuple[str, ...]) -> str:
    """A name without its kind: 桃溪社区 → 桃溪; "" when less than two characters are left, or it has none."""
    for suffix in sorted(suffixes, key=len, reverse=True):
        if name.endswith(suffix) and len(name) - len(suffix) >= 2:
            return name[: -len(suffix)]
    return ""
