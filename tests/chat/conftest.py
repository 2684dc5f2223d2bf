"""What the chat's tests share."""

from __future__ import annotations

from tests.postgres import database, database_url, sqlite_database

__all__ = ["database", "database_url", "sqlite_database"]
