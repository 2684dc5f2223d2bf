"""What a storm left behind, as the database and the messages say: lost, doubled, call-backs, the busiest minute."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.bench.percentile import percentile
from bot.bench.storm.households import Seen
from bot.bench.storm.phones import Heard
from bot.database import Database
from bot.tickets.models import Call, Kind, Ticket, Utterance


def times(values: Sequence[float]) -> dict[str, float | int]:
    """Count, p50, p95, p99 and the longest (s)."""
    if not values:
        return {"count": 0}
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return {
        "count": len(values),
        **{name: round(percentile(values, share), 3) for name, share in shares.items()},
        "max": round(max(values), 3),
    }


def of_texts(seen: Seen, database: Database) -> dict[str, Any]:
    """Of households that wrote."""
    with database.reading() as session:
        rows = session.execute(select(Ticket.session, Ticket.kind).where(Ticket.session.like("web-%"))).all()
        told = session.execute(select(Utterance.session, Utterance.reply).where(Utterance.session.like("web-%"))).all()
        numbers = set(session.scalars(select(Ticket.ticket_no)))
    made = Counter((session, kind) for session, kind in rows)
    # Who reports what his household has reported before is a line on that ticket.
    has = {session for session, _ in made} | {one for one, reply in told if (reply or {}).get("ticket_no") in numbers}
    return {
        "answered_s": times(seen.answered),
        "told_that_it_is_kept_s": times(seen.kept),
        "kept_ones_answered_after_s": times(seen.later),
        "danger_answered_s": times(seen.danger),
        "refused": dict(seen.refused),
        "logged": len(seen.logged),
        "kept_without_ticket_yet": sum(session not in has for session in seen.waiting),
        "never_told_anything": seen.untold,
        "lost": sum(session not in has for session in seen.logged),
        "second_tickets": sum(count - 1 for count in made.values() if count > 1),
        "second_tickets_by_kind": dict(Counter(kind for (_, kind), count in made.items() if count > 1)),
    }


def of_calls(calls: Sequence[Heard], database: Database) -> dict[str, Any]:
    """Of those who called, by the way they came."""
    with database.reading() as session:
        ended = Counter(session.scalars(select(Call.outcome)))
        still_open = len(session.scalars(select(Call.id).where(Call.ended_at.is_(None))).all())
        listed = sum(
            one.get("also_reported", 0)
            for one in session.scalars(select(Ticket.facts).where(Ticket.session.like("calls-TD%")))
        )
        backs = Counter(session.scalars(select(Ticket.kind).where(Ticket.kind.in_((Kind.callback, Kind.unclear)))))
        rows = set(session.scalars(select(Call.id)))
    found: dict[str, Any] = {}
    for way in sorted({each.way for each in calls}):
        mine = [each for each in calls if each.way == way]
        fates = Counter(each.fate for each in mine)
        found[way] = {
            "calls": len(mine),
            **dict(fates.most_common()),
            "first_sound_s": times([each.first_sound_s for each in mine if each.first_sound_s is not None]),
            "refusal_known_s": times([each.known_s or 0.0 for each in mine if each.fate in ("busy", "unavailable")]),
            "rung_through_known_s": times([each.known_s or 0.0 for each in mine if each.fate == "rung through"]),
            "refused_with_retry_after": sum(each.retry_after for each in mine),
        }
    begun = [each for each in calls if each.way == "asterisk" and each.fate in ("answered", "rung through")]
    return {
        **found,
        "outcomes": dict(ended.most_common()),
        "rows_left_open": still_open,
        "without_row": sum(each.call_id not in rows for each in begun),
        "numbers_on_lists_of_an_outage": listed,
        "call_back_tickets": backs.get(Kind.callback, 0),
        "message_tickets": backs.get(Kind.unclear, 0),
    }


def busiest_minute(messages: Path) -> dict[str, int]:
    """Of what notifications.jsonl holds: messages, and how many one person had in their busiest minute, of danger and besides;
    only danger knows no limit."""
    lines = messages.read_text("utf-8").splitlines() if messages.exists() else []
    rows = [json.loads(line) for line in lines if line]
    minutes = Counter((row["urgent"], row["to"], row["at"][:16]) for row in rows)

    def busiest(urgent: bool) -> int:
        return max((count for (of_danger, *_), count in minutes.items() if of_danger is urgent), default=0)

    return {
        "messages": len(rows),
        "busiest_minute_of_a_person": busiest(False),
        "of_danger_besides": busiest(True),
    }
