"""How well Gege hears, week by week, and what it learned: the figures behind the page."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from bot.database import Database
from bot.learning import landmarks
from bot.learning.book import CorrectionBook, CorrectionCard
from bot.learning.lexicon_words import differing, waiting
from bot.learning.models import Correction, CorrectionState, Decision
from bot.learning.runs import RunCard, RunLog
from bot.learning.waiting_words import Word
from bot.tickets.models import State, Ticket

_WEEKS = 12
_MOST = 10


class Week(NamedTuple):
    """Tickets of one week, and how many of them somebody corrected."""

    monday: dt.date
    tickets: int
    corrected: int

    @property
    def right(self) -> float | None:
        """Share that nobody corrected; None without tickets."""
        return 1 - self.corrected / self.tickets if self.tickets else None


@dataclass(frozen=True)
class Overview:
    """Everything that the page shows; weeks are oldest first, the last one goes on."""

    weeks: list[Week]
    #: (heard, said, times), most often first
    most_corrected: list[tuple[str, str, int]]
    waiting: list[CorrectionCard]
    learned: list[CorrectionCard]
    words: list[Word]
    runs: list[RunCard]

    @property
    def in_use(self) -> dict[str, float]:
        """Figures on the frozen sentences of the model in use, as it was last measured."""
        for run in self.runs:
            if figures := run.after if run.decision == Decision.in_service else run.before:
                return dict(figures.get("clean", {}))
        return {}


def overview(database: Database, zone: ZoneInfo, at: dt.datetime) -> Overview:
    """The figures as they stand at `at`."""
    book, runs = CorrectionBook(database), RunLog(database).runs(200)
    monday = _monday(at.astimezone(zone))
    live = book.corrections("new", "waiting", "accepted", "learned", limit=5000)
    pairs = Counter(pair for one in live for pair in differing(one.heard, one.words))
    begun = {run.id for run in runs if run.began_at >= monday and run.decision == Decision.in_service}
    return Overview(
        weeks=[_week(database, monday - dt.timedelta(weeks=back)) for back in reversed(range(_WEEKS))],
        most_corrected=[(say, means, count) for (say, means), count in pairs.most_common(_MOST)],
        waiting=[one for one in live if one.state == CorrectionState.waiting],
        learned=[one for one in live if one.run_id in begun],
        words=[*waiting(), *landmarks.waiting()],
        runs=runs,
    )


def _monday(at: dt.datetime) -> dt.datetime:
    return (at - dt.timedelta(days=at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)


def _week(database: Database, monday: dt.datetime) -> Week:
    within = (
        Ticket.opened_at >= monday,
        Ticket.opened_at < monday + dt.timedelta(weeks=1),
        # One report that was told twice was heard once.
        Ticket.state != State.merged,
    )
    with database.reading() as session:
        tickets = session.scalar(select(func.count()).select_from(Ticket).where(*within)) or 0
        corrected = select(func.count(func.distinct(Ticket.id))).join(
            Correction, Correction.ticket_no == Ticket.ticket_no
        )
        corrected = corrected.where(*within, Correction.state != CorrectionState.refused)
        return Week(monday.date(), tickets, session.scalar(corrected) or 0)


def corrected_since(database: Database, grid_no: str, kind: str, since: dt.datetime) -> tuple[int, int]:
    """Tickets of one kind in one grid since then, and how many of them somebody corrected. Blocks."""
    these = (
        Ticket.grid_no == grid_no, Ticket.kind == kind, Ticket.opened_at >= since, Ticket.state != State.merged
    )  # fmt: skip
    with database.reading() as session:
        tickets = session.scalar(select(func.count()).select_from(Ticket).where(*these)) or 0
        corrected = session.scalar(
            select(func.count(func.distinct(Ticket.id)))
            .join(Correction, Correction.ticket_no == Ticket.ticket_no)
            .where(*these, Correction.state != CorrectionState.refused)
        )
    return tickets, corrected or 0
