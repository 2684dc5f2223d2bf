"""Kinds of ticket: the pinned ones, and those that a site adds by a file of nlu/flows with names of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from bot.foundation.words import WordsBroken, load
from bot.grid.models import Role
from bot.settings import PROJECT
from bot.tickets.models import Kind

#: one file a topic; of these a ticket's kind is read, the rest is the conversation's
FLOWS = PROJECT / "nlu" / "flows"
#: only a flow that says how its kind is written makes a kind: the others are not even parsed
_NAMES_ONE = re.compile(r"^written:", re.MULTILINE)
#: what its finer acts are called
_CALLS_FINER = re.compile(r"^called:", re.MULTILINE)
#: as the tables keep it
_NAME = re.compile(r"[a-z][a-z_]{1,19}")
_OWNERS = (Role.manager, Role.team, Role.duty)


@dataclass(frozen=True)
class FurtherKind:
    """A kind of ticket that is not pinned; what it does not say is as with every ordinary kind."""

    kind: str
    #: in messages and on pages
    written: str
    #: to whoever reported it: 您讲的…
    spoken: str
    #: whose it is at first: manager, team or duty
    owner: str = Role.manager
    #: until it must be settled; 0: as the site has it for all others (service.deadlines.working_days.other)
    working_days: float = 0.0

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.kind):
            raise ValueError(f"kind: {self.kind!r} is no name: small letters and _, at most 20")
        if self.kind in Kind.__members__:
            raise ValueError(f"kind: {self.kind} has its names in bot/tickets/labels.yml; leave out written and spoken")
        if self.owner not in _OWNERS:
            raise ValueError(f"owner: {self.owner!r} owns no tickets; one of {', '.join(_OWNERS)}")
        if not self.written or not self.spoken or self.working_days < 0:
            raise ValueError(f"{self.kind}: a kind has a written and a spoken name, and days that are not negative")


@cache
def further() -> dict[str, FurtherKind]:
    """The kinds that flows add, by name. Raises WordsBroken for a file that names one badly, or one that stands twice."""
    found: dict[str, FurtherKind] = {}
    for file in sorted(FLOWS.glob("*.yml")) if FLOWS.is_dir() else ():
        if not _NAMES_ONE.search(file.read_text("utf-8")):
            continue
        one = _of(file)
        if one.kind in found:
            raise WordsBroken(f"{file}: {one.kind} is named by another file as well")
        found[one.kind] = one
    return found


def _of(file: Path) -> FurtherKind:
    values = load(dict[str, Any], file)
    try:
        return FurtherKind(**{one.name: values[one.name] for one in fields(FurtherKind) if one.name in values})
    except (TypeError, ValueError) as problem:
        raise WordsBroken(f"{file}: {problem}") from problem


@cache
def finer() -> dict[str, str]:
    """What a finer act of a kind is called (report_outage/low_voltage → 电压低), as the flows have it."""
    found: dict[str, str] = {}
    for file in sorted(FLOWS.glob("*.yml")) if FLOWS.is_dir() else ():
        if not _CALLS_FINER.search(file.read_text("utf-8")):
            continue
        flow = load(dict[str, Any], file)
        called = {str(act): str(name) for act, name in dict(flow["called"] or {}).items()}
        if usual := called.pop("", ""):
            found |= {act: usual for act in flow.get("begins", ()) if "/" in act}
        found |= called
    return found


def all_kinds() -> tuple[str, ...]:
    """Every kind that a ticket may have."""
    return (*map(str, Kind), *further())


def is_kind(name: str) -> bool:
    """Whether tickets of that kind are made."""
    return name in Kind.__members__ or name in further()


def owner_role(kind: str) -> Role:
    """Whose a ticket of that kind is at first."""
    one = further().get(kind)
    return Role(one.owner) if one else Role.manager
