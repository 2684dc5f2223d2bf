"""`gege serve` starts, says where it is, and stops when it is told."""

from __future__ import annotations

import errno
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.app import serve as serving
from bot.app.addresses import CannotServe, probe, url
from bot.bench.loopback import free_port
from bot.settings import PROJECT, Settings, VoiceSettings, WebSettings
from tests.frame.conftest import PROGRAM, environment, until_said


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


async def test_a_taken_web_port_is_told_at_once_with_what_to_do(tmp_path: Path, taken: int) -> None:
    settings = Settings(home=tmp_path, web=WebSettings(port=taken))
    with pytest.raises(CannotServe, match=rf"port {taken} .* is taken .* \[web\] port in .*gege.toml"):
        await serving.serve(settings)
    assert not list(tmp_path.iterdir()), "nothing was made before"


async def test_a_taken_telephone_port_is_told_too(tmp_path: Path, taken: int) -> None:
    settings = Settings(
        home=tmp_path,
        web=WebSettings(port=free_port()),
        voice=VoiceSettings(audiosocket=f"127.0.0.1:{taken}", fastagi=f"127.0.0.1:{free_port()}"),
    )
    with pytest.raises(CannotServe, match=r"\[voice\] audiosocket"):
        await serving.serve(settings)


@pytest.mark.parametrize("address", ["phone", "127.0.0.1:phone", "127.0.0.1:99999", "no.such.host.invalid:9092"])
async def test_an_address_that_is_none_is_told(tmp_path: Path, address: str) -> None:
    voice = VoiceSettings(audiosocket=address, fastagi=f"127.0.0.1:{free_port()}")
    settings = Settings(home=tmp_path, web=WebSettings(port=free_port()), voice=voice)
    with pytest.raises(CannotServe, match="audiosocket"):
        await serving.serve(settings)


def test_a_port_below_1024_without_root_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(CannotServe, match="needs root"):
        probe("127.0.0.1", 80, "[web] port", Settings(home=tmp_path))


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "http://localhost:8080"),
        ("0.0.0.0", "http://localhost:8080"),
        ("::", "http://localhost:8080"),
        ("10.1.2.3", "http://10.1.2.3:8080"),
        ("fe80::1", "http://[fe80::1]:8080"),
    ],
)
def test_the_address_that_is_shown_can_be_opened(host: str, shown: str) -> None:
    assert url(Settings(web=WebSettings(host=host))) == shown


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_answers_and_stops_in_peace(home: Path, dialogue_model: Path, number: signal.Signals) -> None:
    port = free_port()
    voice = f'audiosocket = "127.0.0.1:{free_port()}"\nfastagi = "127.0.0.1:{free_port()}"\n'
    (home / "gege.toml").write_text(f'[web]\nport = {port}\n[voice]\n{voice}[speech]\nvoice = "espeak"\n')
    with sqlite3.connect(home / "gege.sqlite") as connection:
        connection.execute(
            "INSERT INTO call (id, caller, dialled, diverting, front_end, started_at, outcome)"
            " VALUES ('c1', '13800138000', '', '', 'audiosocket', '2026-11-23 00:00:00', '')"
        )
    connection.close()
    said = home / "said"
    with said.open("wb") as stream:
        running = subprocess.Popen([PROGRAM, "serve"], cwd=PROJECT, env=environment(home), stdout=stream, stderr=stream)
    try:
        until_said(f"http://localhost:{port}", said, running)
        with urllib.request.urlopen(f"http://localhost:{port}/", timeout=10) as page:
            assert page.status == 200
        began = time.monotonic()
        os.kill(running.pid, number)
        assert running.wait(timeout=30) == 0, said.read_text()
        assert time.monotonic() - began < 10
    finally:
        running.kill()
        running.wait()
    text = said.read_text()
    assert "NOT FOR RESIDENTS" in text
    assert "stopping" in text
    assert "Traceback" not in text
    assert not re.search(r"\b(WARNING|ERROR)\b", text), text
    with sqlite3.connect(home / "gege.sqlite") as connection:
        kinds = connection.execute("SELECT kind FROM ticket").fetchall()
    connection.close()
    assert kinds == [("callback",)], "a call that a fallen service left open becomes a call-back"
