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
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, make_url, text

from bot.database import Database, open_database

#: where Debian, Red Hat and a plain build put the programs
PROGRAMS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")
_counter = itertools.count(1)


class PostgresMissing(Exception):
    """PostgreSQL cannot run here; the message says why."""


def _programs() -> Path | None:
    found = [path for pattern in PROGRAMS for path in Path("/").glob(pattern[1:]) if (path / "initdb").exists()]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).parent)
    return max(found, default=None, key=lambda path: [int(part) for part in path.parts if part.isdigit()])


def _install() -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise PostgresMissing("PostgreSQL is not installed and only root could: apt-get install postgresql")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "postgresql"]):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise PostgresMissing(f"apt-get install postgresql failed: {done.stderr.strip()[-300:]}")


class PostgresServer:
    """A private server; `url` is its maintenance database."""

    def __init__(self) -> None:
        if _programs() is None:
            _install()
        programs = _programs()
        if programs is None:
            raise PostgresMissing("PostgreSQL was installed but initdb is nowhere to be found")
        # PostgreSQL refuses to run as root.
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self._folder = Path(tempfile.mkdtemp(prefix="gege-postgres-"))
        if self._as:
            shutil.chown(self._folder, "postgres", "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        data = self._folder / "data"
        self._run(programs / "initdb", "-D", data, "-U", "gege", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        options += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=60"
        self._stop = (programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        self._run(
            programs / "pg_ctl",
            "-D",
            data,
            "-w",
            "-t",
            "60",
            "-l",
            self._folder / "log",
            "-o",
            options,
            "start",
        )
        atexit.register(self.stop)
        self.url = f"postgresql+psycopg2://gege@127.0.0.1:{port}/postgres"

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(
            [*self._as, *map(str, command)],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            raise PostgresMissing(f"{command[0]} failed: {done.stderr.strip()[-300:]}")

    def stop(self) -> None:
        """Stop the server and remove its folder."""
        subprocess.run([*self._as, *map(str, self._stop)], cwd="/", capture_output=True, check=False)
        shutil.rmtree(self._folder, ignore_errors=True)

    def create(self, name: str, template: str = "template0") -> str:
        """Create a database and return its URL."""
        self._administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        self._administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _administer(self, statement: str) -> None:
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


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


def _fresh(kind: str, folder: Path) -> Iterator[str]:
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


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh, migrated database; the test runs on both kinds."""
    yield from _fresh(request.param, tmp_path)


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
    for url in _fresh("sqlite", tmp_path):
        opened = _careless(open_database(url))
        yield opened
        opened.dispose()
