"""What somebody reads who looks at a site from a shell, and what a slip of the keys is told."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bot.app.parts import NoSite, open_site
from bot.cli import app
from bot.commands.line import Failure
from bot.grid.registry import Registry
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.due.timers import fire_due
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.channels import Channel
from bot.tickets.labels import labels
from bot.voice.call_log import latest_calls

Gege = Callable[..., Result]


@pytest.fixture
def gege(home: Path, monkeypatch: pytest.MonkeyPatch) -> Gege:
    """`gege(words…)` in the home of the test, in Chinese; COLUMNS keeps tables whole."""
    monkeypatch.setenv("GEGE_HOME", str(home))
    monkeypatch.setenv("GEGE_LANG", "zh")
    monkeypatch.setattr("bot.commands.terminal.console.width", 200, raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, list(words))

    return run


def report(home: Path, kind: str, grid_no: str, at: dt.datetime) -> str:
    database = open_site(Settings(home=home))
    try:
        caller = Caller.by(Channel.phone, "13900001111")
        told = Report(kind=kind, said="讲的话", session=kind + grid_no, caller=caller, grid_no=grid_no)
        ticket = TicketDesk(database).report(told, at)
        fire_due(database, at + dt.timedelta(minutes=30))
        return ticket.ticket_no
    finally:
        database.dispose()


#: 07:39 of the next day in the site's zone
EVENING = dt.datetime(2026, 11, 27, 23, 39, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "words",
    [
        ["tickets"], ["ticket", "GD1"], ["notifications"], ["call-log"], ["outage", "list"], ["ratings"], ["leave", "--list"],
        ["audit"], ["voice"], ["register", "due"], ["keys", "rotate"], ["restored", "2026-11-01"], ["sign-in", "M11"],
        ["link", "M11"], ["correct", "--list"], ["corpus", "consents"], ["no-call", "13900001111"],
    ],
)  # fmt: skip
def test_a_misspelt_home_is_named_and_nothing_is_made(
    gege: Gege, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    for home in (tmp_path / "misspelt", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        monkeypatch.setenv("GEGE_HOME", str(home))
        done = gege(*words)
        assert isinstance(done.exception, NoSite) and str(home) in str(done.exception)
        assert not (tmp_path / "misspelt").exists() and os.listdir(tmp_path / "empty") == []


def test_who_talks_where_there_is_no_home_is_told_that_one_is_made(
    gege: Gege, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.commands.line import tell_new_home

    said: list[str] = []
    monkeypatch.setattr("bot.commands.line.note", said.append)
    tell_new_home(Settings(home=tmp_path / "misspelt"))
    tell_new_home(Settings(home=tmp_path))
    assert len(said) == 1 and "misspelt" in said[0] and "gege sample" in said[0]


@pytest.mark.parametrize("words", [["channel"], ["register", "kinds"]])
def test_what_reads_a_home_alone_tells_that_it_is_not_there(
    gege: Gege, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path / "misspelt"))
    problem = gege(*words).exception
    assert isinstance(problem, Failure) and "misspelt" in str(problem) and not (tmp_path / "misspelt").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["tickets"], ["notifications"], ["call-log"], ["outage", "list"], ["ratings"], ["leave", "--list"], ["audit"],
        ["correct", "--list"], ["learn", "--log"], ["corpus", "consents"], ["person", "acts"], ["models", "list"],
        ["register", "kinds"], ["register", "due"], ["person", "looks", "13900001111", "--by", "D1", "--asked", "phone"],
    ],
)  # fmt: skip
def test_every_list_is_json_with_moments_that_have_a_zone(gege: Gege, home: Path, words: list[str]) -> None:
    report(home, "outage", "11", EVENING)
    done = gege(*words, "--json")
    assert done.exit_code in (0, 1) and done.stdout.count("\n") == 1, done.output
    found = json.loads(done.stdout)
    for one in found if isinstance(found, list) else [found]:
        for name, value in one.items():
            if name.endswith("_at") and value is not None:
                assert dt.datetime.fromisoformat(value).utcoffset() == dt.timedelta(hours=8), (name, value)


def test_an_empty_table_says_that_there_is_nothing(gege: Gege) -> None:
    said = [gege(command).stdout.strip() for command in ("tickets", "notifications", "call-log")]
    assert said == [labels().no_tickets, labels().no_notifications, labels().no_calls]


def test_times_are_the_sites_with_their_date_and_people_have_names(gege: Gege, home: Path) -> None:
    number = report(home, "hazard", "11", EVENING)
    assert "11-28 07:39" in gege("tickets").stdout and "11-28 07:39" in gege("notifications").stdout
    shown = gege("ticket", number).stdout
    names = labels()
    assert f"11-28 07:39 {names.activity('reported')} {names.people['resident']}" in shown
    assert f"{names.activity('escalated')} {names.people['gege']}" in shown
    assert "resident" not in shown and "gege" not in shown
    database = open_site(Settings(home=home))
    manager = Registry.load(database).staff("11", "manager")[0]
    database.dispose()
    assert f"{manager.name} {manager.staff_no}" in shown


def test_tickets_are_narrowed_by_grid_person_kind_and_what_is_open(gege: Gege, home: Path) -> None:
    ours, theirs = report(home, "outage", "11", EVENING), report(home, "hazard", "24", EVENING)
    owner = {"11": "M11", "24": "M24"}
    for words, wanted in (
        (["--grid", "11"], {ours}), (["--kind", "hazard"], {theirs}), (["--person", owner["24"]], {theirs}),
        (["--grid", "11", "--kind", "hazard"], set()), (["--open"], {ours, theirs}),
    ):  # fmt: skip
        shown = gege("tickets", *words).stdout
        assert {number for number in (ours, theirs) if number in shown} == wanted, words
    gege("ticket", ours, "cancel")
    assert ours not in gege("tickets", "--open").stdout
    assert "没办完" in gege("tickets", "--help").stdout


@pytest.mark.parametrize("words", [["tickets", "--kind", "fire"], ["correct", "GD1", "--kind", "fire", "--by", "M11"]])
def test_a_kind_that_is_none_is_answered_with_all_of_them(gege: Gege, words: list[str]) -> None:
    problem = gege(*words).exception
    assert isinstance(problem, Failure) and "breaker_fault" in str(problem) and "unclear" in str(problem)


@pytest.mark.parametrize("words", [["say", ""], ["say", "  "]])
def test_saying_nothing_is_refused(gege: Gege, words: list[str]) -> None:
    assert isinstance(gege(*words).exception, Failure)


@pytest.mark.parametrize("number", ["abc", "13900001111x", "+", "1" * 40])
def test_a_caller_who_is_no_number_is_refused(gege: Gege, number: str) -> None:
    done = gege("say", "停电了", "--caller", number)
    assert done.exit_code == 2 and "不是电话号码" in done.output


def test_the_call_log_has_heads_and_every_end_of_a_call_has_words(gege: Gege, home: Path) -> None:
    from bot.voice.call_log import _end

    database = open_site(Settings(home=home))
    with database.session() as session:
        story = {"outcome": "hung_up", "hand_over_to": "", "ticket_no": None, "recording": "", "seconds": 3.0}
        _end(session, "a" * 32, {**story, "first_audio": 0.1, "greeting": [], "turns": []}, EVENING)
    assert len(latest_calls(database)) == 1
    database.dispose()
    shown = gege("call-log").stdout
    assert all(head in shown for head in labels().call_fields.values())
    assert labels().call_outcomes["hung_up"] in shown and "hung_up" not in shown


def test_satisfaction_is_a_percentage_with_its_count(gege: Gege) -> None:
    from bot.commands.outage import _share
    from bot.tickets.owed.ratings import MonthlyRating

    assert (
        _share(MonthlyRating("11", 5, 2, 1, 1, 1)) == "75% (3/4)" and _share(MonthlyRating("11", 1, 0, 0, 0, 1)) == ""
    )


def test_help_names_commands_that_are_there(gege: Gege) -> None:
    shown = gege("--lang", "en", "outage", "--help").stdout
    promised = shown[shown.index("Outages: ") :].split("\n")[0].removeprefix("Outages: ").strip(" .").split(", ")
    assert promised and all(gege("outage", name, "--help").exit_code == 0 for name in promised)
