"""A heart that stops: the process is ended by the watchdog beside it, whatever it hangs on, and nothing else ends it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.app import heart
from bot.settings import PROJECT

_PROGRAM = Path(__file__).with_name("hanging.py")
_PATIENCE_S = 1.0


@dataclass
class Beating:
    """A process with a heart, what it listens on, and its watchdog."""

    process: subprocess.Popen[bytes]
    port: int
    watchdog: int
    said: Path

    def call(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 5.0)


@pytest.fixture
def beating(tmp_path: Path) -> Iterator[Callable[..., Beating]]:
    """Starts one; ends it with its watchdog."""
    started: list[Beating] = []

    def start(patience_s: float = _PATIENCE_S, **environment: str) -> Beating:
        said = tmp_path / f"said-{len(started)}"
        with said.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, str(_PROGRAM), str(patience_s)], stdout=subprocess.PIPE, stderr=stream,
                env={**os.environ, "PYTHONPATH": str(PROJECT), **environment},
            )  # fmt: skip
        assert process.stdout is not None
        port, watchdog = process.stdout.readline().split()
        started.append(Beating(process, int(port), int(watchdog), said))
        return started[-1]

    yield start
    for one in started:
        with suppress(ProcessLookupError):
            one.process.send_signal(signal.SIGCONT)
        one.process.kill()
        one.process.wait()
        assert one.process.stdout is not None
        one.process.stdout.close()
        until(lambda one=one: not is_there(one.watchdog), 5.0)  # type: ignore[misc]


def until(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def is_there(pid: int) -> bool:
    """Whether a process lives; one that nobody waited for has ended."""
    if not pid:
        return False
    try:
        return b"\nState:\tZ" not in Path(f"/proc/{pid}/status").read_bytes()
    except FileNotFoundError:
        return False


def ignores(pid: int, number: signal.Signals) -> bool:
    """Whether a process ignores a signal."""
    mask = int(Path(f"/proc/{pid}/status").read_text().split("SigIgn:")[1].split()[0], 16)
    return bool(mask >> (number - 1) & 1)


@contextmanager
def notified(folder: Path) -> Iterator[tuple[socket.socket, str]]:
    """A socket such as systemd's."""
    where = folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inbox:
        inbox.bind(str(where))
        inbox.settimeout(10.0)
        yield inbox, str(where)


def test_a_process_that_is_stopped_is_ended_and_its_calls_are_closed(beating: Callable[..., Beating]) -> None:
    one = beating()
    with one.call() as call:
        one.process.send_signal(signal.SIGSTOP)
        call.settimeout(8.0)
        with suppress(ConnectionResetError):
            assert call.recv(1) == b""
    assert one.process.wait(timeout=5) in (-signal.SIGABRT, -signal.SIGKILL)
    with pytest.raises(ConnectionRefusedError):
        one.call()
    until(lambda: "process" in one.said.read_text(), 5.0)
    assert f"Gege did nothing for 1 s: process {one.process.pid} was ended" in one.said.read_text()
    assert "Start gege serve again" in one.said.read_text()


def test_where_a_loop_hangs_is_told_before_it_is_ended(beating: Callable[..., Beating]) -> None:
    one = beating()
    one.process.send_signal(signal.SIGUSR1)
    assert one.process.wait(timeout=8) == -signal.SIGABRT
    assert "in the_loop_is_blocked" in one.said.read_text()
    assert not list(Path.cwd().glob("core*")), "a core holds what residents said"


def test_who_beats_is_left_alone_whatever_happens_to_the_watchdog(beating: Callable[..., Beating]) -> None:
    one = beating(0.6)
    until(lambda: ignores(one.watchdog, signal.SIGTERM), 5.0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGSTOP):
        os.kill(one.watchdog, number)
    time.sleep(1.0)
    os.kill(one.watchdog, signal.SIGCONT)
    time.sleep(1.5)
    assert one.process.poll() is None and is_there(one.watchdog)


async def test_a_watchdog_that_fell_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heart, "_REPLACED_S", 0.0)
    one = heart.Heart(30.0)
    await one.start()
    first = one.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    async with asyncio.timeout(10.0):
        while one.pid in (first, None):
            await asyncio.sleep(0.05)
    second = one.pid
    assert second is not None and is_there(second)
    os.kill(second, signal.SIGSTOP)  # also a watchdog that is stopped goes with its service
    await one.stop()
    assert not is_there(second)


def test_a_machine_that_was_asleep_gives_everybody_time_to_wake(beating: Callable[..., Beating]) -> None:
    one = beating(_PATIENCE_S)
    until(lambda: ignores(one.watchdog, signal.SIGTERM), 5.0)
    time.sleep(0.3)  # it has read every beat
    for each in (one.process.pid, one.watchdog):
        os.kill(each, signal.SIGSTOP)
    time.sleep(2.6)
    os.kill(one.watchdog, signal.SIGCONT)
    time.sleep(0.3)
    os.kill(one.process.pid, signal.SIGCONT)
    time.sleep(1.5)
    assert one.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_watchdog_stays_behind(beating: Callable[..., Beating], number: signal.Signals) -> None:
    one = beating()
    assert is_there(one.watchdog)
    one.process.send_signal(number)
    assert one.process.wait(timeout=5) == (0 if number == signal.SIGTERM else -number)
    until(lambda: not is_there(one.watchdog), 5.0)
    assert "did nothing" not in one.said.read_text()


def test_the_watchdog_is_small_and_has_nothing_of_gege(beating: Callable[..., Beating]) -> None:
    one = beating()
    status = Path(f"/proc/{one.watchdog}/status").read_text()
    assert int(status.split("VmRSS:")[1].split()[0]) < 12 * 1024
    assert "site-packages" not in Path(f"/proc/{one.watchdog}/maps").read_text()


def test_without_patience_there_is_no_watchdog(beating: Callable[..., Beating]) -> None:
    one = beating(0)
    assert one.watchdog == 0
    one.process.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    one.process.send_signal(signal.SIGCONT)
    one.call().close()


def test_systemd_is_told_that_it_is_ready_and_alive_and_what_it_does(
    beating: Callable[..., Beating], tmp_path: Path
) -> None:
    with notified(tmp_path) as (inbox, where):
        beating(NOTIFY_SOCKET=where)
        assert inbox.recv(200) == b"READY=1"
        assert inbox.recv(200) == b"WATCHDOG=1\nSTATUS=1 call"
        assert inbox.recv(200) == b"WATCHDOG=1"


def test_a_systemd_that_does_not_read_holds_nobody_up(beating: Callable[..., Beating], tmp_path: Path) -> None:
    with notified(tmp_path) as (inbox, where), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.setblocking(False)
        other.connect(where)
        with suppress(BlockingIOError):
            while True:
                other.send(b"full")
        one = beating(NOTIFY_SOCKET=where)
        time.sleep(2.0)
        assert one.process.poll() is None
        one.call().close()
