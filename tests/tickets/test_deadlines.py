"""Somebody must be there, and it must be settled, in time; when not, owner, supervisor and duty desk hear of it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from bot.database import Database
from bot.settings import load_settings
from bot.tickets.desk import TicketDesk
from bot.tickets.due import timers
from bot.tickets.rules import rules_of
from tests.tickets.county import AT, minutes, on_sqlite, outage


def due(desk: TicketDesk, number: str) -> list[tuple[str, float]]:
    return [(one.kind, (one.due_at - AT).total_seconds() / 60) for one in desk.deadlines(number)]


def test_nobody_on_site_in_time_is_told_to_owner_supervisor_and_duty_desk(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.acknowledge(number, "M1", AT + minutes(1))
    assert due(desk, number) == [("on_site_due", 45)]
    assert timers.fire_due(county, AT + minutes(44)) == 0
    assert timers.fire_due(county, AT + minutes(45)) == 1
    told = [(n.staff_no, n.template) for n in desk.notifications(number)[1:]]
    assert sorted(told) == [("D1", "on_site_overdue"), ("M1", "on_site_overdue"), ("S1", "supervise")]
    last = desk.activities(number)[-1]
    assert (last.kind, last.detail["deadline"]) == ("overdue", "on_site_due")
    # It is not forgotten: three hours after somebody should have been there it is told again.
    assert due(desk, number) == [("resolve_due", 45 + 180)]


def test_who_arrives_in_time_has_three_hours(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.acknowledge(number, "M1", AT)
    desk.on_site(number, "M1", at=AT + minutes(30))
    assert due(desk, number) == [("resolve_due", 30 + 180)]
    assert timers.fire_due(county, AT + minutes(209)) == 0
    assert timers.fire_due(county, AT + minutes(210)) == 1
    assert desk.notifications(number)[-1].template in ("resolve_overdue", "supervise")
    # and once a day until it is settled
    assert due(desk, number) == [("resolve_due", 210 + 1440)]


@on_sqlite
@pytest.mark.parametrize("end", ["resolve", "cancel"])
def test_what_is_settled_has_no_deadline(county: Database, end: str) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.acknowledge(number, "M1", AT)
    getattr(desk, end)(number, "M1", at=AT + minutes(10))
    assert due(desk, number) == []
    timers.fire_due(county, AT + minutes(10_000))
    assert "overdue" not in [one.kind for one in desk.activities(number)]


@on_sqlite
def test_what_is_not_settled_after_all_has_its_deadline_anew(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.acknowledge(number, "M1", AT)
    desk.resolve(number, "M1", at=AT + minutes(10))
    desk.reopen(number, at=AT + minutes(60))
    assert due(desk, number) == [("on_site_due", 105)]


@on_sqlite
def test_villages_and_mountains_are_farther(county: Database, tmp_path: Path) -> None:
    (tmp_path / "gege.toml").write_text('[service.deadlines]\nvillage_grids=["24"]\nremote_grids=["7"]', "utf-8")
    desk = TicketDesk(county, rules=rules_of(load_settings(tmp_path)))
    village, remote = (desk.report(outage(grid_no=no), AT).ticket_no for no in ("24", "7"))
    assert (due(desk, village), due(desk, remote)) == ([("on_site_due", 90)], [("on_site_due", 120)])
    desk.acknowledge(village, "M1", AT)
    desk.on_site(village, "M1", at=AT)
    assert due(desk, village) == [("resolve_due", 240)]


@on_sqlite
def test_a_grid_that_becomes_known_sets_the_deadline_of_its_area(county: Database, tmp_path: Path) -> None:
    (tmp_path / "gege.toml").write_text('[service.deadlines]\nvillage_grids=["24"]', "utf-8")
    desk = TicketDesk(county, rules=rules_of(load_settings(tmp_path)))
    number = desk.report(outage(grid_no=None), AT).ticket_no
    assert due(desk, number) == [("on_site_due", 45)]
    desk.add(number, grid_no="24", at=AT + minutes(3))
    assert due(desk, number) == [("on_site_due", 90)]


@on_sqlite
@pytest.mark.parametrize(
    ("kind", "days"), [("new_account", 7), ("pricing", 1), ("reconnect", 1), ("complaint", 7), ("care", 3)]
)
def test_everyday_matters_have_working_days(county: Database, kind: str, days: int) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(kind=kind), AT).ticket_no  # a Monday
    assert due(desk, number) == [("resolve_due", days * 1440)]
    desk.acknowledge(number, "M1", AT)
    desk.on_site(number, "M1", at=AT + minutes(60))
    assert due(desk, number) == [("resolve_due", days * 1440)]


@on_sqlite
def test_a_day_without_the_service_is_one_message_for_each_deadline(county: Database) -> None:
    desk = TicketDesk(county)
    number = desk.report(outage(), AT).ticket_no
    desk.acknowledge(number, "M1", AT)
    later = AT + dt.timedelta(days=3)
    assert timers.fire_due(county, later) == 1
    assert [a.kind for a in desk.activities(number)].count("overdue") == 1
    assert len(desk.deadlines(number)) == 1
    assert desk.deadlines(number)[0].due_at > later
