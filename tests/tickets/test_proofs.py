"""Failed proofs are counted for the household and for the caller, wherever they happen, and two at once have no more tries."""

from __future__ import annotations

import datetime as dt
import threading

import pytest

from bot.database import Database
from bot.tickets.desk import TicketDesk
from bot.tickets.intake.caller import Caller
from bot.tickets.proofs import A_DAY, Proof
from tests.tickets.county import AT, hazard, on_sqlite, outage

PHONE, HOME = "13800138000", "4200000001"


def tried(desk: TicketDesk, caller: Caller, home: str = HOME, right: bool = False, at: dt.datetime = AT) -> Proof:
    return desk.proofs.take(caller, [home], lambda number: right, at)[0]


def test_three_failures_a_day_are_all_whatever_the_channel(county: Database) -> None:
    desk = TicketDesk(county)
    ways = [Caller.by("phone", PHONE), Caller.by("terminal", PHONE), Caller.by("phone", f"+86{PHONE}")]
    assert [tried(desk, way) for way in ways] == [Proof.wrong, Proof.wrong, Proof.closed]
    assert not desk.proofs.open(ways[0], [HOME], AT)
    assert tried(desk, ways[0], right=True) is Proof.closed, "the right answer comes too late"
    assert tried(desk, Caller.by("phone", "13900139000"), right=True) is Proof.closed, "the household is closed to all"
    assert tried(desk, ways[1], home="4200000002", right=True) is Proof.closed, "and so is the number"
    assert tried(desk, ways[0], right=True, at=AT + dt.timedelta(days=1)) is Proof.proven


def test_what_is_proven_costs_nothing(county: Database) -> None:
    desk = TicketDesk(county)
    caller = Caller.by("phone", PHONE)
    assert [tried(desk, caller, right=True) for _ in range(5)] == [Proof.proven] * 5


def test_lines_that_try_at_the_same_moment_share_the_tries(county: Database) -> None:
    desk, found = TicketDesk(county), []
    start = threading.Barrier(8)

    def try_it() -> None:
        start.wait()
        found.append(tried(desk, Caller.by("phone", PHONE)))

    lines = [threading.Thread(target=try_it) for _ in range(8)]
    for line in lines:
        line.start()
    for line in lines:
        line.join()
    assert found.count(Proof.wrong) == A_DAY - 1 and found.count(Proof.closed) == 8 - (A_DAY - 1)


@on_sqlite
@pytest.mark.parametrize("answer", ["good", "fair"])
def test_contentment_closes_a_report_but_no_danger(county: Database, answer: str) -> None:
    desk = TicketDesk(county)
    states = {}
    for report in (outage(), hazard(session="s2")):
        number = desk.report(report, AT).ticket_no
        desk.acknowledge(number, "M1", AT)
        desk.resolve(number, "M1", at=AT)
        states[report.kind] = desk.answers.answer(number, answer, at=AT).ticket.state
    assert states == {"outage": "closed", "hazard": "resolved"}
