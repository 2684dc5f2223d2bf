"""Alembic's entry: migrates the connection that `Database.migrate` hands over."""

from __future__ import annotations

from alembic import context

import bot.privacy.tables  # noqa: F401  (the one list of what has tables)
from bot.database import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
connection.commit()
