"""A ticket goes through its life in the open: who did what, and nothing out of turn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.database import Database
from bot.tickets.desk import TicketDesk, TicketRefused
from bot.tickets.due import timers
from bot.tickets.life.states import FOLLOWS
from bot.tickets.models import State
from tests.tickets.county import AT, hazard, minutes, on_sqlite, outage


def test_a_ticket_goes_from_report_to_close(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.acknowledge(number, "M1", AT + minutes(1))
    desk.on_site(number, "M1", at=AT + minutes(30))
    desk.resolve(number, "M1", "换了漏保", at=AT + minutes(50))
    assert desk.close(number, at=AT + minutes(90)).state == "closed"
    history = [(activity.kind, activity.by, activity.note) for activity in desk.activities(number)]
    assert history == [
        ("reported", "resident", ""),
        ("acknowledged", "M1", ""),
        ("on_site", "M1", ""),
        ("resolved", "M1", "换了漏保"),
        ("closed", "resident", ""),
    ]


@on_sqlite
def test_on_site_may_be_skipped(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.acknowledge(number, "M1", AT)
    assert desk.resolve(number, "M1", at=AT).state == "resolved"


@on_sqlite
def test_illegal_moves_are_refused_and_change_nothing(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    for move in (desk.on_site, desk.resolve, desk.close):
        with pytest.raises(TicketRefused, match=f"{number} is reported and cannot become"):
            move(number, "M1")
    desk.cancel(number)
    for refused in (desk.acknowledge, desk.reopen, desk.resolve):
        with pytest.raises(TicketRefused, match="cancelled"):
            refused(number, "M1")
    assert len(desk.activities(number)) == 2


def test_every_state_has_its_line_in_the_table() -> None:
    assert set(FOLLOWS) == set(State)
    assert all(not FOLLOWS[end] for end in (State.closed, State.cancelled, State.merged))


@on_sqlite
def test_a_second_acknowledgement_is_one_outcome_and_says_who_has_it(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    assert desk.acknowledge(number, "A1", AT).owner == "A1"
    second = desk.acknowledge(number, "M1", AT + minutes(1))
    assert (second.owner, second.owner_name) == ("A1", "王小")
    assert [activity.kind for activity in desk.activities(number)] == ["reported", "acknowledged"]


def test_two_who_acknowledge_at_once_hear_the_same_name(county: Database) -> None:
    desk = TicketDesk(county)
    for _ in range(5):
        number = desk.report(outage(), AT).ticket_no
        with ThreadPoolExecutor(2) as threads:
            owners = set(threads.map(lambda who, no=number: desk.acknowledge(no, who, AT).owner, ["M1", "A1"]))
        assert len(owners) == 1
        assert len(desk.activities(number)) == 2


@on_sqlite
def test_nobody_who_is_not_on_the_staff_list_takes_a_ticket(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(hazard(), AT).ticket_no
    with pytest.raises(TicketRefused, match="nobody on the staff list"):
        desk.acknowledge(number, "someone")
    with pytest.raises(TicketRefused, match="supervisor"):
        desk.acknowledge(number, "S1")
    with pytest.raises(TicketRefused, match="there is no ticket"):
        desk.acknowledge("GD1", "M1")


@on_sqlite
def test_passing_on_changes_the_owner_not_the_state(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.acknowledge(number, "M1", AT)
    card = desk.pass_on(number, "T1", "M1", "要吊车", AT + minutes(5))
    assert (card.owner, card.state) == ("T1", "acknowledged")
    last = desk.activities(number)[-1]
    assert (last.kind, last.by, last.note, last.detail) == (
        "passed_on",
        "M1",
        "要吊车",
        {"from": "M1", "to": "T1"},
    )
    assert desk.notifications(number)[-1].staff_no == "T1"
    for to, why in (("T1", "already"), ("S1", "supervisor"), ("X", "staff list")):
        with pytest.raises(TicketRefused, match=why):
            desk.pass_on(number, to, "M1")


@on_sqlite
def test_what_is_not_resolved_for_the_resident_is_reported_again(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.acknowledge(number, "M1", AT)
    desk.resolve(number, "M1", at=AT + minutes(9))
    card = desk.reopen(number, note="还是没电", at=AT + minutes(60))
    assert (card.state, desk.notifications(number)[-1].template) == ("reported", "reopened")
    assert timers.fire_due(county, AT + minutes(64)) == 0
    assert timers.fire_due(county, AT + minutes(65)) == 1


@on_sqlite
def test_a_cancelled_ticket_tells_its_owner_and_stops_waiting(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.cancel(number, at=AT + minutes(2))
    assert [n.template for n in desk.notifications(number)] == ["reported", "cancelled"]
    assert timers.fire_due(county, AT + minutes(60)) == 0


def test_what_becomes_known_later_fills_what_was_unknown(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(grid_no=None, facts={"smell": "no"}), AT).ticket_no
    card = desk.add(
        number,
        note="在沿河路",
        place="沿河路206号",
        household_no="4200000001",
        facts={"neighbours": "yes"},
        at=AT,
    )
    assert (card.place, card.household_no, card.grid_no) == ("沿河路206号", "4200000001", "24")
    assert card.facts == {"smell": "no", "neighbours": "yes"}
    later = desk.add(number, place="别处", grid_no="7", at=AT)
    assert (later.place, later.grid_no) == ("沿河路206号", "24")
    assert desk.activities(number)[-1].detail["place"] == "别处"


@on_sqlite
def test_a_grid_that_becomes_known_brings_its_manager(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(hazard(grid_no=None), AT).ticket_no
    card = desk.add(number, place="沿河路口", grid_no="24", at=AT + minutes(1))
    assert card.owner == "M1"
    told = [(n.staff_no, n.template) for n in desk.notifications(number)]
    assert told == [("T1", "reported"), ("D1", "reported"), ("M1", "reported"), ("A1", "reported")]


@on_sqlite
def test_a_grid_that_becomes_known_takes_nothing_from_who_has_it(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(grid_no=None), AT).ticket_no
    desk.acknowledge(number, "T1", AT)
    assert desk.add(number, grid_no="24", at=AT).owner == "T1"


@on_sqlite
def test_many_additions_before_the_message_left_are_one_message(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    for word in ("一", "二", "三"):
        desk.add(number, note=word, at=AT)
    assert len(desk.notifications(number)) == 1
    assert len(desk.activities(number)) == 4


@on_sqlite
def test_what_turns_out_dangerous_becomes_urgent(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind="breaker_fault"), AT).ticket_no
    assert desk.add(number, note="有糊味", urgent=True, at=AT).urgent
    assert {(n.staff_no, n.urgent) for n in desk.notifications(number)[1:]} == {("M1", True), ("A1", True)}


@on_sqlite
def test_when_somebody_takes_a_danger_the_others_are_told(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(hazard(), AT).ticket_no
    desk.acknowledge(number, "A1", AT)
    last = desk.notifications(number)[-1]
    assert (last.staff_no, last.template, last.urgent) == ("M1", "taken", False)
