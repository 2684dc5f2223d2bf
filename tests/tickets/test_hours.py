"""Working time is counted as the site works: holidays, exchanged weekends and quiet hours are data."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.settings import Settings, SettingsError, load_settings
from bot.tickets.due.hours import HOLIDAYS, Hours, Span, read_holidays
from bot.tickets.models import Ticket
from bot.tickets.rules import rules_of, usual_rules

ZONE = ZoneInfo("Asia/Shanghai")


def local(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


HOURS = Hours(
    ZONE,
    frozenset({1, 2, 3, 4, 5}),
    (Span.of("08:00-12:00"), Span.of("14:00-17:30")),
    Span.of("21:00-07:00"),
    *read_holidays(HOLIDAYS),
)


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-11-23T10:00", "2026-11-23T10:00"),  # a Monday
        ("2026-11-23T03:00", "2026-11-23T08:00"),
        ("2026-11-23T12:00", "2026-11-23T14:00"),
        ("2026-11-23T17:30", "2026-11-24T08:00"),
        ("2026-11-27T18:00", "2026-11-30T08:00"),  # Friday evening
        ("2026-09-30T18:00", "2026-10-08T08:00"),  # before National Day
        ("2026-02-14T09:00", "2026-02-14T09:00"),  # a Saturday worked for Spring Festival
        ("2026-02-14T20:00", "2026-02-24T08:00"),
    ],
)
def test_work_begins_when_people_work(at: str, opens: str) -> None:
    assert HOURS.opens(local(at)) == local(opens)


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-11-23T11:50", 10, "2026-11-23T12:00"),
        ("2026-11-23T11:55", 10, "2026-11-23T14:05"),
        ("2026-11-23T17:28", 5, "2026-11-24T08:03"),
        ("2026-11-28T10:00", 5, "2026-11-30T08:05"),
        ("2026-09-30T17:29", 10, "2026-10-08T08:09"),
    ],
)
def test_minutes_count_only_while_people_work(start: str, minutes: int, end: str) -> None:
    assert HOURS.after(local(start), dt.timedelta(minutes=minutes)) == local(end)


def test_five_working_days_are_a_week_later_and_longer_over_a_holiday() -> None:
    week = HOURS.day_length * 5
    assert HOURS.after(local("2026-11-23T10:00"), week) == local("2026-11-30T10:00")
    # Tue 09-29, Wed 30, then Thu 8, Fri 9 and the exchanged Sat 10 October
    assert HOURS.after(local("2026-09-29T10:00"), week) == local("2026-10-12T10:00")


@pytest.mark.parametrize(
    ("at", "wakes"),
    [
        ("2026-11-23T20:59", "2026-11-23T20:59"),
        ("2026-11-23T21:00", "2026-11-24T07:00"),
        ("2026-11-24T03:00", "2026-11-24T07:00"),
        ("2026-11-24T07:00", "2026-11-24T07:00"),
    ],
)
def test_nobody_is_disturbed_in_the_quiet_hours(at: str, wakes: str) -> None:
    assert HOURS.wakes(local(at)) == local(wakes)


def test_a_calendar_without_a_working_day_loses_nothing() -> None:
    never = Hours(ZONE, frozenset(), HOURS.spans, HOURS.quiet)
    assert never.after(local("2026-11-23T10:00"), dt.timedelta(minutes=5)) == local("2026-11-23T10:05")
    assert never.opens(local("2026-11-23T10:00")) == local("2026-11-23T10:00")


def test_the_days_of_2026_and_2027_ship_with_gege() -> None:
    free, worked = read_holidays(HOLIDAYS)
    assert {day.year for day in free} == {2026, 2027}
    assert not free & worked and all(day.isoweekday() > 5 for day in worked)


def test_a_site_edits_its_own_holidays(tmp_path: Path) -> None:
    (tmp_path / "holidays.yml").write_text("holidays: [2026-11-23]\nworked: [2026-11-28]\n", "utf-8")
    hours = rules_of(Settings(home=tmp_path)).hours
    assert not hours.works_on(dt.date(2026, 11, 23)) and hours.works_on(dt.date(2026, 11, 28))
    assert hours.works_on(dt.date(2026, 10, 1))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("holidays: [gestern]", "is no day"),
        ("holidays: [2026-10-07/2026-10-01]", "ends before it begins"),
        ("free: [2026-10-01]", "two lists"),
        ("holidays: [", "holidays.yml"),
        ("holidays: 2026-10-01", "two lists"),
    ],
)
def test_holidays_that_cannot_be_read_are_told_with_the_reason(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "holidays.yml").write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=why):
        rules_of(Settings(home=tmp_path))


@pytest.mark.parametrize(
    ("toml", "why"),
    [
        ('[service]\nworking_hours = ["8-17"]', "working_hours"),
        ('[service]\nworking_hours = ["17:00-08:00"]', "ends after it begins"),
        ('[service]\nworking_hours = ["08:00-12:00", "11:00-17:00"]', "overlap"),
        ("[service]\nworkdays = [8]", "workdays"),
        ('[service]\naround_the_clock = ["weather"]', "weather is no kind"),
        ("[service.deadlines.on_site_min]\ntown = 45", "remote is missing"),
        ("[service.deadlines.working_days]\ncare = -1", "working_days"),
        ('[site]\ntimezone = "Mars"', "no time zone"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(tmp_path: Path, toml: str, why: str) -> None:
    (tmp_path / "gege.toml").write_text(toml, "utf-8")
    with pytest.raises(SettingsError, match=why):
        rules_of(load_settings(tmp_path))


def test_danger_keeps_no_hours_whatever_a_site_sets(tmp_path: Path) -> None:
    (tmp_path / "gege.toml").write_text("[service]\naround_the_clock = []", "utf-8")
    rules = rules_of(load_settings(tmp_path))
    night = local("2026-11-23T03:00")
    for ticket in (Ticket(kind="hazard", urgent=False, facts={}), Ticket(kind="care", urgent=True, facts={})):
        assert rules.tells(ticket, "manager", night) == night
    assert rules.tells(Ticket(kind="outage", urgent=False, facts={}), "manager", night) > night


def test_the_area_of_a_grid_is_a_setting(tmp_path: Path) -> None:
    (tmp_path / "gege.toml").write_text(
        '[service.deadlines]\nvillage_grids = ["7", "XZ*"]\nremote_grids = ["XZ-9"]', "utf-8"
    )
    rules = rules_of(load_settings(tmp_path))
    assert [rules.area(no) for no in ("24", "7", "XZ-1", "XZ-9", None)] == [
        "town",
        "village",
        "village",
        "remote",
        "town",
    ]
    assert usual_rules().area("7") == "town"
