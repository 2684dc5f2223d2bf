"""The checker of the crash harness sees what it is there to see: else a crash run proves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.app.parts import open_site
from bot.bench.crash.checker import check
from bot.bench.crash.spoilers import spoil_rows
from bot.bench.crash.told import Told
from bot.database import Database, now
from bot.grid.models import Staff
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.models import Notification, Ticket, Timer


def at_rest(database: Database) -> None:
    """Nobody is owed a message any more."""
    with database.session() as session:
        session.execute(update(Notification).values(state="skipped"))


def test_what_is_lost_said_twice_left_open_or_owed_to_nobody_is_found(home: Path) -> None:
    settings = Settings(home=home)
    database = open_site(settings)
    desk = TicketDesk(database)

    def report(session: str, caller: Caller) -> str:
        return desk.report(Report("outage", "停电了", session, caller)).ticket_no

    web, phone = Caller.by("web"), Caller.by("phone", "13971800123")
    report("kept", web)
    at_rest(database)
    good = Told({"kept": "记下了"}, {"kept"})
    assert check(settings.database_url, good).clean
    for _ in range(2):
        report("twice", web)
    desk.begin_call("c1", "13971800123")
    orphan = report("c0", phone)
    with database.session() as session:
        session.query(Timer).delete()
    found = check(
        settings.database_url,
        Told(
            {"kept": "记下了", "gone": "记下了"},
            {"kept", "twice"},
            ["silent"],
            ["13971800123", "13971800124"],
            ["13971800125"],
        ),
    )
    assert found.lost == ["gone: 记下了"] and found.double == ["twice"] and found.empty == ["silent"]
    assert [one[:2] for one in found.open_calls] == ["c1"] and found.calls_without_one_call_back == ["13971800124: 0"]
    assert (
        f"{orphan}: outage, reported" in found.owe_nobody
        and found.spoken_and_lost == ["13971800125"]
        and not found.clean
    )
    database.dispose()


@pytest.mark.parametrize(
    ("fault", "found"), [("lose-ticket", "lost"), ("lose-timer", "owe_nobody"), ("double", "double")]
)
def test_each_way_to_break_ones_word_is_found_and_nothing_else(home: Path, fault: str, found: str) -> None:
    database = open_site(settings := Settings(home=home))
    TicketDesk(database).report(Report("outage", "停电了", "kept", Caller.by("web")))
    at_rest(database)
    told = Told({"kept": "记下了"}, {"kept"})
    assert check(settings.database_url, told).clean
    spoil_rows(fault, settings.database_url, told)
    assert check(settings.database_url, told).named() in ([found], [found, "left_owed"])
    database.dispose()


def test_a_message_that_is_marked_and_was_never_sent_is_found(home: Path) -> None:
    database = open_site(settings := Settings(home=home))
    ticket = TicketDesk(database).report(Report("outage", "停电了", "kept", Caller.by("web")))
    with database.session() as session:
        someone = session.scalars(select(Staff.staff_no).limit(1)).one()
        rows = [
            Notification(
                ticket_id=session.scalars(select(Ticket.id)).one(), staff_no=someone, template="new", state="sent",
                provider="webhook", sent_at=now(),
            )
            for _ in range(2)
        ]  # fmt: skip
        session.add_all(rows)
    told = Told({"kept": "记下了"}, {"kept"}, delivered={rows[0].id})
    assert check(settings.database_url, told).never_sent == [rows[1].id] and ticket.ticket_no
    database.dispose()
