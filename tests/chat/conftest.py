"""What the chat's tests share."""

from __future__ import annotations

from tests.chat.telegram_site import site
from tests.postgres import database, database_url, sqlite_database

__all__ = ["database", "database_url", "site", "sqlite_database"]
