"""The public faces of a ticket: what goes in (`Report`) and what is shown (`…Card`); no database rows leave here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.foundation.errors import Refused
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.tickets.kinds import all_kinds, is_kind


class TicketRefused(Refused):
    """The rules of the service do not allow this; the message says what stands against it."""


class NotYours(TicketRefused):
    """Somebody on the staff list whose case it is not (bot/tickets/access.py)."""


class TooLate(TicketRefused):
    """The ticket has ended: nothing was changed. `by` ended it at `since`."""

    def __init__(self, ticket_no: str, state: str, by: str, since: dt.datetime) -> None:
        super().__init__(f"{ticket_no} is {state} since {since:%Y-%m-%d %H:%M} UTC (by {by}): nothing was changed")
        self.by = by
        self.since = since


@dataclass(frozen=True)
class Report:
    """What a resident reported, as far as it is known; only `kind`, `said`, `session`, `caller` must be."""

    kind: str
    #: the resident's own words
    said: str
    session: str
    #: who reported it, and where to call back
    caller: Caller
    #: one utterance makes one ticket of a kind, however often it is replayed
    utterance_id: str | None = None
    place: str = ""
    householder: str = ""
    household_no: str | None = None
    grid_no: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    urgent: bool = False

    def __post_init__(self) -> None:
        if not is_kind(self.kind):
            raise ValueError(f"{self.kind!r} is no ticket kind; one of {', '.join(all_kinds())}")

    @classmethod
    def of(cls, heard: Heard, kind: str, **known: Any) -> Report:
        """The report of one utterance, and what else is `known` of it."""
        values: dict[str, Any] = {"said": heard.text, "utterance_id": heard.id, **known}
        return cls(kind=kind, session=heard.session, caller=heard.caller, **values)


@dataclass(frozen=True)
class TicketCard:
    """A ticket as it stood when it was read."""

    ticket_no: str
    kind: str
    state: str
    urgent: bool
    grid_no: str | None
    household_no: str | None
    reporter: str
    channel: str
    assurance: str
    session: str
    place: str
    householder: str
    said: str
    facts: Mapping[str, Any]
    #: staff_no of whoever has it, and how to reach them
    owner: str | None
    owner_name: str
    owner_phone: str
    opened_at: dt.datetime
    changed_at: dt.datetime

    @property
    def complained_of(self) -> frozenset[str]:
        """Staff numbers of those from whom it is kept."""
        return frozenset(self.facts.get("complained_of", ()))

    @property
    def caller(self) -> Caller:
        """Who reported it."""
        return Caller.from_json({"address": self.reporter, "channel": self.channel, "assurance": self.assurance})


@dataclass(frozen=True)
class Pressed(TicketCard):
    """The ticket as it stands after somebody pressed a button, and what the press did: all that an answer needs."""

    #: fresh: it was done now; already: somebody had done it, nothing changed; late: the ticket has ended
    outcome: str
    #: staff_no and name of whoever did it (now or before), or "resident"
    who: str
    who_name: str
    since: dt.datetime

    @property
    def ticket(self) -> TicketCard:
        """The card alone."""
        return self

    @property
    def fresh(self) -> bool:
        return self.outcome == "fresh"


@dataclass(frozen=True)
class DeadlineCard:
    """Something that is due about a ticket: on_site_due or resolve_due."""

    kind: str
    due_at: dt.datetime


@dataclass(frozen=True)
class ActivityCard:
    """One thing that was done to a ticket."""

    ticket_no: str
    at: dt.datetime
    kind: str
    by: str
    note: str
    detail: Mapping[str, Any]


@dataclass(frozen=True)
class NotificationCard:
    """One message that is or was owed to one person."""

    id: int
    ticket_no: str | None
    #: empty when it is news for a resident, who has no name here; `role` is then "resident"
    staff_no: str
    name: str
    role: str
    template: str
    urgent: bool
    #: pending, sent or dead
    state: str
    provider: str
    attempts: int
    created_at: dt.datetime
    due_at: dt.datetime
    sent_at: dt.datetime | None
    error: str
    #: of a resident; the address stays in the row
    channel: str = ""


@dataclass(frozen=True)
class CallCard:
    """One telephone call; `ended_at` is empty while it goes on."""

    id: str
    caller: str
    dialled: str
    diverting: str
    front_end: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    outcome: str
