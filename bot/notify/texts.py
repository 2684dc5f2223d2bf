"""What staff read: texts of texts.yml filled with a ticket, masked, short enough for a lock screen."""

from __future__ import annotations

import datetime as dt
import functools
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.foundation.words import load
from bot.grid.location import HouseholdCard
from bot.grid.models import Role
from bot.notify.harmless import harmless
from bot.notify.masking import mask, surname
from bot.notify.provider import Message
from bot.tickets.labels import labels
from bot.tickets.reporter import GRID_TOLD
from bot.tickets.rules import usual_rules

DATA = Path(__file__).with_name("texts.yml")
#: characters of what was said, and of what was said since, that a message shows
_SAID, _LATER = 200, 100


@dataclass(frozen=True)
class Case:
    """What a message is about: a ticket, its household, and what the event added. All raw; `render` masks."""

    ticket_no: str = ""
    kind: str = ""
    state: str = ""
    urgent: bool = False
    channel: str = ""
    grid_no: str = ""
    #: the community of the household, empty when the household is unknown
    community: str = ""
    place: str = ""
    householder: str = ""
    #: the householder as the registry has it
    registered: str = ""
    household_no: str = ""
    reporter: str = ""
    said: str = ""
    #: what the resident said of it since, newest last
    later: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    owed: bool = False
    months_owed: int = 0
    owner: str = ""
    #: since the report
    minutes: int = 0
    #: of the notification: note, reason, person, minutes
    detail: Mapping[str, Any] = field(default_factory=dict)
    #: householders of the registry whose names are in what was said
    names: tuple[str, ...] = ()
    #: of the site
    zone: dt.tzinfo = field(default_factory=lambda: usual_rules().hours.zone)
    #: what is said about an outage, ready to be read
    outage: Mapping[str, str] = field(default_factory=dict)
    #: staff numbers of those among the message's readers who may open the case (bot/tickets/access.py)
    readers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Digest:
    heading: str
    heading_all: str
    line: str
    supervise: str
    outage: str
    more: str


@dataclass(frozen=True)
class _Clock:
    full: str
    minutes: str


@dataclass(frozen=True)
class _Texts:
    """texts.yml."""

    templates: dict[str, tuple[str, ...]]
    digest: _Digest
    buttons: dict[str, str]
    urgent: str
    area_unknown: str
    longer: str
    console: str
    between: str
    master: str
    somebody: str
    clock: _Clock
    stuck: dict[str, str]
    ratings: dict[str, str]
    outages: dict[str, str]
    registry: dict[str, str]
    facts: dict[str, dict[str, str]]
    values: dict[str, str]
    #: facts that only who is trusted with the registry reads
    confidential: frozenset[str]
    #: what others read instead
    look: str


@functools.cache
def _texts() -> _Texts:
    return load(_Texts, DATA)


def button(verb: str) -> str:
    """What a button says."""
    return _texts().buttons[verb]


def first_to_see(count: int) -> str:
    """How many of an outage's households are to be looked after first."""
    return _texts().outages["first"].format(count=count)


def heading(message: Message) -> str:
    """The line above a message on the console."""
    texts = _texts()
    urgent = texts.urgent if message.urgent else ""
    fields = {"ticket_no": message.ticket_no, "name": message.name, "role": labels().role(message.role)}
    return texts.console.format(**fields, urgent=urgent)


def render(template: str, case: Case, role: str, trusted: bool = False) -> str:
    """The text of one message to a person of `role`. A supervisor reads kind, state and delay only.

    Names, telephone and account numbers, and doors are masked; `trusted` adds address, householder and
    call-back number in full."""
    texts = _texts()
    if role == Role.supervisor:
        template, trusted = "supervise", False
    fields = _fields(case, trusted)
    if template == "unacknowledged" and "minutes" in case.detail:
        fields["minutes"] = str(case.detail["minutes"])
    lines = texts.templates.get(template, texts.templates["reported"])
    return "\n".join(line.format(**fields) for line in lines if _complete(line, fields))


@dataclass(frozen=True)
class StaffText:
    """A message as staff read it. It is no string, and does not become one by accident: whoever shows it says for whom."""

    _words: str

    def read_by_staff(self) -> str:
        """The words, for a page or a messenger of staff."""
        return self._words

    def __str__(self) -> str:
        raise TypeError("what staff read is not printed: call read_by_staff()")


def for_staff(template: str, case: Case, role: str) -> StaffText:
    """What `render` makes, for a page of staff's."""
    return StaffText(render(template, case, role))


def digest(cases: Sequence[Case], role: str, most: int) -> str:
    """One message for many: how many, then a line each (`most` of them)."""
    texts = _texts()
    words = texts.digest
    line = words.supervise if role == Role.supervisor else words.line
    lines = [(words.outage if case.outage else line).format(**_fields(case, False)) for case in cases[:most]]
    if len(cases) > most:
        lines.append(words.more.format(count=len(cases) - most))
    return "\n".join([words.heading.format(count=len(cases)), *lines])


def digest_for_all(told: Sequence[tuple[str, str, Case]]) -> str:
    """One message for several readers of one room: (name, role, case) each; a line a case, with whom it is for."""
    words = _texts().digest
    lines: dict[str, tuple[str, list[str]]] = {}
    for name, role, case in told:
        line = words.supervise if role == Role.supervisor else words.line
        text = (words.outage if case.outage else line).format(**_fields(case, False))
        readers = lines.setdefault(case.ticket_no or text, (text, []))[1]
        if name not in readers:
            readers.append(name)
    heading = words.heading_all.format(count=len(lines))
    return "\n".join([heading, *(f"{text} @{' @'.join(names)}" for text, names in lines.values())])


def _complete(line: str, fields: Mapping[str, str]) -> bool:
    names = [name for _, name, _, _ in string.Formatter().parse(line) if name]
    return all(fields.get(name) or name == "urgent" for name in names)


def _fields(case: Case, trusted: bool) -> dict[str, str]:
    texts = _texts()
    secrets = (case.householder, case.registered, case.household_no, case.reporter, *case.names)
    full = case if trusted else Case()
    note = str(case.detail.get("note", ""))
    later = texts.between.join(one for one in case.later if one != note and one not in case.said)
    found = {
        "ticket_no": case.ticket_no,
        "kind": labels().kind(case.kind),
        "state": labels().state(case.state),
        "urgent": texts.urgent if case.urgent else "",
        "grid_no": case.grid_no,
        "area": case.community or mask(case.place, secrets) or texts.area_unknown,
        "said": _cut(case.said if trusted else mask(case.said, secrets), _SAID),
        "later": _cut(later if trusted else mask(later, secrets), _LATER),
        "facts": texts.between.join(_decisive(case, trusted, secrets)),
        "minutes": str(case.minutes),
        "owner": case.owner,
        "note": _cut(note if trusted else mask(note, secrets), _SAID),
        # A manager to whom only a 户号 or a name led is not named to whoever reported.
        "who": _who("" if GRID_TOLD in case.facts else case.owner),
        "station_phone": str(case.detail.get("station_phone", "")),
        "restore_at": clock(case.detail.get("restore_at"), case.zone),
        "missing_since": clock(case.detail.get("missing_since"), case.zone),
        "missing_until": clock(case.detail.get("missing_until"), case.zone),
        "reason": str(case.detail.get("reason", "")),
        "code": str(case.detail.get("code", "")),
        "person": str(case.detail.get("person", "")),
        "full_place": full.place,
        "full_householder": full.householder or full.registered,
        "full_reporter": full.reporter,
        "rated": texts.ratings.get(rated := str(case.detail.get("rated", "")), rated),
        **case.outage,
    }
    # Whatever a resident, or anybody, has put into a field: the only markup, links and lines are our own.
    return {name: harmless(value) for name, value in found.items()} | {"stuck": _stuck(case.detail.get("stuck") or {})}


def _cut(words: str, most: int) -> str:
    """Not more than `most` characters of what was said, and how many more there are."""
    if len(words) <= most:
        return words
    return words[:most] + _texts().longer.format(count=len(words) - most)


def _who(owner: str) -> str:
    """程远 is 程师傅; who has no surname (a duty desk) is somebody."""
    texts = _texts()
    found = surname(owner)
    return texts.master.format(surname=found) if found else texts.somebody


def clock(instant: str | None, zone: dt.tzinfo) -> str:
    """An instant as residents of the site's zone say it: 11月23日12点30分."""
    if not instant:
        return ""
    at = dt.datetime.fromisoformat(instant).astimezone(zone)
    pattern = _texts().clock.minutes if at.minute else _texts().clock.full
    return pattern.format(month=at.month, day=at.day, hour=at.hour, minute=at.minute)


def _stuck(found: Mapping[str, Any]) -> str:
    """The auditor's findings, one line a kind."""
    texts = _texts()
    return "\n".join(
        texts.stuck[kind].format(count=one["count"], first=texts.between.join(one["first"])).rstrip()
        for kind, one in found.items()
        if kind in texts.stuck
    )


def _decisive(case: Case, trusted: bool, secrets: Sequence[str]) -> list[str]:
    """What helps to decide: owed, cut off, vulnerable, smell, neighbours, who is ill, since when; known values only.

    What the registry says of a household (it owes, it is to be cared for) and a number to ring go only by a trusted way;
    elsewhere the reader is told to look into the case."""
    texts = _texts()
    registry = texts.registry
    flags: list[str] = []
    if case.owed:
        flags.append(registry["owed"].format(months=case.months_owed) if case.months_owed else registry["owed_some"])
    flags += [registry[tag] for tag in case.tags if tag in registry]
    found = flags if trusted else []
    kept_back = bool(flags)
    for name, value in case.facts.items():
        said = _fact(name, value if trusted else mask(value, secrets) if isinstance(value, str) else value)
        if said and name in texts.confidential and not trusted:
            kept_back = True
        elif said:
            found.append(said)
    if kept_back and not trusted:
        found.append(texts.look)
    return list(dict.fromkeys(found))


def noted(facts: Mapping[str, Any], household: HouseholdCard | None) -> StaffText:
    """What helps to decide, for whoever has signed in to see the case: all that is known of it and of its household."""
    owes = household is not None and household.balance < 0
    case = Case(
        facts=facts,
        tags=tuple(household.tags) if household else (),
        owed=owes,
        months_owed=household.months_owed if household else 0,
    )
    return StaffText(_texts().between.join(_decisive(case, True, ())))


def _fact(name: str, value: Any) -> str:
    """One fact as it is read; empty for what staff need not read."""
    if name == "act":
        return labels().act(str(value))
    texts = _texts()
    if said := texts.facts.get(name, {}).get(_plain(value)):
        return said
    told = value not in (None, "", "no", "unsure", False) and name in texts.values
    return texts.values[name].format(value=value) if told else ""


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
