"""`gege leave` and `gege audit` as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.app.parts import open_site
from bot.cli import app
from bot.commands.escalation import Failure
from bot.database import now
from bot.grid.leave import LeaveRefused
from bot.grid.models import Staff
from bot.settings import Settings
from bot.tickets.desk import TicketDesk
from tests.tickets.county import minutes, outage

run = CliRunner()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("GEGE_HOME", str(tmp_path))
    settings = Settings(home=tmp_path)
    database = open_site(settings)
    with database.session() as session:
        session.add_all(Staff(staff_no=no, name=name, role="manager") for no, name in (("M1", "程远"), ("M2", "何东")))
    database.dispose()
    return settings


def listed() -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(run.invoke(app, ["leave", "--list", "--json"]).stdout)
    return found


def test_a_leave_is_written_listed_and_ended(site: Settings) -> None:
    done = run.invoke(app, ["leave", "M1", "--from", "2099-12-01", "--until", "2099-12-05", "--to", "M2", "--json"])
    assert done.exit_code == 0
    leave = {
        "staff_no": "M1",
        "name": "程远",
        "stands_in": "M2",
        "stands_in_name": "何东",
        "begins_at": "2099-12-01T00:00+08:00",
        "ends_at": "2099-12-06T00:00+08:00",  # the last day belongs to it
    }
    assert json.loads(done.stdout) == listed() == [leave]
    shown = run.invoke(app, ["leave", "--list"], env={"COLUMNS": "160"}).stdout
    assert "何东" in shown and "2099-12-01 00:00" in shown
    assert run.invoke(app, ["leave", "M1", "--back"]).exit_code == 0
    assert listed() == []


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([], Failure),
        (["M1"], Failure),
        (["M1", "--from", "2099-12-01", "--until", "2099-12-05"], Failure),
        (["M1", "--from", "tomorrow", "--until", "2099-12-05", "--to", "M2"], Failure),
        (["M1", "--from", "9999-12-31", "--until", "9999-12-31", "--to", "M2"], Failure),
        (["M1", "--from", "2099-12-05", "--until", "2099-12-01", "--to", "M2"], LeaveRefused),
        (["M1", "--from", "2099-12-01T08:00", "--until", "2099-12-01T18:00", "--to", "M1"], LeaveRefused),
        (["M9", "--back"], LeaveRefused),
    ],
)
def test_a_leave_that_is_mistyped_is_refused_with_a_sentence(
    site: Settings, words: list[str], error: type[Exception]
) -> None:
    done = run.invoke(app, ["leave", *words])
    assert done.exit_code != 0 and isinstance(done.exception, error) and str(done.exception)
    assert listed() == []


def test_the_audit_shows_what_is_stuck_and_changes_nothing(site: Settings) -> None:
    quiet = run.invoke(app, ["audit", "--json"])
    assert (quiet.exit_code, json.loads(quiet.stdout)) == (0, [])
    database = open_site(site)
    desk = TicketDesk(database)
    number = desk.report(outage(grid_no=None), now() - minutes(60)).ticket_no
    for _ in range(2):
        stuck = run.invoke(app, ["audit", "--json"])
        assert stuck.exit_code == 1
        assert [(one["kind"], one["ticket_no"]) for one in json.loads(stuck.stdout)] == [
            ("no_owner", number),
            ("overdue_timer", number),
        ]
    assert number in run.invoke(app, ["audit"], env={"COLUMNS": "160"}).stdout
    assert desk.notifications() == []
    database.dispose()
