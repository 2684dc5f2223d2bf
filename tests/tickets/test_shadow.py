"""试听: Gege proposes, a person says 对 or 改 in a second; danger never waits, and no report waits for ever."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from bot.database import Database
from bot.grid.models import Community, Household
from bot.tickets.desk import NotYours, TicketDesk, TicketRefused
from bot.tickets.due import timers
from bot.tickets.due.audit import audit
from bot.tickets.life.proposing import Meant
from bot.tickets.models import ShadowSwitch, State
from bot.tickets.shadow import kinds
from tests.tickets.county import AT, hazard, minutes, on_sqlite, outage

HOUSE = "4200000001"


@pytest.fixture
def desk(county: Database) -> TicketDesk:
    made = TicketDesk(county)
    assert made.shadow.switch(["24"], ["outage", "breaker_fault", "arrears"], True, "D1", AT) == 3
    return made


def told(desk: TicketDesk, number: str) -> list[tuple[str, str]]:
    return [(one.staff_no, one.template) for one in desk.notifications(number) if one.state != "skipped"]


def acts(desk: TicketDesk, number: str) -> list[str]:
    return [one.kind for one in desk.activities(number)]


def test_what_is_proposed_goes_to_manager_and_desk_alone_and_does_not_climb(county: Database, desk: TicketDesk) -> None:
    card = desk.report(outage(household_no=HOUSE), AT)
    assert card.facts["proposed"] == {"kind": "outage", "grid_no": "24", "household_no": HOUSE}
    assert told(desk, card.ticket_no) == [("M1", "to_confirm"), ("D1", "to_confirm")]
    timers.fire_due(county, AT + minutes(9))
    assert acts(desk, card.ticket_no) == ["reported"], "nobody was called before somebody said 对"
    waiting, count = desk.shadow.waiting("M1", AT + minutes(1))
    assert count == 1 and waiting[0].until == AT + minutes(10)
    assert desk.shadow.waiting("M2", AT)[1] == 0, "another grid's"


def test_a_right_one_goes_on_at_once_and_is_counted(county: Database, desk: TicketDesk) -> None:
    number = desk.report(outage(household_no=HOUSE), AT).ticket_no
    done = desk.shadow.judge(number, "D1", at=AT + minutes(1))
    assert done.fresh and "proposed" not in done.facts
    assert told(desk, number)[-1:] == [("M1", "reported")]
    timers.fire_due(county, AT + minutes(7))
    assert acts(desk, number) == ["reported", "confirmed", "escalated"], "five minutes after the word it climbs"
    [one] = [one for one in desk.shadow.standings(AT + minutes(7)) if one.kind == "outage"]
    assert (one.on, one.judged, one.right, one.accuracy) == (True, 1, 1, 1.0)
    assert desk.shadow.waiting("D1", AT + minutes(7)) == ([], 0)


def test_the_second_one_hears_who_was_first(desk: TicketDesk) -> None:
    number = desk.report(outage(household_no=HOUSE), AT).ticket_no
    desk.shadow.judge(number, "M1", at=AT + minutes(1))
    late = desk.shadow.judge(number, "D1", Meant("arrears"), AT + minutes(2))
    assert (late.outcome, late.who, late.kind) == ("already", "M1", "outage")


def test_a_wrong_one_becomes_what_it_should_have_been(county: Database, desk: TicketDesk) -> None:
    with county.session() as session:
        community = session.scalars(select(Community)).one()
        session.add(
            Household(
                household_no="4200000002", householder="李", community_id=community.id, address="下津路3号",
                transformer_id=1, grid_no="7",
            )
        )  # fmt: skip
    number = desk.report(outage(household_no=HOUSE), AT).ticket_no
    for strange in (Meant("nonsense"), Meant(household_no="4299")):
        with pytest.raises(TicketRefused):
            desk.shadow.judge(number, "M1", strange, AT)
    done = desk.shadow.judge(number, "M1", Meant("breaker_fault", "4200000002"), AT + minutes(1))
    assert (done.kind, done.grid_no, done.household_no, done.owner) == ("breaker_fault", "7", "4200000002", "M2")
    assert "下津路3号" in done.place and told(desk, number)[-1:] == [("M2", "reported")]
    one = next(one for one in desk.shadow.standings(AT) if one.kind == "outage")
    assert (one.judged, one.right) == (1, 0), "it is the proposal's kind and grid that was wrong"


def test_a_form_that_changes_nothing_says_that_it_was_right(desk: TicketDesk) -> None:
    number = desk.report(outage(household_no=HOUSE), AT).ticket_no
    desk.shadow.judge(number, "M1", Meant("outage", HOUSE), AT)
    assert next(one for one in desk.shadow.standings(AT) if one.kind == "outage").right == 1


def test_what_turns_out_a_danger_is_one_at_once(county: Database, desk: TicketDesk) -> None:
    number = desk.report(outage(household_no=HOUSE), AT).ticket_no
    done = desk.shadow.judge(number, "D1", Meant("hazard"), AT + minutes(1))
    assert done.urgent and {("M1", "reported"), ("A1", "reported")} <= set(told(desk, number))
    timers.fire_due(county, AT + minutes(3))
    assert ("S1", "supervise") in told(desk, number)


def test_danger_and_what_is_urgent_never_wait(desk: TicketDesk) -> None:
    with pytest.raises(TicketRefused):
        desk.shadow.switch(["24"], ["hazard"], True, "D1")
    assert not {"hazard", "unclear", "callback"} & set(kinds())
    for report in (hazard(), outage(urgent=True, session="s2"), outage(session="s3", facts={"entered_by": "M1"})):
        card = desk.report(report, AT)
        assert "proposed" not in card.facts and ("M1", "reported") in told(desk, card.ticket_no)


def test_nobody_says_anything_and_it_goes_on_as_it_is(county: Database, desk: TicketDesk) -> None:
    number = desk.report(outage(household_no=HOUSE), AT).ticket_no
    timers.fire_due(county, AT + minutes(10))
    assert acts(desk, number) == ["reported", "unconfirmed"] and told(desk, number)[-1:] == [("M1", "reported")]
    timers.fire_due(county, AT + minutes(15))
    assert acts(desk, number)[-1] == "escalated"
    with pytest.raises(TicketRefused):
        desk.shadow.judge(number, "D1", at=AT + minutes(16))
    assert not [one for one in audit(county, AT + minutes(16)) if one.kind == "no_timer"]


def test_who_takes_it_has_looked_at_it(county: Database, desk: TicketDesk) -> None:
    number = desk.report(outage(household_no=HOUSE), AT).ticket_no
    desk.acknowledge(number, "M1", AT + minutes(1))
    timers.fire_due(county, AT + minutes(20))
    assert acts(desk, number) == ["reported", "acknowledged"]
    assert desk.shadow.waiting("D1", AT + minutes(2)) == ([], 0)
    assert not any(one.judged for one in desk.shadow.standings(AT)), "nobody said 对: it is not counted"


def test_what_becomes_urgent_waits_no_longer(county: Database, desk: TicketDesk) -> None:
    number = desk.report(outage(household_no=HOUSE), AT).ticket_no
    card = desk.add(number, note="我妈用制氧机", facts={"oxygen": "yes"}, urgent=True, at=AT + minutes(1))
    assert "proposed" not in card.facts and ("M1", "reported") in told(desk, number)
    timers.fire_due(county, AT + minutes(7))
    assert "escalated" in acts(desk, number)


@on_sqlite
def test_a_report_of_another_grid_or_kind_is_not_listened_to(desk: TicketDesk) -> None:
    for report in (outage(grid_no="7"), outage(kind="care", session="s2"), outage(grid_no=None, session="s3")):
        assert "proposed" not in desk.report(report, AT).facts


@on_sqlite
def test_confirmed_reports_make_one_outage_all_the_same(county: Database, desk: TicketDesk) -> None:
    with county.session() as session:
        session.add_all(
            Household(
                household_no=f"421{number}", householder="张", community_id=1, address=f"沿河路{number}号",
                transformer_id=1, grid_no="24",
            )
            for number in range(3)
        )  # fmt: skip
    numbers = [
        desk.report(outage(household_no=f"421{at}", session=f"s{at}", reporter=f"1390000000{at}"), AT).ticket_no
        for at in range(3)
    ]
    for number in numbers:
        desk.shadow.judge(number, "D1", at=AT + minutes(1))
    assert [one[1] for one in told(desk, numbers[0])].count("outage_opened") >= 1
    timers.fire_due(county, AT + minutes(7))
    climbed = [number for number in numbers if "escalated" in acts(desk, number)]
    assert len(climbed) == 1, "one report stands for all, and climbs"


@on_sqlite
def test_who_switched_is_written_down_with_what_was_counted(county: Database, desk: TicketDesk) -> None:
    number = desk.report(outage(household_no=HOUSE), AT).ticket_no
    desk.shadow.judge(number, "M1", at=AT)
    with pytest.raises(NotYours):
        desk.shadow.switch(["24"], ["outage"], False, "M1")
    assert desk.shadow.switch(["24"], ["outage"], False, "D1", AT + minutes(5)) == 1
    assert desk.shadow.switch(["24"], ["outage"], False, "D1", AT + minutes(6)) == 0, "a double tap"
    with county.reading() as session:
        last = session.scalars(select(ShadowSwitch).order_by(ShadowSwitch.id.desc())).first()
        assert session.scalar(select(func.count()).select_from(ShadowSwitch)) == 4
    assert last is not None and (last.by, last.on, last.right, last.judged) == ("D1", False, 1, 1)
    assert "proposed" not in desk.report(outage(session="s9"), AT + minutes(9)).facts


@on_sqlite
def test_a_resident_who_calls_it_off_is_heard(county: Database, desk: TicketDesk) -> None:
    number = desk.report(outage(household_no=HOUSE), AT).ticket_no
    assert desk.cancel(number, at=AT + minutes(1)).state == State.cancelled
    timers.fire_due(county, AT + minutes(30))
    assert acts(desk, number) == ["reported", "cancelled"]
    assert desk.shadow.waiting("D1", AT + minutes(2)) == ([], 0)
