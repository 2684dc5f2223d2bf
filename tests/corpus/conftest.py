"""The small county, and conversations of it that were recorded and corrected."""

from __future__ import annotations

from tests.learning.conftest import book, desk
from tests.postgres import database, database_url, sqlite_database
from tests.tickets.county import county

__all__ = ["book", "county", "database", "database_url", "desk", "sqlite_database"]
