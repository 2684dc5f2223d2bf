"""A short storm at a real `gege serve`: nothing that was promised is lost, nothing is there twice, danger is answered at once."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from bot.bench.storm.run import Storm, blow, dark_homes
from bot.bench.storm.served import served
from bot.bench.storm.soak import growth
from bot.database import open_database
from bot.settings import Settings
from bot.tickets.intake.waiting import WaitingShelf

#: a patience that nearly everybody tries: what is kept is seen
_IMPATIENT = "[capacity]\ntext_wait_s = 0.02\n"


@pytest.mark.slow
async def test_in_a_storm_nothing_promised_is_lost_or_doubled_and_danger_does_not_wait(
    county: Path, tmp_path: Path, dialogue_model: Path
) -> None:
    home = tmp_path / "home"
    await asyncio.to_thread(shutil.copytree, county, home)
    wanted = Storm(
        households=40, seconds=1.0, calls_a_second=4.0, speech=False, thinks_s=(0.05, 0.3), looks_s=0.5,
        longest_call_s=2.0, rest_s=1.0,
    )  # fmt: skip
    dark = dark_homes(home / "sample" / "households.csv", wanted)
    database = open_database(Settings(home=home).database_url)
    try:
        async with served(home, _IMPATIENT, speech=False) as it:
            found = await blow(it, database, dark, wanted, [[]], lambda line: None, dangerous=10)
        texts, calls = found["texts"], found["calls"]
        assert texts["lost"] == 0 and texts["second_tickets"] == 0 and texts["refused"] == {}
        assert texts["logged"] == 40 and texts["never_told_anything"] == 0
        assert texts["told_that_it_is_kept_s"]["count"] == texts["kept_ones_answered_after_s"]["count"] > 0
        assert texts["danger_answered_s"]["count"] == 4, "none of them was told to wait"
        assert calls["without_row"] == 0 and calls["rows_left_open"] == 0
        assert WaitingShelf(database).all() == []
    finally:
        database.dispose()


def test_a_process_that_grows_is_told_from_one_that_warms_up() -> None:
    def minutes(values: list[float]) -> list[dict[str, float]]:
        return [{"rss_mb": value, "descriptors": 30, "threads": 14} for value in values]

    warm = [300.0, 380.0, 400.0]
    assert growth(minutes(warm + [402, 399, 405, 401, 400] * 4))["rss_mb"] < 0.05
    assert growth(minutes(warm + [400 + 5 * number for number in range(20)]))["rss_mb"] > 0.05
