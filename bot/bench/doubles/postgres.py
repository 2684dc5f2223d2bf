"""A private PostgreSQL on loopback, for measurements and tests that want the other kind of database."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from bot.foundation.errors import Unavailable

#: where Debian, Red Hat and a plain build put the programs
PROGRAMS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")


class PostgresMissing(Unavailable):
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

    def __init__(self, *, durable: bool = False) -> None:
        """`durable`: what it has confirmed survives its own death (not that of the machine: it never waits for the
        disk)."""
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
            self.port = int(free.getsockname()[1])
        self._data = data = self._folder / "data"
        self._run(programs / "initdb", "-D", data, "-U", "gege", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self._folder}"
        options += f" -c fsync=off -c synchronous_commit={'on' if durable else 'off'} -c full_page_writes=off"
        options += " -c max_connections=60"
        control = (programs / "pg_ctl", "-D", data)
        self._stop = (*control, "-m", "immediate", "stop")
        self._start = (*control, "-w", "-t", "60", "-l", self._folder / "log", "-o", options, "start")
        self.start()
        atexit.register(self.stop)
        self.url = f"postgresql+psycopg2://gege@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, for the first time or after `kill`."""
        self._run(*self._start)

    def kill(self) -> None:
        """SIGKILL of the server; returns when its processes are gone."""
        server = int((self._data / "postmaster.pid").read_text("utf-8").split("\n", 1)[0])
        theirs = Path(f"/proc/{server}/task/{server}/children").read_text("utf-8").split()
        for one in (server, *map(int, theirs)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        while any(Path(f"/proc/{one}").exists() for one in theirs):
            time.sleep(0.02)

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
