"""What a service that died again and again owes: looked up in its database, against what residents were told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import select

from bot.database import open_database
from bot.tickets.models import Call, Ticket, Timer


@dataclass
class Told:
    """What residents saw, kept outside of the service."""

    #: conversation → words in which they were told that it is logged
    acknowledged: dict[str, str] = field(default_factory=dict)
    conversations: set[str] = field(default_factory=set)
    #: conversations in which something was answered without a word
    empty: list[str] = field(default_factory=list)
    #: numbers of callers who heard Gege, and whose call broke off
    broken_calls: list[str] = field(default_factory=list)
    kills: int = 0
    answers: int = 0
    starts_s: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Findings:
    """All empty when the service kept its word."""

    lost: list[str]
    double: list[str]
    empty: list[str]
    open_calls: list[str]
    calls_without_one_call_back: list[str]
    owe_nobody: list[str]

    @property
    def clean(self) -> bool:
        return not any(vars(self).values())


def check(url: str, told: Told) -> Findings:
    """Look at the database of a service that has come to rest."""
    database = open_database(url)
    try:
        with database.reading() as session:
            tickets = list(session.scalars(select(Ticket)))
            waited_for = set(session.scalars(select(Timer.ticket_id)))
            open_calls = list(session.scalars(select(Call.id).where(Call.ended_at.is_(None))))
    finally:
        database.dispose()
    of_session = Counter(ticket.session for ticket in tickets)
    call_backs = Counter(ticket.reporter for ticket in tickets if ticket.channel == "phone")
    return Findings(
        lost=[f"{one}: {words}" for one, words in told.acknowledged.items() if not of_session[one]],
        double=[one for one in told.conversations if of_session[one] > 1],
        empty=told.empty,
        open_calls=open_calls,
        calls_without_one_call_back=[number for number in told.broken_calls if call_backs[number] != 1],
        owe_nobody=[one.ticket_no for one in tickets if one.id not in waited_for],
    )
