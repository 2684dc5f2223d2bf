"""The town and its register, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.database import Database
from bot.register.book import Book
from bot.register.kind_files import Kinds, read_kinds
from tests.postgres import database, database_url
from tests.register.town import STAFF, bring, rows

__all__ = ["database", "database_url"]


@pytest.fixture
def town(database: Database, tmp_path: Path) -> Database:
    bring(database, tmp_path, rows())
    bring(database, tmp_path, STAFF)
    return database


@pytest.fixture
def kinds(tmp_path: Path) -> Kinds:
    return read_kinds(tmp_path)


@pytest.fixture
def book(town: Database, kinds: Kinds) -> Book:
    return Book(town, kinds)
