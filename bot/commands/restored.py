"""After a restore: no number that somebody may hold is given again, and the duty desk hears which time is missing."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import URL

from bot.database import now, open_database
from bot.settings import load_settings
from bot.tickets import site_history
from bot.tickets.owed import outbox, paging
from bot.tickets.owed.outbox import Owed

#: of bot/notify/texts.yml
TEMPLATE = "restored"


def go_on(url: URL, home: Path, made_at: dt.datetime) -> int:
    """Bring a database that was backed up at `made_at` to this version's tables and past all that it does not know.

    `home`: whose settings it has. → how far the numbers jump."""
    zone = ZoneInfo(load_settings(home).site.timezone)
    database = open_database(url.render_as_string(hide_password=False))
    try:
        database.migrate()
        at = now()
        with database.session() as session:
            step = site_history.go_on(session, made_at, at, zone)
            missing = {"missing_since": made_at.isoformat(), "missing_until": at.isoformat()}
            desk = paging.roster(session, None, at).desk
            outbox.owe(
                session, (Owed(TEMPLATE, staff_no=one.staff_no, urgent=True, detail=missing) for one in desk), at
            )
    finally:
        database.dispose()
    return step


def as_one_file(file: Path) -> None:
    """Bring a SQLite database that nobody has open into its one file, which is moved."""
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode=DELETE")
