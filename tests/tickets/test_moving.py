"""A place that was wrong is put right: the history keeps both, and the right people have it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bot.database import Database
from bot.grid.models import Household, Transformer
from bot.tickets.desk import TicketDesk
from bot.tickets.due import timers
from tests.tickets.county import AT, hazard, minutes, on_sqlite, outage
from tests.tickets.test_same_again import told

HOUSE, OTHER = "4200000001", "4200000002"


@pytest.fixture
def two_grids(county: Database) -> Database:
    """A household of grid 7 beside the one of grid 24, on a transformer of its own."""
    with county.session() as session:
        session.add(Transformer(id=2, name="古井二台区", feeder_id=1))
        session.flush()
        session.add(
            Household(
                household_no=OTHER, householder="李雪", community_id=1, address="古井街26号", transformer_id=2,
                grid_no="7", tags=[], balance=Decimal(0), months_owed=0,
            )
        )  # fmt: skip
    return county


def test_a_place_that_is_known_better_replaces_the_first_and_both_are_kept(two_grids: Database) -> None:
    desk = TicketDesk(two_grids)
    number = desk.report(hazard(place="白泉街", household_no=HOUSE), AT).ticket_no
    card = desk.correct_place(number, place="白泉街61号门口", note="就是61号门口", at=AT + minutes(1))
    assert (card.place, card.household_no, card.grid_no) == ("白泉街61号门口", HOUSE, "24")
    [row] = [one for one in desk.activities(number) if one.kind == "corrected"]
    assert (row.detail["from"]["place"], row.detail["to"]["place"]) == ("白泉街", "白泉街61号门口")
    assert row.note == "就是61号门口"
    assert told(desk, number)[2:] == [("M1", "corrected"), ("A1", "corrected")], "danger is told at once"
    desk.correct_place(number, place="白泉街61号门口", at=AT + minutes(2))
    assert len([one for one in desk.activities(number) if one.kind == "corrected"]) == 1


def test_another_grids_people_get_it_and_the_former_owner_hears_that_it_moved(two_grids: Database) -> None:
    desk = TicketDesk(two_grids)
    number = desk.report(outage(kind="breaker_fault", place="沿河路206号", household_no=HOUSE), AT).ticket_no
    card = desk.correct_place(number, place="古井街26号", household_no=OTHER, note="门牌错了", at=AT + minutes(4))
    assert (card.place, card.household_no, card.grid_no, card.owner) == ("古井街26号", OTHER, "7", "M2")
    assert told(desk, number) == [("M1", "reported"), ("M2", "reported"), ("M1", "moved")]
    assert timers.fire_due(two_grids, AT + minutes(5)) == 0, "M2 has his five minutes"
    timers.fire_due(two_grids, AT + minutes(9))
    assert told(desk, number)[3] == ("M2", "unacknowledged")
    assert desk.access.seen_by("M1", [number]) == frozenset()


@on_sqlite
def test_danger_that_somebody_has_taken_moves_to_who_is_near(two_grids: Database) -> None:
    desk = TicketDesk(two_grids)
    number = desk.report(hazard(place="沿河路206号"), AT).ticket_no
    desk.acknowledge(number, "M1", AT)
    card = desk.correct_place(number, place="古井街26号", grid_no="7", at=AT + minutes(1))
    assert (card.owner, card.state) == ("M2", "acknowledged")
    assert ("M2", "reported") in told(desk, number) and told(desk, number)[-1] == ("M1", "moved")


@on_sqlite
def test_a_place_elsewhere_takes_the_household_with_it(two_grids: Database) -> None:
    desk = TicketDesk(two_grids)
    number = desk.report(outage(kind="breaker_fault", place="沿河路206号", household_no=HOUSE), AT).ticket_no
    card = desk.correct_place(number, place="沿河路208号", at=AT + minutes(1))
    assert (card.household_no, card.grid_no, card.owner) == (None, "24", "M1")


def test_a_report_leaves_an_outage_that_it_does_not_belong_to(two_grids: Database) -> None:
    desk = TicketDesk(two_grids)
    out = desk.outages.open("M1", transformer="沿河一台区", at=AT)
    number = desk.report(outage(household_no=None, place="沿河路206号"), AT).ticket_no
    assert desk.outages.of_ticket(number), "the place hangs on it"
    card = desk.correct_place(number, place="古井街26号", household_no=OTHER, at=AT + minutes(1))
    assert desk.outages.of_ticket(number) is None and card.owner == "M2"
    assert ("M2", "reported") in told(desk, number)
    assert desk.deadlines(number), "it is waited for by itself"
    found = desk.outages.get(out.outage_no)
    assert found and found.reports == 0


@on_sqlite
def test_a_correction_after_the_end_is_history_only(two_grids: Database) -> None:
    desk = TicketDesk(two_grids)
    number = desk.report(outage(kind="breaker_fault"), AT).ticket_no
    desk.cancel(number, at=AT)
    before = told(desk, number)
    assert desk.correct_place(number, place="古井街26号", household_no=OTHER, at=AT).place == "古井街26号"
    assert told(desk, number) == before


def test_a_house_that_becomes_known_names_the_grid_whatever_was_supposed(two_grids: Database) -> None:
    desk = TicketDesk(two_grids)
    number = desk.report(hazard(), AT).ticket_no  # she calls for somebody else: the grid is her own line's
    card = desk.add(
        number, note="她住古井街26号", place="古井街26号", household_no=OTHER, grid_no="7", facts={"old": "八十"},
        urgent=True, at=AT + minutes(1),
    )  # fmt: skip
    assert (card.place, card.household_no, card.grid_no, card.owner) == ("古井街26号", OTHER, "7", "M2")
    assert card.facts == {"old": "八十"} and ("M2", "reported") in told(desk, number)
    assert told(desk, number)[-1] == ("M1", "moved")
    assert "她住古井街26号" in [one.note for one in desk.activities(number)]
    again = desk.add(number, place="沿河路206号", household_no=HOUSE, at=AT + minutes(2))
    assert (again.household_no, again.grid_no) == (OTHER, "7"), (
        "a house that is known is corrected by correct_place alone"
    )


@on_sqlite
def test_a_place_alone_moves_only_what_had_none(two_grids: Database) -> None:
    desk = TicketDesk(two_grids)
    number = desk.report(hazard(), AT).ticket_no
    assert desk.add(number, place="古井街", grid_no="7", at=AT).owner == "M2"
    number = desk.report(hazard(place="沿河路"), AT).ticket_no
    card = desk.add(number, place="古井街", grid_no="7", at=AT)
    assert (card.place, card.grid_no, card.owner) == ("沿河路", "24", "M1")
