"""A small county on both databases, and everything of one person in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.database import Database
from bot.settings import Settings
from tests.postgres import database, database_url, sqlite_database
from tests.privacy.somebody import BORN, Somebody
from tests.tickets.county import county as village

__all__ = ["database", "database_url", "sqlite_database", "village"]


@pytest.fixture
def site(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def somebody(database: Database, site: Settings, village: None) -> Somebody:
    """A resident of whom there is a row in every table that can hold one."""
    found = Somebody("13907150001", "金丝雀")
    found.fill(database, site, BORN)
    return found
