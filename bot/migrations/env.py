"""Alembic's entry: migrates the connection that `Database.migrate` hands over."""

from __future__ import annotations

from alembic import context

import bot.calling.models
import bot.chat.models
import bot.corpus.models
import bot.doors.models
import bot.grid.models
import bot.learning.models
import bot.notify.links
import bot.recordings.models
import bot.register.models
import bot.replicas.models
import bot.tickets.following
import bot.tickets.models
import bot.tickets.site_history
import bot.voice.models  # noqa: F401  (they register their tables)
from bot.database import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
