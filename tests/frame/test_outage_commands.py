"""`gege outage`, `gege reliability` and `gege ratings` as an operator runs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.app.parts import open_site
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from tests.frame.test_commands import gege

# The program in processes of its own.
pytestmark = pytest.mark.slow


def answer(home: Path, *words: str) -> Any:
    done = gege(home, *words, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def households(home: Path) -> list[tuple[str, str]]:
    """(household_no, manager) of the first few of one transformer."""
    from sqlalchemy import select

    from bot.grid.models import Household

    database = open_site(Settings(home=home))
    try:
        with database.reading() as session:
            rows = session.execute(
                select(Household.household_no, Household.grid_no).order_by(Household.transformer_id).limit(3)
            )
            return [(number, f"M{grid}") for number, grid in rows]
    finally:
        database.dispose()


def test_an_outage_from_entering_to_the_indices(home: Path) -> None:
    [(number, by), *_] = households(home)
    assert answer(home, "outage", "list") == []
    opened = answer(
        home, "outage", "open", "--household", number, "--by", by, "--since", "2026-11-23T08:10", "--cause", "树倒"
    )
    assert (opened["state"], opened["started_at"], opened["cause"]) == ("open", "2026-11-23T08:10+08:00", "树倒")
    database = open_site(Settings(home=home))
    try:
        # A debtor's report stays alone; adding it by hand is the operator's decision.
        report = Report(
            "outage", "停电了", "s", Caller.by("phone", "13900001111"), household_no=number, facts={"cut_off": True}
        )
        ticket = TicketDesk(database).report(report).ticket_no
    finally:
        database.dispose()
    added = answer(home, "outage", "add", opened["outage_no"], ticket, "--by", by)
    assert added["reports"] == 1
    assert opened["outage_no"] in gege(home, "outage", "list").stdout
    back = answer(home, "outage", "restored", opened["outage_no"], "--by", by, "--at", "2026-11-23T09:10")
    assert back["restored_at"] == "2026-11-23T09:10+08:00"
    found = answer(home, "reliability", "--from", "2026-11-23", "--until", "2026-11-23")
    assert found["unplanned"]["caidi"] == 60.0 and found["unplanned"]["interruptions"] == 1
    assert answer(home, "ratings", "--month", "2026-10") == []


def test_what_is_mistyped_is_one_line_and_changes_nothing(home: Path) -> None:
    [(number, by), *_] = households(home)
    for words in (
        ("outage", "open", "--by", by),
        ("outage", "open", "--household", number),
        ("outage", "plan", "--household", number, "--by", by),
        ("outage", "plan", "--household", number, "--by", by, "--from", "morgen", "--until", "2999-01-01"),
        ("ratings", "--month", "2026-13"),
    ):
        done = gege(home, *words, "--json")
        assert done.returncode == 1 and done.stdout == "", words
        assert done.stderr.startswith("gege: ") and "Traceback" not in done.stderr, done.stderr
    assert answer(home, "outage", "list") == []
