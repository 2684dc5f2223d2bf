"""Every table that Gege has, by name; importing this file makes all of them known, to migrations as well."""

from __future__ import annotations

from sqlalchemy import Table

import bot.calling.models
import bot.chat.models
import bot.corpus.models
import bot.doors.models
import bot.grid.models
import bot.learning.models
import bot.notify.links
import bot.privacy.models
import bot.recordings.models
import bot.register.models
import bot.replicas.models
import bot.tickets.following
import bot.tickets.models
import bot.tickets.site_history
import bot.voice.models  # noqa: F401  (they register their tables)
from bot.database import Base


def tables() -> dict[str, Table]:
    """Name → table, those that others refer to first."""
    return {table.name: table for table in Base.metadata.sorted_tables}
