"""A service of the version before goes on reading and writing while the tables are brought up to date, and afterwards.

It knows the tables as they were: what it writes names its own columns, and what it reads names them too."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from bot.database import MIGRATIONS, Database, now, open_database

#: the tables of the last version that had no other process beside it; from there on a migration adds, and takes away or
#: demands nothing that the version before does not know
BEFORE = "0024"
#: a write waits so long (s) at most
PATIENCE_S = 10.0


def back(database: Database, revision: str) -> sa.MetaData:
    """Take the tables back to a revision; → them as they were."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with database.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            connection.connection.execute("PRAGMA foreign_keys=OFF")
        config.attributes["connection"] = connection
        command.downgrade(config, revision)
        connection.rollback()
        if sqlite:
            connection.connection.execute("PRAGMA foreign_keys=ON")
    tables = sa.MetaData()
    tables.reflect(database.engine)
    return tables


class OldService(threading.Thread):
    """Reports one case after the other, as a version that knows only `tables` writes it."""

    def __init__(self, url: str, tables: sa.MetaData) -> None:
        super().__init__()
        self._database, self._tables = open_database(url), tables
        self.over, self.problems = threading.Event(), list[BaseException]()
        self.cases, self.longest_s = list[str](), 0.0

    def run(self) -> None:
        try:
            while not self.over.is_set():
                began = time.monotonic()
                self._report()
                self.longest_s = max(self.longest_s, time.monotonic() - began)
        except BaseException as problem:
            self.problems.append(problem)
        finally:
            self._database.dispose()

    def _report(self) -> None:
        case = uuid.uuid4().hex[:18]
        with self._database.session() as session:
            self._insert(session, "call", id=case)
            self._insert(session, "utterance", id=case, call_id=case, reply=None)
            ticket = self._insert(
                session, "ticket", ticket_no=case, utterance_id=case, kind="unclear", state="reported"
            )
            for table in ("activity", "timer", "notification"):
                self._insert(session, table, ticket_id=ticket, state="pending")
        with self._database.reading() as session:
            table = self._tables.tables["ticket"]
            found = session.execute(sa.select(*table.columns).where(table.c.ticket_no == case)).mappings().one()
            assert found["utterance_id"] == case
        self.cases.append(case)

    def _insert(self, session: Any, name: str, **known: Any) -> Any:
        """A row with something in every column that its own version would fill."""
        table = self._tables.tables[name]
        values = {key: value for key, value in known.items() if key in table.c}
        for column in table.columns:
            if column.name not in values and not column.nullable and not (column.primary_key and name != "call"):
                values[column.name] = _something(column.type)
        done = session.execute(table.insert().values(values))
        return done.inserted_primary_key[0]


def _something(kind: sa.types.TypeEngine[Any]) -> Any:
    if isinstance(kind, sa.DateTime):
        return now()
    if isinstance(kind, sa.JSON):
        return {}
    if isinstance(kind, sa.Boolean):
        return False
    return 0 if isinstance(kind, sa.Integer) else ""


def test_the_version_before_reads_and_writes_while_the_tables_change_and_afterwards(
    database: Database, database_url: str
) -> None:
    tables = back(database, BEFORE)
    old = OldService(database_url, tables)
    old.start()
    try:
        _until(lambda: len(old.cases) > 20 or bool(old.problems))
        database.migrate()
        after = len(old.cases)
        _until(lambda: len(old.cases) > after + 20 or bool(old.problems))
    finally:
        old.over.set()
        old.join()
    assert old.problems == []
    assert old.longest_s < PATIENCE_S
    with database.reading() as session:
        ticket = sa.table("ticket", sa.column("ticket_no"))
        assert set(session.scalars(sa.select(ticket.c.ticket_no))) == set(old.cases)


def _until(done: Any) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)
