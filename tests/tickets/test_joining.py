"""Two open cases of one door that are one matter: the later goes into the earlier, and nothing that was said is lost."""

from __future__ import annotations

import pytest

from bot.database import Database
from bot.tickets.desk import NotYours, TicketDesk, TicketRefused
from bot.tickets.due import timers
from bot.tickets.due.audit import audit
from bot.tickets.intake.caller import Caller
from tests.tickets.county import AT, hazard, minutes, on_sqlite, outage

HOUSE = "4200000001"


def two(desk: TicketDesk, **more: object) -> tuple[str, str]:
    """An outage, and ten minutes later a breaker of the same door, told by somebody else."""
    first = desk.report(outage(place="沿河路206号", facts={"neighbours": "yes"}), AT).ticket_no
    values = {
        "kind": "breaker_fault", "said": "开关合不上，家里有人吸氧", "session": "s2", "place": "沿河路二百零六号",
        "caller": Caller.by("phone", "13911111111"), **more,
    }  # fmt: skip
    return first, desk.report(outage(**values), AT + minutes(10)).ticket_no


def test_the_later_goes_into_the_earlier_with_all_that_it_knew(county: Database) -> None:
    desk = TicketDesk(county)
    first, later = two(desk, facts={"oxygen": "yes"}, urgent=True, household_no=HOUSE, householder="王建国")
    [(other, joins)] = desk.of_door(first, "M1", AT + minutes(11))
    assert (other.ticket_no, joins) == (later, True) and desk.of_door(later, "M1", AT)[0][0].ticket_no == first
    desk.join(later, first, "M1", AT + minutes(11))
    card, gone = desk.ticket(first), desk.ticket(later)
    assert card is not None and gone is not None and (card.state, gone.state) == ("reported", "merged")
    assert card.urgent and card.facts["oxygen"] == "yes" and card.householder == "王建国" and card.household_no == HOUSE
    assert any("家里有人吸氧" in one.note for one in desk.activities(first))
    assert desk.activities(later)[-1].detail == {"into": first}
    timers.fire_due(county, AT + minutes(30))
    assert "escalated" not in [one.kind for one in desk.activities(later)], "it climbs no more"
    assert "escalated" in [one.kind for one in desk.activities(first)]
    assert not [one for one in audit(county, AT + minutes(30)) if one.kind == "no_timer"]


@on_sqlite
def test_who_has_taken_the_later_one_has_the_earlier(county: Database) -> None:
    desk = TicketDesk(county)
    first, later = two(desk)
    desk.acknowledge(later, "M1", AT + minutes(11))
    desk.on_site(later, "M1", at=AT + minutes(12))
    desk.join(first, later, "D1", AT + minutes(13))
    card = desk.ticket(first)
    assert card is not None and (card.state, card.owner) == ("on_site", "M1")


@on_sqlite
def test_what_is_not_one_matter_is_not_made_one(county: Database) -> None:
    desk = TicketDesk(county)
    first, _ = two(desk)
    danger = desk.report(hazard(place="沿河路206号", session="s3"), AT).ticket_no
    money = desk.report(outage(kind="arrears", place="沿河路206号", session="s4"), AT).ticket_no
    kept = desk.report(
        outage(kind="breaker_fault", place="沿河路206号", session="s5", facts={"complained_of": ["M1"]}), AT
    ).ticket_no
    offered = {one.ticket_no: joins for one, joins in desk.of_door(first, "D1", AT)}
    assert {offered[danger], offered[money], offered[kept]} == {False}
    assert kept not in [one.ticket_no for one, _ in desk.of_door(first, "M1", AT)], "kept from whom it is about"
    for other in (danger, money, kept, first):
        with pytest.raises(TicketRefused):
            desk.join(first, other, "D1", AT)
    with pytest.raises(TicketRefused):
        desk.join(first, "GD2611239999", "D1", AT)


@on_sqlite
def test_only_whose_both_are_makes_them_one_and_a_double_tap_changes_nothing(county: Database) -> None:
    desk = TicketDesk(county)
    first, later = two(desk)
    with pytest.raises(NotYours):
        desk.join(first, later, "M2", AT)
    desk.join(first, later, "M1", AT + minutes(11))
    with pytest.raises(TicketRefused):
        desk.join(later, first, "M1", AT + minutes(11))
    assert [one.kind for one in desk.activities(first)].count("added") == 1


@on_sqlite
def test_a_place_that_was_not_said_is_nobodys_door(county: Database) -> None:
    desk = TicketDesk(county)
    first = desk.report(outage(place=""), AT).ticket_no
    desk.report(outage(place="", session="s2"), AT)
    assert desk.of_door(first, "M1", AT) == []
