"""Holds what the database says of each call against what its players know: one end each, and the right one."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import or_, select

from bot.bench.calls.stories import INSTALLED, TRUNK, Drawn
from bot.bench.exchange.people import Gap
from bot.bench.exchange.phones import TAKEN
from bot.bench.percentile import percentile
from bot.database import Database
from bot.tickets.models import Activity, Call, Kind, Ticket
from bot.voice.prompts import prompts

#: what can become of a call
COMPLETE, OWED, REACHED, NOTHING = "ticket complete", "call-back owed", "person reached", "nothing"
#: two people who talked so long (s) have reached each other; below the lower bound they have not
TALKED_S, NOT_TALKED_S = 3.1, 2.6
#: silence that a caller takes for a dead line; and that while the case is told (s)
DEAD_S, WHISPER_S = 1.5, 0.2
#: a call is settled at the latest after this (s)
SETTLED_S = 10.0


@dataclass
class Played:
    """What the players of one call know."""

    drawn: Drawn
    #: how long caller and staff heard each other (s)
    talked_s: float = 0.0
    #: the caller heard that his report is logged, and after that asked for nobody
    logged: bool = False
    confirmed: bool = False
    asked: bool = False
    #: who was rung, and what his telephone did
    rung: tuple[str, ...] = ()
    first_audio_s: float | None = None
    gaps: tuple[Gap, ...] = ()
    whispers: tuple[float, ...] = ()
    over_at: dt.datetime | None = None
    problems: tuple[str, ...] = ()

    @property
    def expected(self) -> frozenset[str]:
        """What may have become of the call, given what happened."""
        if self.talked_s >= TALKED_S:
            return frozenset({REACHED})
        if self.talked_s > NOT_TALKED_S:
            return frozenset({REACHED, OWED})
        if self.logged:
            # Who asked for a person besides, and got none, is called back about the ticket.
            return frozenset({OWED} if self.rung or self.asked else {COMPLETE})
        return frozenset({OWED, COMPLETE} if self.confirmed else {OWED})


@dataclass
class Kept:
    """What the database holds of one call."""

    rows: list[Call] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    #: how often a ticket says that nobody was reached
    unreached: int = 0

    @property
    def outcome(self) -> str:
        """What became of the call."""
        if any(row.outcome == "handed_over" for row in self.rows):
            return REACHED
        if any("call_back" in each.facts or each.kind in (Kind.callback, Kind.unclear) for each in self.tickets):
            return OWED
        return COMPLETE if self.tickets else NOTHING


@dataclass(frozen=True)
class Verdict:
    """One call and what is wrong with it."""

    played: Played
    outcome: str
    violations: tuple[str, ...]
    settled_s: float | None
    #: as the rows name it, and the tickets' kinds
    rows: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


def kept_of(database: Database) -> dict[str, Kept]:
    """What there is of each caller, by number."""
    found: dict[str, Kept] = {}
    with database.reading() as session:
        for row in session.scalars(select(Call)):
            found.setdefault(row.caller, Kept()).rows.append(row)
        for ticket in session.scalars(select(Ticket).where(or_(Ticket.reporter != "", Ticket.session != ""))):
            found.setdefault(ticket.reporter, Kept()).tickets.append(ticket)
        noted = Counter(
            ticket_id
            for (ticket_id,) in session.execute(
                select(Activity.ticket_id).where(Activity.note == prompts().unreached_note)
            )
        )
        session.expunge_all()
    for kept in found.values():
        kept.unreached = max((noted[each.id] for each in kept.tickets), default=0)
    return found


def judge(played: Played, kept: Kept) -> Verdict:
    """What is wrong with one call, by name."""
    wrong: list[str] = list(played.problems)
    if not kept.rows:
        wrong.append("no row")
    if len(kept.rows) > 1:
        wrong.append("two rows")
    if any(row.ended_at is None for row in kept.rows):
        wrong.append("left open")
    outcome = kept.outcome
    if outcome not in played.expected:
        if outcome == REACHED:
            wrong.append("handed over without a talk")
        elif outcome == NOTHING:
            wrong.append("lost")
        else:
            wrong.append(f"{outcome}, not {' or '.join(sorted(played.expected))}")
    if len(kept.tickets) > 1:
        wrong.append("two tickets")
    if kept.unreached > 1:
        wrong.append("noted twice")
    wrong += [f"silence ({gap.stage})" for gap in played.gaps if gap.seconds > DEAD_S]
    if any(each > WHISPER_S for each in played.whispers):
        wrong.append("silence at the whisper")
    ended = max((row.ended_at for row in kept.rows if row.ended_at), default=None)
    settled = (ended - played.over_at).total_seconds() if ended and played.over_at else None
    return Verdict(
        played,
        outcome,
        tuple(dict.fromkeys(wrong)),
        max(0.0, settled) if settled is not None else None,
        tuple(row.outcome for row in kept.rows),
        tuple(ticket.kind for ticket in kept.tickets),
    )


def at(values: Sequence[float], share: float) -> float | None:
    """The value below which that share lies; None of nothing."""
    return round(percentile(values, share), 3) if values else None


def figures(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """All that is measured, as plain values."""
    wrong = Counter(name for each in verdicts for name in each.violations)
    stories: dict[str, Counter[str]] = {}
    for each in verdicts:
        story = stories.setdefault(each.played.drawn.story.name, Counter())
        story[each.outcome] += 1
        story["violations"] += bool(each.violations)
    first = [each.played.first_audio_s for each in verdicts if each.played.first_audio_s is not None]
    settled = [each.settled_s for each in verdicts if each.settled_s is not None]
    # Where no silence was, there is none to tell of: it counts as 0.
    whispers = [max(each.played.whispers, default=0.0) for each in verdicts if _told(each)]
    return {
        "calls": len(verdicts),
        "outcomes": dict(Counter(each.outcome for each in verdicts)),
        "with_violations": sum(bool(each.violations) for each in verdicts),
        "violations": dict(wrong.most_common()),
        "ways": {
            way: sum(bool(each.violations) for each in verdicts if each.played.drawn.way == way)
            for way in dict.fromkeys(each.played.drawn.way for each in verdicts)
        },
        "stories": {name: dict(story) for name, story in sorted(stories.items())},
        "first_audio_p50_s": at(first, 0.5),
        "first_audio_p95_s": at(first, 0.95),
        "silence_at_whisper_p95_s": at(whispers, 0.95),
        "settled_p95_s": at(settled, 0.95),
        "gaps_max_s": at([gap.seconds for each in verdicts for gap in each.played.gaps], 1.0),
    }


def _told(verdict: Verdict) -> bool:
    played = verdict.played
    return played.drawn.way in (TRUNK, INSTALLED) and any(does in TAKEN for does in played.rung)
