"""The unit for systemd fits what Gege does: it is valid, looks later than Gege herself, and lets calls finish."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import PROJECT, Settings
from bot.telephone import telephone

UNIT = PROJECT / "deploy" / "systemd" / "gege.service"


def value_of(key: str) -> str:
    (found,) = (line.partition("=")[2] for line in UNIT.read_text().splitlines() if line.startswith(f"{key}="))
    return found


def test_systemd_looks_after_gege_herself_and_stops_after_the_last_apology(tmp_path: Path) -> None:
    capacity = Settings(home=tmp_path).capacity
    assert float(value_of("WatchdogSec")) > capacity.watchdog_s
    assert float(value_of("TimeoutStopSec")) > capacity.stop_s + telephone._APOLOGY_S + 10
    assert (value_of("Type"), value_of("Restart"), value_of("KillMode")) == ("notify", "always", "mixed")
    assert value_of("LimitCORE") == "0"


def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/gege/.venv/bin/gege", sys.executable))
    done = subprocess.run(
        [analyze, "verify", copy], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if UNIT.name in line], done.stderr
