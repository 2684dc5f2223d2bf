"""What fails around a service that goes on: its database's server, the network to it, its disk, its clock.

Each is away or wrong for some seconds, and then it is as before. A service must lose nothing of it, and say nothing that
is not so."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import subprocess
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from sqlalchemy import make_url

from bot.bench.doubles.postgres import PostgresServer
from bot.foundation.errors import Unavailable

#: so long (s) it lasts
_LASTS_S = (0.3, 4.0)
#: of the whole home, when it lies on a disk that can be filled (MB)
_DISK_MB = 256
#: the last of a disk is taken in pieces of so many bytes
_CRUMB = 4096
#: and what was made free meanwhile is taken so often (s)
_FILLS_S = 0.3
_BLOCK = 65536
#: where Debian has it (apt-get install faketime)
_FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
_JUMPS = ("+3h", "-2d", "+20m", "-70m")


class NoTrouble(Unavailable):
    """It cannot be made here; the message says why."""


class Trouble(ABC):
    """Something that fails for a while."""

    @property
    def environment(self) -> dict[str, str]:
        """What the service's process finds in its environment."""
        return {}

    def url(self, database: str) -> str:
        """How the service reaches its database, within `there`."""
        return database

    @contextlib.asynccontextmanager
    async def there(self) -> AsyncIterator[None]:
        """Around all lives."""
        yield

    @abstractmethod
    async def strike(self, dice: random.Random) -> None:
        """It fails, and when this returns all is well again."""


class ServerDies(Trouble):
    """The database's server is killed, and started again a while later."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server

    async def strike(self, dice: random.Random) -> None:
        await asyncio.to_thread(self._server.kill)
        await asyncio.sleep(dice.uniform(*_LASTS_S))
        await asyncio.to_thread(self._server.start)


class NetworkFails(Trouble):
    """A wire to the database that breaks (all connections are reset, and refused), falls silent (nothing arrives, and
    nobody is told), or is slow."""

    def __init__(self, server: PostgresServer) -> None:
        self._beyond, self._wires = server.port, set[asyncio.StreamWriter]()
        self._carrying = set[asyncio.Task[None]]()
        self._open, self._delay_s = asyncio.Event(), 0.0
        self._refuses = False
        self._listens: asyncio.Server | None = None

    def url(self, database: str) -> str:
        assert self._listens is not None
        port = int(self._listens.sockets[0].getsockname()[1])
        return make_url(database).set(port=port).render_as_string(hide_password=False)

    @contextlib.asynccontextmanager
    async def there(self) -> AsyncIterator[None]:
        self._open.set()
        self._listens = await asyncio.start_server(self._join, "127.0.0.1", 0)
        try:
            yield
        finally:
            self._listens.close()
            self._cut()
            await asyncio.gather(*self._carrying, return_exceptions=True)

    async def strike(self, dice: random.Random) -> None:
        how = dice.choice(("broken", "silent", "slow"))
        lasts = dice.uniform(*_LASTS_S)
        try:
            if how == "broken":
                self._refuses = True
                self._cut()
            elif how == "silent":
                self._open.clear()
            else:
                self._delay_s = 0.2
            await asyncio.sleep(lasts)
            if how == "silent" and dice.random() < 0.5:
                self._cut()  # what was on its way never arrives
        finally:
            self._refuses, self._delay_s = False, 0.0
            self._open.set()

    def _cut(self) -> None:
        for wire in self._wires:
            wire.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mine = asyncio.current_task()
        assert mine is not None
        self._carrying.add(mine)
        ends = [writer]
        try:
            if not self._refuses:
                there, beyond = await asyncio.open_connection("127.0.0.1", self._beyond)
                ends.append(beyond)
                self._wires.update(ends)
                await asyncio.gather(self._carry(reader, beyond), self._carry(there, writer))
        except OSError:
            pass  # the server is away
        finally:
            self._wires.difference_update(ends)
            for end in ends:
                end.transport.abort()
                with contextlib.suppress(OSError):
                    await end.wait_closed()
            self._carrying.discard(mine)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_BLOCK):
                await self._open.wait()
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                writer.write(data)
                await writer.drain()
        writer.transport.abort()


class DiskFull(Trouble):
    """The whole home lies on a small disk of its own; somebody fills it to the last byte, and tidies up."""

    def __init__(self, home: Path) -> None:
        self._ballast = home / "ballast"

    async def strike(self, dice: random.Random) -> None:
        again = dice.random() < 0.5  # a log that runs away takes what was made free, too
        try:
            await asyncio.to_thread(self.fill)
            for _ in range(round(dice.uniform(*_LASTS_S) / _FILLS_S)):
                await asyncio.sleep(_FILLS_S)
                if again:
                    await asyncio.to_thread(self.fill)
        finally:
            self.tidy()

    def tidy(self) -> None:
        """There is room again."""
        self._ballast.unlink(missing_ok=True)

    def fill(self) -> None:
        """To the last byte; blocks."""
        with self._ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            free = os.statvfs(self._ballast.parent)
            if (left := (free.f_bavail - 2) * free.f_bsize) > 0:
                os.posix_fallocate(file.fileno(), file.tell(), left)
            while True:
                file.write(bytes(_CRUMB))


class ClockJumps(Trouble):
    """The machine's clock is set wrong, by minutes to days, and set right again. What counts seconds goes on as ever."""

    def __init__(self, folder: Path) -> None:
        """Raises NoTrouble without libfaketime."""
        if not _FAKETIME.exists():
            raise NoTrouble("the clock is moved by libfaketime, which is not here: apt-get install faketime")
        self._file = folder / "clock"
        self._set("+0")

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(_FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    async def strike(self, dice: random.Random) -> None:
        self._set(dice.choice(_JUMPS))
        try:
            await asyncio.sleep(dice.uniform(*_LASTS_S))
        finally:
            self._set("+0")

    def _set(self, offset: str) -> None:
        self._file.write_text(f"{offset}\n", "utf-8")


@contextlib.contextmanager
def small_disk(home: Path) -> Iterator[None]:
    """A disk of its own, in memory, under a home. Raises NoTrouble where that is not allowed."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        raise NoTrouble("a disk that can be filled is a mount, and only root may make one")
    home.mkdir(exist_ok=True)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_DISK_MB}m,mode=700", "gege-crash", str(home)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise NoTrouble(f"a disk that can be filled cannot be made here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(home)], capture_output=True, check=False)
