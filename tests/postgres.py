"""A `database` fixture on SQLite and on a private PostgreSQL: `from tests.postgres import database` in a conftest.

Starts Debian's PostgreSQL (`postgresql`, installed once when running as root) on a free loopback port, in a
temporary folder, without fsync, on first use; stops it when the tests end. Each test gets a fresh, migrated
database. Where PostgreSQL cannot run, the PostgreSQL half is skipped with the reason."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from bot.bench.doubles.postgres import PostgresMissing, PostgresServer
from bot.database import Database, open_database

_counter = itertools.count(1)


@functools.cache
def _server() -> PostgresServer | str:
    """The one server of this test run, or the reason why there is none."""
    try:
        server = PostgresServer()
    except (PostgresMissing, OSError, subprocess.TimeoutExpired) as problem:
        return str(problem)
    template = open_database(server.create("gege_template"))
    template.migrate()
    template.dispose()
    return server


@functools.cache
def _sqlite_template() -> Path:
    """A migrated SQLite file; a copy is faster than a migration."""
    folder = Path(tempfile.mkdtemp(prefix="gege-sqlite-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    template = open_database(f"sqlite:///{folder / 'template.sqlite'}")
    template.migrate()
    with template.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    template.dispose()
    return folder / "template.sqlite"


def fresh_url(kind: str, folder: Path) -> Iterator[str]:
    """URL of a fresh, migrated database, for a fixture that lives longer than one test."""
    if kind == "sqlite":
        file = folder / "gege.sqlite"
        shutil.copy(_sqlite_template(), file)
        yield f"sqlite:///{file}"
        return
    server = _server()
    if isinstance(server, str):
        pytest.skip(f"NO POSTGRESQL, this promise is only half tested: {server}")
    name = f"gege_{os.getpid()}_{next(_counter)}"
    yield server.create(name, template="gege_template")
    server.drop(name)


def empty_url(kind: str, folder: Path) -> Iterator[str]:
    """URL of a database without a table, for what brings an older site's own."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'gege.sqlite'}"
        return
    server = _server()
    if isinstance(server, str):
        pytest.skip(f"NO POSTGRESQL, this promise is only half tested: {server}")
    name = f"gege_{os.getpid()}_{next(_counter)}"
    yield server.create(name)
    server.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh, migrated database; the test runs on both kinds."""
    yield from fresh_url(request.param, tmp_path)


def _careless(database: Database) -> Database:
    """No test can cut the power, so none waits for the disk."""
    if database.engine.dialect.name == "sqlite":
        event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    return database


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A fresh, migrated database; the test runs on both kinds."""
    opened = _careless(open_database(database_url))
    yield opened
    opened.dispose()


def site_database(home: Path) -> Database:
    """The migrated SQLite database of a site in this folder, open; whoever asks disposes of it.

    GEGE_TEST_POSTGRES=1: a PostgreSQL one in its place, to run a site's tests on the other kind."""
    if os.environ.get("GEGE_TEST_POSTGRES"):
        server = _server()
        if isinstance(server, str):
            pytest.skip(f"NO POSTGRESQL: {server}")
        return open_database(server.create(f"gege_{os.getpid()}_{next(_counter)}", template="gege_template"))
    shutil.copy(_sqlite_template(), home / "gege.sqlite")
    return _careless(open_database(f"sqlite:///{home / 'gege.sqlite'}"))


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """A fresh, migrated SQLite database, for rules that no database changes."""
    for url in fresh_url("sqlite", tmp_path):
        opened = _careless(open_database(url))
        yield opened
        opened.dispose()
