"""A second press, a late press, two people at once: one outcome, and both are told."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.database import Database
from bot.grid.models import Staff
from bot.tickets.desk import Button, Pressed, TicketDesk, TicketRefused, TooLate
from tests.tickets.county import AT, hazard, minutes, on_sqlite, outage

NOON = AT + minutes(120)


def taken(county: Database, **values: Any) -> tuple[TicketDesk, str]:
    desk = TicketDesk(county)
    number = desk.report(outage(**values), AT).ticket_no
    desk.acknowledge(number, "M1", AT + minutes(1))
    return desk, number


@pytest.mark.parametrize(
    ("button", "more"),
    [
        (Button.acknowledge, {}),
        (Button.on_site, {}),
        (Button.resolve, {"note": "换了漏保"}),
        (Button.estimate, {"restore_at": NOON}),
        (Button.call_crew, {"note": "整栋没电"}),
    ],
)
def test_two_people_at_once_are_one_outcome_and_both_are_told(
    county: Database, button: Button, more: dict[str, Any]
) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    if button is not Button.acknowledge:
        desk.acknowledge(number, "M1", AT)
    before = len(desk.activities(number))
    with ThreadPoolExecutor(4) as threads:
        presses = list(
            threads.map(
                lambda who: desk.press(number, button, who, at=AT + minutes(2), **more), ["M1", "A1", "T1", "D1"]
            )
        )
    assert sorted(one.outcome for one in presses) == ["already", "already", "already", "fresh"]
    who = next(one.who for one in presses if one.fresh)
    assert {(one.who, one.since) for one in presses} == {(who, AT + minutes(2))}
    assert all(one.who_name for one in presses)
    assert len(desk.activities(number)) == before + 1


@on_sqlite
def test_a_second_press_changes_nothing_and_says_who_has_it_and_since_when(county: Database) -> None:
    desk, number = taken(county)
    owed = len(desk.notifications(number))
    again = desk.acknowledge(number, "A1", AT + minutes(9))
    assert (again.outcome, again.who, again.who_name, again.since) == ("already", "M1", "程远", AT + minutes(1))
    assert (again.ticket.owner, again.ticket.ticket_no) == ("M1", number)
    assert len(desk.activities(number)) == 2 and len(desk.notifications(number)) == owed


@on_sqlite
def test_everybody_who_was_paged_hears_that_somebody_took_it(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(hazard(), AT).ticket_no
    desk.acknowledge(number, "A1", AT + minutes(1))
    last = desk.notifications(number)[-1]
    assert (last.staff_no, last.template, last.urgent) == ("M1", "taken", False)


@on_sqlite
def test_who_gets_it_passed_on_has_it_since_then(county: Database) -> None:
    desk, number = taken(county)
    desk.pass_on(number, "T1", "M1", "要吊车", AT + minutes(5))
    press = desk.press(number, "acknowledge", "M1", at=AT + minutes(6))
    assert (press.outcome, press.who, press.since) == ("already", "T1", AT + minutes(5))


@on_sqlite
@pytest.mark.parametrize("button", list(Button))
def test_a_press_after_the_end_is_answered_plainly(county: Database, button: Button) -> None:
    desk, number = taken(county)
    desk.resolve(number, "M1", at=AT + minutes(10))
    desk.close(number, at=AT + minutes(20))
    before = len(desk.activities(number))
    press = desk.press(number, button, "A1", note="来了", restore_at=NOON, to="T1", at=AT + minutes(30))
    assert (press.outcome, press.ticket.state, press.who, press.since) == (
        "late",
        "closed",
        "resident",
        AT + minutes(20),
    )
    assert len(desk.activities(number)) == before


@on_sqlite
def test_a_command_after_the_end_is_refused_with_a_sentence(county: Database) -> None:
    desk, number = taken(county)
    desk.cancel(number, at=AT + minutes(10))
    with pytest.raises(TooLate, match=f"{number} is cancelled since 2026-11-23 02:10 UTC .by resident.: nothing was"):
        desk.acknowledge(number, "M1", AT + minutes(11))


@on_sqlite
def test_whoever_arrives_after_it_was_settled_hears_who_settled_it(county: Database) -> None:
    desk, number = taken(county)
    desk.resolve(number, "A1", at=AT + minutes(10))
    press = desk.press(number, Button.on_site, "M1", at=AT + minutes(12))
    assert (press.outcome, press.who, press.since, press.state) == ("already", "A1", AT + minutes(10), "resolved")


@on_sqlite
def test_an_estimate_is_kept_told_and_changed(county: Database) -> None:
    desk, number = taken(county)
    assert desk.estimate(number, "A1", NOON, "换变压器", AT + minutes(5)).fresh
    assert desk.estimated(number) == NOON
    assert desk.notifications(number)[-1].staff_no == "M1"
    assert desk.estimate(number, "M1", NOON, at=AT + minutes(6)).outcome == "already"
    assert desk.estimate(number, "M1", NOON + minutes(30), at=AT + minutes(7)).fresh
    assert desk.estimated(number) == NOON + minutes(30)
    desk.resolve(number, "M1", at=NOON)
    desk.reopen(number, at=NOON + minutes(1))
    assert desk.estimated(number) is None


@on_sqlite
@pytest.mark.parametrize(
    ("restore_at", "why"),
    [
        (AT, "lie ahead"),
        (AT + dt.timedelta(days=61), "within 60 days"),
        (dt.datetime(2026, 11, 23, 12), "time zone"),
        (None, "needs the time"),
    ],
)
def test_an_estimate_that_cannot_be_is_refused(county: Database, restore_at: dt.datetime | None, why: str) -> None:
    desk, number = taken(county)
    with pytest.raises(TicketRefused, match=why):
        desk.press(number, Button.estimate, "M1", restore_at=restore_at, at=AT + minutes(5))
    assert desk.estimated(number) is None


@on_sqlite
def test_the_crew_is_called_at_any_hour_and_once(county: Database) -> None:
    with county.session() as session:
        session.add_all(Staff(staff_no=no, name="抢修", role="crew") for no in ("C1", "C2"))
    night = AT + minutes(13 * 60)
    desk = TicketDesk(county)
    number = desk.report(outage(kind="meter_relocation"), AT).ticket_no
    assert desk.call_crew(number, "A1", "杆子要倒", night).fresh
    called = [n for n in desk.notifications(number) if n.template == "crew_called"]
    assert [(n.staff_no, n.urgent, n.due_at) for n in called] == [("C1", True, night), ("C2", True, night)]
    assert "M1" in {n.staff_no for n in desk.notifications(number) if n.template == "crew_on_the_way"}
    assert desk.call_crew(number, "M1", at=night + minutes(1)).who == "A1"


@on_sqlite
def test_without_a_crew_the_team_is_called(county: Database) -> None:
    desk, number = taken(county)
    desk.call_crew(number, "M1", at=AT + minutes(5))
    assert desk.notifications(number)[-1].staff_no == "T1"


@on_sqlite
def test_a_comment_is_history_and_the_owner_reads_it(county: Database) -> None:
    desk, number = taken(county)
    assert desk.comment(number, "A1", "钥匙在隔壁", AT + minutes(3)).fresh
    assert desk.comment(number, "A1", "钥匙在隔壁", AT + minutes(4)).outcome == "already"
    assert [(n.staff_no, n.template) for n in desk.notifications(number)][-1] == ("M1", "commented")
    assert [a.note for a in desk.activities(number) if a.kind == "commented"] == ["钥匙在隔壁"]
    with pytest.raises(TicketRefused, match="needs words"):
        desk.comment(number, "A1", " ")


@on_sqlite
@pytest.mark.parametrize("button", [Button.on_site, Button.resolve, Button.estimate, Button.call_crew, Button.pass_on])
def test_a_supervisor_or_a_stranger_presses_nothing(county: Database, button: Button) -> None:
    desk, number = taken(county)
    for who, why in (("S1", "supervisor"), ("X9", "staff list"), ("resident", "staff list")):
        with pytest.raises(TicketRefused, match=why):
            desk.press(number, button, who, restore_at=NOON, to="T1", at=AT + minutes(5))
    assert len(desk.activities(number)) == 2


@on_sqlite
def test_a_button_or_a_ticket_that_does_not_exist_is_refused(county: Database) -> None:
    desk, number = taken(county)
    with pytest.raises(TicketRefused, match="no button"):
        desk.press(number, "explode", "M1")
    with pytest.raises(TicketRefused, match="no ticket"):
        desk.press("GD0", Button.acknowledge, "M1")


def test_a_press_is_a_card_of_the_ticket(county: Database) -> None:
    desk, number = taken(county)
    press = desk.press(number, Button.on_site, "M1", at=AT + minutes(3))
    assert isinstance(press, Pressed) and (press.ticket_no, press.state) == (number, "on_site")
