"""The small county of the tickets' rules, and its book of corrections."""

from __future__ import annotations

import pytest

from bot.database import Database
from bot.learning.book import CorrectionBook
from bot.tickets.desk import TicketDesk
from tests.postgres import database, database_url, sqlite_database
from tests.tickets.county import county

__all__ = ["county", "database", "database_url", "sqlite_database"]


@pytest.fixture
def desk(county: Database) -> TicketDesk:
    return TicketDesk(county)


@pytest.fixture
def book(county: Database) -> CorrectionBook:
    return CorrectionBook(county, relabels_a_day=3)
