"""Turns of pages that wait: rows, so that nobody who was told that his words are kept has to say them again."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select

from bot.database import Database, now
from bot.replicas.place import ALONE, Owner
from bot.tickets.intake.heard import Heard
from bot.tickets.intake.kept import fit, keep
from bot.tickets.models import WaitingTurn

log = logging.getLogger(__name__)


class WaitingShelf:
    """Every method is one transaction, and blocks. Of several services each takes what it has kept itself."""

    def __init__(self, database: Database, owner: Owner = ALONE) -> None:
        self._database, self._owner = database, owner

    def put(self, turns: Sequence[Heard]) -> None:
        """Keep what was written, all of it or nothing; what is there already stays as it is."""
        at = now()
        with self._database.session() as session:
            known = set(session.scalars(select(WaitingTurn.id).where(WaitingTurn.id.in_([one.id for one in turns]))))
            for heard in {one.id: one for one in turns}.values():
                keep(session, heard, at)
                if heard.id not in known:
                    fitting = dataclasses.replace(heard, text=fit(heard.text))
                    session.add(WaitingTurn(id=heard.id, heard=fitting.as_json(), at=at, service=self._owner.id))

    def all(self) -> list[Heard]:
        """What waits, whoever takes it, oldest first."""
        with self._database.reading() as session:
            return _heard(session.scalars(select(WaitingTurn).order_by(WaitingTurn.at, WaitingTurn.id)))

    def left(self) -> list[Heard]:
        """What waits and was left by a service that is gone, oldest first: it is ours to take from now on."""
        left = WaitingTurn.service.not_in(self._owner.living())
        with self._database.reading() as session:
            if session.scalar(select(WaitingTurn.id).where(left).limit(1)) is None:
                return []
        with self._database.session() as session:
            rows = session.scalars(
                select(WaitingTurn).where(left).order_by(WaitingTurn.at, WaitingTurn.id).with_for_update()
            ).all()
            for row in rows:
                row.service = self._owner.id
            return _heard(rows)

    def done(self, ids: Sequence[str]) -> None:
        """Their turns were taken."""
        with self._database.session() as session:
            session.execute(delete(WaitingTurn).where(WaitingTurn.id.in_(ids)))


def _heard(rows: Iterable[WaitingTurn]) -> list[Heard]:
    found = []
    for row in rows:
        try:
            found.append(Heard.from_json(row.heard))
        except (KeyError, TypeError, ValueError):
            log.error("waiting turn %s cannot be read; it stays where it is", row.id)
    return found
