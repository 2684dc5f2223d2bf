"""What a service that died again and again owes: looked up in its database, against what people were told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from bot.bench.crash.told import Told
from bot.database import now, open_database
from bot.tickets.models import Call, Notification, Ticket, Timer

#: tickets of these states owe nobody anything any more
_OVER = ("closed", "cancelled", "merged")


@dataclass(frozen=True)
class Findings:
    """All empty when the service kept its word."""

    #: conversations that were told that it is logged, and there is no ticket
    lost: list[str]
    #: conversations with two tickets
    double: list[str]
    #: conversations in which something was answered without a word
    empty: list[str]
    open_calls: list[str]
    calls_without_one_call_back: list[str]
    spoken_and_lost: list[str]
    #: open tickets that nothing is due for
    owe_nobody: list[str]
    #: rows that say that a message was sent, which the gateway never saw
    never_sent: list[int]
    #: due messages that were left
    left_owed: list[int]
    #: kept updates that nobody has handled, and answers that nobody was shown
    left_in_chats: list[str]
    #: tickets whose 接单 was answered, and that nobody has
    taken_and_lost: list[str]
    #: one number given to two
    same_number: list[str]
    #: what the database says of itself
    damaged: list[str]

    @property
    def clean(self) -> bool:
        return not any(vars(self).values())

    def named(self) -> list[str]:
        """What was found at all."""
        return [name for name, found in vars(self).items() if found]


def check(url: str, told: Told) -> Findings:
    """Look at the database of a service that has come to rest."""
    database = open_database(url)
    try:
        with database.reading() as session:
            return _check(session, told)
    finally:
        database.dispose()


def _check(session: Session, told: Told) -> Findings:
    tickets = list(session.scalars(select(Ticket)))
    waited_for = set(session.scalars(select(Timer.ticket_id)))
    # Of the reports of one outage, the first is waited for, and speaks for all.
    spoken_for = {one.outage_id for one in tickets if one.id in waited_for} - {None}
    of_session = Counter(ticket.session for ticket in tickets)
    of_number = Counter(ticket.reporter for ticket in tickets if ticket.channel == "phone")
    state = {ticket.ticket_no: ticket.state for ticket in tickets}
    return Findings(
        lost=[f"{one}: {words}" for one, words in told.acknowledged.items() if not of_session[one]],
        double=[one for one in told.conversations if of_session[one] > 1],
        empty=told.empty,
        open_calls=[
            f"{one.id}: {one.front_end} since {one.started_at:%H:%M:%S} UTC"
            for one in session.scalars(select(Call).where(Call.ended_at.is_(None)))
        ],
        calls_without_one_call_back=[f"{no}: {of_number[no]}" for no in told.broken_calls if of_number[no] != 1],
        spoken_and_lost=[number for number in told.spoken_calls if not of_number[number]],
        owe_nobody=[
            f"{one.ticket_no}: {one.kind}, {one.state}"
            for one in tickets
            if one.id not in waited_for and one.outage_id not in spoken_for and one.state not in _OVER
        ],
        never_sent=_never_sent(session, told),
        left_owed=list(
            session.scalars(
                select(Notification.id).where(Notification.state == "pending", Notification.due_at <= now())
            )
        ),
        left_in_chats=_left(session),
        taken_and_lost=sorted(no for no in told.taken if state.get(no, "reported") == "reported"),
        same_number=[no for no, count in Counter(one.ticket_no for one in tickets).items() if count > 1],
        damaged=_damaged(session),
    )


def _never_sent(session: Session, told: Told) -> list[int]:
    """One message may stand for several rows, which are then marked in the same moment: the gateway knows the first."""
    rows = session.execute(
        select(Notification.id, Notification.staff_no, Notification.sent_at).where(
            Notification.state == "sent", Notification.provider.contains("webhook")
        )
    ).all()
    groups: dict[tuple[object, ...], list[int]] = {}
    for id, *group in rows:
        groups.setdefault(tuple(group), []).append(id)
    return [ids[0] for ids in groups.values() if told.delivered.isdisjoint(ids)]


def _left(session: Session) -> list[str]:
    """The rows of messengers, by the names of their tables: that room stands above ours."""
    counted = {
        name: session.scalar(select(func.count()).select_from(text(name))) for name in ("kept_update", "owed_answer")
    }
    return [f"{name}: {count}" for name, count in counted.items() if count]


def _damaged(session: Session) -> list[str]:
    if session.get_bind().dialect.name != "sqlite":
        return []
    return [row[0] for row in session.execute(text("PRAGMA integrity_check")) if row[0] != "ok"]
