"""The command line as a site's operator uses it: in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.settings import PROJECT

Gege = Callable[..., "subprocess.CompletedProcess[str]"]
PROGRAM = Path(sys.executable).with_name("gege")


def environment(home: Path, **more: str) -> dict[str, str]:
    """An operator's environment with that GEGE_HOME."""
    return {**os.environ, "GEGE_HOME": str(home), **more}


def until_said(words: str, said: Path, process: subprocess.Popen[bytes], seconds: float = 120.0) -> None:
    """Until a service that starts has written these words; one that ends before, or never writes them, has failed."""
    deadline = time.monotonic() + seconds
    while words not in (text := said.read_text()):
        assert process.poll() is None and time.monotonic() < deadline, text
        time.sleep(0.2)


@pytest.fixture
def home(county: Path, tmp_path: Path) -> Path:
    """A copy of the county that leaves room for archives and other sites beside it."""
    folder = tmp_path / "home"
    folder.mkdir()
    for file in county.glob("gege.sqlite*"):
        shutil.copy(file, folder)
    return folder


@pytest.fixture
def gege(tmp_path: Path) -> Gege:
    """`gege("tickets", "--json", home=…, said="…", VARIABLE="…")` runs the program and returns what came of it."""

    def run(
        *arguments: str | Path, home: Path | None = None, said: str | bytes = "", **more: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [PROGRAM, *arguments],
            input=said.encode() if isinstance(said, str) else said,
            capture_output=True,
            cwd=PROJECT,
            env=environment(home or tmp_path / "home", **more),
            timeout=300,
            check=False,
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
