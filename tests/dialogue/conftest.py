"""One service for all conversations: loading Rasa once keeps the suite short. Callers and sessions keep them apart.

Every story is told twice: to the embedded agent, and to a Rasa server in a process of its own."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.app.parts import Parts, running
from bot.bench.loopback import free_port
from bot.settings import PROJECT, DialogueSettings, Settings

TOKEN = "only-for-the-tests"


@contextlib.contextmanager
def rasa_server(home: Path, more: str = "") -> Iterator[str]:
    """`gege rasa-server` of a home, with `more` in its gege.toml; gives its address."""
    (home / "gege.toml").write_text(f'[dialogue]\ntoken = "{TOKEN}"\n{more}', "utf-8")
    port = free_port()
    log = (home / "rasa-server.log").open("wb")
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", "import bot.cli; bot.cli.main()", "rasa-server", "--port", str(port)],
        stdout=log,
        stderr=log,
        cwd=PROJECT,
        env={"GEGE_HOME": str(home), "PATH": "/usr/bin:/bin", "HOME": str(home)},
    )
    try:
        patience = time.monotonic() + 90
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            said = (home / "rasa-server.log").read_text("utf-8", "replace")
            assert server.poll() is None and time.monotonic() < patience, said
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)
        log.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["embedded", "http"])
async def service(
    request: pytest.FixtureRequest, county: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Parts]:
    """The service with the real Rasa model, without background tasks."""
    home = tmp_path_factory.mktemp("conversations")
    for file in county.glob("gege.sqlite*"):
        shutil.copy(file, home)
    with contextlib.ExitStack() as stack:
        dialogue = DialogueSettings()
        if request.param == "http":
            dialogue = DialogueSettings(adapter="http", url=stack.enter_context(rasa_server(home)), token=TOKEN)
        async with running(Settings(home=home, dialogue=dialogue), relay=False) as service:
            yield service
