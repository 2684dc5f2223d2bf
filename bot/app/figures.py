"""What the database and the disk say of the service, as Prometheus sees it: read in a thread now and then, never on request."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.app.backing_up import newest_backup
from bot.app.parts import Parts
from bot.app.readiness import folders_of
from bot.chat.models import KeptUpdate, OwedAnswer
from bot.database import Database, now
from bot.foundation.background import Background
from bot.tickets.life.states import OPEN
from bot.tickets.models import Kind, Notification, State, Stuck, Ticket, Timer, WaitingTurn

EVERY_S = 15.0
_DEAD_FOR = dt.timedelta(days=1)
_URGENT = (True, False)


class SiteFigures(Collector):
    """Gauges of one site. What was read last stands until the database answers again; how old it is,
    `gege_background_last_success_seconds{name="figures"}` says."""

    def __init__(
        self,
        database: Database,
        folders: Mapping[str, Path],
        spool: Callable[[], int],
        newest_backup: Callable[[], float | None] = lambda: None,
        clock: Callable[[], dt.datetime] = now,
    ) -> None:
        """`folders`: {what lies there: folder}; `spool()`: reports that wait for the database; `newest_backup()`: when
        it was made, seconds since 1970, None where none are made."""
        self._database, self._folders, self._spool, self._clock = database, dict(folders), spool, clock
        self._newest_backup = newest_backup
        self._read: list[GaugeMetricFamily] = []
        self.background = Background("figures", EVERY_S, lambda: asyncio.to_thread(self.look))

    def look(self) -> None:
        """Read everything anew. Blocks."""
        found = list(self._of_the_disk())
        with self._database.reading() as session:
            found += _of_messages(session, self._clock())
            found += _of_tickets(session, self._clock())
        self._read = found

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What was read last."""
        yield from self._read

    def _of_the_disk(self) -> Iterator[GaugeMetricFamily]:
        free = _gauge("disk_free_bytes", "Room on the disk of a folder", "folder")
        size = _gauge("disk_size_bytes", "Size of that disk", "folder")
        for name, folder in self._folders.items():
            if folder.is_dir():
                disk = shutil.disk_usage(folder)
                free.add_metric([name], disk.free)
                size.add_metric([name], disk.total)
        yield from (free, size)
        yield _value("spool_files", "Reports that wait on disk until the database takes them", self._spool())
        if (newest := self._newest_backup()) is not None:
            age = max(0.0, self._clock().timestamp() - newest)
            yield _value("backup_age_seconds", "How long ago the newest proved backup was made", age)


def figures_of(parts: Parts) -> SiteFigures:
    """Those of a whole service."""
    settings = parts.settings
    return SiteFigures(
        parts.database, folders_of(settings), lambda: parts.spool.waiting, partial(newest_backup, settings)
    )


def _of_messages(session: Session, at: dt.datetime) -> Iterator[GaugeMetricFamily]:
    owed = func.coalesce(Notification.held_until, Notification.created_at)
    waiting = {
        bool(urgent): (count, oldest)
        for urgent, count, oldest in session.execute(
            select(Notification.urgent, func.count(), func.min(owed))
            .where(Notification.state == "pending", owed <= at)
            .group_by(Notification.urgent)
        )
    }
    dead = dict(
        session.execute(
            select(Notification.urgent, func.count())
            .where(Notification.state == "dead", Notification.created_at > at - _DEAD_FOR)
            .group_by(Notification.urgent)
        )
        .tuples()
        .all()
    )
    families = (
        _gauge("outbox_pending", "Messages that are owed and may leave", "urgent"),
        _gauge("outbox_oldest_seconds", "How long the oldest of them has waited", "urgent"),
        _gauge("outbox_dead", "Messages of the last day that are given up", "urgent"),
    )
    for urgent in _URGENT:
        count, oldest = waiting.get(urgent, (0, None))
        for family, value in zip(families, (count, _age(oldest, at), dead.get(urgent, 0)), strict=True):
            family.add_metric([str(urgent).lower()], value)
    yield from families
    count, oldest = session.execute(select(func.count(), func.min(KeptUpdate.at))).one()
    yield _value("kept_updates", "What came from messengers and is not handled yet", count)
    yield _value("kept_updates_oldest_seconds", "How long the oldest of it has waited", _age(oldest, at))
    count, oldest = session.execute(select(func.count(), func.min(WaitingTurn.at))).one()
    yield _value("waiting_turns", "Sentences of a page that were kept in a storm and are not answered yet", count)
    yield _value("waiting_turns_oldest_seconds", "How long the oldest of them has waited", _age(oldest, at))
    count, oldest = session.execute(select(func.count(), func.min(OwedAnswer.created_at))).one()
    yield _value("owed_answers", "Answers that a messenger has not taken yet", count)
    yield _value("owed_answers_oldest_seconds", "How long the oldest of them has waited", _age(oldest, at))


def _of_tickets(session: Session, at: dt.datetime) -> Iterator[GaugeMetricFamily]:
    pending, oldest = session.execute(
        select(func.count(), func.min(Timer.due_at)).where(Timer.done_at.is_(None), Timer.due_at <= at)
    ).one()
    yield _value("timers_due", "Timers whose moment has come and that have not fired", pending)
    yield _value("timers_lag_seconds", "How late the oldest of them is", _age(oldest, at))
    tickets = session.scalar(select(func.count()).where(Ticket.state.in_(OPEN))) or 0
    yield _value("tickets_open", "Tickets that are not over", tickets)
    count, oldest = session.execute(
        select(func.count(), func.min(Ticket.opened_at)).where(
            Ticket.state == State.reported, Ticket.kind == Kind.hazard
        )
    ).one()
    yield _value("danger_untaken", "Reports of danger that nobody has taken", count)
    yield _value("danger_untaken_oldest_seconds", "How long the oldest of them has waited", _age(oldest, at))
    stuck = session.scalar(select(func.count()).select_from(Stuck)) or 0
    yield _value("stuck", "What the auditor found stuck (gege audit)", stuck)


def _age(since: dt.datetime | None, at: dt.datetime) -> float:
    return 0.0 if since is None else max(0.0, (at - since).total_seconds())


def _gauge(name: str, help: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"gege_{name}", help, labels=[label])


def _value(name: str, help: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"gege_{name}", help, value=value)
