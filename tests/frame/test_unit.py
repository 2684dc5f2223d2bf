"""The unit for systemd fits what Gege does: it looks later than Gege herself, and lets calls finish."""

from __future__ import annotations

from pathlib import Path

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
