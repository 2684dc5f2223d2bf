"""Whatever breaks, no name, number, address or word of a resident reaches the log or the screen of the service."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, insert

from bot import __version__, cli
from bot.app.parts import Parts
from bot.bench.loopback import free_port
from bot.database import Database, now
from bot.foundation import logs
from bot.settings import PROJECT
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.tickets.models import Utterance
from tests.frame.conftest import PROGRAM, Gege, environment, until_said

NAME, PHONE, PLACE, IDENTITY, WORDS = "欧阳锁库", "13955556666", "望江路八十八号", "421223199901019999", "金丝雀"
SAID = f"停电了,我是{NAME},住{PLACE},身份证{IDENTITY},电话{PHONE},{WORDS}"
CANARIES = (NAME, PHONE, PLACE, IDENTITY, WORDS, "欧阳", "5555", "0101999")
BROKEN = "这一行不让写"


def spilled(text: str) -> list[str]:
    return [canary for canary in CANARIES if canary in text]


def break_database(home: Path, *tables: str) -> None:
    """Every insert into these tables fails from now on, as a constraint or a full disk would make it fail."""
    with contextlib.closing(sqlite3.connect(home / "gege.sqlite")) as connection:
        for table in tables:
            connection.execute(
                f"CREATE TRIGGER broken_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, '{BROKEN}'); END"
            )
        connection.commit()


@pytest.mark.slow
def test_a_shell_turn_with_a_failing_database_spills_nothing(gege: Gege, home: Path, dialogue_model: Path) -> None:
    break_database(home, "utterance", "ticket")
    done = gege("say", SAID, "--caller", PHONE, home=home, GEGE_LOG="debug")
    assert "IntegrityError" in done.stderr and "SQLITE_CONSTRAINT_TRIGGER" in done.stderr, done.stderr
    assert "session=say-#" in done.stderr
    assert not spilled(done.stderr) and BROKEN not in done.stderr


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What our loggers write, as the service writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Lines())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


async def test_a_full_disk_spills_nothing(service: Parts, log: io.StringIO) -> None:
    database = service.database
    for engine in {database.engine, database._light}:
        engine.dispose()
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA max_page_count = 1"))
    # Pages that were freed are filled up first.
    for number in range(200):
        heard = Heard(f"full-{number}", f"say-{PHONE}", SAID * 20, caller=Caller.by("terminal", PHONE))
        await service.dialogue.turn(heard)
        if "SQLITE_FULL" in log.getvalue():
            break
    assert "SQLITE_FULL" in log.getvalue()
    assert not spilled(log.getvalue())


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_command_that_fails_says_what_kind_of_fault_it_was_and_no_words(
    debug: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(**_: object) -> None:
        raise ValueError(SAID)

    monkeypatch.setattr(cli, "app", fails)
    monkeypatch.setattr(sys, "argv", ["gege", "tickets"])
    monkeypatch.setattr(cli, "_start_log", lambda: logging.getLogger().addHandler(handler))
    monkeypatch.setenv("GEGE_DEBUG", debug)
    monkeypatch.setattr(os, "umask", lambda _: 0)
    handler = logging.StreamHandler()
    handler.setFormatter(logs.Lines())
    try:
        with pytest.raises(SystemExit):
            cli.main()
    finally:
        logging.getLogger().removeHandler(handler)
    told = capfd.readouterr().err
    assert "ValueError" in told and not spilled(told)
    assert ("in fails" in told) == bool(debug)


@pytest.fixture
def broken_service(home: Path, dialogue_model: Path) -> Iterator[tuple[int, int, Path]]:
    """A service whose database takes nothing: (port of the page, port of FastAGI, what it writes)."""
    port, agi = free_port(), free_port()
    voice = f'audiosocket = "127.0.0.1:{free_port()}"\nfastagi = "127.0.0.1:{agi}"\nsip = ""\n'
    (home / "gege.toml").write_text(
        f'[web]\nport = {port}\n[voice]\n{voice}[speech]\nvoice = "espeak"\n[log]\nlevel = "debug"\n'
    )
    break_database(home, "utterance", "ticket", "call", "dialogue_state")
    said = home.parent / "said"
    with said.open("wb") as stream:
        running = subprocess.Popen([PROGRAM, "serve"], cwd=PROJECT, env=environment(home), stdout=stream, stderr=stream)
    try:
        until_said(f"http://localhost:{port}", said, running)
        yield port, agi, said
    finally:
        running.terminate()
        running.wait(timeout=60)


def _post(port: int, body: dict[str, str]) -> None:
    data = json.dumps(body).encode()
    request = urllib.request.Request(f"http://localhost:{port}/api/turn", data, {"Content-Type": "application/json"})
    with contextlib.suppress(OSError):  # an error is an answer, too
        urllib.request.urlopen(request, timeout=30).read()


def _announce(agi: int) -> None:
    """What Asterisk sends for a call of that number; its answers are taken as they come."""
    lines = ["agi_request: agi://127.0.0.1/start", f"agi_callerid: {PHONE}", f"agi_calleridname: {NAME}",
             "agi_dnid: 95598", f"agi_arg_1: {uuid.uuid4()}"]  # fmt: skip
    with socket.create_connection(("127.0.0.1", agi), timeout=10) as asterisk, contextlib.suppress(OSError):
        asterisk.sendall(("\n".join(lines) + "\n\n").encode())
        while asterisk.recv(4096):
            asterisk.sendall(b"200 result=1\n")


@pytest.mark.slow
def test_a_service_with_a_failing_database_spills_nothing(broken_service: tuple[int, int, Path]) -> None:
    port, agi, said = broken_service
    session = f"web-{PHONE}-{uuid.uuid4().hex[:8]}"
    _post(port, {"session": session, "text": SAID, "caller": PHONE, "id": f"turn-{PHONE}"})
    _announce(agi)
    time.sleep(1)
    text = said.read_text()
    errors = [
        line for line in text.splitlines() if re.match(r"\S+\+08:00 error bot\.dialogue\S* .*session=web-#", line)
    ]
    assert errors and "SQLITE_CONSTRAINT_TRIGGER" in text, text
    assert not spilled(text)


@pytest.mark.slow
def test_the_first_line_says_versions_and_what_is_in_use(broken_service: tuple[int, int, Path]) -> None:
    line = broken_service[2].read_text().splitlines()[0]
    for word in (
        f"gege {__version__} (",
        "Python 3.11",
        "rasa 3.6",
        "vosk",
        "dialogue embedded",
        "database sqlite",
        "log debug",
    ):
        assert word in line


def test_what_a_database_says_of_a_row_is_not_repeated(database: Database, log: io.StringIO) -> None:
    row = {"id": "u1", "session": f"say-{PHONE}", "channel": "terminal", "text": SAID, "alternatives": [SAID],
           "caller": PHONE, "heard_at": now()}  # fmt: skip
    try:
        with database.session() as session:
            session.execute(insert(Utterance), row)
            session.execute(insert(Utterance), row)
    except Exception:
        logging.getLogger("bot.test").exception("not written")
    assert "IntegrityError" in log.getvalue()
    assert any(code in log.getvalue() for code in ("SQLITE_CONSTRAINT_PRIMARYKEY", "23505"))
    assert not spilled(log.getvalue())
