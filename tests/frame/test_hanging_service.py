"""`gege serve` hangs in mid-call: within seconds its sockets are closed, and after the restart its caller is owed a call."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.bench.exchange.agi import Channel
from bot.bench.loopback import free_port
from bot.lines.audiosocket import UUID, Frame
from bot.settings import PROJECT
from tests.frame.conftest import environment, until_said

pytestmark = pytest.mark.slow

_PROGRAM = Path(__file__).with_name("hanging.py")
#: a caller in mid-call comes to a person after this (s); [capacity] watchdog_s is 5
_GOAL_S = 8.0


@dataclass
class Served:
    """A running `gege serve`."""

    process: subprocess.Popen[bytes]
    agi: int
    audio: int
    said: Path


@contextmanager
def served(home: Path) -> Iterator[Served]:
    web, agi, audio = free_port(), free_port(), free_port()
    (home / "gege.toml").write_text(
        f'[web]\nport = {web}\n[voice]\nsip = ""\naudiosocket = "127.0.0.1:{audio}"\nfastagi = "127.0.0.1:{agi}"\n'
        '[speech]\nvoice = "espeak"\n'  # nobody listens: a voice that is quick to start
    )
    said = home / "said"
    with said.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, str(_PROGRAM), "serve"], cwd=PROJECT, stdout=stream, stderr=stream,
            env=environment(home, PYTHONPATH=str(PROJECT)),
        )  # fmt: skip
    try:
        until_said("Gege is at", said, process, 180.0)
        yield Served(process, agi, audio, said)
    finally:
        process.kill()
        process.wait()


async def call(site: Served) -> socket.socket:
    """The dial plan's way in: announced, connected, and heard. A service that is late takes nobody: then once more."""
    async with asyncio.timeout(90.0):
        while True:
            channel = Channel(site.agi, dialled="0715-3391024")
            await channel.agi("start")
            reader, writer = await asyncio.open_connection("127.0.0.1", site.audio)
            writer.write(Frame(UUID, bytes.fromhex(channel.variables["ASID"].replace("-", ""))).encode())
            with suppress(asyncio.IncompleteReadError):
                await asyncio.wait_for(reader.readexactly(16_000), 20.0)
                break
            writer.close()
            await asyncio.sleep(0.5)
    raw = writer.get_extra_info("socket")
    kept = socket.socket(fileno=os.dup(raw.fileno()))
    writer.transport.abort()
    return kept


def over_after(line: socket.socket) -> float:
    """Seconds until the other end is gone."""
    began = time.monotonic()
    line.settimeout(30.0)
    with suppress(ConnectionResetError):
        while line.recv(65_536):
            pass
    return time.monotonic() - began


@pytest.mark.parametrize("way", [signal.SIGSTOP, signal.SIGUSR1])
def test_a_service_that_hangs_lets_go_of_every_call_and_owes_it(
    home: Path, dialogue_model: Path, way: signal.Signals
) -> None:
    with served(home) as site:
        line = asyncio.run(call(site))
        with line:
            site.process.send_signal(way)
            began = time.monotonic()
            assert over_after(line) < _GOAL_S
        assert site.process.wait(timeout=5) in (-signal.SIGABRT, -signal.SIGKILL)
        assert time.monotonic() - began < _GOAL_S
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", site.agi), 2.0)
        assert ("in the_loop_is_blocked" in site.said.read_text()) == (way == signal.SIGUSR1)
    with served(home):
        with sqlite3.connect(home / "gege.sqlite") as connection:
            owed = connection.execute("SELECT kind, facts FROM ticket").fetchall()
        connection.close()
    assert [kind for kind, facts in owed if '"call_back": "interrupted"' in facts] == ["callback"]


def test_a_service_under_load_is_left_alone(home: Path, dialogue_model: Path) -> None:
    """Every core busy, callers who talk, and questions without a pause: the loop is late, and beats."""
    with served(home) as site, every_core_busy():

        async def load() -> None:
            lines = [await asyncio.to_thread(asyncio.run, call(site)) for _ in range(10)]
            until = time.monotonic() + 12.0
            while time.monotonic() < until:
                channels = [Channel(site.agi) for _ in range(20)]
                await asyncio.gather(*(one.agi("alive") for one in channels))
                assert all(one.variables["GEGE_ALIVE"] == "1" for one in channels)
            for line in lines:
                line.close()

        asyncio.run(load())
        assert site.process.poll() is None, site.said.read_text()
        assert "did nothing" not in site.said.read_text()


@contextmanager
def every_core_busy() -> Iterator[None]:
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * (os.cpu_count() or 1))]
    try:
        yield
    finally:
        for one in busy:
            one.kill()
            one.wait()
