"""What a fresh clone lacks is made once, said plainly, and shown whole when it goes wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.commands import first_run
from bot.commands.first_run import make_what_is_missing
from bot.commands.line import Failure
from bot.settings import Settings

Beginning = Callable[..., "subprocess.Popen[bytes]"]
_POPEN = subprocess.Popen


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The `gege` commands that were begun; each says how far it is and ends well."""
    return played(monkeypatch, {})


def played(monkeypatch: pytest.MonkeyPatch, bodies: dict[str, str]) -> list[tuple[str, ...]]:
    words: list[tuple[str, ...]] = []
    well = "import json, time\nfor one in (0.3, 0.6): print(json.dumps({'share': one}), flush=True); time.sleep(0.5)"

    def begin(command: list[str], **others: object) -> subprocess.Popen[bytes]:
        words.append(tuple(command[5:]))
        return _POPEN([sys.executable, "-c", bodies.get(command[5], well)], **others)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(first_run.subprocess, "Popen", begin)
    return words


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.dialogue.training.trained_model", lambda _folder: None)


@pytest.mark.usefixtures("no_model")
def test_county_and_model_are_made_side_by_side_with_a_line_for_each_step(
    tmp_path: Path, begun: list[tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    make_what_is_missing(Settings(home=tmp_path))
    assert begun == [("sample",), ("train", "--json")]
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("the sample county: ") and "about 20 s, once" in lines[0]
    assert lines[1].startswith("the dialogue model: ") and "a minute or two, once" in lines[1]
    assert "the dialogue model: 30%" in lines and "the dialogue model: 60%" in lines
    assert sum("ready (" in line for line in lines) == 2
    assert not [line for line in lines if "\033" in line], "no escapes where no terminal is"


def test_what_is_there_is_not_made_again_and_nothing_is_said(
    county: Path, begun: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("bot.dialogue.training.trained_model", lambda folder: folder / "dialogue-x.tar.gz")
    make_what_is_missing(Settings(home=county))
    assert not begun
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("no_model")
def test_a_step_that_fails_shows_all_it_said_and_ends_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = {
        "sample": "import time; time.sleep(60)",
        "train": "import sys; sys.exit('the dialogue model could not be trained:\\n  nlu/outage.yml line 3')",
    }
    played(monkeypatch, bodies)
    with pytest.raises(
        Failure, match=r"(?s)the dialogue model: it failed.*could not be trained:\n  nlu/outage.yml line 3"
    ):
        make_what_is_missing(Settings(home=tmp_path))


def test_how_far_the_training_is_is_json_lines(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from bot.commands.service import train

    def trained(folder: Path, *, force: bool, how_far: Callable[[float], None]) -> Path:
        how_far(0.25)
        return folder / "dialogue-x.tar.gz"

    monkeypatch.setattr("bot.dialogue.training.train", trained)
    train(as_json=True)
    first, last = (json.loads(line) for line in capfd.readouterr().out.splitlines())
    assert first == {"share": 0.25}
    assert last["model"].endswith("dialogue-x.tar.gz")
