"""A small county for the relay, on both databases."""

from __future__ import annotations

from tests.postgres import database, database_url, sqlite_database
from tests.tickets.county import county

__all__ = ["county", "database", "database_url", "sqlite_database"]
