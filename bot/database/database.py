"""One database: engine, sessions, migrations. SQLite embedded, PostgreSQL by URL."""

from __future__ import annotations

import datetime as dt
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, DateTime, Dialect, Engine, TextClause, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, TimeoutError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from bot.database import metrics
from bot.foundation.errors import Unavailable

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


class DatabaseBusy(Unavailable):
    """Somebody else writes, and has done so for longer than the writer was to wait."""


def database_away(problem: BaseException) -> bool:
    """Whether an exception means that the database does not take anything now (locked, full, stopped), and not that
    something is wrong with what it was to take."""
    if isinstance(problem, DatabaseBusy | TimeoutError):
        return True
    # Of the DB API's classes these two are about the database and not about the statement.
    return isinstance(problem, DBAPIError) and type(problem).__name__ in ("OperationalError", "InterfaceError")


#: until when (time.monotonic) writers of this context wait for others; None: for the usual time
_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)
#: a writer waits so long (s) for another process, and for the other threads of its own
_USUAL_S, _QUEUE_S = 10.0, 60.0
#: and who has no time left tries for so long
_LEAST_S = 0.05
#: a deadline that was over before anything began
_NEVER = -math.inf
#: PostgreSQL that does not answer at all is away after so long (s)
_CONNECT_S = 4
_LIGHTLY = text("SET LOCAL synchronous_commit = off")
#: who changes tables holds this; any number that nobody else in the database uses
_MIGRATIONS = 7_303_029
_HOLD, _LET_GO = text("SELECT pg_advisory_lock(:key)"), text("SELECT pg_advisory_unlock(:key)")


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """All writers within, together, wait so long for others; then they give up (`database_away`)."""
    before = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(before)


@contextmanager
def at_once() -> Iterator[None]:
    """Whoever writes within does not wait at all: what cannot be written now raises (`database_away`)."""
    before = _deadline.set(_NEVER)
    try:
        yield
    finally:
        _deadline.reset(before)


def _left() -> float | None:
    until = _deadline.get()
    if until is None:
        return None
    return 0.0 if until == _NEVER else max(_LEAST_S, until - time.monotonic())


class Unit:
    """Several commands as one transaction. `session()`, `noting()` and `reading()` of whoever is within join it."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self.database, self.connection = database, connection
        self.open = True
        #: something was written that is confirmed to somebody
        self.durable = False
        self.after: list[Callable[[], None]] = []
        self.undo: list[Callable[[], None]] = []
        self.thread = threading.get_ident()


_unit: ContextVar[Unit | None] = ContextVar("unit", default=None)


class Database:
    """An engine and its sessions: `session()` writes, `noting()` writes lightly, `reading()` only looks; `together()`
    makes one transaction of many."""

    def __init__(self, engine: Engine, light: Engine | None = None, wal: Path | None = None) -> None:
        self.engine = engine
        self._light = light or engine
        self._wal = wal
        # SQLite has one writer, and its own waiting is by sleeping: threads queue here instead.
        self._queue = threading.Lock() if light else None
        # On SQLite a writer takes its lock at BEGIN: a deferred transaction that upgrades later cannot wait.
        self._writers = sessionmaker(engine.execution_options(writes=True), expire_on_commit=False)
        self._notes = sessionmaker(self._light.execution_options(writes=True), expire_on_commit=False)
        self._readers = sessionmaker(engine, expire_on_commit=False)

    @property
    def one_writer(self) -> bool:
        """SQLite: whoever has begun to write waits for nobody any more."""
        return self._queue is not None

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction that commits at the end of the block or rolls everything back."""
        if (unit := self._joined) is not None:
            unit.durable = True
            with self._part(unit) as session:
                yield session
            return
        with self._writing(), self._writers() as session, session.begin():
            self._give_up_in_time(session)
            yield session

    @contextmanager
    def noting(self) -> Iterator[Session]:
        """Like `session()`, without waiting for the disk: survives a killed process, not a power cut.

        For what is written at every turn and confirmed to nobody (docs/decisions/0007-two-kinds-of-commit.md);
        the next `session()` commit makes it durable too."""
        if (unit := self._joined) is not None:
            # No savepoint: a note that cannot be written is no reason to go on without it.
            with self._readers(bind=unit.connection, join_transaction_mode="rollback_only") as session:
                yield session
                session.flush()
            return
        with self._writing(), self._notes() as session, session.begin():
            self._give_up_in_time(session)
            if self.engine.dialect.name == "postgresql":
                session.execute(_LIGHTLY)
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that is always rolled back; never waits for a writer on SQLite. Within `together()` it sees
        what was written there."""
        if (unit := self._joined) is not None:
            with self._readers(bind=unit.connection, join_transaction_mode="rollback_only") as session:
                yield session
            return
        with self._readers() as session:
            yield session

    # ---- many commands, one transaction ---------------------------------------------------------

    @contextmanager
    def together(self) -> Iterator[Unit]:
        """All commands of the block, and of what it calls in this thread, are one transaction: all or nothing.

        One that fails and is caught undoes only itself. Within another `together()` it is a part of that."""
        if (unit := self._joined) is not None:
            with self._part(unit):
                yield unit
            return
        with self.within(self.begin()) as unit:
            yield unit

    def begin(self) -> Unit:
        """Wait for other writers and begin; may be called in a thread for another. Whoever has it calls `within` or
        `drop`."""
        self._take_turn()
        connection = None
        try:
            connection = self._light.execution_options(writes=True).connect()
            connection.begin()
            self._give_up_in_time(connection)
        except BaseException:
            if connection is not None:
                connection.close()
            self._let_go()
            raise
        return Unit(self, connection)

    def drop(self, unit: Unit) -> None:
        """Nobody wants it any more."""
        self._end(unit, commit=False)

    @contextmanager
    def within(self, unit: Unit) -> Iterator[Unit]:
        """Run the block in it and commit; what the block raises rolls everything back."""
        unit.thread = threading.get_ident()
        before = _unit.set(unit)
        try:
            yield unit
        except BaseException:
            self._end(unit, commit=False)
            raise
        else:
            self._end(unit, commit=True)
        finally:
            _unit.reset(before)
        for call in unit.after:
            call()

    def after_commit(self, call: Callable[[], None]) -> None:
        """Call it when what is being written is written: after the transaction of `together()`, else now."""
        if (unit := self._joined) is not None:
            unit.after.append(call)
        else:
            call()

    def on_rollback(self, call: Callable[[], None]) -> None:
        """Call it should the transaction of `together()` come to nothing."""
        if (unit := self._joined) is not None:
            unit.undo.append(call)

    @property
    def _joined(self) -> Unit | None:
        """The unit that a command joins. A task or a thread that was started within one is no part of it."""
        unit = _unit.get()
        mine = unit is not None and unit.open and unit.database is self and unit.thread == threading.get_ident()
        return unit if mine else None

    @contextmanager
    def _part(self, unit: Unit) -> Iterator[Session]:
        session = self._writers(bind=unit.connection, join_transaction_mode="create_savepoint")
        with session, session.begin():
            yield session

    def _end(self, unit: Unit, *, commit: bool) -> None:
        unit.open = False
        done = False
        try:
            if commit:
                if not unit.durable and self.engine.dialect.name == "postgresql":
                    unit.connection.execute(_LIGHTLY)
                unit.connection.commit()
                if unit.durable and self._wal is not None:
                    _to_disk(self._wal)
                done = True
        finally:
            try:
                with suppress(DBAPIError):  # the connection may be gone; then there is nothing to roll back
                    unit.connection.close()
            finally:
                self._let_go()
                if not done:
                    for call in unit.undo:
                        call()

    # ---- waiting for other writers --------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """The place of the one writer of this process."""
        self._take_turn()
        try:
            yield
        finally:
            self._let_go()

    def _take_turn(self) -> None:
        wait = _left()
        if self._queue is not None and not self._queue.acquire(timeout=_QUEUE_S if wait is None else wait):
            raise DatabaseBusy("somebody else writes to the database, and does not end")

    def _let_go(self) -> None:
        if self._queue is not None:
            self._queue.release()

    def _give_up_in_time(self, writer: Session | Connection) -> None:
        """On PostgreSQL writers wait for rows, where SQLite's wait to begin."""
        wait = _left()
        if wait is not None and self.engine.dialect.name == "postgresql":
            writer.execute(text(f"SET LOCAL lock_timeout = {int(wait * 1000)}"))

    def migrate(self) -> None:
        """Bring the schema to the newest revision (creates everything in an empty database). Of several services that
        start at once, one does, and the others wait for it; a service that runs goes on reading meanwhile, and writes
        afterwards."""
        from alembic import command
        from alembic.config import Config
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        with self.engine.connect() as connection:
            # Nothing to do is nothing to wait for: whoever only looks is not held up by one who writes.
            newest = ScriptDirectory.from_config(config).get_heads()
            if set(MigrationContext.configure(connection).get_current_heads()) == set(newest):
                return
        # As a writer: on SQLite a transaction that begins to write later cannot wait for another process.
        with self.engine.execution_options(writes=True).connect() as connection:
            config.attributes["connection"] = connection
            # SQLite changes a table by making it anew: whatever refers to its rows must not go with the old one.
            self._refer(connection, "OFF")
            self._hold_migrations(connection, _HOLD)
            try:
                command.upgrade(config, "head")
            finally:
                connection.rollback()
                self._hold_migrations(connection, _LET_GO)
                self._refer(connection, "ON")

    def _hold_migrations(self, connection: Connection, statement: TextClause) -> None:
        """A lock of the connection's, not of a transaction: a migration may commit in between."""
        if self.engine.dialect.name == "postgresql":
            connection.execute(statement, {"key": _MIGRATIONS})
            connection.commit()

    def _refer(self, connection: Connection, kept: str) -> None:
        """Whether SQLite keeps references; not within a transaction."""
        if self.engine.dialect.name == "sqlite":
            cursor = connection.connection.cursor()
            cursor.execute(f"PRAGMA foreign_keys={kept}")
            cursor.close()

    def dispose(self) -> None:
        self.engine.dispose()
        self._light.dispose()


def _tune_sqlite(connection: Any, synchronous: str) -> None:
    # WAL with synchronous=FULL: whoever hears "记下了" has a row that survives a power cut (promise 1).
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={int(_USUAL_S * 1000)}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute(f"PRAGMA synchronous={synchronous}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _to_disk(wal: Path) -> None:
    """What `synchronous=FULL` does after a commit; a transaction begun without it ends with it. SQLite's locks are on
    its other files: opening and closing this one lets go of none."""
    try:
        file = os.open(wal, os.O_RDONLY)
    except FileNotFoundError:
        return  # a checkpoint has written it all to the database's own file, and to disk
    try:
        os.fsync(file)
    finally:
        os.close(file)


def open_database(url: str) -> Database:
    """Open (and for SQLite create the folder of) the database at a SQLAlchemy URL; does not migrate."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        # hide_parameters: an error's message would repeat the row that could not be written, with what somebody said.
        connect = {} if "connect_timeout" in parsed.query else {"connect_timeout": _CONNECT_S}
        engine = create_engine(
            parsed, pool_pre_ping=True, pool_timeout=_USUAL_S, connect_args=connect, hide_parameters=True
        )
        metrics.watch(engine)
        return Database(engine)
    wal = None
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        wal = Path(f"{parsed.database}-wal")
    return Database(_sqlite_engine(parsed, "FULL"), _sqlite_engine(parsed, "NORMAL"), wal)


def _sqlite_engine(url: URL, synchronous: str) -> Engine:
    engine = create_engine(url, hide_parameters=True)
    metrics.watch(engine)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        _tune_sqlite(connection, synchronous)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        if not connection.get_execution_options().get("writes"):
            connection.exec_driver_sql("BEGIN")
            return
        wait = _left()
        milliseconds = int((_USUAL_S if wait is None else wait) * 1000)
        if connection.info.get("busy_timeout") != milliseconds:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={milliseconds}")
            connection.info["busy_timeout"] = milliseconds
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
