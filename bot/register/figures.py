"""What of the register stands in the month's report: how much was done, and how content the surveyed are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import func, select

from bot.database import Database
from bot.register.book import state_now
from bot.register.kind_files import Done, Kinds
from bot.register.models import NOTHING, Entry, EntryState
from bot.register.survey import share_of
from bot.statistics.month import Further, Share
from bot.tickets.models import Ticket


def of_month(database: Database, kinds: Kinds, begin: dt.date, end: dt.date) -> Sequence[Further]:
    """A figure a kind with entries from `begin` up to, not including, `end`: wishes as done of entered. Blocks."""
    within = (Entry.day >= begin, Entry.day < end)
    query = (
        select(Entry.kind, state_now, func.count(Entry.id))
        .outerjoin(Ticket, Ticket.id == Entry.ticket_id)
        .where(*within)
        .group_by(Entry.kind, state_now)
    )
    asks = [one.kind for one in kinds.values() if any(field.good or field.bad for field in one.fields)]
    content: dict[str, Share] = {}
    with database.reading() as session:
        counts: dict[str, dict[str, int]] = {}
        for kind, state, count in session.execute(query):
            counts.setdefault(kind, {})[state] = int(count)
        for kind, values in session.execute(
            select(Entry.kind, Entry.fields).where(Entry.kind.in_(asks), Entry.state != EntryState.removed, *within)
        ):
            content[kind] = content.get(kind, Share()) + share_of(kinds, kind, values)
    found = []
    for kind in kinds.values():
        states = counts.get(kind.kind, {})
        count = sum(number for state, number in states.items() if state not in NOTHING)
        if not count:
            continue
        share = content.get(kind.kind)
        if kind.done == Done.said:
            share = Share(states.get(EntryState.done, 0), count)
        found.append(Further(kind.words, count, share))
    return found
