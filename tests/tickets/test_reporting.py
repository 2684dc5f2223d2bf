"""What Gege says it has written down is written down, once and whole."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from bot.database import Database, open_database
from bot.settings import Settings, SiteSettings
from bot.tickets.desk import Report, TicketDesk
from bot.tickets.due import timers
from bot.tickets.intake.caller import Caller
from bot.tickets.intake.heard import Heard
from bot.tickets.life import opening
from bot.tickets.models import Activity, Notification, Ticket, Timer, Utterance
from bot.tickets.owed import paging
from bot.tickets.rules import rules_of
from tests.tickets.county import AT, by, hazard, minutes, on_sqlite, outage


def rows(database: Database) -> dict[str, int]:
    with database.reading() as session:
        tables = (Ticket, Activity, Notification, Timer, Utterance)
        return {table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def test_a_report_becomes_a_ticket_with_history_message_and_timer(county: Database) -> None:
    desk = TicketDesk(county)
    card = desk.report(outage(), AT)
    assert (card.ticket_no, card.state, card.kind, card.owner) == ("GD2611230001", "reported", "outage", "M1")
    assert (card.owner_name, card.owner_phone) == ("程远", "13900000001")
    assert desk.ticket(card.ticket_no) == card
    assert [activity.kind for activity in desk.activities(card.ticket_no)] == ["reported"]
    assert [(n.staff_no, n.state) for n in desk.notifications(card.ticket_no)] == [("M1", "pending")]
    # one that climbs until somebody acknowledges, one for the deadline
    assert rows(county)["timer"] == 2


def test_the_report_outlives_the_process(county: Database, database_url: str) -> None:
    card = TicketDesk(county).report(outage(utterance_id="u1"), AT)
    county.dispose()
    again = open_database(database_url)
    assert TicketDesk(again).ticket(card.ticket_no) == card
    again.dispose()


def test_a_replayed_utterance_makes_no_second_ticket(county: Database) -> None:
    desk = TicketDesk(county)
    assert desk.keep(
        Heard("u1", "s1", "停电了", alternatives=tuple(["停电了", "听电了"]), caller=Caller.by("phone", "13800138000")),
        at=AT,
    )
    assert not desk.keep(Heard("u1", "s1", "别的话", alternatives=(), caller=Caller.by("phone", "13800138000")), at=AT)
    first = desk.report(outage(utterance_id="u1"), AT)
    before = rows(county)
    assert desk.report(outage(utterance_id="u1", said="别的话"), AT + minutes(1)) == first
    assert rows(county) == before


def test_a_sentence_about_two_matters_makes_two_tickets_and_no_third(county: Database) -> None:
    desk = TicketDesk(county)
    two = [desk.report(outage(utterance_id="u1", kind=kind), AT).ticket_no for kind in ("outage", "arrears")]
    assert len(set(two)) == 2
    assert two == [desk.report(outage(utterance_id="u1", kind=kind), AT).ticket_no for kind in ("outage", "arrears")]


def test_one_utterance_at_the_same_moment_is_still_one_ticket(county: Database) -> None:
    desk = TicketDesk(county)
    desk.keep(Heard("u1", "s1", "停电了", caller=Caller.by("phone")), at=AT)
    with ThreadPoolExecutor(8) as threads:
        cards = list(threads.map(lambda _: desk.report(outage(utterance_id="u1"), AT), range(8)))
    assert len({card.ticket_no for card in cards}) == 1
    assert rows(county)["ticket"] == rows(county)["activity"] == 1


def test_writers_at_the_same_moment_take_different_numbers(county: Database, database_url: str) -> None:
    other = open_database(database_url)
    desks = [TicketDesk(county), TicketDesk(other)]
    with ThreadPoolExecutor(8) as threads:
        cards = list(
            threads.map(
                lambda i: desks[i % 2].report(outage(utterance_id=f"u{i}", reporter=f"1380013{i:04d}"), AT), range(40)
            )
        )
    other.dispose()
    assert sorted(card.ticket_no for card in cards) == [f"GD261123{number:04d}" for number in range(1, 41)]


@on_sqlite
def test_the_day_of_a_number_is_the_day_in_chongyang(county: Database) -> None:
    late = dt.datetime(2026, 11, 23, 16, 30, tzinfo=dt.UTC)  # half past midnight on the 24th
    assert TicketDesk(county).report(outage(), late).ticket_no == "GD2611240001"


@pytest.mark.parametrize("broken", ["activity", "notification", "timer"])
def test_a_failure_half_way_leaves_nothing_half_written(
    county: Database, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    place = {
        "activity": (opening, "note"),
        "notification": (paging, "owe"),
        "timer": (timers, "start"),
    }[broken]
    told: list[str] = []
    desk = TicketDesk(county, owed=lambda: told.append("owed"))
    with monkeypatch.context() as patched:
        patched.setattr(*place, fail)
        with pytest.raises(RuntimeError):
            desk.report(outage(utterance_id="u1"), AT)
    assert set(rows(county).values()) == {0} and not told
    assert desk.report(outage(utterance_id="u1"), AT).ticket_no == "GD2611230001"
    assert told == ["owed"]


def test_a_number_that_no_row_has_loses_no_report(county: Database) -> None:
    card = TicketDesk(county).report(outage(grid_no="999", household_no="nobody"), AT)
    assert (card.grid_no, card.household_no) == (None, None)
    assert card.facts == {"grid_no_said": "999", "household_no_said": "nobody"}


def test_words_that_a_database_dislikes_lose_no_report(county: Database) -> None:
    said = "停电\x00了\ud800" + "长" * 5000
    desk = TicketDesk(county)
    card = desk.report(
        outage(said=said, place="沿" * 999, householder="王" * 99, facts={"since": dt.date(2026, 11, 23)}), AT
    )
    kept = desk.ticket(card.ticket_no)
    assert kept is not None and kept.said.startswith("停电了") and len(kept.said) > 5000
    assert (len(kept.place), kept.facts) == (300, {"since": "2026-11-23"})


@on_sqlite
def test_a_known_household_names_the_grid(county: Database) -> None:
    card = TicketDesk(county).report(outage(grid_no=None, household_no="4200000001"), AT)
    assert (card.grid_no, card.owner) == ("24", "M1")


@on_sqlite
def test_without_a_grid_the_station_has_it(county: Database) -> None:
    assert TicketDesk(county).report(outage(grid_no=None), AT).owner == "T1"


@on_sqlite
def test_a_site_without_any_staff_still_keeps_the_report(database: Database) -> None:
    card = TicketDesk(database).report(hazard(grid_no=None), AT)
    assert card.owner is None
    assert timers.fire_due(database, AT + minutes(6)) == 3


@on_sqlite
def test_danger_tells_manager_and_assistant_at_once(county: Database) -> None:
    desk = TicketDesk(county)
    card = desk.report(hazard(), AT)
    assert card.urgent
    assert {(n.staff_no, n.urgent) for n in desk.notifications(card.ticket_no)} == {
        ("M1", True),
        ("A1", True),
    }


@on_sqlite
def test_danger_without_a_grid_finds_the_station_and_the_duty_desk(county: Database) -> None:
    desk = TicketDesk(county)
    card = desk.report(hazard(grid_no=None), AT)
    assert {n.staff_no for n in desk.notifications(card.ticket_no)} == {"T1", "D1"}


@on_sqlite
def test_a_complaint_tells_the_supervisor_without_data(county: Database) -> None:
    desk = TicketDesk(county)
    card = desk.report(outage(kind="complaint"), AT)
    told = {(n.staff_no, n.template) for n in desk.notifications(card.ticket_no)}
    assert told == {("M1", "reported"), ("S1", "supervise")}


def test_a_kind_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no ticket kind"):
        Report("weather", "", "s", Caller.by("phone"))


def test_open_tickets_are_found_by_reporter_and_by_household(county: Database) -> None:
    desk = TicketDesk(county)
    first = desk.report(outage(household_no="4200000001"), AT)
    second = desk.report(outage(reporter="someone else"), AT + minutes(1))
    assert [card.ticket_no for card in desk.open_of(by("13800138000", "phone"))] == [first.ticket_no]
    assert [card.ticket_no for card in desk.open_of(household_no="4200000001")] == [first.ticket_no]
    assert desk.open_of(by("13800138000")) == [], "a chat id that reads like a number is not that number"
    assert [card.ticket_no for card in desk.open_of(by("+8613800138000", "phone"))] == [first.ticket_no]
    assert desk.open_of(by("")) == []
    assert [card.ticket_no for card in desk.tickets()] == [second.ticket_no, first.ticket_no]
    desk.cancel(second.ticket_no)
    assert [card.ticket_no for card in desk.tickets(open_only=True)] == [first.ticket_no]
    assert desk.ticket("GD0000000000") is None


@on_sqlite
def test_the_day_of_a_ticket_number_is_that_of_the_sites_zone(county: Database) -> None:
    rules = rules_of(Settings(site=SiteSettings(timezone="America/New_York")))
    before_dawn = dt.datetime(2026, 11, 23, 2, 0, tzinfo=dt.UTC)
    assert TicketDesk(county, rules=rules).report(outage(), before_dawn).ticket_no.startswith("GD261122")
    assert TicketDesk(county).report(outage(session="s2"), before_dawn).ticket_no.startswith("GD261123")
