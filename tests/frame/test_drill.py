"""The drill: a site is made, killed and taken away, comes back by its newest backup, and takes reports again.

docs/drill.md holds what was seen with a whole county."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.bench.loopback import free_ports
from bot.foundation.backup_names import archives_in
from bot.settings import PROJECT
from tests.frame.conftest import PROGRAM, Gege, environment, until_said
from tests.frame.test_monitoring import NAME, expressions, names_in

pytestmark = pytest.mark.slow

#: a lost machine costs so much time (s) at most
RTO_S = 15 * 60
DANGER = "电线断了掉在路上,冒火花"
#: what only a site with SIP or a second ear gives
_ELSEWHERE = ("gege_sip_", "gege_second_ear_")


def asked(url: str, body: dict[str, str] | None = None) -> tuple[int, bytes]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read()


@contextlib.contextmanager
def serving(home: Path) -> Iterator[str]:
    """`gege serve` of a home, ready; killed without a word at the end. Gives its address."""
    page, audio, agi = free_ports(3)
    folder = home.parent / "backups"
    (home / "gege.toml").write_text(
        f'[web]\nport = {page}\n[voice]\naudiosocket = "127.0.0.1:{audio}"\nfastagi = "127.0.0.1:{agi}"\nsip = ""\n'
        f'[speech]\nvoice = "espeak"\nmodel = "{home / "none"}"\n[backup]\nfolder = "{folder}"\nevery_min = 60\n'
    )
    said = home.parent / "said"
    with said.open("wb") as stream:
        running = subprocess.Popen([PROGRAM, "serve"], cwd=PROJECT, env=environment(home), stdout=stream, stderr=stream)
    url = f"http://127.0.0.1:{page}"
    try:
        until_said(f"http://localhost:{page}", said, running)
        deadline = time.monotonic() + 60
        while (found := asked(f"{url}/ready"))[0] != 200:
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        yield url
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()


def report(url: str, home: Path) -> str:
    """A danger, said at the page; → its ticket's number."""
    session = uuid.uuid4().hex
    status, answer = asked(f"{url}/api/turn", {"session": session, "id": uuid.uuid4().hex, "text": DANGER})
    assert status == 200, answer
    with contextlib.closing(sqlite3.connect(home / "gege.sqlite")) as database:
        found = database.execute("SELECT max(ticket_no) FROM ticket WHERE kind = 'hazard' AND said != ''").fetchone()
    return str(found[0])


def test_a_lost_machine_is_back_in_time_and_gives_no_number_twice(
    home: Path, gege: Gege, dialogue_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = home.parent / "backups"
    folder.mkdir()
    with serving(home) as url:
        kept = report(url, home)
        deadline = time.monotonic() + 60
        while not archives_in(folder):  # its own first one
            assert time.monotonic() < deadline
            time.sleep(0.1)
        began = time.monotonic()
        made = gege("backup", "--into", folder, home=home)
        assert made.returncode == 0, made.stderr
        took = {"backup": time.monotonic() - began}
        lost = report(url, home)
        names = names_in(asked(f"{url}/metrics")[1].decode())
    lost_at = time.monotonic()
    assert lost != kept
    shutil.rmtree(home)
    back = gege("restore", folder, home=home)
    assert back.returncode == 0, back.stderr
    took["restore"] = time.monotonic() - lost_at
    with serving(home) as url:
        took["ready"] = time.monotonic() - lost_at
        again = report(url, home)
        took["report"] = time.monotonic() - lost_at
    assert took["report"] < RTO_S
    assert again not in (kept, lost)
    with contextlib.closing(sqlite3.connect(home / "gege.sqlite")) as database:
        numbers = {row[0] for row in database.execute("SELECT ticket_no FROM ticket")}
        told = database.execute("SELECT count(*) FROM notification WHERE template = 'restored'").fetchone()[0]
    assert kept in numbers and lost not in numbers and told, "the desk hears that a time is missing"
    # What the dashboard and the alerts ask for, a real service gives.
    wanted = {name for one in expressions() for name in NAME.findall(one)} - {"up"}
    assert sorted(one for one in wanted - names if not one.startswith(_ELSEWHERE)) == []
    with capsys.disabled():
        print("\ndrill (s):", ", ".join(f"{name} {seconds:.1f}" for name, seconds in took.items()))
