"""The log of learning: one row for every run, whatever became of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from bot.database import Database, now
from bot.learning.models import Correction, CorrectionState, Decision, LearningRun


@dataclass(frozen=True)
class RunCard:
    """A run as it stands."""

    id: int
    began_at: dt.datetime
    ended_at: dt.datetime | None
    decision: str
    reason: str
    counts: dict[str, int]
    before: dict[str, Any]
    after: dict[str, Any]
    model: str


class RunLog:
    """Commands and questions about runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self) -> int:
        """A new row; → its number. Whatever still says that it runs was killed: the caller is alone."""
        with self._database.session() as session:
            stale = update(LearningRun).where(LearningRun.decision == Decision.running)
            session.execute(stale.values(decision=Decision.interrupted, ended_at=now()))
            row = LearningRun()
            session.add(row)
            session.flush()
            return row.id

    def end(
        self, number: int, decision: Decision, reason: str = "", learned: Iterable[int] = (), **values: Any
    ) -> RunCard:
        """Write down how it ended; `learned` are the corrections that the model in service knows now."""
        with self._database.session() as session:
            row = session.get_one(LearningRun, number)
            row.decision, row.reason, row.ended_at = decision, reason, now()
            for name, value in values.items():
                setattr(row, name, value)
            taken = update(Correction).where(Correction.id.in_(list(learned)))
            taken = taken.where(Correction.state == CorrectionState.accepted)
            session.execute(taken.values(state=CorrectionState.learned, run_id=number))
            return _card(row)

    def gone_back(self, number: int) -> RunCard:
        """A run was taken back: what it learned waits for a second person, or the next run would learn it again."""
        with self._database.session() as session:
            row = session.get_one(LearningRun, number)
            row.decision = Decision.gone_back
            waits = update(Correction).where(Correction.run_id == number, Correction.state == CorrectionState.learned)
            session.execute(waits.values(state=CorrectionState.waiting, reason="gone_back", run_id=None))
            return _card(row)

    def last_in_service(self) -> RunCard | None:
        """The run whose sentences are in use."""
        with self._database.reading() as session:
            query = select(LearningRun).where(LearningRun.decision == Decision.in_service)
            row = session.scalars(query.order_by(LearningRun.id.desc()).limit(1)).first()
            return _card(row) if row else None

    def runs(self, limit: int = 100) -> list[RunCard]:
        """Runs, newest first."""
        with self._database.reading() as session:
            return [
                _card(row) for row in session.scalars(select(LearningRun).order_by(LearningRun.id.desc()).limit(limit))
            ]


def _card(row: LearningRun) -> RunCard:
    return RunCard(
        row.id, row.began_at, row.ended_at, row.decision, row.reason, row.counts, row.before, row.after, row.model
    )
