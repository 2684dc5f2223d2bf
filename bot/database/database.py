"""One database: engine, sessions, migrations. SQLite embedded, PostgreSQL by URL."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import URL, DateTime, Dialect, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"


class Base(DeclarativeBase):
    """All tables of Gege share one metadata, hence one migration history."""


class UTCDateTime(TypeDecorator[dt.datetime]):
    """An instant: aware in Python, stored in UTC, aware again when read (SQLite forgets zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime is no instant; give it a time zone")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Database:
    """An engine and its sessions: `session()` writes, `noting()` writes lightly, `reading()` only looks."""

    def __init__(self, engine: Engine, light: Engine | None = None) -> None:
        self.engine = engine
        self._light = light or engine
        # SQLite has one writer, and its own waiting is by sleeping: threads queue here instead.
        self._writing: AbstractContextManager[Any] = threading.Lock() if light else nullcontext()
        # On SQLite a writer takes its lock at BEGIN: a deferred transaction that upgrades later cannot wait.
        self._writers = sessionmaker(engine.execution_options(writes=True), expire_on_commit=False)
        self._notes = sessionmaker(self._light.execution_options(writes=True), expire_on_commit=False)
        self._readers = sessionmaker(engine, expire_on_commit=False)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction that commits at the end of the block or rolls everything back."""
        with self._writing, self._writers() as session, session.begin():
            yield session

    @contextmanager
    def noting(self) -> Iterator[Session]:
        """Like `session()`, without waiting for the disk: survives a killed process, not a power cut.

        For what is written at every turn and confirmed to nobody (docs/decisions/0007-two-kinds-of-commit.md);
        the next `session()` commit makes it durable too."""
        with self._writing, self._notes() as session, session.begin():
            if self.engine.dialect.name == "postgresql":
                session.execute(text("SET LOCAL synchronous_commit = off"))
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that is always rolled back; never waits for a writer on SQLite."""
        with self._readers() as session:
            yield session

    def migrate(self) -> None:
        """Bring the schema to the newest revision (creates everything in an empty database)."""
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def dispose(self) -> None:
        self.engine.dispose()
        self._light.dispose()


def _tune_sqlite(connection: Any, synchronous: str) -> None:
    # WAL with synchronous=FULL: whoever hears "记下了" has a row that survives a power cut (promise 1).
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute(f"PRAGMA synchronous={synchronous}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def open_database(url: str) -> Database:
    """Open (and for SQLite create the folder of) the database at a SQLAlchemy URL; does not migrate."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        # hide_parameters: an error's message would repeat the row that could not be written, with what somebody said.
        return Database(create_engine(parsed, pool_pre_ping=True, hide_parameters=True))
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    return Database(_sqlite_engine(parsed, "FULL"), _sqlite_engine(parsed, "NORMAL"))


def _sqlite_engine(url: URL, synchronous: str) -> Engine:
    engine = create_engine(url, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        _tune_sqlite(connection, synchronous)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")

    return engine
