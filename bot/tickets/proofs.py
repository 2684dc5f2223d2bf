"""Proving that a household is one's own: one answer a turn, and failures that are counted wherever they happen."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.tickets.intake.caller import Caller
from bot.tickets.models import ProofFailures
from bot.tickets.rules import Rules

#: failed answers a day, for a household and for a caller; after them nothing is asked until tomorrow
A_DAY = 3
_ROWS = cast(Table, ProofFailures.__table__)


class Proof(StrEnum):
    """What became of an answer."""

    proven = "proven"
    wrong = "wrong"
    #: that was the last try of the day, or there was none left
    closed = "closed"


class Proofs:
    """The count of failures by household and by the caller's address: neither another session nor another channel, nor a
    second telephone for the same household, begins anew."""

    def __init__(self, database: Database, rules: Rules) -> None:
        self._database, self._rules = database, rules

    def open(self, caller: Caller, households: Sequence[str], at: dt.datetime | None = None) -> bool:
        """Whether an answer would be heard today."""
        subjects, day = _subjects(caller, households), self._day(at)
        with self._database.reading() as session:
            rows = select(ProofFailures.failures).where(
                ProofFailures.subject.in_(subjects), ProofFailures.day == day, ProofFailures.failures >= A_DAY
            )
            return session.scalar(rows.limit(1)) is None

    def take(
        self, caller: Caller, households: Sequence[str], fits: Callable[[str], bool], at: dt.datetime | None = None
    ) -> tuple[Proof, list[str]]:
        """Compare one answer with the caller's households (`fits` says with which); → what became of it, the proven ones.

        The count is looked at and written in one transaction: two lines at once have no more tries than one."""
        subjects, day = _subjects(caller, households), self._day(at)
        with self._database.session() as session:
            failures = [_locked(session, subject, day) for subject in subjects]
            if max(failures, default=A_DAY) >= A_DAY:
                return Proof.closed, []
            if proven := [household_no for household_no in households if fits(household_no)]:
                return Proof.proven, proven
            session.execute(
                _ROWS.update()
                .where(_ROWS.c.subject.in_(subjects), _ROWS.c.day == day)
                .values(failures=_ROWS.c.failures + 1)
            )
            return (Proof.closed if max(failures) + 1 >= A_DAY else Proof.wrong), []

    def _day(self, at: dt.datetime | None) -> str:
        return (at or now()).astimezone(self._rules.hours.zone).strftime("%y%m%d")


def _subjects(caller: Caller, households: Sequence[str]) -> list[str]:
    """Always in one order, so that two writers do not wait for each other."""
    contact = caller.contact
    address = contact.address if contact else caller.address
    return sorted({f"caller:{address}"[:100], *(f"household:{number}"[:100] for number in households)})


def _locked(session: Session, subject: str, day: str) -> int:
    """The failures of a subject today; its row is this transaction's until it ends."""
    insert: Any = (postgresql if session.get_bind().dialect.name == "postgresql" else sqlite).insert(_ROWS)
    statement = insert.values(subject=subject, day=day, failures=0).on_conflict_do_update(
        index_elements=["subject", "day"], set_={"failures": _ROWS.c.failures}
    )
    return int(session.execute(statement.returning(_ROWS.c.failures)).scalar_one())
