"""Kinds of entries: one YAML file each, ours in kinds/ and a site's own in GEGE_HOME/register/."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.foundation.errors import Refused
from bot.foundation.words import load
from bot.grid.location import HouseholdCard
from bot.grid.models import Role

OURS = Path(__file__).with_name("kinds")
_NAME = re.compile(r"[a-z][a-z_]{1,19}")
#: households of a due rule beside tags of the registry and kind:NAME (those with such an entry)
ALL, DEBT, WITH = "all", "debt", "kind:"
#: roles of those who are here; a supervisor, who is no employee, may enter where a kind says so
ROLES = frozenset(role for role in Role if role is not Role.left)


class KindWrong(Refused):
    """A kind's file cannot be used; the message says file, key and what to write."""


class Type(enum.StrEnum):
    """What a field holds."""

    text = "text"
    number = "number"
    date = "date"
    choice = "choice"
    yes_no = "yes_no"
    household = "household"
    community = "community"
    photo = "photo"


class Done(enum.StrEnum):
    """When an entry is done: with being entered, or when the person whom it is for says so."""

    entered = "entered"
    said = "said"


@dataclass(frozen=True)
class Field:
    """One field.

    `ahead`: a date that lies so many days in front of us at least; `missed`: answers that say that it did not take place,
    so that it stays due; `good`, `bad`: answers that a survey counts; `quick`: numbers that are offered to a thumb;
    `usual: me` in a text is the name of whoever enters.
    """

    name: str
    words: str
    type: str = Type.text
    needed: bool = False
    options: dict[str, str] = field(default_factory=dict)
    #: what stands there already
    usual: str = ""
    lines: int = 1
    ahead: int | None = None
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()
    missed: tuple[str, ...] = ()
    quick: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name: {self.name!r} is no name: small letters and _, 2 to 20")
        if self.type not in Type.__members__:
            raise ValueError(f"{self.name}.type: {self.type!r} is no type; one of {', '.join(Type)}")
        if (self.type == Type.choice) != bool(self.options):
            raise ValueError(f"{self.name}.options: a choice has options, and nothing else has")
        if self.quick and self.type != Type.number:
            raise ValueError(f"{self.name}.quick: numbers are offered for a number, this is a {self.type}")
        strange = [one for one in (self.usual, *self.good, *self.bad, *self.missed) if one and one not in self.options]
        if self.type == Type.choice and strange:
            raise ValueError(f"{self.name}: {strange[0]!r} is none of its options {', '.join(self.options)}")


@dataclass(frozen=True)
class Due:
    """When something of a kind is due; exactly one of `every`, `after`, `date`, `once` says from when.

    `every` so many days; `after` an entry of another kind (or its own) and `days`; the `date` that a field of its own
    entries holds, and `days`; `once` for each. Of which households: `of`."""

    name: str
    #: what stands on the day's list
    words: str
    every: int = 0
    after: str = ""
    date: str = ""
    days: int = 0
    once: bool = False
    of: tuple[str, ...] = (ALL,)
    communities: bool = False
    #: a manager's day has room for so many of it; 0: as many as there are
    a_day: int = 0
    hurry: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"name: {self.name!r} is no name: small letters and _, 2 to 20")
        ways = [name for name in ("every", "after", "date", "once") if getattr(self, name)]
        if len(ways) != 1:
            raise ValueError(f"{self.name}: write one of every, after, date, once; found {', '.join(ways) or 'none'}")
        if min(self.every, self.days, self.a_day) < 0:
            raise ValueError(f"{self.name}: days are not negative")
        if not self.of:
            raise ValueError(f"{self.name}.of: write {ALL}, {DEBT}, a tag of the registry, or {WITH}NAME")

    def may_be_about(self, household: HouseholdCard) -> bool:
        """Whether a household, as it is today, is one of those."""
        return any(
            one == ALL or one.startswith(WITH) or one in household.tags or (one == DEBT and household.balance < 0)
            for one in self.of
        )


@dataclass(frozen=True)
class Kind:
    """One kind, as its file has it."""

    kind: str
    words: str
    fields: tuple[Field, ...]
    enters: frozenset[str]
    order: int = 100
    done: str = Done.entered
    #: who takes it on, where somebody has to
    claims: frozenset[str] = frozenset()
    #: tickets of this kind are entries of this kind
    ticket: str = ""
    due: tuple[Due, ...] = ()
    #: one line for whoever enters
    hint: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.kind):
            raise ValueError(f"kind: {self.kind!r} is no name: small letters and _, 2 to 20")
        if self.done not in Done.__members__:
            raise ValueError(f"done: {self.done!r}; write entered or said")
        for key in ("enters", "claims"):
            if strange := sorted(getattr(self, key) - ROLES):
                raise ValueError(f"{key}: {strange[0]!r} is no role; one of {', '.join(sorted(ROLES))}")
        if not self.enters:
            raise ValueError(f"enters: nobody may enter it; write some of {', '.join(sorted(ROLES))}")
        if (self.done == Done.said) != bool(self.claims):
            raise ValueError("claims: who takes it on is written where done is said, and only there")
        names = [one.name for one in self.fields]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"fields: {twice} stands there twice")
        for single in (Type.household, Type.community):
            if sum(one.type == single for one in self.fields) > 1:
                raise ValueError(f"fields: one {single} is all that an entry is about")
        for rule in self.due:
            said = self.of(rule.date)
            if rule.date and (said is None or said.type != Type.date):
                raise ValueError(f"due.{rule.name}.date: {rule.date!r} is no date field of this kind")
        rules = [one.name for one in self.due]
        if len(set(rules)) != len(rules):
            raise ValueError("due: two rules have one name")

    def of(self, name: str) -> Field | None:
        """A field by its name."""
        return next((one for one in self.fields if one.name == name), None)

    def typed(self, kind: Type) -> Field | None:
        """The first field of a type."""
        return next((one for one in self.fields if one.type == kind), None)


class Kinds(Mapping[str, Kind]):
    """The kinds of one site in their order. A site's file that is wrong is left out, and `problems` says why: the
    telephone is answered whatever somebody wrote there."""

    def __init__(self, kinds: Iterable[Kind], problems: Iterable[str] = ()) -> None:
        self._kinds = {one.kind: one for one in sorted(kinds, key=lambda one: (one.order, one.kind))}
        self.problems = tuple(problems)

    def __getitem__(self, name: str) -> Kind:
        return self._kinds[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    def words(self, name: str) -> str:
        """What a kind is called; its name where its file is gone."""
        return self._kinds[name].words if name in self._kinds else name

    def entered_by(self, role: str) -> list[Kind]:
        """Kinds that a role may enter."""
        return [one for one in self._kinds.values() if role in one.enters]

    def claimed_by(self, role: str) -> list[str]:
        """Names of the kinds that a role may take on."""
        return [one.kind for one in self._kinds.values() if role in one.claims]

    def next_day(
        self, kind: str, day: dt.date, values: Mapping[str, Any], household: HouseholdCard | None = None
    ) -> tuple[dt.date, str] | None:
        """When something is next due by an entry of a kind about a household, and what; None when nothing is."""
        found = []
        for one in self._kinds.values():
            for rule in one.due:
                if household is not None and not rule.may_be_about(household):
                    continue
                if rule.after == kind:
                    found.append((day + dt.timedelta(rule.days), rule.words))
                elif rule.every and one.kind == kind:
                    found.append((day + dt.timedelta(rule.every), rule.words))
                elif rule.date and one.kind == kind and (said := values.get(rule.date)):
                    found.append((dt.date.fromisoformat(said) + dt.timedelta(rule.days), rule.words))
        return min(found, default=None)


def read_kinds(home: Path) -> Kinds:
    """Ours and a site's own; a site's file with the name of one of ours stands in its place."""
    kinds = {one.kind: one for one in (_read(file) for file in sorted(OURS.glob("*.yml")))}
    problems = []
    for file in sorted((home / "register").glob("*.yml")):
        try:
            one = _read(file)
            if one.kind != file.stem:
                raise KindWrong(f"{file}: kind: {one.kind!r} must be the file's own name, {file.stem!r}")
            kinds[one.kind] = one
        except KindWrong as problem:
            problems.append(str(problem))
    for one in kinds.values():
        problems += [_strange(one, rule, name) for rule in one.due for name in _named(rule) if name not in kinds]
    return Kinds(kinds.values(), problems)


def _named(rule: Due) -> list[str]:
    """Kinds that a rule speaks of."""
    return [*filter(None, [rule.after]), *(one.removeprefix(WITH) for one in rule.of if one.startswith(WITH))]


def _strange(kind: Kind, rule: Due, name: str) -> str:
    return f"{kind.kind}.yml: due.{rule.name}: there is no kind {name!r}; add register/{name}.yml or correct the name"


def _read(file: Path) -> Kind:
    return load(Kind, file, fault=KindWrong)
