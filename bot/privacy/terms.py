"""The one sweeper: what is over its term goes, table by table, as the record says and [privacy] counts."""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter

from sqlalchemy import ColumnElement, Date, String, Table, and_, select

from bot.database import Database
from bot.notify.file import keep_lines
from bot.privacy.erasure import remove_file
from bot.privacy.record import NOTHING, Record, the_record
from bot.privacy.rows import files_of, find, forget, nobody_elses, still_said, with_what_belongs
from bot.privacy.tables import tables
from bot.settings import Settings
from bot.tickets.models import State

log = logging.getLogger(__name__)

#: rows that one transaction forgets: a report must not wait for it
_BATCH = 300
_SETTLED = (State.closed, State.cancelled, State.merged)


def sweep(settings: Settings, database: Database, at: dt.datetime) -> Counter[str]:
    """Forget what is over its term at `at`; → rows by table. A case that is not settled is never touched."""
    record, done = the_record(), Counter[str]()
    for name, entry in record.tables.items():
        if entry.forget == NOTHING or not (entry.term or entry.gone_with):
            continue
        while True:
            with database.reading() as session:
                over = find(session, tables()[name], _over(settings, record, name, at), _BATCH)
                found = with_what_belongs(session, record, {name: over}, only_termless=True)
                files = nobody_elses(session, files_of(session, record, found), found)
            if not over:
                break
            for file in sorted(files):
                remove_file(settings, file)
            with database.session() as session:
                done += forget(session, record, found)
    done["notifications.jsonl"] = _messages(settings, at)
    if done := +done:
        log.info("over their terms: %s", ", ".join(f"{name} {count}" for name, count in sorted(done.items())))
    return done


def _over(settings: Settings, record: Record, name: str, at: dt.datetime) -> ColumnElement[bool]:
    table, entry = tables()[name], record.tables[name]
    conditions = [still_said(record, name)]
    if entry.term:
        days: int = getattr(settings.privacy, f"{entry.term}_days")
        conditions.append(_before(table, entry.since, at - dt.timedelta(days=days)))
    if entry.over:
        conditions.append(table.c.state.in_(_SETTLED))
    for column, other in entry.gone_with.items():
        above, _, theirs = other.partition(".")
        conditions.append(table.c[column].not_in(select(tables()[above].c[theirs])))
    return and_(*conditions)


def _before(table: Table, column: str, moment: dt.datetime) -> ColumnElement[bool]:
    kind = table.c[column].type
    if isinstance(kind, Date):
        return table.c[column] < moment.date()
    if isinstance(kind, String):  # yymmdd
        return table.c[column] < f"{moment:%y%m%d}"
    return table.c[column] < moment


def _messages(settings: Settings, at: dt.datetime) -> int:
    """The provider `file` keeps a copy of each message: as long as the message itself."""
    before = (at - dt.timedelta(days=settings.notify.keep_days)).isoformat()
    return keep_lines(settings.home / "notifications.jsonl", lambda row: str(row.get("at", "")) >= before)
