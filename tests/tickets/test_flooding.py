"""A flood of one source is one case that a person sees: nothing is refused, nobody else waits, danger reaches somebody."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import select

from bot.database import Database
from bot.settings.settings import FloodSettings
from bot.tickets.cards import Report, TicketRefused
from bot.tickets.desk import TicketDesk
from bot.tickets.due import timers
from bot.tickets.facts import GROUPED
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.tickets.life import flooding
from bot.tickets.models import Notification, ReportSource
from bot.tickets.rules import Rules, usual_rules
from tests.tickets.county import AT, minutes, on_sqlite

SEVERAL = FloodSettings(reports=3, network=6, window_min=10_000)


def few(floods: FloodSettings = SEVERAL) -> Rules:
    rules = usual_rules()
    return Rules(rules.hours, rules.around_the_clock, rules.deadlines, floods=floods)


@pytest.fixture
def desk(county: Database) -> TicketDesk:
    return TicketDesk(county, rules=few())


def says(
    desk: TicketDesk,
    number: int,
    *,
    kind: str = "hazard",
    session: str = "",
    origin: str = "",
    caller: Caller | None = None,
    at: dt.datetime = AT,
    place: str = "",
) -> object:
    """One report of a page (or of `caller`), kept and logged as a turn does it; → its ticket."""
    who = caller or Caller.by("web")
    heard = Heard(f"u{number}", session or f"web-{number}", f"电线断了,第{number}处", caller=who, origin=origin)
    desk.keep(heard, at)
    return desk.report(Report.of(heard, kind, place=place or f"石桥路{number}号", grid_no="24"), at)


def test_many_dangers_of_one_network_are_a_few_cases_and_one_more_with_all_the_rest(
    desk: TicketDesk, county: Database
) -> None:
    for number in range(40):
        assert says(desk, number, origin="a" * 32).ticket_no, "none is refused"
    (group,) = [one for one in desk.tickets() if GROUPED in one.facts]
    assert len(desk.tickets()) == SEVERAL.network + 1
    assert group.facts[GROUPED] == 40 - SEVERAL.network and group.urgent and group.kind == "hazard"
    kept = [one.note for one in desk.activities(group.ticket_no) if one.kind == "grouped"]
    assert len(kept) == 33 and "石桥路39号：电线断了,第39处" in kept, "every word can be read"
    assert group.owner, "somebody has it"
    told = desk.notifications(group.ticket_no)
    assert 1 <= len([one for one in told if one.staff_no == group.owner]) <= 2, "and is not flooded"


@on_sqlite
def test_an_honest_neighbour_of_a_flood_is_heard_as_ever(desk: TicketDesk) -> None:
    for number in range(8):
        says(desk, number, origin="a" * 32)
    assert GROUPED not in says(desk, 50, origin="b" * 32).facts
    assert GROUPED not in says(desk, 51, caller=Caller.by("phone", "13971800001")).facts
    assert GROUPED not in says(desk, 52).facts, "who has no address, on a page of this machine"
    for number in range(60, 70):
        at_the_server = says(desk, number, caller=Caller.by("terminal", "13971800002"))
        assert GROUPED not in at_the_server.facts, "who tries many residents out, at the server's own terminal"


@on_sqlite
def test_danger_behind_a_flood_still_climbs_until_somebody_takes_it(desk: TicketDesk, county: Database) -> None:
    for number in range(8):
        group = says(desk, number, origin="a" * 32)
    timers.fire_due(county, AT + minutes(6))
    assert len({one.staff_no for one in desk.notifications(group.ticket_no)}) >= 1
    desk.acknowledge(group.ticket_no, "D1", AT + minutes(7))
    with county.session() as session:
        for one in session.scalars(select(Notification)):
            one.state, one.attempts = "sent", 1
    says(desk, 9, origin="a" * 32, at=AT + minutes(20))
    waiting = [one for one in desk.notifications(group.ticket_no) if one.state == "pending"]
    assert [(one.staff_no, one.template, one.urgent) for one in waiting] == [("D1", "added", True)]
    assert waiting[0].due_at <= AT + minutes(20), "after a quiet while the next one is told at once"
    for number in range(10, 14):
        says(desk, number, origin="a" * 32, at=AT + minutes(20.5))
    assert len([one for one in desk.notifications(group.ticket_no) if one.state == "pending"]) == 1


@on_sqlite
@pytest.mark.parametrize("caller", [Caller.by("phone", "13971800001"), Caller.by("telegram", "77")])
def test_a_number_and_a_chat_have_a_bucket_of_their_own_over_conversations(desk: TicketDesk, caller: Caller) -> None:
    found = [says(desk, number, caller=caller, session=f"s{number}") for number in range(6)]
    assert [GROUPED in one.facts for one in found] == [False] * 3 + [True] * 3
    assert len({one.ticket_no for one in found}) == 4
    assert found[-1].reporter == caller.address, "who can be called back is called back"


@on_sqlite
def test_a_bucket_fills_up_again(county: Database) -> None:
    desk = TicketDesk(county, rules=few(FloodSettings(reports=3, window_min=60)))
    caller = Caller.by("phone", "13971800001")
    for number in range(4):
        says(desk, number, caller=caller, kind="outage")
    assert GROUPED not in says(desk, 5, caller=caller, kind="outage", at=AT + minutes(25)).facts
    assert GROUPED in says(desk, 6, caller=caller, kind="outage", at=AT + minutes(25)).facts


@on_sqlite
def test_everyday_matters_and_dangers_of_one_source_are_two_cases(desk: TicketDesk) -> None:
    for number in range(4):
        says(desk, number, origin="a" * 32, session="web-same", kind="outage")
    danger = says(desk, 4, origin="a" * 32, session="web-same")
    groups = {one.kind: one for one in desk.tickets() if GROUPED in one.facts}
    assert set(groups) == {"hazard", "unclear"} and danger.ticket_no == groups["hazard"].ticket_no
    assert not groups["unclear"].urgent


@on_sqlite
def test_nobody_moves_or_ends_the_case_from_a_conversation(desk: TicketDesk) -> None:
    for number in range(5):
        group = says(desk, number, session="web-same", kind="outage")
    before = desk.ticket(group.ticket_no)
    desk.correct_place(group.ticket_no, place="别处1号", grid_no="7", note="是别处1号", at=AT)
    desk.add(group.ticket_no, note="还有", place="别处2号", grid_no="7", urgent=True, at=AT)
    after = desk.ticket(group.ticket_no)
    assert before and after and (after.place, after.grid_no, after.urgent, after.owner) == (
        before.place, before.grid_no, before.urgent, before.owner,
    )  # fmt: skip
    assert "是别处1号" in [one.note for one in desk.activities(group.ticket_no)]
    for end in (desk.cancel, desk.close):
        with pytest.raises(TicketRefused):
            end(group.ticket_no)
    assert desk.acknowledge(group.ticket_no, "D1", AT).fresh, "staff do"


@on_sqlite
def test_the_same_utterance_again_is_no_second_report(desk: TicketDesk, county: Database) -> None:
    for _ in range(10):
        says(desk, 1, session="web-same")
    assert len(desk.tickets()) == 1
    flooding.forget(county, minutes(60), AT + minutes(61))
    with county.reading() as session:
        assert session.scalars(select(ReportSource)).all() == []


@on_sqlite
def test_made_up_neighbours_make_no_outage_while_nobody_is_vouched_for(desk: TicketDesk) -> None:
    for number in range(5):
        says(desk, number, kind="outage", session=f"web-{number}", origin=f"{number}" * 32)
    assert desk.outages.list() == []
