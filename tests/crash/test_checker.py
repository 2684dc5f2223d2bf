"""The checker of the crash harness sees what it is there to see: else a crash run proves nothing."""

from __future__ import annotations

from pathlib import Path

from bot.app.parts import open_site
from bot.settings import Settings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.models import Timer
from tests.crash.checker import Told, check


def test_what_is_lost_said_twice_left_open_or_owed_to_nobody_is_found(home: Path) -> None:
    settings = Settings(home=home)
    database = open_site(settings)
    desk = TicketDesk(database)

    def report(session: str, caller: Caller) -> str:
        return desk.report(Report("outage", "停电了", session, caller)).ticket_no

    web, phone = Caller.by("web"), Caller.by("phone", "13971800123")
    report("kept", web)
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
        Told({"kept": "记下了", "gone": "记下了"}, {"kept", "twice"}, ["silent"], ["13971800123", "13971800124"]),
    )
    assert found.lost == ["gone: 记下了"] and found.double == ["twice"] and found.empty == ["silent"]
    assert found.open_calls == ["c1"] and found.calls_without_one_call_back == ["13971800124"]
    assert orphan in found.owe_nobody and not found.clean
    database.dispose()
