"""Turns of pages that wait: rows, so that nobody who was told that his words are kept has to say them again."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence

from sqlalchemy import delete, select

from bot.database import Database, now
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.kept import fit, keep
from bot.tickets.models import WaitingTurn

log = logging.getLogger(__name__)


class WaitingShelf:
    """Every method is one transaction, and blocks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, turns: Sequence[Heard]) -> None:
        """Keep what was written, all of it or nothing; what is there already stays as it is."""
        at = now()
        with self._database.session() as session:
            known = set(session.scalars(select(WaitingTurn.id).where(WaitingTurn.id.in_([one.id for one in turns]))))
            for heard in {one.id: one for one in turns}.values():
                keep(session, heard, at)
                if heard.id not in known:
                    fitting = dataclasses.replace(heard, text=fit(heard.text))
                    session.add(WaitingTurn(id=heard.id, heard=fitting.as_json(), at=at))

    def all(self) -> list[Heard]:
        """What waits, oldest first."""
        found = []
        with self._database.reading() as session:
            for row in session.scalars(select(WaitingTurn).order_by(WaitingTurn.at, WaitingTurn.id)):
                try:
                    found.append(Heard.from_json(row.heard))
                except (KeyError, TypeError, ValueError):
                    log.error("waiting turn %s cannot be read; it stays where it is", row.id)
        return found

    def done(self, ids: Sequence[str]) -> None:
        """Their turns were taken."""
        with self._database.session() as session:
            session.execute(delete(WaitingTurn).where(WaitingTurn.id.in_(ids)))
