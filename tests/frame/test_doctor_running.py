"""The doctor asks a running service what the exchange asks it, and says when callers are rung through."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bot.commands.doctor.running import check_service
from bot.foundation.service_state import file_of, write_state
from bot.lines.fastagi import FastAgiServer
from bot.settings import Settings, VoiceSettings
from tests.own_loop import own_loop


@contextmanager
def answering(allowed: Sequence[str] = ("127.0.0.0/8",)) -> Iterator[int]:
    """A FastAGI in another thread, as the service's is in another process; its port."""
    server = FastAgiServer("127.0.0.1", 0, {}, allowed=allowed)
    with own_loop() as run:
        run(server.start())
        try:
            yield server.port
        finally:
            run(server.close())


def running(home: Path, port: int) -> Settings:
    """A service whose process is this one."""
    write_state(file_of(home), [], time.time())
    return Settings(home=home, voice=VoiceSettings(fastagi=f"127.0.0.1:{port}"))


def test_a_service_that_answers_the_exchange_is_well(tmp_path: Path) -> None:
    with answering() as port:
        assert check_service(running(tmp_path, port)) == ("running (0 loops), answers the exchange", "")


def test_a_service_that_takes_connections_and_says_nothing_is_found_within_a_second(tmp_path: Path) -> None:
    with socket.socket() as hung:
        hung.bind(("127.0.0.1", 0))
        hung.listen()
        began = time.monotonic()
        detail, advice = check_service(running(tmp_path, hung.getsockname()[1]))
        assert 0.9 < time.monotonic() - began < 3.0
    assert "does not answer" in detail and "callers are rung through" in detail and "restart" in advice


def test_a_service_that_does_not_listen_is_found(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        assert "ConnectionRefusedError" in check_service(running(tmp_path, other.getsockname()[1]))[0]


def test_a_service_that_does_not_let_this_machine_ask_is_told_so(tmp_path: Path) -> None:
    with answering(allowed=("10.0.0.0/8",)) as port:
        assert "[asterisk] allowed" in check_service(running(tmp_path, port))[1]
