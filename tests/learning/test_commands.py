"""`gege correct` and `gege learn` on the command line: JSON alone on stdout, mistakes in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.database import Database
from bot.learning.lexicon_words import keep, waiting
from bot.learning.waiting_words import Word
from bot.tickets.desk import TicketDesk
from tests.tickets.county import hazard, on_sqlite, outage

pytestmark = on_sqlite


@pytest.fixture
def number(county: Database, desk: TicketDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A ticket of a site that the commands find."""
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    monkeypatch.setenv("GEGE_DATABASE_URL", f"sqlite:///{tmp_path / 'gege.sqlite'}")
    return desk.report(outage(said="屋里梭子断了")).ticket_no


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def plain(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.exception
    return json.loads(result.stdout)


def test_a_correction_is_written_listed_and_decided(number: str, desk: TicketDesk) -> None:
    written = plain("correct", number, "--heard", "屋里闸刀断了", "--kind", "breaker_fault", "--by", "M1")
    assert (written["state"], written["intent"]) == ("new", "report_breaker_fault")
    danger = desk.report(hazard()).ticket_no
    held = plain("correct", danger, "--intent", "out_of_scope", "--by", "M1")
    assert (held["state"], held["reason"]) == ("waiting", "hazard")
    assert [one["id"] for one in plain("correct", "--list")] == [held["id"], written["id"]]
    assert plain("correct", str(held["id"]), "--refuse", "--by", "D1")["state"] == "refused"
    again = plain("correct", str(held["id"]), "--confirm", "--by", "T1")
    assert again["state"] == "refused" and not again["fresh"]


def test_people_are_told_in_words(number: str, desk: TicketDesk) -> None:
    told = run("correct", desk.report(hazard()).ticket_no, "--kind", "care", "--by", "M1")
    assert "waiting for a second person: it makes something else of a danger" in told.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "which ticket"),
        (["GD1"], "who does it"),
        (["GD1", "--by", "M1"], "no ticket GD1"),
        (["x", "--confirm", "--by", "D1"], "which correction"),
        (["99", "--confirm", "--by", "D1"], "no correction 99"),
        (["1", "--confirm", "--refuse", "--by", "D1"], "either"),
        (["GD1", "--kind", "care", "--intent", "complain", "--by", "M1"], "either"),
    ],
)
def test_a_mistake_is_one_sentence(number: str, arguments: list[str], reason: str) -> None:
    result = run("correct", *arguments)
    assert result.exit_code and reason in str(result.exception) and not result.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--back"], "nothing to go back to"),
        (["--back", "--dry-run"], "one of"),
        (["--accept", "梭子"], "not among the words"),
        (["--reject", "梭子"], "not among the words"),
    ],
)
def test_what_cannot_be_done_is_said(number: str, arguments: list[str], reason: str) -> None:
    result = run("learn", *arguments)
    assert result.exit_code and reason in str(result.exception)


def test_words_and_runs_are_listed(number: str) -> None:
    keep([Word("梭子", "闸刀", 3, ["屋里梭子断了 → 屋里闸刀断了"])])
    assert plain("learn", "--words")[0]["say"] == "梭子"
    assert "梭子" in run("learn", "--words").stdout
    assert plain("learn", "--log") == []
    assert run("learn", "--reject", "梭子").exit_code == 0 and waiting() == []
