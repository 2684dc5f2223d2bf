"""Reports of one transformer or feeder are one outage: counted by household, told once, never a flood."""

from __future__ import annotations

import asyncio
import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from bot.database import Database
from bot.notify.relay import Relay
from bot.settings import NotifySettings
from bot.tickets.desk import TicketDesk, TicketRefused
from bot.tickets.due import audit, timers
from bot.tickets.models import Notification, Timer
from tests.notify.doubles import Recording
from tests.tickets.county import on_sqlite
from tests.tickets.street import AT, dark, dark_row, minutes, street

__all__ = ["street"]


def told(database: Database, *templates: str) -> list[tuple[str, str]]:
    """(reader, template) of what is or was owed to staff about outages and reports, in order."""
    with database.reading() as session:
        rows = session.execute(
            select(Notification.staff_no, Notification.template)
            .where(Notification.staff_no.is_not(None), Notification.state != "skipped")
            .order_by(Notification.id)
        )
        return [(row[0], row[1]) for row in rows if not templates or row[1] in templates]


def test_three_households_of_a_transformer_are_one_outage(street: Database) -> None:
    desk = TicketDesk(street)
    first, second = dark_row(desk, 1, 2)
    assert desk.outages.list() == []
    third = dark(desk, 1, 2, AT + minutes(1))
    [found] = desk.outages.list()
    assert (found.transformer, found.grids, found.state) == ("沿河一台区", ("24",), "open")
    assert (found.households, found.reports, found.started_at) == (3, 3, AT)
    assert found.outage_no.startswith("TD261123")
    for number in (first, second, third):
        belongs = desk.outages.of_ticket(number.ticket_no)
        assert belongs and belongs.outage_no == found.outage_no
    # What had not left yet about each report is told by the outage, once to the manager and once to the crew.
    assert told(street) == [("M1", "outage_opened"), ("C1", "outage_opened")]


@on_sqlite
def test_what_strangers_typed_makes_no_outage_without_one_who_is_vouched_for(street: Database) -> None:
    desk = TicketDesk(street)
    for number in range(4):
        dark(desk, 1, number, channel="web")
    assert all(desk.outages.of_ticket(one.ticket_no) is None for one in desk.tickets())
    heard = dark(desk, 1, 5, AT + minutes(1))
    assert desk.outages.of_ticket(heard.ticket_no) is not None
    assert len({desk.outages.of_ticket(one.ticket_no).outage_no for one in desk.tickets()}) == 1


@on_sqlite
def test_households_count_not_calls(street: Database) -> None:
    desk = TicketDesk(street)
    for call in range(10):
        dark(desk, 1, 0, AT + minutes(call / 10), session=f"call-{call}")
    dark(desk, 1, 1, AT + minutes(2))
    assert desk.outages.list() == []


@on_sqlite
def test_reports_too_far_apart_are_no_outage(street: Database) -> None:
    desk = TicketDesk(street)
    for number in range(6):
        dark(desk, 1, number, AT + number * minutes(11))
    assert desk.outages.list() == []


@on_sqlite
def test_a_household_without_a_number_counts_by_caller_and_place(street: Database) -> None:
    desk = TicketDesk(street)
    dark(desk, 1, 0)
    nameless = {"household_no": None, "place": "桃园1期"}
    for call in range(4):
        dark(desk, 1, 90 + call, AT + minutes(1 + call), **nameless)
    assert desk.outages.list() == []  # four callers of one place may be one house
    dark(desk, 1, 99, AT + minutes(6), household_no=None, place="桃园1期5栋")
    [found] = desk.outages.list()
    assert found.reports == 6


@on_sqlite
def test_a_place_that_hangs_on_two_transformers_is_nobodys(street: Database) -> None:
    desk = TicketDesk(street)
    for number in range(5):
        dark(desk, 1, number, AT, household_no=None, place="桃园" if number % 2 else "桃溪社区桃园")
    assert desk.outages.list() == []


@on_sqlite
@pytest.mark.parametrize(
    "values",
    [
        {"kind": "breaker_fault"},
        {"facts": {"neighbours": "yes"}},
        {"facts": {"owed": {"amount": "86.20", "months": 3}}},
    ],
    ids=str,
)
def test_breakers_and_arrears_are_not_swept_in(street: Database, values: dict[str, object]) -> None:
    desk = TicketDesk(street)
    dark_row(desk, 1, 2)
    alone = dark(desk, 1, 5, AT + minutes(1), **values)
    assert desk.outages.list() == []
    dark(desk, 1, 6, AT + minutes(1))
    again = dark(desk, 1, 7, AT + minutes(2), **values)
    [found] = desk.outages.list()
    assert found.reports == 3
    for one in (alone, again):
        assert desk.outages.of_ticket(one.ticket_no) is None
        assert ("M1", "reported") in [(note.staff_no, note.template) for note in desk.notifications(one.ticket_no)]


@on_sqlite
def test_who_owes_months_is_looked_at_alone(street: Database) -> None:
    desk = TicketDesk(street)
    dark_row(desk, 3)
    assert desk.outages.of_ticket(dark(desk, 3, 9, AT + minutes(2)).ticket_no) is None
    assert desk.outages.known("3-09", at=AT + minutes(2)) is None
    assert desk.outages.known("3-08", at=AT + minutes(2)) is not None


def test_later_reports_join_without_a_message_and_the_newest_counts_follow_at_intervals(street: Database) -> None:
    desk, provider = TicketDesk(street), Recording()
    relay = Relay(street, {"fake": provider}, NotifySettings(providers=["fake"]))  # type: ignore[dict-item]
    dark_row(desk, 1)
    asyncio.run(relay.deliver_due(AT + minutes(1)))
    assert "3户报了，共3次" in provider.sent[-1].text
    for number in range(3, 10):
        joined = dark(desk, 1, number, AT + minutes(number / 2))
        assert joined.state == "reported" and desk.notifications(joined.ticket_no) == []
        asyncio.run(relay.deliver_due(AT + minutes(number / 2)))
    dark(desk, 1, 3, AT + minutes(5))
    asyncio.run(relay.deliver_due(AT + minutes(6)))
    told_manager = [one.text for one in provider.sent if one.staff_no == "M1"]
    assert len(told_manager) == 2
    assert "10户报了，共11次" in told_manager[-1]


def test_three_transformers_of_a_feeder_become_the_feeders_outage(street: Database) -> None:
    desk = TicketDesk(street)
    dark_row(desk, 1)
    dark_row(desk, 2, at=AT + minutes(1))
    assert [one.scope for one in desk.outages.list(active_only=True)] == ["沿河2号台区", "沿河一台区"]
    dark_row(desk, 3, at=AT + minutes(2))
    [whole] = desk.outages.list(active_only=True)
    assert (whole.transformer, whole.feeder, whole.households, whole.reports) == ("", "沿河线", 9, 9)
    assert whole.started_at == AT
    assert [one.state for one in desk.outages.list()].count("merged") == 2
    later = dark(desk, 2, 7, AT + minutes(3))
    belongs = desk.outages.of_ticket(later.ticket_no)
    assert belongs and belongs.outage_no == whole.outage_no
    assert told(street).count(("M1", "outage_widened")) == 1


@pytest.mark.slow
def test_a_storm_over_many_sections_floods_nobody_and_loses_nothing(sqlite_database: Database) -> None:
    """The shape of issue B's bench, smaller: every report accounted for, few messages a minute."""
    from tests.tickets.sections import build, reports

    desk, provider = TicketDesk(sqlite_database), Recording()
    build(sqlite_database, sections=8, households=12)
    relay = Relay(sqlite_database, {"fake": provider}, NotifySettings(providers=["fake"]))  # type: ignore[dict-item]
    sent: list[dt.datetime] = []
    numbers = []
    for second, batch in enumerate(reports(sections=8, households=12, seconds=600, repeats=3)):
        at = AT + dt.timedelta(seconds=second)
        numbers += [desk.report(one, at).ticket_no for one in batch]
        before = len(provider.sent)
        if second % 5 == 0:
            asyncio.run(relay.deliver_due(at))
        sent += [at] * (len(provider.sent) - before)
    asyncio.run(relay.deliver_due(AT + minutes(20)))
    each: dict[str, list[dt.datetime]] = {}
    for message, at in zip(provider.sent, sent, strict=False):
        each.setdefault(message.staff_no, []).append(at)
    assert max(sum(at <= one < at + minutes(1) for one in those) for those in each.values() for at in those) <= 15
    assert len(set(numbers)) == len(numbers) == 8 * 12 * 3
    assert sum(one.reports for one in desk.outages.list(active_only=True)) == len(numbers)
    # one conversation a section: opened (or widened), then an update every five minutes; the few reports before it
    assert len([one for one in provider.sent if one.staff_no == "M0"]) < 8 * 5


def test_one_press_takes_the_outage_and_everybody_in_it(street: Database) -> None:
    desk = TicketDesk(street)
    first, *others = dark_row(desk, 1, 5)
    desk.acknowledge(first.ticket_no, "M1", AT + minutes(2))
    for one in others:
        found = desk.ticket(one.ticket_no)
        assert found and (found.state, found.owner) == ("acknowledged", "M1")
        assert desk.activities(one.ticket_no)[-1].kind == "acknowledged"
    late = dark(desk, 1, 8, AT + minutes(3))
    assert (late.state, late.owner) == ("acknowledged", "M1")
    [found_outage] = desk.outages.list()
    assert found_outage.owner == "M1"


def test_nobody_takes_it_and_it_climbs_once_for_all(street: Database) -> None:
    desk = TicketDesk(street)
    dark_row(desk, 1, 8)
    timers.fire_due(street, AT + minutes(11))
    climbed = told(street, "unacknowledged")
    assert sorted(climbed) == [("A1", "unacknowledged"), ("D1", "unacknowledged"), ("M1", "unacknowledged")]


def test_an_estimate_for_one_is_an_estimate_for_all(street: Database) -> None:
    desk = TicketDesk(street)
    first, second, _ = dark_row(desk, 1)
    back = AT + minutes(120)
    desk.estimate(first.ticket_no, "M1", back, at=AT + minutes(2))
    [found] = desk.outages.list()
    assert found.estimated_restore_at == back and desk.estimated(second.ticket_no) == back
    later = desk.outages.estimate(found.outage_no, "M1", back + minutes(30), AT + minutes(3))
    assert later.estimated_restore_at == desk.estimated(first.ticket_no) == back + minutes(30)
    with pytest.raises(TicketRefused, match="ahead"):
        desk.outages.estimate(found.outage_no, "M1", AT, AT + minutes(3))


def test_oxygen_is_told_at_once_and_climbs_for_itself(street: Database) -> None:
    desk = TicketDesk(street)
    dark_row(desk, 1)
    machine = dark(desk, 1, 7, AT + minutes(1), facts={"oxygen": "yes"}, urgent=True)
    assert {note.staff_no for note in desk.notifications(machine.ticket_no)} == {"M1", "A1"}
    [found] = desk.outages.list()
    assert (found.reports, found.urgent) == (4, 1)
    first = desk.tickets()[-1]
    desk.acknowledge(first.ticket_no, "M1", AT + minutes(2))
    still = desk.ticket(machine.ticket_no)
    assert still and still.state == "reported"


@on_sqlite
def test_the_auditor_finds_nothing_stuck_in_an_outage(street: Database) -> None:
    desk = TicketDesk(street)
    first, *_ = dark_row(desk, 1, 6)
    with street.reading() as session:
        assert audit.find(session, AT + minutes(1)) == []
    # The report that stands for all is withdrawn: the next one is waited for.
    desk.cancel(first.ticket_no, at=AT + minutes(2))
    with street.reading() as session:
        assert audit.find(session, AT + minutes(2)) == []
        waiting = session.scalars(select(Timer.kind).where(Timer.done_at.is_(None))).all()
    assert sorted(waiting) == ["on_site_due", "unacknowledged"]


@on_sqlite
def test_an_outage_that_everybody_withdraws_is_over(street: Database) -> None:
    desk = TicketDesk(street)
    for number, one in enumerate(dark_row(desk, 1)):
        desk.cancel(one.ticket_no, at=AT + minutes(2 + number))
    [found] = desk.outages.list()
    assert found.state == "restored" and desk.outages.list(active_only=True) == []


@on_sqlite
def test_who_says_that_it_is_their_home_alone_gets_a_ticket_of_their_own(street: Database) -> None:
    desk = TicketDesk(street)
    dark_row(desk, 1)
    other = dark(desk, 1, 4, AT + minutes(1), facts={"same_outage": "no"})
    assert desk.outages.of_ticket(other.ticket_no) is None
    assert [note.template for note in desk.notifications(other.ticket_no)] == ["reported"]


def test_a_report_whose_household_becomes_known_later_joins(street: Database) -> None:
    desk = TicketDesk(street)
    dark_row(desk, 1)
    vague = dark(desk, 1, 8, AT + minutes(1), household_no=None, place="那边")
    assert desk.outages.of_ticket(vague.ticket_no) is None
    desk.add(vague.ticket_no, household_no="1-08", at=AT + minutes(2))
    belongs = desk.outages.of_ticket(vague.ticket_no)
    assert belongs and belongs.reports == 4
    # Its own message had not left: the outage tells of it.
    assert ("M1", "reported") not in told(street)


def test_reports_at_the_same_moment_make_one_outage(street: Database) -> None:
    desk = TicketDesk(street)
    with ThreadPoolExecutor(10) as callers:
        list(callers.map(lambda number: dark(desk, 2, number), range(10)))
    [found] = desk.outages.list()
    assert (found.households, found.reports) == (10, 10)
    assert sorted(told(street, "outage_opened")) == [("C1", "outage_opened"), ("M1", "outage_opened")]
