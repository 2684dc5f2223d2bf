"""The command line as others run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, load_settings
from bot.settings.tariff import TariffError, load_tariff

# The program in processes of its own.
pytestmark = pytest.mark.slow


def gege(home: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "from bot.cli import main; main()", *words],
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, "GEGE_HOME": str(home)},
        timeout=300,
        check=False,
    )


def test_parse_answers_every_line_in_order_and_prints_nothing_else(home: Path) -> None:
    lines = [
        '{"text": "停电了"}',
        "no json",
        '{"text": 5}',
        '{"text": "", "alternatives": []}',
        '{"text": "火锅店要装三相电"}',
    ]
    done = gege(home, "parse", stdin="\n".join(lines) + "\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answers[0]["intent"], answers[4]["intent"]] == ["report_outage", "open_account"]
    assert "error" in answers[1] and "error" in answers[2] and answers[3]["fallback"]
    assert set(answers[0]) == {"text", "intent", "act", "confidence", "fallback", "entities"}


def test_locate_keeps_its_contract(home: Path) -> None:
    done = gege(home, "locate", stdin='{"text": "凤凰城6栋"}\n[]\n')
    first, second = [json.loads(line) for line in done.stdout.splitlines()]
    assert set(first) == {"household_no", "grid_no", "manager", "score", "candidates", "ask"}
    assert first["grid_no"] is None and len(first["candidates"]) >= 3
    # The place stands in several grids, and a name alone would not say so.
    assert len({one["grid_no"] for one in first["candidates"]}) >= 2
    assert set(first["candidates"][0]) == {"household_no", "grid_no", "label", "score"} and "error" in second


def test_say_prints_replies_and_what_was_logged(home: Path) -> None:
    done = gege(home, "say", "变压器着火了", "--caller", "13900001111", "--json")
    answer = json.loads(done.stdout)
    assert answer["ticket"]["kind"] == "hazard" and len(answer["notifications"]) >= 2 and answer["replies"]
    # Nobody knows where yet: it is the duty desk's.
    moved = gege(home, "ticket", answer["ticket"]["ticket_no"], "ack", "--by", "D1", "--json")
    assert json.loads(moved.stdout)["state"] == "acknowledged"
    assert json.loads(gege(home, "tickets", "--json").stdout)[0]["owner"] == "D1"
    assert json.loads(gege(home, "notifications", "--json").stdout)


@pytest.mark.parametrize(
    "words",
    [
        ("ticket", "GD0000000000", "ack", "--by", "M11"),
        ("import", "nowhere.csv"),
        ("call", "nowhere.wav"),
        ("models", "install", "nowhere.zip"),
    ],
)
def test_a_mistake_is_one_line_for_a_person(home: Path, words: tuple[str, ...]) -> None:
    done = gege(home, *words)
    assert done.returncode == 1 and "Traceback" not in done.stderr and done.stderr.strip() and not done.stdout


def test_broken_settings_name_file_and_key(tmp_path: Path) -> None:
    (tmp_path / "gege.toml").write_text("[web]\nport = 'many'\n")
    with pytest.raises(SettingsError, match="web.port"):
        load_settings(tmp_path)
    (tmp_path / "gege.toml").write_text("[web\n")
    with pytest.raises(SettingsError, match="TOML"):
        load_settings(tmp_path)


def test_the_doctor_says_that_the_demo_model_is_not_for_residents(home: Path) -> None:
    from bot.commands.doctor.doctor import examine

    findings = {one["name"]: one for one in examine(Settings(home=home))}
    assert all(one["ok"] for one in findings.values()), findings
    assert "not for residents" in findings["ear"]["detail"]


def test_a_price_table_that_does_not_rise_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "tariff.yml"
    tiers = "[{up_to: 5, price: '1'}, {up_to: 4, price: '2'}, {up_to: null, price: '3'}]"
    file.write_text(f"residential:\n- from: 2020-01-01\n  tiers: {tiers}\n")
    with pytest.raises(TariffError, match="rise"):
        load_tariff(file)


def test_a_backup_brings_everything_back(home: Path, tmp_path: Path) -> None:
    gege(home, "say", "电线杆倒了", "--caller", "13900002222")
    archive = tmp_path / "backup.tar.gz"
    assert gege(home, "backup", str(archive)).returncode == 0
    other = tmp_path / "other"
    assert gege(other, "restore", str(archive)).returncode == 0
    assert json.loads(gege(other, "tickets", "--json").stdout)[0]["kind"] == "hazard"
    assert gege(other, "restore", str(archive)).returncode == 1
