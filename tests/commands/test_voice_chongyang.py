"""`gege voice chongyang`: an experiment lies in the studio until a manager decides, and says what it needs."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.foundation.errors import GegeError
from bot.speech.proposals import Proposals
from bot.speech.reading import sentences
from bot.speech.recorded import RecordedPrompts
from bot.voice.prompts import prompts


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["voice", "chongyang", *arguments])


def test_without_the_voice_it_says_how_to_get_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    problem = run().exception
    assert isinstance(problem, GegeError) and "uv sync --extra voice" in str(problem)
    assert not (home / "prompts").exists()


def test_a_voice_that_is_not_there_is_refused_with_those_that_are() -> None:
    problem = run("--voice", "nobody").exception
    assert isinstance(problem, GegeError) and "zf_xiaoxiao" in str(problem)


def test_what_was_decided_is_not_offered_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)  # the voice would be missed
    for sentence in sentences(prompts().greeting):
        Proposals(home / "prompts").bin(sentence)
    result = run()
    assert result.exit_code == 0 and "nothing to offer" in result.stderr


@pytest.mark.slow
def test_the_greeting_lies_in_the_studio_and_is_not_in_use(home: Path) -> None:
    result = run()
    assert result.exit_code == 0, result.exception
    for sentence in sentences(prompts().greeting):
        found = Proposals(home / "prompts").find(sentence)
        assert found is not None and found.rate == 16000 and 0.8 < found.seconds < 8
        assert RecordedPrompts(home / "prompts").find(sentence) is None
