"""What is owed has one writer, and nobody is rung whose number somebody only typed."""

from __future__ import annotations

import re

import pytest

from bot.database import Database
from bot.settings import PROJECT
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.owed.owed_calls import OwedCalls
from tests.tickets.county import AT, minutes, on_sqlite, outage

MOBILE = "13812345678"


def test_the_outbox_has_one_writer() -> None:
    rooms = [*(PROJECT / "bot").rglob("*.py"), *(PROJECT / "actions").rglob("*.py")]
    written = re.compile(r"(?<!class )\bNotification\(|insert\([^)]*\bNotification\b")
    writers = {file.name for file in rooms if written.search(file.read_text("utf-8"))}
    assert writers == {"outbox.py"}


@on_sqlite
@pytest.mark.parametrize(
    ("channel", "address", "rung"),
    [
        ("phone", MOBILE, [MOBILE]),
        ("phone", "0715-3390024", ["07153390024"]),
        ("phone", "anonymous", []),
        ("web", MOBILE, []),
        ("terminal", MOBILE, []),
    ],
)
def test_only_a_telephone_that_called_us_is_rung(county: Database, channel: str, address: str, rung: list[str]) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(channel=channel, reporter=address), AT).ticket_no
    desk.acknowledge(number, "M1", AT)
    desk.resolve(number, "M1", at=AT + minutes(30))
    assert [one.number for one in OwedCalls(county).due(AT + minutes(2000))] == rung


@on_sqlite
def test_a_number_typed_into_the_page_is_not_rung_when_the_light_is_back(county: Database) -> None:
    desk = TicketDesk(county)
    opened = desk.outages.open("D1", feeder="沿河线", at=AT)
    for channel, address in (("phone", MOBILE), ("web", "13987654321")):
        ticket = desk.report(outage(channel=channel, reporter=address, session=channel), AT)
        desk.outages.add(opened.outage_no, ticket.ticket_no, "D1", AT)
    desk.outages.restored(opened.outage_no, "D1", at=AT + minutes(30))
    assert {one.number for one in OwedCalls(county).due(AT + minutes(2000))} == {MOBILE}


@pytest.mark.parametrize(
    ("caller", "number"),
    [
        (Caller.by("phone", "+86 138 1234 5678"), MOBILE),
        (Caller.by("phone", "sip:anonymous@x"), ""),
        (Caller.by("telegram", "5012345678"), ""),
        (Caller.by("web", MOBILE), ""),
        (Caller("13812345678"), ""),
    ],
)
def test_what_can_be_rung(caller: Caller, number: str) -> None:
    assert caller.number == number
