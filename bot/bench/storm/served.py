"""A real `gege serve` in a process of its own, on a home and ports of its own, and what it costs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bot.bench.loopback import free_ports
from bot.foundation.errors import Unavailable
from bot.settings import PROJECT

#: a service that is not ready after so long (s) will never be
_READY_S = 120.0
#: calls that are open when it stops are waited for so long (s)
_STOPS_S = 60.0
#: lines of a service that died
_LAST_WORDS = 12
#: as gege.toml writes it
_PROVIDER = json.dumps("file")
_PROGRAM = "from bot.cli import main; main()"


class DidNotStart(Unavailable):
    """The service ended, or was not ready in time; the message says where its own words stand."""


class Died(Unavailable):
    """The service ended while it was measured; the message holds its last words."""


@dataclass(frozen=True)
class Cost:
    """A process at one moment: resident MB, open descriptors, threads, MB of the database's WAL, CPU seconds so far."""

    rss_mb: float
    descriptors: int
    threads: int
    wal_mb: float
    cpu_s: float


@dataclass
class Served:
    """The service that runs."""

    home: Path
    page: int
    audio: int
    agi: int
    sip: int
    pid: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.page}"

    def cost(self) -> Cost:
        """What it costs now. Raises Died when it is gone."""
        process = Path(f"/proc/{self.pid}")
        if not (process / "fd").exists():
            words = (self.home / "said.log").read_text("utf-8", "replace").splitlines()
            raise Died(f"gege serve has ended, its last words: {' | '.join(words[-_LAST_WORDS:])}")
        status = dict(
            line.split(":", 1) for line in (process / "status").read_text("ascii").splitlines() if ":" in line
        )
        ticks = (process / "stat").read_text("utf-8").rsplit(")", 1)[1].split()
        wal = self.home / "gege.sqlite-wal"
        return Cost(
            round(int(status["VmRSS"].split()[0]) / 1024, 1),
            len(os.listdir(process / "fd")),
            int(status["Threads"]),
            round(wal.stat().st_size / 2**20, 2) if wal.exists() else 0.0,
            round((int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK"), 1),
        )


@asynccontextmanager
async def served(home: Path, more: str = "", *, database: str = "", speech: bool = True) -> AsyncIterator[Served]:
    """`gege serve` on a home that holds a county. `more`: further lines of gege.toml; `database`: PostgreSQL's URL;
    without `speech` callers leave messages, which is the quickest start. Raises DidNotStart."""
    page, audio, agi, sip = free_ports(4)
    # The engine that every machine has: what else speaks differs from machine to machine.
    deaf = "" if speech else f'model = "{home / "none"}"\n'
    (home / "gege.toml").write_text(
        f'[web]\nport = {page}\n[voice]\naudiosocket = "127.0.0.1:{audio}"\nfastagi = "127.0.0.1:{agi}"\n'
        f'sip = "127.0.0.1:{sip}"\n[speech]\nvoice = "espeak"\n{deaf}'
        f"[notify]\nproviders = [{_PROVIDER}]\n{more}",
        "utf-8",
    )
    environment = {**os.environ, "GEGE_HOME": str(home), "PYTHONPATH": str(PROJECT)}
    environment.pop("GEGE_DATABASE_URL", None)
    if database:
        environment["GEGE_DATABASE_URL"] = database
    with (home / "said.log").open("ab") as said:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "ignore", "-c", _PROGRAM, "serve", env=environment, cwd=PROJECT, stderr=said,
            stdout=said,
        )  # fmt: skip
        try:
            it = Served(home, page, audio, agi, sip, process.pid)
            await _ready(it, process)
            yield it
        finally:
            await _stop(process)


async def _ready(it: Served, process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(TimeoutError):
        async with aiohttp.ClientSession() as http, asyncio.timeout(_READY_S):
            while process.returncode is None:
                with contextlib.suppress(aiohttp.ClientError, OSError):
                    async with http.get(f"{it.url}/healthz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.05)
    raise DidNotStart(f"gege serve did not get ready within {_READY_S:.0f} s: read {it.home / 'said.log'}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _STOPS_S)
    except TimeoutError:
        process.kill()
        await process.wait()
