"""`gege models list` tells what is here, what could be, and what is broken."""

from __future__ import annotations

import datetime as dt
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bot.commands.models_table import rows, table
from bot.commands.tables import fitting
from bot.settings import PROJECT, Settings, SpeechSettings
from bot.speech.audio import write_wav
from bot.speech.catalogue import catalogue
from tests.speech.vosk_folder import make_folder
from tools.demo_model.speaker import speak_demo


def test_each_model_is_told_once_with_its_state(tmp_path: Path) -> None:
    make_folder(tmp_path / "models" / "own")
    make_folder(tmp_path / "models" / "vosk-model-small-cn-0.22")
    (tmp_path / "models" / "half" / "am").mkdir(parents=True)
    (tmp_path / "models" / ".new-1").mkdir()
    found = rows(Settings(home=tmp_path, speech=SpeechSettings(model="own")))
    states = {row["name"]: row["state"] for row in found}
    assert len(found) == len(states) == len(catalogue()) + 2
    assert (
        states["own"] == "in use" and states["vosk-model-small-cn-0.22"] == "installed" and states["half"] == "damaged"
    )
    assert states["whisper-base"] == "available" and "demo" not in states
    assert next(row for row in found if row["name"] == "half")["why"].startswith(str(tmp_path))
    assert json.loads(json.dumps(found))


def test_the_demo_is_told_where_it_is_in_use_and_names_are_whole_in_a_narrow_terminal(tmp_path: Path) -> None:
    found = rows(Settings(home=tmp_path))
    assert (found[0]["name"], found[0]["state"], found[0]["demo"]) == ("demo", "in use", True)
    shown = io.StringIO()
    Console(width=80, file=shown).print(fitting(*table(found), 80, dt.UTC, dt.datetime.now(dt.UTC)))
    assert all(name in shown.getvalue() for name in catalogue())


@pytest.mark.slow
def test_try_says_what_was_heard_and_by_which_ear(tmp_path: Path) -> None:
    wav = tmp_path / "said.wav"
    write_wav(wav, speak_demo("我家停电了"), 8000)
    main = [sys.executable, "-W", "ignore", "-c", "from bot.cli import main; main()", "models", "try", str(wav)]
    done = subprocess.run(
        [*main, "--model", "demo"],
        cwd=PROJECT,
        env={"GEGE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "我家停电了"
    assert "demo heard 我家停电了" in done.stderr and "CPU s a second of sound" in done.stderr
